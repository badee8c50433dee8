"""Disk use in hand: whole sealed segments are dropped, oldest first, and the log says so.

What is dropped is always a prefix of the log. A `log.pruned` event (which positions, how many bytes, the SHA-256 of
every segment, the policy) is on the disk before the first file goes. Segments that are missing without such an event
were not pruned but removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from agent_audit.backends.file.fs import PosixFileSystem, run_locked, write_file
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.oversize import named_blobs
from agent_audit.backends.file.read import bounded_lines, read_header
from agent_audit.errors import (
    ConfigurationError,
    HeldError,
    PruneInProgressError,
    cannot_write,
    require,
    require_number,
    require_utf8,
)
from agent_audit.event import format_timestamp
from agent_audit.wording import plural

T = TypeVar("T")

_HOLD_PATIENCE = 60.0
"""Seconds that a hold waits for a pruning that has begun before: it ends at the segment that it is at."""


@dataclass(frozen=True)
class Retention:
    """How much of a log is kept. A segment goes when either limit says so; the active one never does."""

    max_age: timedelta | None = None
    """Drop segments whose latest event is older."""
    max_bytes: int | None = None
    """Drop the oldest sealed segments until all segments together have at most so many bytes."""
    unshipped: bool = False
    """Drop as well what a store that follows the log (see `agent-audit-log ship`) does not have yet."""

    def __post_init__(self) -> None:
        if self.max_age is None and self.max_bytes is None:
            raise ConfigurationError("retention without a limit keeps everything; give max_age or max_bytes")
        if self.max_age is not None:
            require("max_age of Retention", self.max_age, timedelta, "a timedelta, or None")
            if self.max_age <= timedelta(0):
                raise ConfigurationError(f"max_age of Retention is {self.max_age}; give a time above 0")
        if self.max_bytes is not None:
            require_number("max_bytes of Retention", self.max_bytes, whole=True)


class SealedSegment(NamedTuple):
    """A segment that is not written any more."""

    first: int
    """Seq of its first event."""
    last: int
    path: Path
    size: int
    """Bytes."""


class Shipment(NamedTuple):
    """How far a store is that follows the log, as whoever ships has noted it in `state/`."""

    store: str
    next_seq: int
    """What it has are the events before this one."""
    understood: bool = True
    """False: its note says nothing, so that it may have anything."""


class Choice(NamedTuple):
    """What `retention` says of a log."""

    segments: list[SealedSegment]
    """Those that are not kept, oldest first."""
    kept_back: str | None
    """What is past the limits and stays all the same, in words; None when there is nothing of the kind."""


def choose(layout: Layout, retention: Retention, now: datetime | None = None) -> Choice:
    """Which segments go. Looks only; changes nothing."""
    due = _past_limits(layout, retention, now)
    behind = None if retention.unshipped else furthest_behind(layout)
    if behind is None:
        return Choice(due, None)
    segments = [segment for segment in due if segment.last < behind.next_seq]
    if len(segments) == len(due):
        return Choice(segments, None)
    return Choice(
        segments,
        f"{plural(len(due) - len(segments), 'segment')} past the limits of retention kept: {behind.store} has the "
        f"events before {behind.next_seq} only. Ship them; or drop them unshipped (--unshipped, "
        f"Retention(unshipped=True)); or, if that store is used no more, remove its note {layout.state}/ship-*",
    )


def furthest_behind(layout: Layout) -> Shipment | None:
    """The store that has the least of this log; None when none follows it, as far as `state/` knows.

    A note that cannot be understood, as after a disk's failure, may be of a store that has nothing.
    """
    return min(_shipments(layout), key=lambda shipment: shipment.next_seq, default=None)


def never_shipped_from(layout: Layout) -> int | None:
    """The first event that no store has which follows the log; None when nobody knows."""
    stores = _shipments(layout)
    known = bool(stores) and all(store.understood for store in stores)
    return max(store.next_seq for store in stores) if known else None


def _shipments(layout: Layout) -> list[Shipment]:
    origin = read_header(layout).get("origin") if layout.exists() else None
    there = []
    for path in layout.shipments():
        note = _parsed(path.read_bytes())
        store, of, position = (note.get(name) for name in ("to", "origin", "next_seq"))
        if not (isinstance(store, str) and isinstance(of, str) and isinstance(position, int)):
            told = f"the store of the note {path.name}, which cannot be understood,"
            there.append(Shipment(told, 0, understood=False))
        elif of == origin:
            there.append(Shipment(store, position))
    return there


def _past_limits(layout: Layout, retention: Retention, now: datetime | None) -> list[SealedSegment]:
    """The segments that are past the limits, whether they were shipped or not."""
    moment = now or datetime.now(timezone.utc)
    oldest = "" if retention.max_age is None else _before(moment, retention.max_age)
    starts = layout.segment_starts()
    sealed = [
        SealedSegment(first, following - 1, path := layout.segment(first), path.stat().st_size)
        for first, following in pairwise(starts)
    ]
    total = sum(segment.size for segment in sealed) + (layout.segment(starts[-1]).stat().st_size if starts else 0)
    chosen = []
    for segment in sealed:
        too_much = retention.max_bytes is not None and total > retention.max_bytes
        if not too_much and not (oldest and latest_timestamp(segment.path) < oldest):
            break
        chosen.append(segment)
        total -= segment.size
    return chosen


def _before(moment: datetime, age: timedelta) -> str:
    """The time stamp of so long ago; of the first that there is when that was before."""
    try:
        return format_timestamp(moment - age)
    except OverflowError:
        return format_timestamp(datetime.min.replace(tzinfo=timezone.utc))


def latest_timestamp(path: Path) -> str:
    """The latest timestamp in a segment. Every line is looked at: timestamps are not in the order of seq."""
    with path.open("rb") as file:
        return max((str(_parsed(line).get("timestamp", "")) for line in bounded_lines(file)), default="")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}  # a broken line has no say in when its segment goes
    return parsed if isinstance(parsed, dict) else {}


def describe(layout: Layout, segments: list[SealedSegment], retention: Retention) -> dict[str, Any]:
    """Metadata of the `log.pruned` event.

    Raises:
        HeldError: the log was held meanwhile.
    """
    digests, unshipped = [], never_shipped_from(layout)
    for segment in segments:
        refuse_if_held(layout)
        digests.append({"first": segment.first, "sha256": _sha256(segment.path)})
    return {
        "from": segments[0].first,
        "to": segments[-1].last,
        "bytes": sum(segment.size for segment in segments),
        "never_shipped_from": unshipped if unshipped is not None and unshipped <= segments[-1].last else None,
        "segments": digests,
        "policy": {
            "max_age_seconds": retention.max_age.total_seconds() if retention.max_age is not None else None,
            "max_bytes": retention.max_bytes,
            "unshipped": retention.unshipped,
        },
    }


def drop(
    layout: Layout, segments: list[SealedSegment], while_nobody_writes: Callable[[Callable[[], None]], None]
) -> None:
    """Remove the files and their copies for analysis, oldest first, then the blobs that no remaining line names.

    Args:
        layout: names of the log.
        segments: what goes.
        while_nobody_writes: calls what it is given while nobody writes: a new line may name a blob that no other did
            any more.

    Raises:
        HeldError: the log was held meanwhile: what is there yet stays. Blobs without a name may be left over.
        LockTimeoutError: the writers did not wait. Nothing but blobs without a name is left over.
    """
    named = set().union(*(blobs_named(segment.path) for segment in segments))
    for segment in segments:
        refuse_if_held(layout)
        segment.path.unlink(missing_ok=True)
        for copy in layout.column_files(segment.first):
            copy.unlink(missing_ok=True)
    read = Blobs(layout)
    orphans = named - read.named_since() if named else named
    if orphans:

        def remove() -> None:
            for digest in orphans - read.named_since():
                layout.blob(digest).unlink(missing_ok=True)

        while_nobody_writes(remove)


class Blobs:
    """Which blobs a log's lines name, read piece by piece."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._offsets: dict[int, int] = {}
        """First number of a segment -> bytes of it that were read."""

    def named_since(self) -> set[str]:
        """SHA-256 of every blob that lines name which have not been read before."""
        named: set[str] = set()
        for start in self._layout.segment_starts():
            path, offset = self._layout.segment(start), self._offsets.get(start, 0)
            if path.stat().st_size > offset:
                found, self._offsets[start] = _blobs_from(path, offset)
                named |= found
        return named


