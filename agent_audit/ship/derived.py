"""The Parquet files of a store, which analyses read, held against the lines that heads prove.

What a file lacks does no harm, for an analysis then reads the lines; every event that is in one must be in the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from agent_audit.analysis.convert import Converter
from agent_audit.analysis.fetch import Cache
from agent_audit.analysis.gather import rows_of_file
from agent_audit.analysis.memory import memory_told, settings
from agent_audit.analysis.schema import STORED, read_parquet
from agent_audit.analysis.shipped import Part, Shipped, ShippedLog
from agent_audit.analysis.source import load_ibis
from agent_audit.backends.file.layout import Layout
from agent_audit.object_store.bucket import Entry

_AT_ONCE = 16 << 20
"""Bytes of Parquet that are compared together."""
_MOST = 20
"""Files that are named."""
_COMPARED = {"JSON": "{}::VARCHAR", "TIMESTAMPTZ": "epoch_us({}::TIMESTAMPTZ)"}
"""How the values of a type are compared; others as they are."""


def unlike_lines(store: Shipped, log: ShippedLog, directory: Path) -> list[str]:
    """The Parquet files of a log that say something else than its lines, in sentences.

    Args:
        store: where they are.
        log: what the store had of it before its lines were read. Lines are shipped before the Parquet that is made of
            them: of one that came later the lines need not be there.
        directory: the log as it was restored of its lines. Files are made beside it.

    Raises:
        ConfigurationError: they are more than may be fetched, or the extra is not installed.
        StoreUnavailableError, StoreRefusedError: they cannot be read.
        OSError: no room.
    """
    parts = [part for part in log.parts if part.files]
    if not parts:
        return []
    entries = [entry for part in parts for entry in part.files]
    if store.root is not None:
        (link := directory.with_name("store")).symlink_to(store.root.absolute(), target_is_directory=True)
        return _compared(parts, {entry: link / entry.path for entry in entries}, directory)
    cache = Cache()
    try:
        paths = cache.bring(store, entries, lambda: None)
        return _compared(parts, dict(zip(entries, paths, strict=True)), directory)
    finally:
        cache.close()


def _compared(parts: list[Part], paths: dict[Entry, Path], directory: Path) -> list[str]:
    comparison = _Comparison(directory, {str(path): entry.path for entry, path in paths.items()})
    try:
        with memory_told():
            found = [told for chunk in _chunks(parts) for told in comparison.of(chunk, paths)]
    finally:
        comparison.close()
    more = len(found) - _MOST
    return [*found[:_MOST], *([f"and {more:,} more Parquet files that are not what the lines say"] if more > 0 else [])]


def _chunks(parts: list[Part]) -> Iterator[list[Part]]:
    """Neighbouring parts, so many that they are compared together."""
    chunk: list[Part] = []
    size = 0
    for part in parts:
        chunk.append(part)
        size += sum(entry.size for entry in part.files)
        if size >= _AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class _Comparison:
    """One DuckDB connection with the events of the lines."""

    def __init__(self, directory: Path, names: dict[str, str]) -> None:
        load_ibis()  # says which extra is missing
        import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an optional extra

        self._names = names
        self._error: Any = duckdb.Error
        self._memory: Any = duckdb.OutOfMemoryException
        self._duckdb = duckdb.connect()
        self._duckdb.execute(settings(directory.parent))
        with memory_told():
            self._lines(Layout(directory))

    def close(self) -> None:
        self._duckdb.close()

    def of(self, chunk: list[Part], paths: dict[Entry, Path]) -> list[str]:
        """What is wrong with the files of a chunk; one that cannot be read at all is no news, nobody reads it."""
        files = [paths[entry] for part in chunk for entry in part.files if rows_of_file(paths[entry]) is not None]
        if not files:
            return []
        end = chunk[-1].end
        try:
            return [f"{self._names[file]}: seq {seq}: {what}" for file, seq, what in self._unlike(chunk, files, end)]
        except self._memory:
            raise
        except self._error as error:
            reason = str(error).split("\n", 1)[0]
            first, last = self._names[str(files[0])], self._names[str(files[-1])]
            return [f"{first} to {last}: they cannot be held against the lines: {reason}"]

    def _lines(self, layout: Layout) -> None:
        """The events of the lines as the relation `here`."""
        converter, made = Converter(self._duckdb), []
        for start in layout.segment_starts():
            target = layout.root.with_name(f"{start:020d}.parquet")
            converter.lines(layout.segment(start), target, start)
            made.append(target)
        # A log without any line has nothing that a file could rightly say.
        empty = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in STORED.items())
        source = f"FROM {read_parquet(made)}" if made else f"FROM (SELECT {empty}) WHERE false"
        self._duckdb.execute(f"CREATE VIEW here AS SELECT {_columns()} {source}")

    def _unlike(self, chunk: list[Part], files: list[Path], end: int | None) -> Iterator[tuple[str, int, str]]:
        """One event of each file that says something else: (file, seq, what is wrong)."""
        read = read_parquet(files, "filename = true")
        self._duckdb.execute(f"CREATE OR REPLACE TEMP VIEW there AS SELECT {_columns()}, filename FROM {read}")
        yield from self._duckdb.execute(
            "SELECT min(filename), seq, 'the event is there ' || count(*) || ' times' FROM there "
            "GROUP BY seq HAVING count(*) > 1 ORDER BY seq LIMIT 1"
        ).fetchall()
        within = f"seq >= {chunk[0].first_seq}" + ("" if end is None else f" AND seq < {end}")
        differ = " OR ".join(f't."{name}" IS DISTINCT FROM h."{name}"' for name in STORED)
        sides = ", ".join(f'{side}."{name}"' for side in "th" for name in STORED)
        found = self._duckdb.execute(
            f"SELECT t.filename, {sides} FROM there t LEFT JOIN (FROM here WHERE {within}) h ON t.seq = h.seq "
            f"WHERE {differ} ORDER BY t.filename, t.seq"
        )
        told = set()
        while rows := found.fetchmany(500):
            for file, *values in rows:
                theirs, ours = values[: len(STORED)], values[len(STORED) :]
                what = _what_differs(theirs, ours)
                if what and file not in told:
                    told.add(file)
                    yield file, theirs[0], what


def _columns() -> str:
    compared = {name: _COMPARED.get(kind, "{}::" + kind).format(f'"{name}"') for name, kind in STORED.items()}
    return ", ".join(f'{value} AS "{name}"' for name, value in compared.items())


def _what_differs(theirs: list[Any], ours: list[Any]) -> str | None:
    if ours[0] is None:
        return "no such event is in the lines"
    different = [
        name
        for (name, kind), one, other in zip(STORED.items(), theirs, ours, strict=True)
        if one != other and not (kind == "JSON" and _same_json(one, other))
    ]
    return f"{', '.join(different)} is not what the line says" if different else None


def _same_json(one: str | None, other: str | None) -> bool:
    """Whether two texts are the same value: a line beside one that is no event is written anew."""
    try:
        return one is not None and other is not None and bool(orjson.loads(one) == orjson.loads(other))
    except orjson.JSONDecodeError:
        return False
