"""The way of an event: redact, encode, commit; in the caller's thread, so that the record is a snapshot."""

from __future__ import annotations

import atexit
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from agent_audit.backends.file import DIRECTORY_NAME, FileAuditBackend
from agent_audit.backends.interface import AuditBackend, Query
from agent_audit.commit import Committer
from agent_audit.content import LIMIT, LONGEST_NAME, ContentLevels, keyed_digest, shorten, shorten_names
from agent_audit.durability import CommitLimits, Durability
from agent_audit.errors import AuditError, ConfigurationError, WriteError, require, require_given
from agent_audit.event import AuditEvent, AuditEventType, encode_record, format_timestamp
from agent_audit.identity import NOBODY, Identity, current_identity
from agent_audit.locks import fork_safe_lock, unforked
from agent_audit.losses import Losses
from agent_audit.notice import warn
from agent_audit.passed_on import PassedOn
from agent_audit.printing import PrintingCalls, take_away
from agent_audit.process import current_pid
from agent_audit.redaction import DefaultRedactor, Redacted, RedactionConfig, Redactor
from agent_audit.wording import plural

if TYPE_CHECKING:
    from agent_audit.ship.background import Shipping
    from agent_audit.ship.shipper import Progress
    from agent_audit.ship.sink import Sink

OnFailure = Literal["warn", "raise"]

_REDACTED_FIELDS = ("action", "resource", "parameters", "result", "error", "metadata")
"""Everything in an event that comes from outside; the rest are ids, times and names of our own making."""

_DECISIONS = frozenset([AuditEventType.ACTION_APPROVED, AuditEventType.ACTION_DENIED])

_LAST_SHIPMENT = 2.0
"""Seconds that the end of a logger, or of the process, leaves to the stores that follow it."""

_AFTER_OTHERS = -1_000
"""Priority among the finalizers of multiprocessing: those of others may still log."""

_EXIT_TIMEOUT = 5.0
"""Seconds that the end of the process waits for a store that does not take events."""


