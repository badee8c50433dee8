"""Many small files as a few: a shipper puts one every ten seconds, and DuckDB opens each file once for every query.

The files that are made live as long as the analysis, in its temporary directory, where they need as much room as the
small ones; large files stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from agent_audit.analysis.columns import Contents
from agent_audit.analysis.gather import Gathered
from agent_audit.analysis.schema import STORED, as_json, read_parquet

_SMALL = 1 << 20
"""Bytes of a file from which on it stays what it is."""
_TOGETHER = 32 << 20
"""Bytes of small files that become one."""
_FEW = 8
"""As many stay what they are: to open them is quicker than to write them anew."""


def merged(files: Iterable[Gathered], duckdb: Any, folder: Path) -> Iterator[Gathered]:
    """The same events, in fewer files.

    Args:
        files: those of one log after the other.
        duckdb: a connection.
        folder: for what is made; its path holds no quote and no character of a pattern.
    """
    made = 0
    for _, alike in groupby(files, _runs(_key, _size)):
        group = list(alike)
        target = folder / f"merged{made}.parquet"
        if len(group) > _FEW and _is_small(group[0]) and _write(duckdb, [file.path for file in group], target):
            made += 1
            yield Gathered(target, group[0].origin, _contents([file.contents for file in group]), False)
        else:
            yield from group


def _key(file: Gathered) -> tuple[str, bool]:
    return file.origin, _is_small(file)


def _is_small(file: Gathered) -> bool:
    return file.shipped and _size(file) < _SMALL


def _size(file: Gathered) -> int:
    return file.path.stat().st_size


def _runs(key: Callable[[Gathered], Any], size: Callable[[Gathered], int]) -> Callable[[Gathered], tuple[Any, int]]:
    """A key that also changes when files of one key have come to `_TOGETHER` bytes."""
    before: Any = None
    number = total = 0

    def run_of(file: Gathered) -> tuple[Any, int]:
        nonlocal before, number, total
        found = key(file)
        if found != before or total >= _TOGETHER:
            before, number, total = found, number + 1, 0
        total += size(file)
        return found, number

    return run_of


def _write(duckdb: Any, paths: list[Path], target: Path) -> bool:
    """Write the events of several files into one; False when they cannot be read, which the queries then say."""
    names = ", ".join(as_json(name) if kind == "JSON" else f'"{name}"' for name, kind in STORED.items())
    read = f"SELECT {names} FROM {read_parquet(paths)}"
    try:
        # Quick to write, for it is read a few times only.
        duckdb.execute(f"COPY ({read}) TO '{target}' (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 20480)")
    except Exception as error:
        if not type(error).__module__.endswith("duckdb") or type(error).__name__ == "OutOfMemoryException":
            raise
        target.unlink(missing_ok=True)
        return False
    return True


def _contents(several: list[Contents]) -> Contents:
    return Contents(
        events=sum(one.events for one in several),
        first_us=min((one.first_us for one in several if one.first_us is not None), default=None),
        last_us=max((one.last_us for one in several if one.last_us is not None), default=None),
        sessions_known=False,
        bad_line_count=sum(one.bad_line_count for one in several),
        bad_lines=tuple(bad for one in several for bad in one.bad_lines),
    )
