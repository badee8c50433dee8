"""Makes a column copy (Parquet) of JSON lines, by DuckDB.

DuckDB reads a file as it is, with every column's type given; when anything about it is odd it is read line by line
instead, so that a bad line is named and everything around it still counts. DuckDB's `ignore_errors` is never used:
it would turn a bad line into a row of NULLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from agent_audit.analysis.badline import read_line
from agent_audit.analysis.columns import Contents
from agent_audit.analysis.schema import STORED
from agent_audit.backends.file.layout import MAX_LINE
from agent_audit.backends.file.read import bounded_lines
from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEvent, format_timestamp

_ROW_GROUP = 20_480
"""Rows: small enough that one event or session reads little, large enough to compress."""
_BATCH = 5_000
_MOST_NAMED = 1_000
_PATTERN = re.compile(r"['*?\[\]{}]")
"""What DuckDB would take for the end of a path, or for more than one."""
_POSSIBLE = (
    "timestamp >= '0001-01-01T00:00:00Z' AND timestamp < '10000-01-01T00:00:00Z' AND coalesce(duration_ms >= 0, true)"
)
"""What every event has. DuckDB knows more years than a moment of an event may have."""


class Converter:
    """Makes copies with one DuckDB connection.

    Args:
        duckdb: the connection.

    Raises:
        ConfigurationError: from every method: the path of the file to make cannot stand in a query.
    """

    def __init__(self, duckdb: Any) -> None:
        self._duckdb = duckdb

    def lines(self, source: Path, target: Path, first_seq: int, *, sealed: bool = True) -> Contents:
        """Copy a file of JSON lines.

        Args:
            source: the lines.
            target: the Parquet file to make.
            first_seq: position of the first line.
            sealed: whether a last line without line feed is a bad line, or one that is still being written.

        Raises:
            OSError: `source` cannot be read, or `target` not be written.
        """
        if self._whole(source, target, first_seq):
            return self._contents(target)
        bad: list[tuple[int, str]] = []
        return self._events(_readable(source, bad, sealed), target, bad)

    def events(self, events: Iterable[AuditEvent], target: Path) -> Contents:
        """Copy events; those without `seq` get their place as one."""
        return self._events(events, target, [])

    def _whole(self, source: Path, target: Path, first_seq: int) -> bool:
        """Copy the file as it is; False when anything about it is odd."""
        try:
            self._copy(f"SELECT {_names()} FROM {_read_json(source)}", target)
            taken = count_lines(source)
            # The numbers stand in the text: for parameters DuckDB imports pandas, which takes longer than the query.
            found = self._duckdb.execute(
                f"SELECT count(*), count(DISTINCT seq), count(event_id), count(*) FILTER ({_POSSIBLE}), "
                "count(event_type), "
                f"count(*) FILTER (seq >= {first_seq:d} AND seq < {first_seq + taken:d}) FROM read_parquet('{target}')"
            ).fetchone()
        except Exception as error:
            if not type(error).__module__.endswith("duckdb"):
                raise
            return False
        return bool(found == (taken,) * 6)

    def _events(self, events: Iterable[AuditEvent], target: Path, bad: list[tuple[int, str]]) -> Contents:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in STORED.items())
        self._duckdb.execute(f"CREATE TEMP TABLE odd ({columns})")
        try:
            rows = (_row(place, event) for place, event in enumerate(events))
            while batch := b"\n".join(islice(rows, _BATCH)):
                self._duckdb.register("batch", _arrow(batch))
                self._duckdb.execute(f"INSERT INTO odd SELECT {_names()} FROM batch")
                self._duckdb.unregister("batch")
            self._copy(f"SELECT {_names()} FROM odd", target)
        finally:
            self._duckdb.execute("DROP TABLE odd")
        return self._contents(target, bad)

    def _copy(self, query: str, target: Path) -> None:
        import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an optional extra

        if _PATTERN.search(str(target)):
            raise ConfigurationError(
                f"{target.parent} cannot hold temporary files: DuckDB reads part of that path as a quote or a pattern; "
                "set TMPDIR to another folder"
            )
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}"
        try:
            self._duckdb.execute(f"COPY ({query}) TO '{target}' ({options})")
        except duckdb.IOException as error:
            raise OSError(str(error)) from error

    def _contents(self, target: Path, bad: list[tuple[int, str]] | None = None) -> Contents:
        names = ("events", "first_us", "last_us", "first_id", "last_id", "first_session", "last_session")
        found = self._duckdb.execute(
            "SELECT count(*), epoch_us(min(timestamp)), epoch_us(max(timestamp)), min(event_id), max(event_id), "
            f"min(session_id), max(session_id) FROM read_parquet('{target}')"
        ).fetchone()
        named = tuple((bad or [])[:_MOST_NAMED])
        return Contents(**dict(zip(names, found, strict=True)), bad_line_count=len(bad or ()), bad_lines=named)


def count_lines(path: Path) -> int:
    """Complete lines; -1 for a file whose last line is cut off, or that has one which is longer than a line may be."""
    lines = 0
    with path.open("rb") as file:
        for line in bounded_lines(file):
            if len(line) > MAX_LINE + 1 or not line.endswith(b"\n"):
                return -1
            lines += 1
    return lines


def _readable(path: Path, bad: list[tuple[int, str]], sealed: bool) -> Iterator[AuditEvent]:
    with path.open("rb") as file:
        for number, line in enumerate(bounded_lines(file), start=1):
            if not line.endswith(b"\n"):
                if sealed:
                    bad.append((number, "cut off: no line feed at its end"))
                return
            event = read_line(line)
            if isinstance(event, AuditEvent):
                yield event
            else:
                bad.append((number, event))


def _read_json(path: Path) -> str:
    """The DuckDB table function that reads the file as JSON lines."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in STORED.items())
    return f"read_json('{path}', format = 'newline_delimited', columns = {{{types}}})"


def _names() -> str:
    return ", ".join(f'"{name}"' for name in STORED)


def _row(place: int, event: AuditEvent) -> bytes:
    """The event as a flat JSON object: what is JSON inside becomes text."""
    row: dict[str, Any] = {name: getattr(event, name) for name in STORED}
    row["seq"] = place if event.seq is None else event.seq
    row["timestamp"] = format_timestamp(event.timestamp)
    row["source"] = None if event.source is None else event.source.model_dump(exclude_none=True)
    for name, kind in STORED.items():
        if kind == "JSON" and row[name] is not None:
            row[name] = orjson.dumps(row[name], default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    return orjson.dumps(row)


def _arrow(lines: bytes) -> Any:
    """Flat JSON lines as an Arrow table (making Arrow arrays of Python lists would import pandas)."""
    import pyarrow  # type: ignore[import-untyped,unused-ignore]  # comes with the extra
    from pyarrow import json  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

    kinds = {"BIGINT": pyarrow.int64(), "DOUBLE": pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds.get(kind, pyarrow.string())) for name, kind in STORED.items()])
    return json.read_json(
        pyarrow.BufferReader(lines),
        read_options=json.ReadOptions(block_size=len(lines) + 1, use_threads=False),
        parse_options=json.ParseOptions(explicit_schema=schema),
    )
