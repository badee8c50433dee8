"""Pairing of starts and ends: what every adapter needs, once.

A framework tells of a start and later, elsewhere, of an end that carries neither name nor identity. The tracker
remembers what was known at the start, gives both events the same `span_id`, closes what is still open when the
run around it ends, and takes each end only once.

An adapter names its operations by keys of its own (a run id, a span id, run and tool-call id). It calls

* `enter` for a scope that is no event (a chain node): it only passes on parentage and identity;
* `start` for an operation: records the intent BEFORE the effect. With `on_failure="raise"` this raises
  `WriteError`, and the adapter must let it pass to stop the operation;
* `end` with the outcome: never raises; or `take` and later `finish`, when it has to look at the run in between;
* `note` for a point in time under a run (an approval, a handoff, a model's request for a tool).

It stands in the way of every call of a tool or model, so it takes no lock there: each step that two threads may
not both take is one operation on a dict, which is atomic.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from agent_audit.errors import WriteError, describe_error
from agent_audit.event import AuditEvent, AuditEventType, Outcome, Source
from agent_audit.identity import NOBODY, Identity, current_identity
from agent_audit.locks import fork_safe_lock
from agent_audit.process import current_pid

END_OF = {
    AuditEventType.AGENT_START: AuditEventType.AGENT_STOP,
    AuditEventType.TOOL_CALL: AuditEventType.TOOL_RESPONSE,
    AuditEventType.LLM_REQUEST: AuditEventType.LLM_RESPONSE,
    AuditEventType.ACTION_REQUEST: AuditEventType.ACTION_EXECUTED,
}
"""Which event ends the operation that another one starts."""

_ENDED, _AGAIN = "ended", "again"
"""Of a claim: the run has ended, and its key may be that of another one; that has happened."""

_IDENTITY = ("agent_id", "session_id", "user_id")
_REPEATED = ("action", "resource", "call_id")


class EventSink(Protocol):
    """What the tracker needs of a logger."""

    def log(self, event: AuditEvent, *, after_effect: bool = False) -> None:
        """Record one event; see `AuditLogger.log`."""


class SharedSink(EventSink, Protocol):
    """A logger that several handlers use."""

    adapter_state: dict[str, Any]
    """What adapters keep for as long as the logger lives, by a name of theirs."""


@dataclass(eq=False, slots=True)
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
    """agent_id, session_id and user_id, as far as known; the parent's own when nothing in it differs."""
    source: Source
    parent_span_id: str | None
    """The nearest span above that has events of its own."""
    recorded_span_id: str | None
    """The same, from here up."""
    started: float = field(default_factory=time.perf_counter)
    late: bool = False
    """It was closed as unknown with the run around it."""
    ended: bool = False
    """Its outcome was recorded, or is being recorded just now."""
    children: set[Run] = field(default_factory=set)
    errors: list[BaseException] = field(default_factory=list)
    """On the root only: the exceptions recorded last, for each is recorded once, at the deepest level."""
    state: dict[str, Any] = field(default_factory=dict)
    """For the adapter: whatever it wants to remember until the end."""
    _root: Run | None = None
    pid: int = field(default_factory=current_pid)
    """Of the process that has begun it: a forked child knows it, too, and does not end it."""

    @property
    def root(self) -> Run:
        """The run it all is part of."""
        return self if self._root is None else self._root

    def outline(self) -> Run:
        """Where and for whom it was, for what may still start below it: nothing of what it keeps alive."""
        return replace(self, parent=None, _root=None, state={}, errors=[], children=set())


