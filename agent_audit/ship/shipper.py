"""Following a log into a store: at least once towards the store, which keeps each event once, in order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import open_layout, read_header
from agent_audit.bell import Flag
from agent_audit.errors import (
    ConfigurationError,
    ShipError,
    StoreRefusedError,
    StoreUnavailableError,
    require,
    require_number,
)
from agent_audit.ship.cursor import Cursor, MissingError, ReplacedError
from agent_audit.ship.evidence import Gatherer
from agent_audit.ship.note import Note
from agent_audit.ship.sink import Batch, Evidence, Position, Sink, digest_of

_Result = TypeVar("_Result")

_MOST_BATCH = 64 << 20
_LOOK_AGAIN = 3600
"""Seconds between two looks at what of the evidence is still in the store."""


@dataclass(frozen=True)
class ShipLimits:
    """Bounds of a shipper. Memory is a small multiple of `batch_bytes`, however far it is behind.

    Raises:
        ConfigurationError: one is too large, or no number above 0 (0 will do where nothing is to be waited for).
    """

    batch_events: int = 8_192
    batch_bytes: int = 4 << 20
    """At most 64 MiB: whoever reads a copy holds a batch in memory."""
    linger: float | None = None
    """Seconds that events are gathered for one batch; None: what the store asks for."""
    poll: float = 0.25
    """Seconds between two looks at a log in which nothing happens."""
    first_pause: float = 0.5
    """Seconds before the first new attempt; each later one waits twice as long, more or less a quarter."""
    longest_pause: float = 60.0
    give_up_after: float | None = None
    """Seconds without an answer of the store after which `run` fails; None: never."""

    def __post_init__(self) -> None:
        for name in ("batch_events", "batch_bytes"):
            require_number(f"{name} of ShipLimits", getattr(self, name), whole=True, above=True)
        if self.batch_bytes > _MOST_BATCH:
            raise ConfigurationError(f"batch_bytes of ShipLimits is {self.batch_bytes:,}; give at most {_MOST_BATCH:,}")
        for name in ("poll", "first_pause", "longest_pause"):
            require_number(f"{name} of ShipLimits", getattr(self, name), above=True)
        for name in ("linger", "give_up_after"):
            if (value := getattr(self, name)) is not None:
                require_number(f"{name} of ShipLimits", value)


class Progress(NamedTuple):
    """How far a shipper is."""

    position: int
    """Events that the store has."""
    behind_bytes: int
    """Bytes of the log that were not read yet."""
    behind_seconds: float
    """Age of the oldest event that the store does not have, as far as it was read; 0 when there is none."""
    shipped: int
    """Events since this shipper began."""
    retries: int
    error: str | None
    """Why nothing goes on at the moment."""


class Shipper:
    """Ships one log to one store.

    Args:
        directory: the log.
        sink: the store; closed at the end.
        state: where the position is noted, which several logs may share; the log's own `state/` when left out.
        limits: sizes and pauses.
        skip_missing: go on behind events that were pruned before they were shipped, instead of failing.
        report: called after every batch, every attempt that failed and every second without either.

    Raises:
        LogNotFoundError: no log there.
    """

    def __init__(
        self,
        directory: Path | str | Layout,
        sink: Sink,
        *,
        state: Path | None = None,
        limits: ShipLimits | None = None,
        skip_missing: bool = False,
        report: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        require("sink", sink, Sink, "a sink, e.g. open_sink(url)")
        self._layout = directory if isinstance(directory, Layout) else open_layout(directory)
        self._sink = sink
        self._limits = limits or ShipLimits()
        self._skip_missing = skip_missing
        self._report = report
        self._state = state
        self._note = Note(self._layout.state, sink.url)
        self._stop = Flag()
        self._deadline: float | None = None
        self._cursor = Cursor(self._layout, 0)
        self._origin = ""
        self._gatherer = Gatherer(self._layout, "", {})
        self._oldest: float | None = None
        self._position = self._shipped = self._retries = 0
        self._digest: str | None = None
        """Of the line before `_position`."""
        self._tells = True
        """The store itself knows how far it is."""
        self._error: str | None = None
        self._unsaved: str | None = None

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return Progress(
            position=self._position,
            behind_bytes=self._cursor.behind_bytes,
            behind_seconds=max(0.0, time.time() - self._oldest) if self._oldest is not None else 0.0,
            shipped=self._shipped,
            retries=self._retries,
            error=self._error or self._unsaved,
        )

    def follows(self, layout: Layout) -> bool:
        """Whether that is the log that it ships."""
        return self._layout.root == layout.root

    def stop(self, within: float = 0.0) -> None:
        """Let `run` end: when it has caught up, or after so many seconds; safe from any thread and signal handler."""
        self._deadline = time.monotonic() + within
        self._stop.set()

    def run(self, *, once: bool = False) -> Progress:
        """Ship until `stop`, or with `once` until the store has everything that is in the log now.

        Raises:
            StoreRefusedError: the store will not take the events.
            StoreUnavailableError: it did not answer for `limits.give_up_after` seconds.
            ShipError: another process ships to this store already; events were pruned before they were shipped; or the
                position cannot be noted, and the store cannot tell it.
            LogNotFoundError: the log was deleted meanwhile.
            OSError: the log cannot be read.
        """
        try:
            while not self._follow(once):
                pass
            return self.progress
        finally:
            self._cursor.close()
            self._sink.close()
            self._note.free()

    def _follow(self, once: bool) -> bool:
        """Ship what is in the directory; False when that is another log now, or one that was put back."""
        try:
            if self._hold(once):
                self._begin()
                # What is written meanwhile is for the next time: a busy log has no end.
                until = self._cursor.end() if once else None
                while self._step(catch_up=once or self._stop.is_set(), until=until):
                    pass
            return True
        except ReplacedError as error:
            self._error = str(error)
            self._report(self.progress)
            self._note.free()  # the lock, too, may be that of a file that is gone
            self._stop.wait(self._limits.poll)
            return False

    # -- one step --------------------------------------------------------------------------------------

    def _step(self, *, catch_up: bool, until: int | None) -> bool:
        """Ship a batch, or wait for one; False when there is nothing more to do, or `until` is reached."""
        lines = self._gather(catch_up)
        if lines:
            self._ship(Batch(self._origin, self._cursor.seq - len(lines), lines))
        self._keep_evidence()
        self._report(self.progress)
        if self._overdue():
            return False
        if lines:
            return until is None or self._position < until
        if not catch_up:
            self._stop.wait(self._limits.poll)
        return not catch_up

    def _gather(self, catch_up: bool) -> list[bytes]:
        """The next lines; waits for more of them where a batch is dear."""
        lines = self._read(self._limits.batch_events, self._limits.batch_bytes)
        if not lines:
            self._oldest = None
            return lines
        self._oldest = _time_of(lines[0])
        linger = self._sink.linger if self._limits.linger is None else self._limits.linger
        until, size = time.monotonic() + linger, sum(map(len, lines))
        while not catch_up and not self._stop.is_set() and time.monotonic() < until:
            if len(lines) >= self._limits.batch_events or size >= self._limits.batch_bytes // 2:
                break
            try:
                more = self._cursor.read(self._limits.batch_events - len(lines), self._limits.batch_bytes - size)
            except (MissingError, ReplacedError):
                break  # what comes behind it is another batch
            lines += more
            size += sum(map(len, more))
            if not more:
                self._stop.wait(min(self._limits.poll, max(0.0, until - time.monotonic())))
        return lines

    def _read(self, most_lines: int, most_bytes: int) -> list[bytes]:
        while True:
            try:
                return self._cursor.read(most_lines, most_bytes)
            except MissingError as missing:
                if not self._skip_missing:
                    raise
                self._error = str(missing)
                self._cursor.skip_to(missing.next_start)

    def _ship(self, batch: Batch) -> None:
        self._patiently(lambda: self._gatherer.introduce(self._keep))
        for blob in self._gatherer.blobs(batch.lines):
            self._patiently(lambda blob=blob: self._keep(blob))  # type: ignore[misc]
        reached = self._patiently(lambda: self._sink.append(batch))
        self._shipped += max(0, min(reached, batch.end) - batch.first_seq)
        self._oldest = None
        if reached != batch.end and self._tells:
            # Another shipper was here, or the store has lost what it had: what it has last must be what the log has.
            self._begin()
            return
        if reached != batch.end:
            self._cursor.skip_to(reached)
        self._position = reached
        self._digest = digest_of(batch.lines[-1]) if reached == batch.end else None
        self._save()

    def _keep_evidence(self) -> None:
        before = dict(self._gatherer.kept)
        self._renew_evidence()
        self._patiently(lambda: self._gatherer.due(self._position, self._keep))
        if self._gatherer.kept != before:
            self._save()

    def _keep(self, evidence: Evidence) -> None:
        self._sink.keep(self._origin, evidence)

    def _renew_evidence(self) -> None:
        """Now and then: put again what the store's own retention has taken of what proves the lines."""
        now, kept = int(time.time()), self._gatherer.kept
        if 0 <= now - int(kept.get("looked", 0)) < _LOOK_AGAIN:
            return
        there = self._patiently(lambda: self._sink.kept(self._origin))
        if there is not None:
            self._patiently(lambda: self._gatherer.again(there, self._keep))
        kept["looked"] = now

    def _save(self) -> None:
        try:
            self._note.write(self._origin, Position(self._position, self._digest), self._gatherer.kept)
            self._unsaved = None
        except OSError as error:
            if not self._layout.exists():
                return  # the next look at the log tells more
            told = f"the position cannot be noted in {self._note.folder}: {error.strerror or error}"
            if not self._tells:
                raise ShipError(f"{told}; it is all that tells what {self._sink.url} was sent") from error
            self._unsaved = f"{told}; shipping goes on"

    # -- the store -------------------------------------------------------------------------------------

    def _patiently(self, action: Callable[[], _Result]) -> _Result:
        """Do it, again and again while the store cannot be reached."""
        pause, since = self._limits.first_pause, time.monotonic()
        while True:
            try:
                result = action()
                self._error = None
                return result
            except StoreUnavailableError as error:
                self._error = str(error)
                self._retries += 1
                self._sink.close()
                self._report(self.progress)
                patience = self._limits.give_up_after
                if self._overdue() or (patience is not None and time.monotonic() - since + pause > patience):
                    raise
                if self._pause(pause * random.uniform(0.75, 1.25)):
                    pause = self._limits.first_pause  # little time is left
                else:
                    pause = min(pause * 2, self._limits.longest_pause)

    def _pause(self, seconds: float) -> bool:
        """Wait; whether `stop` has ended that. Once stopped, there are pauses all the same, up to the deadline."""
        if not self._stop.is_set():
            return self._stop.wait(seconds)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._overdue():
            time.sleep(min(seconds, self._limits.poll))  # the deadline may come nearer meanwhile
        return False

    def _overdue(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    # -- the beginning ---------------------------------------------------------------------------------

    def _hold(self, once: bool) -> bool:
        """Be the only one who ships this log to this store; False when stopped before."""
        while True:
            self._origin = self._named_origin()  # looked at anew: while this one waits, another log may come here
            if self._state is not None:
                self._note = Note(self._state, self._sink.url, self._origin)
            if self._note.hold():
                return True
            if once:
                raise ShipError(f"another process ships {self._layout.root} to {self._sink.url} already")
            if self._stop.wait(5 * self._limits.poll):
                return False

    def _named_origin(self) -> str:
        origin = read_header(open_layout(self._layout.root)).get("origin")
        if not isinstance(origin, str) or not origin:
            raise ConfigurationError(f"{self._layout.header} is missing: a log without a name cannot be shipped")
        return origin

    def _begin(self) -> None:
        """Where to go on: what the store says, and its note where it cannot tell."""
        noted, kept = self._noted()
        self._gatherer = self._gatherer_after(kept)
        told = self._patiently(lambda: self._sink.position(self._origin))
        known = noted if told is None else told
        self._tells = told is not None
        if known.next_seq < noted.next_seq:
            self._gatherer = self._gatherer_after({})  # it has lost something: evidence is sent again
        self._position, self._digest = known
        self._cursor.skip_to(self._position)
        self._oldest = None
        if known.last_digest is not None:
            self._check_same_log(known)
        if known != noted:
            self._save()

    def _gatherer_after(self, kept: dict[str, Any]) -> Gatherer:
        # Where nothing was kept yet, nothing of it can be gone.
        return Gatherer(self._layout, self._origin, kept or {"looked": int(time.time())})

    def _noted(self) -> tuple[Position, dict[str, Any]]:
        """How far the store was, and what of the evidence it has. Without a note one is made, before the store answers:
        from then on nothing is pruned that it does not have."""
        note = self._note.read()
        if note.get("origin") != self._origin:
            note = {}
        last, kept = note.get("last_digest"), note.get("kept")
        self._position, self._digest = int(note.get("next_seq", 0)), last if isinstance(last, str) else None
        if not note:
            self._save()
        self._oldest = self._time_of_next()
        return Position(self._position, self._digest), kept if isinstance(kept, dict) else {}

    def _time_of_next(self) -> float | None:
        """When the first event happened that the store does not have, as far as is known before it answers."""
        self._cursor.skip_to(self._position)
        try:
            lines = self._cursor.read(1, self._limits.batch_bytes)
        except ShipError:
            return None  # it may know better where to go on; if not, that is told then
        return _time_of(lines[0]) if lines else None

    def _check_same_log(self, known: Position) -> None:
        """The store's last event is the one that the log has there."""
        before = Cursor(self._layout, known.next_seq - 1)
        try:
            found = before.read(1, 1)
        except MissingError:
            return  # pruned here: nothing left to compare with
        finally:
            before.close()
        if not found or digest_of(found[0]) != known.last_digest:
            raise StoreRefusedError(
                f"{self._sink.url} has a different event {known.next_seq - 1:,} of {self._origin} than "
                f"{self._layout.root}: the log was changed or set back; keep both, `agent-audit-log verify` tells which"
            )


def _time_of(line: bytes) -> float | None:
    """When an event happened, in seconds since 1970."""
    try:
        stamp: Any = orjson.loads(line)["timestamp"]
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
