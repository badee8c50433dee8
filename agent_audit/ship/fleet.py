"""The logs of many hosts, verified from their copies in one store."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import iter_lines
from agent_audit.errors import (
    ConfigurationError,
    FormatError,
    LogNotFoundError,
    ProofError,
    StoreRefusedError,
    StoreUnavailableError,
)
from agent_audit.event import AuditEvent, AuditEventType
from agent_audit.scratch import Scratch
from agent_audit.ship.restore import Restored, restore
from agent_audit.ship.sink import Copies
from agent_audit.verify import HostLog, Liveness, Problem, Trust, Verdict, Verification, verify

if TYPE_CHECKING:
    from agent_audit.analysis.shipped import Shipped, ShippedLog


_NAMED = 5
"""Files that a sentence names."""


def verify_fleet(
    copies: Copies,
    trust: Trust | None = None,
    *,
    silent_after: timedelta | None = None,
    now: datetime | None = None,
    origins: list[str] | None = None,
    events: Shipped | None = None,
) -> Iterator[HostLog]:
    """Verify every log of a store, one after the other. What is wrong with one keeps no other from its verdict.

    Each copy is written to a temporary directory while it is verified, so there must be room for the largest one.

    Args:
        copies: the store.
        trust: whose signatures are believed; this user's key directory if left out.
        silent_after: a log whose last event is older, and does not say that logging ended, is silent.
        now: the moment to compare with; the present one if left out.
        origins: these logs alone. Left out: all that are there, and those that `trust` has keys of.
        events: the same store as analyses read it: that its Parquet files say what the lines say is part of the
            verdict. Of a store elsewhere they are fetched to where analyses find them (`analysis.fetch`).

    Raises:
        StoreUnavailableError: the store cannot be reached.
        ConfigurationError: the Parquet files of a log are more than may be fetched.
    """
    trust = trust or Trust()
    fleet = _Fleet(copies, trust, silent_after, now or datetime.now(timezone.utc), events)
    there = copies.origins() if origins is None else origins
    for origin in there:
        yield fleet.look_at(origin)
    if origins is None:
        yield from logs_gone(trust, there)


def logs_gone(trust: Trust, there: Collection[str]) -> Iterator[HostLog]:
    """The logs that `trust` has keys of, and that are not there: whoever removes a copy whole leaves no other trace."""
    for origin in trust.named_logs:
        if origin not in there:
            problem = "there is no part of this log, though a key of it was given (--policy, --key)"
            yield _unread(origin, Verdict.INCOMPLETE, problem)


class _Fleet:
    """What is the same for every log."""

    def __init__(
        self,
        copies: Copies,
        trust: Trust,
        silent_after: timedelta | None,
        now: datetime,
        events: Shipped | None,
    ) -> None:
        self._events = events
        self._copies = copies
        self._trust = trust
        self._silent_after = silent_after
        self._now = now

    def look_at(self, origin: str) -> HostLog:
        with Scratch() as folder:
            directory = folder / "log"
            try:
                listed = None if self._events is None else self._events.log(origin)
                restored = restore(self._copies, origin, directory)
                if not Layout(directory).exists():
                    return _without_lines(origin, directory, restored)
                dropped = self._copies.dropped(origin)
                found = verify(directory, self._trust, intents=False, remember=False, copy=True, dropped=dropped)
                unlike = [] if listed is None else self._unlike_lines(listed, directory)
                gaps = _gaps_told(directory, found)
            except (StoreUnavailableError, ConfigurationError):
                raise  # it is so for every log
            except ProofError as error:
                return _unread(origin, Verdict.TAMPERED, str(error))
            except (StoreRefusedError, FormatError, LogNotFoundError) as error:
                return _unread(origin, Verdict.INCOMPLETE, str(error))
            except OSError as error:
                return _unread(origin, Verdict.INCOMPLETE, f"it cannot be verified in {folder}: {error}")
            except Exception as error:  # whatever somebody has put there, the other logs get their verdicts
                return _unread(origin, Verdict.INCOMPLETE, f"it cannot be verified: {type(error).__name__}: {error}")
        return self._judged(origin, restored, found, unlike, gaps)

    def _unlike_lines(self, listed: ShippedLog, directory: Path) -> list[str]:
        from agent_audit.ship.derived import unlike_lines

        assert self._events is not None
        return unlike_lines(self._events, listed, directory)

    def _judged(
        self, origin: str, restored: Restored, found: Verification, unlike: list[str], gaps: list[str]
    ) -> HostLog:
        contradictions = [*restored.problems, *unlike]
        if found.origin is not None and found.origin != origin:
            contradictions.append(f"the copy says that it is {found.origin}")
        last, last_type = _last_event(restored)
        events = restored.next_seq - restored.first_seq
        return HostLog(
            origin=origin,
            verdict=Verdict.TAMPERED if contradictions else found.verdict,
            events=events,
            proved=0 if found.root is None else found.size,
            later=events if found.root is None else found.later,
            root=found.root,
            first_seq=restored.first_seq,
            last_event=last,
            liveness=self._liveness(last, last_type),
            signed_by=found.signed_by,
            cosigned_by=found.cosigned_by,
            problems=(*contradictions, *map(str, found.problems)),
            missing=found.missing,
            remarks=(*gaps, *found.remarks, *_remarks(restored)),
        )

    def _liveness(self, last: datetime | None, event_type: str) -> Liveness:
        if event_type == AuditEventType.LOG_CLOSED:
            return Liveness.CLOSED
        if self._silent_after is not None and (last is None or self._now - last > self._silent_after):
            return Liveness.SILENT
        return Liveness.HEARD


def _gaps_told(directory: Path, found: Verification) -> list[str]:
    """What the log itself says of positions that are missing amid its lines.

    It changes no verdict: lines that were there may have been taken out of the store since.
    """
    missing = [problem for problem in found.problems if problem.file == "segments" and problem.last_seq is not None]
    if not missing:
        return []
    lines = (line.data for line in iter_lines(Layout(directory)) if b'"log.pruned"' in line.data)
    events = [event for event in map(_event_of, lines) if event and event.event_type == AuditEventType.LOG_PRUNED]
    told = []
    for gap in missing:
        on_record = prunings_of(gap, events)
        if on_record:
            told.append(
                f"seq {gap.first_seq}-{gap.last_seq}: the host pruned them, by event {', '.join(map(str, on_record))}. "
                "A shipper that went on behind what it had not shipped (--skip-missing) leaves such a gap; so does "
                "whoever takes events out of the store"
            )
    return told


def prunings_of(gap: Problem, events: list[AuditEvent]) -> list[int | None]:
    """Positions of the events that tell of all of a gap that it was pruned; none when a part of it is not told of."""
    seq, told = gap.first_seq or 0, []
    for event in events:
        first, last = ((event.metadata or {}).get(end) for end in ("from", "to"))
        if isinstance(first, int) and isinstance(last, int) and first <= seq <= last:
            told.append(event.seq)
            seq = last + 1
    return told if seq > (gap.last_seq or 0) else []


def _without_lines(origin: str, directory: Path, restored: Restored) -> HostLog:
    """The verdict where neither the header nor a line is left."""
    left = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    if left:
        named = ", ".join(left[:_NAMED]) + (" …" if len(left) > _NAMED else "")
        problem = f"log.json and all lines are missing; what is left of the log: {named}"
        return _unread(origin, Verdict.TAMPERED, problem, _remarks(restored))
    return _unread(origin, Verdict.INCOMPLETE, "the store has no part of a log of this name", _remarks(restored))


def _remarks(restored: Restored) -> tuple[str, ...]:
    if not restored.strays:
        return ()
    named = ", ".join(restored.strays[:_NAMED]) + (" …" if len(restored.strays) > _NAMED else "")
    return (f"skipped, because it is no part of a log: {named}",)


def _unread(origin: str, verdict: Verdict, problem: str, remarks: tuple[str, ...] = ()) -> HostLog:
    return HostLog(
        origin=origin,
        verdict=verdict,
        events=0,
        proved=0,
        first_seq=0,
        last_event=None,
        liveness=Liveness.SILENT,
        problems=(problem,),
        missing=(),
        remarks=remarks,
    )


def _last_event(restored: Restored) -> tuple[datetime | None, str]:
    """When the last event happened, and its type."""
    event = None if restored.last_line is None else _event_of(restored.last_line)
    return (None, "") if event is None else (event.timestamp, str(event.event_type))


def _event_of(line: bytes) -> AuditEvent | None:
    try:
        return AuditEvent.from_json(line)
    except (orjson.JSONDecodeError, ValueError):
        return None