class RunTracker:
    """Open runs of one logger and framework. Thread-safe; memory is bounded.

    Args:
        sink: the logger.
        framework: its name as it stands in `source`, e.g. `langchain`.
        version: its version.
        max_runs: open runs kept; beyond it the oldest are closed as unknown.
        max_ended: runs remembered that were closed as unknown, in case their ends come late.
        max_claims: keys remembered at the least by `claim`.
    """

    def __init__(
        self,
        sink: EventSink,
        framework: str,
        version: str | None,
        *,
        max_runs: int = 50_000,
        max_ended: int = 5_000,
        max_claims: int = 10_000,
    ) -> None:
        self._sink = sink
        self._framework = framework
        self._version = version
        self._max_runs = max_runs
        self._max_ended = max_ended
        self._max_claims = max_claims
        self._lock = fork_safe_lock()
        self._runs: dict[Hashable, Run] = {}
        self._ended: dict[Hashable, Run] = {}
        self._claims: dict[Hashable, object] = {}
        self._older_claims: dict[Hashable, object] = {}
        self._sources: dict[str | None, Source] = {}
        self.duplicate_ends = 0
        """Ends that came for a run whose end was on record."""
        self.running: Callable[[], Hashable] | None = None
        """For a framework that tells anywhere in a run which one it is: its key. What else is recorded there, by
        adapters of other frameworks too, is below it then."""

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

    def known(self, key: Hashable) -> Run | None:
        """The same, and one that was closed with the run around it: it may be going on all the same."""
        return self._runs.get(key) or self._ended.get(key)

    def claim(self, key: Hashable) -> bool:
        """True for the first who asks: several handlers of one logger may be told of one run, even at once.

        After the end of the run, the key may be claimed for another one: an application may give each run the same.
        """
        claims, token = self._claims, object()
        held = self._older_claims.get(key) or claims.setdefault(key, token)
        if held is not token:
            return held is _ENDED and self._claim_again(key)
        if len(claims) > self._max_claims:
            with self._lock:
                if self._claims is claims:
                    self._older_claims, self._claims = claims, {}
        return True

    def is_claimed(self, key: Hashable) -> bool:
        """Whether anybody has claimed a key, be it for a run that has ended."""
        return key in self._claims or key in self._older_claims

    def _claim_again(self, key: Hashable) -> bool:
        with self._lock:
            for claims in (self._older_claims, self._claims):
                if claims.get(key) is _ENDED:
                    claims[key] = _AGAIN
                    return True
        return False

    def _end_claim(self, key: Hashable) -> None:
        claims = self._claims if key in self._claims else self._older_claims
        if key in claims:
            claims[key] = _ENDED

    def enter(self, key: Hashable, *, parent: Hashable | Run = None, **facts: Any) -> Run:
        """Open a scope without events of its own.

        Args:
            key: the adapter's name for it.
            parent: the run it is part of, or its key.
            **facts: agent_id, session_id, user_id, trace_id, span_id as far as the framework tells.
        """
        return self._open(key, self._find(parent), None, None, facts)

    def detach(self, run: Run) -> None:
        """Let a run outlive its parent: its own end comes for certain, so its parent does not close it."""
        if run.parent is not None:
            run.parent.children.discard(run)

    def start(
        self,
        event_type: AuditEventType,
        key: Hashable,
        *,
        parent: Hashable | Run = None,
        end_type: AuditEventType | None = None,
        hook: str | None = None,
        **facts: Any,
    ) -> Run:
        """Record the intent of an operation and remember it until its end.

        Args:
            event_type: a type that starts something, e.g. `tool.call`.
            key: the adapter's name for it.
            parent: the run it is part of, or its key.
            end_type: what ends it, where that is not the usual one (a retrieval ends as `data.access`).
            hook: the framework's hook that told of it.
            **facts: further fields of the event.

        Raises:
            WriteError: fail-closed logger, not recorded; the run is not open then.
        """
        run = self._open(key, self._find(parent), event_type, end_type or END_OF[event_type], facts, hook=hook)
        try:
            self._sink.log(_event(event_type, run, run.source, {**facts, **run.identity}))
        except BaseException:
            self._leave(run)
            self._end_claim(key)
            raise
        return run

    def rename(self, run: Run, key: Hashable) -> bool:
        """Give an open run another key, by which its end will be told. False when it is not open any more."""
        if self._runs.pop(run.key, None) is None:
            return False
        run.key = key
        self._runs[key] = run
        return True

    def end(self, key: Hashable, outcome: Outcome, *, hook: str | None = None, **fields: Any) -> AuditEvent | None:
        """Record the outcome of an operation, or leave a scope. Closes what is still open below it.

        Args:
            key: as given to `start` or `enter`. An unknown key is ignored but for a late end of a run that was
                closed as unknown: that is recorded with `late` in its metadata.
            outcome: how it ended.
            hook: the framework's hook that told of it.
            **fields: further fields of the end event; `exception` may be given for `error` and `error_type`.

        Returns:
            The event, or None when there was nothing to record.
        """
        run = self.take(key)
        return None if run is None else self.finish(run, outcome, hook=hook, **fields)

    def take(self, key: Hashable) -> Run | None:
        """Take a run out, to `finish` it. One caller gets it, which is how an end is recorded once.

        Returns:
            The run; None when its end is on record or nothing is known of it.
        """
        run = self._runs.pop(key, None)
        if run is not None:
            if run.parent is not None:
                run.parent.children.discard(run)
        else:
            run = self._ended.pop(key, None)
        if run is None:
            self.duplicate_ends += 1
        else:
            self._end_claim(key)
        return run

    def finish(self, run: Run, outcome: Outcome, *, hook: str | None = None, **fields: Any) -> AuditEvent | None:
        """Record the outcome of a run that `take` gave; see `end`."""
        if run.children:
            self._close_below(run)
        if run.late:
            fields["metadata"] = {**(fields.get("metadata") or {}), "late": True}
        event = self._end_of(run, outcome, hook, fields)
        run.ended = True  # not before: whatever goes wrong until now, another end may be told
        return self._record_end(event)

    def note(
        self,
        event_type: AuditEventType,
        *,
        under: Hashable | Run = None,
        hook: str | None = None,
        after_effect: bool = False,
        **fields: Any,
    ) -> AuditEvent | None:
        """Record a point in time under a run: an open one's key, or any run.

        Raises `WriteError` when the logger is fail-closed, unless it tells of something past (`after_effect`).
        """
        run = self._find(under)
        if run is None:
            ambient = self.here()
            known: dict[str, Any] = {"trace_id": ambient.trace_id, "parent_span_id": ambient.span_id}
        else:
            known = {**run.identity, "trace_id": run.trace_id, "parent_span_id": run.recorded_span_id}
        known["source"] = self._source(hook)
        event = AuditEvent.unchecked(event_type, **{**known, **_with_error(fields)})
        self._sink.log(event, after_effect=after_effect)
        return event

    def error(
        self, exception: BaseException, *, under: Hashable | Run, hook: str | None = None, **fields: Any
    ) -> AuditEvent | None:
        """Record an exception as `error`, unless a deeper level of the same run has recorded it. Never raises."""
        run = self._find(under)
        if run is None or not self._first_sight(run, exception):
            return None
        try:
            fields |= {"outcome": Outcome.FAILURE, "exception": exception}
            return self.note(AuditEventType.ERROR, under=run, hook=hook, **fields)
        except WriteError:
            return None

    def close_all(self) -> None:
        """Close every open run as unknown: the logger or the process ends, and does so."""
        for run in list(self._runs.values()):
            on_its_own = run.parent is None or run.parent.pid != run.pid or run not in run.parent.children
            if on_its_own and run.pid == current_pid() and self._runs.get(run.key) is run:
                self.end(run.key, Outcome.UNKNOWN)

    def here(self) -> Identity:
        """Under what something is recorded that no run of this framework is known around; see `identity_here`."""
        return identity_here(self._sink)

    # -- inside ----------------------------------------------------------------------------------------

    def _find(self, run: Hashable | Run) -> Run | None:
        if run is None or isinstance(run, Run):
            return run
        return self._runs.get(run)

    def _open(
        self,
        key: Hashable,
        parent: Run | None,
        start_type: AuditEventType | None,
        end_type: AuditEventType | None,
        facts: dict[str, Any],
        *,
        hook: str | None = None,
    ) -> Run:
        ambient = self.here() if parent is None else current_identity()
        above = ambient.span_id
        if parent is not None and (above is None or _is_under(parent, above)):
            above = parent.recorded_span_id
        span_id: str | None = facts.pop("span_id", None) if facts else None
        if span_id is None:
            # A scope below others needs no span of its own.
            span_id = above if above is not None and start_type is None else self._span_id(key)
        trace_id: str | None = facts.pop("trace_id", None) if facts else None
        run = Run(
            key=key,
            span_id=span_id,
            trace_id=trace_id or (parent.trace_id if parent else ambient.trace_id) or span_id,
            parent=parent,
            start_type=start_type,
            end_type=end_type,
            fields={name: facts[name] for name in _REPEATED if facts.get(name)} if end_type else {},
            identity=_identity(parent, facts, ambient),
            source=self._source(hook),
            parent_span_id=above,
            recorded_span_id=above if start_type is None else span_id,
            _root=None if parent is None else parent.root,
        )
        if parent is not None:
            parent.children.add(run)
        self._runs[key] = run
        if len(self._runs) > self._max_runs:
            self.end(_oldest(self._runs), Outcome.UNKNOWN)
        return run

    def _span_id(self, key: Hashable) -> str:
        """The framework's own name of a run, if it has one, unless another run had the same."""
        is_name = isinstance(key, (str, uuid.UUID)) and self._claims.get(key) is not _AGAIN
        return str(key) if is_name and self._older_claims.get(key) is not _AGAIN else uuid.uuid4().hex

    def _end_of(self, run: Run, outcome: Outcome, hook: str | None, fields: dict[str, Any]) -> AuditEvent | None:
        if run.end_type is None:
            return None
        exception = fields.get("exception")
        if isinstance(exception, BaseException):
            self._first_sight(run, exception)
        known = {**run.identity, **run.fields, **_with_error(fields), "outcome": outcome}
        known["duration_ms"] = (time.perf_counter() - run.started) * 1000
        return _event(run.end_type, run, self._source(hook) if hook else run.source, known)

    def _record_end(self, event: AuditEvent | None) -> AuditEvent | None:
        if event is not None:
            try:
                self._sink.log(event, after_effect=True)
            except WriteError:
                return None  # the logger was closed
        return event

    def _close_below(self, run: Run) -> None:
        """Everything still open under a run that has ended, deepest first."""
        for child in list(run.children):
            self._close_below(child)
            if self._leave(child):
                child.late = True
                self._ended[child.key] = child.outline() if child.end_type is None else child
                if len(self._ended) > self._max_ended:
                    self._ended.pop(_oldest(self._ended), None)
                self._record_end(self._end_of(child, Outcome.UNKNOWN, None, {}))

    def _leave(self, run: Run) -> bool:
        if run.parent is not None:
            run.parent.children.discard(run)
        return self._runs.pop(run.key, None) is not None

    def _first_sight(self, run: Run, exception: BaseException) -> bool:
        errors = run.root.errors
        with self._lock:
            if any(seen is exception for seen in errors):
                return False
            errors.append(exception)
            del errors[:-16]
        return True

    def _source(self, hook: str | None) -> Source:
        source = self._sources.get(hook)
        if source is None:
            source = self._sources[hook] = Source(framework=self._framework, version=self._version, hook=hook)
        return source