class AuditLogger:
    """Records events. Safe to use from threads, tasks, signal handlers and forked children.

    Args:
        backend: where events are kept; the logger closes it. When left out: the log in AGENT_AUDIT_DIR, else in
            `./agent-audit-log`.
        agent_id, session_id, user_id: used for events that do not carry their own.
        redactor: masks secrets; the default configuration when left out.
        content: how much of the payloads of some event types or actions is recorded.
        durability: what is promised when `log` returns: `buffered`, `written` (default) or `synced`.
        durability_by_type: other levels for some event types.
        on_failure: `warn`: the agent goes on, losses are counted, warned about and recorded as `log.gap`.
            `raise`: fail closed, `log` raises `WriteError` and the event is not recorded.
        limits: bounds of the buffer and of waits.
        ship_to: URLs of stores that follow the log (see `agent-audit-log ship`), in threads of their own.

    Raises:
        ConfigurationError: a setting of a wrong kind, or settings that contradict each other.
    """

    def __init__(
        self,
        backend: AuditBackend | None = None,
        *,
        agent_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        redactor: Redactor | None = None,
        content: ContentLevels | None = None,
        durability: Durability | str = Durability.WRITTEN,
        durability_by_type: Mapping[AuditEventType | str, Durability | str] | None = None,
        on_failure: OnFailure = "warn",
        limits: CommitLimits | None = None,
        ship_to: Sequence[str | Sink] = (),
    ) -> None:
        if on_failure not in ("warn", "raise"):
            raise ConfigurationError(f"on_failure is {on_failure!r}; use 'warn' or 'raise'")
        require_given(str, agent_id=agent_id, session_id=session_id, user_id=user_id)
        if redactor is not None and (isinstance(redactor, type) or not hasattr(redactor, "redact")):
            require("redactor", redactor, (), "a redactor, e.g. DefaultRedactor()")
        require_given(ContentLevels, content=content)
        require_given(CommitLimits, limits=limits)
        require_given(Mapping, durability_by_type=durability_by_type)
        if backend is None:
            backend = FileAuditBackend(os.environ.get("AGENT_AUDIT_DIR") or DIRECTORY_NAME)
        require("backend", backend, AuditBackend, "a backend, e.g. FileAuditBackend(path)")
        if on_failure == "warn" and isinstance(backend, FileAuditBackend) and backend.on_rollback is None:
            backend.on_rollback = "new-log"  # the agent goes on, and so does its record
        self.backend: AuditBackend = backend
        self.adapter_state: dict[str, Any] = {}
        """What adapters keep for as long as this logger lives, by a name of theirs. Before its end, and that of the
        process, `close_all` is called of what has it."""
        self.on_failure: OnFailure = on_failure
        self._defaults = {
            name: value
            for name, value in (("agent_id", agent_id), ("session_id", session_id), ("user_id", user_id))
            if value is not None
        }
        self._durability = parse_durability(durability)
        self._durability_by_type = {
            _parse_type(name): parse_durability(level) for name, level in (durability_by_type or {}).items()
        }
        self._refuse_unkept_promises()
        self._fingerprint_key: bytes | None = getattr(backend, "fingerprint_key", None)
        self._redactor = redactor or DefaultRedactor(RedactionConfig(fingerprint_key=self._fingerprint_key))
        self._mask_identity: Callable[[dict[str, Any]], None] | None = getattr(self._redactor, "mask_identity", None)
        self._content = content
        self._printing, self._passed_on = PrintingCalls(), PassedOn()
        self._losses = Losses(self._encode)
        self._new_writer()
        self._committer = Committer(backend, limits or CommitLimits(), self._losses)
        self._committer.start()
        self._shipping = self._ship(ship_to)
        self._closing = fork_safe_lock()
        self._closes = False
        """Whether a frame of who holds `_closing` is at it: a signal handler that strikes there leaves it to that."""
        _open_loggers.add(self)

    def _refuse_unkept_promises(self) -> None:
        levels = [self._durability, *self._durability_by_type.values()]
        if self.on_failure == "raise" and Durability.BUFFERED in levels:
            raise ConfigurationError(
                "on_failure='raise' needs durability 'written' or 'synced': "
                "a buffered event is accepted before anybody knows whether it can be recorded"
            )

    def _ship(self, stores: Sequence[str | Sink]) -> Shipping | None:
        if isinstance(stores, str):
            raise ConfigurationError(f"ship_to is a list of stores: ship_to=[{stores!r}]")
        require("ship_to", stores, Sequence, "a list of stores")
        if not stores:
            return None
        backend = self.backend
        if not isinstance(backend, FileAuditBackend):
            raise ConfigurationError("ship_to needs a log in a directory: shipping follows what is on the disk")
        with unforked:
            from agent_audit.ship.background import Shipping

        return Shipping(lambda: backend.layout, stores)

    def _new_writer(self) -> None:
        _end_with_the_process()
        self._writer_pid = current_pid()
        self._writer = secrets.token_hex(8)
        self._writer_seq = count()

    # -- recording -------------------------------------------------------------------------------------

    def log(self, event: AuditEvent, *, durability: Durability | str | None = None, after_effect: bool = False) -> None:
        """Record one event; returns when its durability level holds.

        Args:
            event: what happened.
            durability: a level for only this event.
            after_effect: the event reports something that can no longer be stopped, so recording it never fails:
                with `on_failure="raise"` too, it stays in the buffer until it can be written.

        Raises:
            WriteError: with `on_failure="raise"` only: the event is not recorded.
        """
        level = self._level(event, durability) if durability or self._durability_by_type else self._durability
        committer = self._committer
        try:
            record = self._encode(event)
        except BaseException as error:
            if isinstance(error, Exception):
                self._give_up(event, error, self._must_know(level, after_effect))
                return
            if after_effect:  # a KeyboardInterrupt: it has happened all the same
                committer.submit(self._encode(event), level, must_know=False)
            raise
        committer.submit(record, level, self._must_know(level, after_effect))
        if committer.failing is not None:
            self._tell_about_failure()

    async def alog(
        self, event: AuditEvent, *, durability: Durability | str | None = None, after_effect: bool = False
    ) -> None:
        """Like `log`, for coroutines: every wait happens off the loop."""
        level = self._level(event, durability)
        must_know = self._must_know(level, after_effect)
        try:
            record = self._encode(event)
        except Exception as error:
            self._give_up(event, error, must_know)
            return
        await self._committer.asubmit(record, level, must_know)
        self._tell_about_failure()

    def record(self, event_type: AuditEventType, **fields: Any) -> AuditEvent:
        """Make an event of `AuditEvent`'s fields, record it and return it."""
        event = AuditEvent(event_type=event_type, **fields)
        self.log(event)
        return event

    def _must_know(self, level: Durability, after_effect: bool) -> bool:
        """Whether a failure goes to the caller. One who queues an event as buffered does not wait for the answer."""
        return self.on_failure == "raise" and not after_effect and level is not Durability.BUFFERED

    def _give_up(self, event: AuditEvent, error: Exception, must_know: bool) -> None:
        """An event of which no record could be made: a redactor of somebody's own, no memory, the end of the stack."""
        if isinstance(error, ConfigurationError):
            raise error
        # What others' errors say may be a secret.
        reason = str(error) if isinstance(error, AuditError) else f"no record could be made: {type(error).__name__}"
        if must_know:
            raise WriteError(reason) from error
        self._committer.note_loss(str(event.event_type), format_timestamp(event.timestamp), reason)

    def _level(self, event: AuditEvent, durability: Durability | str | None) -> Durability:
        if durability is not None:
            return parse_durability(durability)
        if self._durability_by_type:
            return self._durability_by_type.get(event.event_type, self._durability)  # type: ignore[call-overload,no-any-return]
        return self._durability

    def _encode(self, event: AuditEvent) -> bytes:
        if self._writer_pid != current_pid():
            self._committer.notice_fork()
            self._new_writer()
        require("event", event, AuditEvent, "an AuditEvent")
        record = event.to_encodable()
        if "seq" in record:  # of an event that was read from a log: here it gets another place
            del record["seq"]
        ambient = current_identity()
        if ambient is not NOBODY or self._defaults:
            self._identify(record, ambient)
        if self._mask_identity is not None:
            self._mask_identity(record)
        payload = {name: record[name] for name in _REDACTED_FIELDS if name in record}
        if payload:
            if record["event_type"] == AuditEventType.TOOL_CALL:
                self._printing.note(record)
            self._redact(record, payload)
            if record["event_type"] in _DECISIONS:
                self._name_decider(record, payload.get("metadata"))
        record["writer"] = self._writer
        record["writer_seq"] = next(self._writer_seq)
        line = encode_record(record)
        if len(line) <= LONGEST_NAME and self._content is None:
            return line  # no part of it can be longer
        shortened = shorten_names(record)
        if len(line) > LIMIT or self._content is not None:
            shortened |= shorten(record, self._fingerprint_key, self._content)
        if not shortened:
            return line
        record["metadata"] = {**record.get("metadata", {}), "shortened": shortened}
        return encode_record(record)

    def _identify(self, record: dict[str, Any], ambient: Identity) -> None:
        """Who acts: what the event says, else what is in force here, else this logger's own."""
        for name in ("agent_id", "session_id", "user_id"):
            if name not in record:
                value = getattr(ambient, name) or self._defaults.get(name)
                if value is not None:
                    record[name] = value

    def _redact(self, record: dict[str, Any], payload: dict[str, Any]) -> None:
        shown = self._printing.beside(record, payload)
        redacted = self._redacted(shown, payload.get("action"))
        if shown is not payload:
            take_away(redacted.value, shown)
        hits = redacted.hits
        if self._passed_on:
            hits = [*hits, *self._passed_on.mask(redacted.value)]
        if hits and record["event_type"] == AuditEventType.TOOL_RESPONSE:
            self._passed_on.note(payload.get("result"), redacted.value.get("result"))
        if redacted.value.keys() != payload.keys():  # something is to be dropped
            for name in payload:
                del record[name]
        record.update(redacted.value)
        if hits or redacted.fingerprints:
            metadata = record["metadata"] = dict(record.get("metadata") or {})
            if hits:
                metadata["redacted"] = [{"path": hit.path, "rule": hit.rule} for hit in hits]
            if redacted.fingerprints:
                metadata["fingerprints"] = [
                    {"kind": mark.kind, "digest": mark.digest, "path": mark.path, "at": mark.at}
                    for mark in redacted.fingerprints
                ]

    def _name_decider(self, record: dict[str, Any], given: Mapping[str, Any] | None) -> None:
        """Who decided is an id, as `user_id` is: an e-mail address stays, or becomes what it becomes there."""
        metadata, decider = record.get("metadata"), (given or {}).get("decided_by")
        if self._mask_identity is None or not isinstance(decider, str) or not isinstance(metadata, dict):
            return
        who = {"user_id": decider}
        self._mask_identity(who)
        metadata = record["metadata"] = {**metadata, "decided_by": who.get("user_id")}
        hits = [hit for hit in metadata.pop("redacted", ()) if hit["path"] != "metadata.decided_by"]
        if hits:
            metadata["redacted"] = hits

    def _redacted(self, payload: dict[str, Any], action: str | None) -> Redacted:
        """Fails closed: whatever goes wrong in a redactor, the raw value is not what comes out."""
        try:
            redacted = self._redactor.redact(payload, action=action)
            if isinstance(redacted.value, dict):
                return redacted
            problem = f"{type(redacted.value).__name__} instead of dict"
        except Exception as error:
            problem = type(error).__name__
        return Redacted(dict.fromkeys(payload.keys() - {"metadata"}, f"[REDACTION-ERROR:{problem}]"))

    def digest(self, data: bytes) -> dict[str, str]:
        """Keyed digest of raw data, fit for an event's metadata; says why when there is no key."""
        return keyed_digest(data, self._fingerprint_key)

    def _tell_about_failure(self) -> None:
        if self._committer.failing is not None:
            self._losses.warn(f"events wait in the buffer, the log cannot be written: {self._committer.failing}")

    # -- reading, barrier, end -------------------------------------------------------------------------

    def query(self, query: Query | None = None, /, **conditions: Any) -> Iterator[AuditEvent]:
        """Recorded events, after everything logged so far has been written. See `AuditBackend.query`."""
        self.flush(sync=False)
        return self.backend.query(query, **conditions)

    def flush(self, timeout: float | None = None, *, sync: bool = True) -> bool:
        """A barrier: when it returns True, everything logged before is written (and synced, unless `sync=False`).

        Args:
            timeout: seconds to wait at the most; None waits as long as it works at all.

        Returns:
            False when the store did not take it all in time, with `on_failure="warn"`; also in a signal handler or
            finalizer that has interrupted this logger on its own thread.

        Raises:
            WriteError: the same with `on_failure="raise"`.
        """
        try:
            flushed = self._committer.flush(timeout, sync=sync)
        except WriteError:
            if self.on_failure == "raise":
                raise
            flushed = False
        if not flushed and self.on_failure == "raise":
            raise self._committer.failing or WriteError(f"not everything was written within {timeout} s")
        return flushed

    def close(self) -> None:
        """Write and sync everything, then close the backend. Calling it again does nothing, unless it was interrupted:
        then that, or else the end of the process, goes on with it.

        In a signal handler or finalizer that has interrupted this logger on its own thread it does nothing either:
        what it would wait for continues only when that returns. The end of the process writes what is left.
        """
        if self._committer.works_below:
            return
        with self._closing:
            if self not in _open_loggers or self._closes:
                return
            try:
                self._closes = True
                problem = self._close()
            finally:
                self._closes = False
            _open_loggers.discard(self)
        if problem is not None:
            if self.on_failure == "raise":
                raise problem
            warn(f"the log could not be closed properly: {problem}")

    def _close(self) -> WriteError | None:
        """Returns what went wrong with the backend."""
        if not self._committer.closed:
            self._end_runs()
            self._settle("the log was closed before they could be written")
            self._committer.close()
        try:
            self.backend.close()
        except WriteError as error:
            return error
        finally:
            self._stop_shipping()
        return None

    def _stop_shipping(self) -> None:
        if self._shipping is not None:
            self._shipping.stop(_LAST_SHIPMENT)

    def _end_runs(self) -> None:
        """What adapters still have open: nothing will tell of its end any more."""
        for state in list(self.adapter_state.values()):
            close_all = getattr(state, "close_all", None)
            if close_all is not None:
                close_all()

    def _settle(self, reason: str) -> None:
        """Write what can be written; report what cannot."""
        try:
            if self._committer.flush(_EXIT_TIMEOUT):
                return
        except WriteError as error:
            reason = f"{reason}: {error}"
        self._committer.abandon(reason)
        if self._losses.pending:
            lost = plural(len(self._losses.pending), "event")
            warn(f"{lost} lost, which could not be recorded as a gap: {reason}")

    def _at_exit(self) -> None:
        if self._committer.closed:
            self.close()  # which was interrupted
            return
        # Later atexit handlers may still log: the logger stays open and writes every event at once.
        self._committer.ending = True
        self._end_runs()
        self._settle("the process ended")
        leave = getattr(self.backend, "leave", None)
        try:
            if leave is not None:
                leave()
            if self._committer.queued:  # of a signal handler that has interrupted just that
                self._settle("the process ended")
        except WriteError as error:
            warn(f"the end of logging could not be recorded: {error}")
        finally:
            self._stop_shipping()

    @property
    def identity(self) -> Identity:
        """Who acts when neither the event nor the context says so."""
        return Identity(**self._defaults)

    @property
    def shipped(self) -> dict[str, Progress]:
        """Store -> how far this process has shipped the log to it."""
        return self._shipping.progress if self._shipping is not None else {}

    @property
    def lost(self) -> int:
        """How many events were lost so far."""
        return self._losses.total

    def __copy__(self) -> AuditLogger:
        """Itself: what holds it may be copied, and goes on recording to it."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> AuditLogger:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an AuditLogger cannot be pickled, it belongs to its process: make one in the other process, or leave it "
            "out where the default logger is meant"
        )

    def __enter__(self) -> AuditLogger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def parse_durability(level: Durability | str) -> Durability:
    """The level of that name.

    Raises:
        ConfigurationError: no such level.
    """
    if isinstance(level, Durability):
        return level
    try:
        return Durability[level.upper()]
    except (KeyError, AttributeError):
        allowed = ", ".join(known.name.lower() for known in Durability)
        raise ConfigurationError(f"durability is {level!r}; use one of: {allowed}") from None


def _parse_type(name: AuditEventType | str) -> AuditEventType:
    try:
        return AuditEventType(name)
    except ValueError:
        allowed = ", ".join(AuditEventType)
        raise ConfigurationError(f"durability_by_type names {name!r}; use: {allowed}") from None


_open_loggers: set[AuditLogger] = set()
"""Held until closed: a logger that nobody refers to any more may still hold buffered events."""


def _close_at_exit() -> None:
    for logger in list(_open_loggers):
        logger._at_exit()


_told_multiprocessing = False


def _end_with_the_process() -> None:
    """Forked children of multiprocessing end without `atexit`, by finalizers of its own."""
    global _told_multiprocessing
    util = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    if not _told_multiprocessing:  # children forget the finalizers of before they begin, so each is told anew
        _told_multiprocessing = True
        util.register_after_fork(_close_at_exit, _finalize)
    if sys.modules["multiprocessing.process"].parent_process() is not None:
        _finalize(_close_at_exit)


def _finalize(end: Callable[[], None]) -> None:
    sys.modules["multiprocessing.util"].Finalize(None, end, exitpriority=_AFTER_OTHERS)


atexit.register(_close_at_exit)