def blobs_named(path: Path) -> set[str]:
    """SHA-256 of every blob that lines of this segment name."""
    return _blobs_from(path, 0)[0]


def _blobs_from(path: Path, offset: int) -> tuple[set[str], int]:
    """The blobs that lines from there on name, and where the last whole line ends."""
    named: set[str] = set()
    with path.open("rb") as file:
        file.seek(offset)
        for line in bounded_lines(file):
            if not line.endswith(b"\n"):
                break
            offset = file.tell()
            named.update(blob.sha256 for blob in named_blobs(line))
    return named, offset


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# -- holds -----------------------------------------------------------------------------------------------


def while_nobody_prunes(layout: Layout, timeout: float, work: Callable[[], T]) -> T:
    """Have everybody else who prunes or holds the log wait for the end of a call.

    Raises:
        PruneInProgressError: another process is pruning for longer than `timeout` seconds.
        OSError: the lock cannot be opened.
    """

    def run(mine: bool) -> T:
        if not mine:
            raise PruneInProgressError(f"another process is pruning {layout.root}; try again when it has ended")
        return work()

    return run_locked(PosixFileSystem(), layout.prune_lock, timeout, run)


def hold(layout: Layout, reason: str) -> None:
    """Keep everything until `release`, e.g. for a legal hold. A second hold replaces the first one's reason.

    When it returns, it is on the disk, and nothing is being dropped any more: a pruning that had begun has ended at the
    next segment.

    Raises:
        ConfigurationError: the reason is no text that can be kept.
        StorageError: it cannot be written.
        PruneInProgressError: it is there, but a pruning that had begun before goes on.
    """
    # Late, here and below: a process that records holds nothing.
    from agent_audit.atomic import draft_of, remove_abandoned

    require_utf8(reason=reason)
    since = format_timestamp(datetime.now(timezone.utc))
    data = orjson.dumps({"reason": reason, "since": since}) + b"\n"
    draft = draft_of(layout.hold)
    try:
        remove_abandoned(layout.root, layout.hold.name)
        try:
            write_file(PosixFileSystem(), layout.hold, data, draft=draft)
        finally:
            draft.unlink(missing_ok=True)
        if layout.prune_lock.exists():  # not made here: another user's might keep out those who prune
            while_nobody_prunes(layout, _HOLD_PATIENCE, lambda: None)
    except OSError as error:
        raise cannot_write(layout.root, error) from error


def release(layout: Layout) -> bool:
    """End the hold; False when there was none.

    Raises:
        StorageError: it cannot be removed.
    """
    from agent_audit.atomic import remove_abandoned

    was_held = layout.hold.exists()
    try:
        layout.hold.unlink(missing_ok=True)
        remove_abandoned(layout.root, layout.hold.name)
    except OSError as error:
        raise cannot_write(layout.root, error) from error
    return was_held


def refuse_if_held(layout: Layout) -> None:
    """Raise HeldError, with the reason, when the log is held."""
    try:
        text = layout.hold.read_bytes()
    except FileNotFoundError:
        return
    held = _parsed(text)
    raise HeldError(
        f"{layout.root} is held since {held.get('since', '?')}: {held.get('reason', 'no reason given')}; "
        "nothing is pruned until `agent-audit-log hold --release`"
    )