def identity_here(sink: object) -> Identity:
    """The identity in force here. Where a run of a framework executes that has begun under it, that of the run.

    Args:
        sink: the logger whose runs count.
    """
    ambient = current_identity()
    for tracker in list(getattr(sink, "adapter_state", {}).values()):
        if not isinstance(tracker, RunTracker) or tracker.running is None:
            continue
        run = tracker.known(tracker.running())
        if run is not None and run.root.parent_span_id == ambient.span_id:
            who = {name: run.identity.get(name) or getattr(ambient, name) for name in _IDENTITY}
            return Identity(**who, trace_id=run.trace_id, span_id=run.recorded_span_id)
    return ambient


def _is_under(run: Run, span_id: str) -> bool:
    """Whether an operation is around a run. If not, and it is in force here, it has begun within the run."""
    around: Run | None = run
    while around is not None:
        if span_id in (around.span_id, around.parent_span_id):
            return True
        around = around.parent
    return False


def _event(event_type: AuditEventType, run: Run, source: Source, fields: dict[str, Any]) -> AuditEvent:
    return AuditEvent.unchecked(
        event_type,
        trace_id=run.trace_id,
        span_id=run.span_id,
        **{"parent_span_id": run.parent_span_id, "source": source, **fields},
    )


def _identity(parent: Run | None, facts: dict[str, Any], ambient: Identity) -> dict[str, Any]:
    """Who runs it: what the adapter says, else the run around it, else what is in force here."""
    inherited = {} if parent is None else parent.identity
    if not facts and ambient is NOBODY:
        return inherited
    told = facts.get("agent_id") or facts.get("session_id") or facts.get("user_id")
    if told is None and (ambient is NOBODY or len(inherited) == len(_IDENTITY)):
        return inherited
    found = ((name, facts.get(name) or inherited.get(name) or getattr(ambient, name)) for name in _IDENTITY)
    return {name: str(value) for name, value in found if value is not None}


def _oldest(runs: dict[Hashable, Run]) -> Hashable:
    try:
        return next(iter(runs))
    except (RuntimeError, StopIteration):
        return None  # other threads are at it; one of them will see that there are too many


def _with_error(fields: dict[str, Any]) -> dict[str, Any]:
    exception = fields.pop("exception", None)
    return fields if exception is None else {**describe_error(exception), **fields}
