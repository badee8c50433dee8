"""Shipped logs as files that DuckDB can read: the shipped Parquet where it has every line, else made of the lines.

A shipper puts the lines first and then the Parquet that is made of them; where it was killed in between, where a line
is no event, or where a file is damaged, the two differ, and the lines count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from agent_audit.analysis.columns import Contents
from agent_audit.analysis.convert import Converter
from agent_audit.analysis.fetch import Cache
from agent_audit.analysis.shipped import Part, Shipped, ShippedLog
from agent_audit.errors import ProofError
from agent_audit.object_store.bucket import Entry

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DAY_US = 86_400_000_000
_ANY_TIME = (-(2**62), 2**62)

Tell = Callable[[int, int], None]


class Gathered(NamedTuple):
    """A file of events of one log; its bad lines are numbered by their seq, plus one."""

    path: Path
    origin: str
    contents: Contents
    shipped: bool
    """Whether it was shipped as it is; else it was made here of the lines."""


class Gatherer:
    """Brings the logs of one store.

    Args:
        store: the store.
        converter: makes files of lines.
        folder: an empty directory for what is made here, and for names that DuckDB takes for no pattern.
        cache: where files of stores elsewhere are kept.
    """

    def __init__(self, store: Shipped, converter: Converter, folder: Path, cache: Callable[[], Cache]) -> None:
        self._store = store
        self._converter = converter
        self._folder = folder
        self._cache = cache
        self._made = 0

    def files(self, tell: Tell) -> Iterator[Gathered]:
        """Every file of every log.

        Args:
            tell: is told how many files of how many are here.

        Raises:
            ConfigurationError: there is more than may be fetched.
            LogNotFoundError, StoreUnavailableError, StoreRefusedError: the store cannot be read.
        """
        logs = self._store.logs()
        here = self._bring([entry for log in logs for part in log.parts for entry in part.files], tell)
        for log in logs:
            for part in log.parts:
                yield from self._part(log, part, here)

    def _bring(self, entries: list[Entry], tell: Tell) -> dict[Entry, Path]:
        if self._store.root is not None:
            (self._folder / "root").symlink_to(self._store.root.absolute(), target_is_directory=True)
            return {entry: self._folder / "root" / entry.path for entry in entries}
        done = iter(range(1, len(entries) + 1))
        paths = self._cache().bring(self._store, entries, lambda: tell(next(done), len(entries)))
        return dict(zip(entries, paths, strict=True))

    def _part(self, log: ShippedLog, part: Part, here: dict[Entry, Path]) -> Iterator[Gathered]:
        rows = {entry: rows_of_file(here[entry]) for entry in part.files}
        complete = sum(count for count in rows.values() if count is not None)
        bad: tuple[tuple[int, str], ...] = ()
        if part.end is None or None in rows.values() or complete != part.end - part.first_seq:
            lines = lines_of(self._store, log, part)
            if isinstance(lines, list) and (len(lines) != complete or None in rows.values()):
                yield self._made_of(log, part, lines)
                return
            bad = ((part.first_seq + 1, lines),) if isinstance(lines, str) else ()
        for entry, count in rows.items():
            if count is not None:
                first, last = day_of(entry)
                contents = Contents(
                    events=count,
                    first_us=first,
                    last_us=last,
                    sessions_known=False,
                    bad_line_count=len(bad),
                    bad_lines=bad,
                )
                yield Gathered(here[entry], log.origin, contents, True)
                bad = ()

    def _made_of(self, log: ShippedLog, part: Part, lines: list[bytes]) -> Gathered:
        self._made += 1
        source, target = self._folder / "lines.jsonl", self._folder / f"made{self._made}.parquet"
        source.write_bytes(b"".join(line + b"\n" for line in lines))
        try:
            contents = self._converter.lines(source, target, part.first_seq)
        finally:
            source.unlink()
        bad = tuple((part.first_seq + number, reason) for number, reason in contents.bad_lines)
        return Gathered(target, log.origin, contents.model_copy(update={"bad_lines": bad}), False)


def lines_of(store: Shipped, log: ShippedLog, part: Part) -> list[bytes] | str | None:
    """The lines of a part; why they cannot be read; None when they are not there."""
    if not part.has_lines:
        return None
    try:
        return store.lines(log.origin, part.first_seq)
    except ProofError as error:
        return str(error)


def rows_of_file(path: Path) -> int | None:
    """How many rows a Parquet file has; None for one that is damaged."""
    from pyarrow import ArrowException, parquet  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

    try:
        return int(parquet.read_metadata(path).num_rows)
    except (ArrowException, OSError):
        return None


def day_of(entry: Entry) -> tuple[int, int]:
    """First and last microsecond (since 1970 UTC) of the day that a file's name gives."""
    day = entry.path.rpartition("/")[0].rpartition("/date=")[2]
    try:
        begins = (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc) - _EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return _ANY_TIME
    return begins, begins + _DAY_US - 1
