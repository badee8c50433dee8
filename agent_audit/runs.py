"""Pairing of starts and ends: what every adapter needs, once.

A framework tells of a start and later, elsewhere, of an end that carries neither name nor identity. The tracker
remembers what was known at the start, gives both events the same `span_id`, closes what is still open when the
run around it ends, and takes each end only once.

An adapter names its operations by keys of its own (a run id, a span id, run and tool-call id). It calls

* `enter` for a scope that is no event (a chain node): it only passes on parentage and identity;
* `start` for an operation: records the intent BEFORE the effect. With `on_failure="raise"` this raises
  `WriteError`, and the adapter must let it pass to stop the operation;
* `end` with the outcome: never raises;
* `note` for a point in time under a run (an approval, a handoff, a model's request for a tool).
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent_audit.errors import WriteError
from agent_audit.event import AuditEvent, AuditEventType, Outcome, Source
from agent_audit.identity import current_identity
from agent_audit.locks import ForkSafeLock

END_OF = {
    AuditEventType.AGENT_START: AuditEventType.AGENT_STOP,
    AuditEventType.TOOL_CALL: AuditEventType.TOOL_RESPONSE,
    AuditEventType.LLM_REQUEST: AuditEventType.LLM_RESPONSE,
    AuditEventType.ACTION_REQUEST: AuditEventType.ACTION_EXECUTED,
}
"""Which event ends the operation that another one starts."""

_IDENTITY = ("agent_id", "session_id", "user_id")


class EventSink(Protocol):
    """What the tracker needs of a logger."""

    def log(self, event: AuditEvent, *, after_effect: bool = False) -> None:
        """Record one event; see `AuditLogger.log`."""


class SharedSink(EventSink, Protocol):
    """A logger that several handlers use."""

    adapter_state: dict[str, Any]
    """What adapters keep for as long as the logger lives, by a name of theirs."""


@dataclass(eq=False)
class Run:
    """One open operation or scope."""

    key: Hashable
    span_id: str
    trace_id: str
    parent: Run | None
    start_type: AuditEventType | None
    """None for a scope without events of its own."""
    end_type: AuditEventType | None
    fields: dict[str, Any]
    """Of the start event, as far as the end event repeats them: action, resource, call_id."""
    identity: dict[str, Any]
    """agent_id, session_id and user_id, as far as known; inherited from the parent."""
    source: Source
    started: float = field(default_factory=time.perf_counter)
    children: set[Run] = field(default_factory=set)
    errors: list[BaseException] = field(default_factory=list)
    """On the root only: the exceptions recorded last, for each is recorded once, at the deepest level."""
    state: dict[str, Any] = field(default_factory=dict)
    """For the adapter: whatever it wants to remember until the end."""

    @property
    def root(self) -> Run:
        """The run it all is part of."""
        run = self
        while run.parent is not None:
            run = run.parent
        return run

    @property
    def recorded_span_id(self) -> str | None:
        """The nearest span, from here up, that has events of its own."""
        run: Run | None = self
        while run is not None and run.start_type is None:
            run = run.parent
        return None if run is None else run.span_id


class RunTracker:
    """Open runs of one logger and framework. Thread-safe; memory is bounded.

    Args:
        sink: the logger.
        framework: its name as it stands in `source`, e.g. `langchain`.
        version: its version.
        max_runs: open runs kept; beyond it the oldest are closed as unknown.
        max_ended: ended runs remembered, so that a second or a late end is known as one.
    """

    def __init__(
        self, sink: EventSink, framework: str, version: str | None, *, max_runs: int = 50_000, max_ended: int = 5_000
    ) -> None:
        self._sink = sink
        self._framework = framework
        self._version = version
        self._max_runs = max_runs
        self._max_ended = max_ended
        self._lock = ForkSafeLock()
        self._runs: OrderedDict[Hashable, Run] = OrderedDict()
        self._ended: OrderedDict[Hashable, Run | None] = OrderedDict()
        self.duplicate_ends = 0
        """Ends that came for a run whose end was on record."""

    @classmethod
    def shared(cls, sink: SharedSink, framework: str, version: str | None) -> RunTracker:
        """The one tracker of this logger for this framework: handlers are cheap and share it."""
        made: RunTracker | None = sink.adapter_state.get(framework)
        # setdefault is atomic: of two threads, both get the first one's.
        return made or sink.adapter_state.setdefault(framework, cls(sink, framework, version))

    # -- scopes and operations -------------------------------------------------------------------------

    def get(self, key: Hashable) -> Run | None:
        """The open run of that key."""
        return self._runs.get(key)

    def enter(self, key: Hashable, *, parent: Hashable = None, **facts: Any) -> Run:
        """Open a scope without events of its own.

        Args:
            key: the adapter's name for it.
            parent: key of the run it is part of.
            **facts: agent_id, session_id, user_id, trace_id, span_id as far as the framework tells.
        """
        return self._open(key, parent, None, None, facts, hook=None)

    def start(
        self,
        event_type: AuditEventType,
        key: Hashable,
        *,
        parent: Hashable = None,
        end_type: AuditEventType | None = None,
        hook: str | None = None,
        **facts: Any,
    ) -> Run:
        """Record the intent of an operation and remember it until its end.

        Args:
            event_type: a type that starts something, e.g. `tool.call`.
            key: the adapter's name for it.
            parent: key of the run it is part of.
            end_type: what ends it, where that is not the usual one (a retrieval ends as `data.access`).
            hook: the framework's hook that told of it.
            **facts: further fields of the event.

        Raises:
            WriteError: fail-closed logger, not recorded; the run is not open then.
        """
        run = self._open(key, parent, event_type, end_type or END_OF[event_type], facts, hook=hook)
        try:
            self._sink.log(self._event(event_type, run, **facts, **_but(run.identity, facts)))
        except BaseException:
            self._discard(key)
            raise
        return run

    def end(self, key: Hashable, outcome: Outcome, *, hook: str | None = None, **fields: Any) -> AuditEvent | None:
        """Record the outcome of an operation, or leave a scope. Closes what is still open below it.

        Args:
            key: as given to `start` or `enter`. An unknown key is ignored but for a late end of a run that was
                closed as unknown: that is recorded with `late` in its metadata.
            outcome: how it ended.
            hook: the framework's hook that told of it.
            **fields: further fields of the end event; `exception` may be given for `error` and `error_type`;
                `end_type` overrides what `start` said.

        Returns:
            The event, or None when there was nothing to record.
        """
        with self._lock:
            run = self._runs.pop(key, None)
            late = run is None
            if run is None:
                run = self._ended.pop(key, None)
                self._remember_ended(key, None)
                if run is None:
                    self.duplicate_ends += 1
                    return None
            else:
                self._leave(run)
        if not late:
            self._close_below(run)
        if late:
            fields["metadata"] = {**(fields.get("metadata") or {}), "late": True}
        return self._record_end(run, outcome, hook, fields)

    def note(
        self,
        event_type: AuditEventType,
        *,
        under: Hashable = None,
        hook: str | None = None,
        after_effect: bool = False,
        **fields: Any,
    ) -> AuditEvent | None:
        """Record a point in time under a run.

        Raises `WriteError` when the logger is fail-closed, unless it tells of something past (`after_effect`).
        """
        run = self.get(under) if under is not None else None
        if run is None:
            ambient = current_identity()
            event = AuditEvent(
                event_type=event_type,
                source=self._source(hook),
                **{"trace_id": ambient.trace_id, "parent_span_id": ambient.span_id, **_with_error(fields)},
            )
        else:
            fields = {**run.identity, **_with_error(fields)}
            fields.setdefault("parent_span_id", run.recorded_span_id)
            event = AuditEvent(event_type=event_type, trace_id=run.trace_id, source=self._source(hook), **fields)
        self._sink.log(event, after_effect=after_effect)
        return event

    def error(self, exception: BaseException, *, under: Hashable, hook: str | None = None) -> AuditEvent | None:
        """Record an exception as `error`, unless a deeper level of the same run has recorded it. Never raises."""
        run = self.get(under)
        if run is None or not self._first_sight(run, exception):
            return None
        try:
            return self.note(AuditEventType.ERROR, under=under, hook=hook, outcome=Outcome.FAILURE, exception=exception)
        except WriteError:
            return None

    def close_all(self) -> None:
        """Close every open run as unknown (the logger or the process ends)."""
        with self._lock:
            roots = [run for run in self._runs.values() if run.parent is None]
        for root in roots:
            self.end(root.key, Outcome.UNKNOWN)

    # -- inside ----------------------------------------------------------------------------------------

    def _open(
        self,
        key: Hashable,
        parent_key: Hashable,
        start_type: AuditEventType | None,
        end_type: AuditEventType | None,
        facts: dict[str, Any],
        *,
        hook: str | None,
    ) -> Run:
        ambient = current_identity()
        overflow: Run | None = None
        with self._lock:
            parent = self._runs.get(parent_key) if parent_key is not None else None
            inherited = parent.identity if parent else {}
            identity = {
                name: value
                for name, value in (
                    (name, facts.get(name) or inherited.get(name) or getattr(ambient, name)) for name in _IDENTITY
                )
                if value is not None
            }
            run = Run(
                key=key,
                span_id=facts.pop("span_id", None) or _span_id(key),
                trace_id=facts.pop("trace_id", None)
                or (parent.trace_id if parent else None)
                or ambient.trace_id
                or _span_id(key),
                parent=parent,
                start_type=start_type,
                end_type=end_type,
                fields={name: facts[name] for name in ("action", "resource", "call_id") if facts.get(name)},
                identity=identity,
                source=self._source(hook),
            )
            if parent is not None:
                parent.children.add(run)
            self._runs[key] = run
            if len(self._runs) > self._max_runs:
                overflow = next(iter(self._runs.values()))
        if overflow is not None:
            self.end(overflow.key, Outcome.UNKNOWN)
        return run

    def _event(self, event_type: AuditEventType, run: Run, **fields: Any) -> AuditEvent:
        parent = run.parent.recorded_span_id if run.parent else current_identity().span_id
        return AuditEvent(
            event_type=event_type,
            trace_id=run.trace_id,
            span_id=run.span_id,
            **{"parent_span_id": parent, "source": run.source, **fields},
        )

    def _record_end(self, run: Run, outcome: Outcome, hook: str | None, fields: dict[str, Any]) -> AuditEvent | None:
        end_type = fields.pop("end_type", None) or run.end_type
        if end_type is None:
            return None
        exception = fields.get("exception")
        if isinstance(exception, BaseException):
            self._first_sight(run, exception)
        event = self._event(
            end_type,
            run,
            outcome=outcome,
            duration_ms=(time.perf_counter() - run.started) * 1000,
            source=self._source(hook or run.source.hook),
            **{**run.identity, **run.fields, **_with_error(fields)},
        )
        try:
            self._sink.log(event, after_effect=True)
        except WriteError:
            return None  # the logger was closed
        return event

    def _close_below(self, run: Run) -> None:
        """Everything still open under a run that has ended, deepest first."""
        for child in list(run.children):
            self._close_below(child)
            with self._lock:
                if self._runs.pop(child.key, None) is None:
                    continue
                self._leave(child, closed=True)
            self._record_end(child, Outcome.UNKNOWN, None, {})

    def _leave(self, run: Run, *, closed: bool = False) -> None:
        if run.parent is not None:
            run.parent.children.discard(run)
        self._remember_ended(run.key, run if closed and run.end_type is not None else None)

    def _discard(self, key: Hashable) -> None:
        with self._lock:
            run = self._runs.pop(key, None)
            if run is not None:
                self._leave(run)

    def _remember_ended(self, key: Hashable, run: Run | None) -> None:
        self._ended[key] = run
        if len(self._ended) > self._max_ended:
            self._ended.popitem(last=False)

    def _first_sight(self, run: Run, exception: BaseException) -> bool:
        errors = run.root.errors
        with self._lock:
            if any(seen is exception for seen in errors):
                return False
            errors.append(exception)
            del errors[:-16]
        return True

    def _source(self, hook: str | None) -> Source:
        return Source(framework=self._framework, version=self._version, hook=hook)


def describe_error(exception: BaseException) -> dict[str, str]:
    """`error` and `error_type` of an exception. An exception may lie or fail when asked for its text."""
    try:
        text = str(exception)
    except Exception as problem:
        text = f"[no text: str() raised {type(problem).__name__}]"
    return {"error": text, "error_type": type(exception).__name__}


def _with_error(fields: dict[str, Any]) -> dict[str, Any]:
    exception = fields.pop("exception", None)
    return fields if exception is None else {**describe_error(exception), **fields}


def _but(fields: dict[str, Any], taken: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in taken}


def _span_id(key: Hashable) -> str:
    return str(key) if isinstance(key, (str, uuid.UUID)) else uuid.uuid4().hex
