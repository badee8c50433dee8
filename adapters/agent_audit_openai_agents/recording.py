"""What all hooks, runners and processors of one logger share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from agents import get_current_span
from agents.version import __version__ as sdk_version

from agent_audit import AuditEvent, AuditLogger, RunTracker

if TYPE_CHECKING:
    from agent_audit_openai_agents.run import RunRecorder

_STATE = "openai-agents.recording"
_MAX_REMEMBERED = 20_000

active: ContextVar[RunRecorder | None] = ContextVar("agent_audit_openai_agents_run", default=None)
"""The run that is executing here, when a wrapped runner runs it."""

_buffered: ContextVar[bool] = ContextVar("agent_audit_openai_agents_buffered", default=False)

V = TypeVar("V")


class Bounded(Generic[V]):
    """A dict that forgets its oldest entries: what is kept here is lost sooner than memory. Thread-safe."""

    def __init__(self, limit: int = _MAX_REMEMBERED) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __setitem__(self, key: Hashable, value: V) -> None:
        with self._lock:
            self._entries[key] = value
            if len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def get(self, key: Hashable) -> V | None:
        return self._entries.get(key)

    def pop(self, key: Hashable) -> V | None:
        with self._lock:
            return self._entries.pop(key, None)


class Sink:
    """The logger as the tracker sees it; in a tracing processor nothing waits."""

    def __init__(self, logger: AuditLogger) -> None:
        self._logger = logger
        self.adapter_state = logger.adapter_state

    def log(self, event: AuditEvent, *, after_effect: bool = False) -> None:
        level = "buffered" if _buffered.get() else None
        self._logger.log(event, durability=level, after_effect=after_effect)


@contextmanager
def never_waiting() -> Iterator[None]:
    """Queue the events of this block."""
    token = _buffered.set(True)
    try:
        yield
    finally:
        _buffered.reset(token)


class Recording:
    """The adapter's state for one logger."""

    def __init__(self, logger: AuditLogger) -> None:
        self.logger = logger
        self.tracker = RunTracker.shared(Sink(logger), "openai-agents", sdk_version)
        self.runs: Bounded[RunRecorder] = Bounded()
        """Runs that only hooks tell of, by the id of what their contexts share."""
        self.claims: Bounded[RunRecorder] = Bounded()
        """Id of an agent's span -> the run whose hooks were called under it."""
        self.tools: Bounded[tuple[RunRecorder, Hashable]] = Bounded()
        """Span id of a function call -> its run, and the key of its operation."""
        self.parents: Bounded[str] = Bounded()
        """Span id -> id of the span around it; known where a tracing processor is registered."""
        self.agents: Bounded[str] = Bounded()
        """Span id -> id of its agent's span; the same."""
        self.questions: Bounded[dict[str, Any]] = Bounded()
        """Call id of an open question -> what is known about who asked."""

    @classmethod
    def of(cls, logger: AuditLogger) -> Recording:
        """The one recording of this logger."""
        made: Recording | None = logger.adapter_state.get(_STATE)
        if made is None:
            # setdefault is atomic: of two threads, both get the first one's.
            made = logger.adapter_state.setdefault(_STATE, cls(logger))
        return made

    def tool_around(self, span_id: str | None) -> Hashable:
        """Key of the tool call whose span is around a span."""
        while span_id is not None:
            if (tool := self.tools.get(span_id)) is not None:
                return tool[1]
            span_id = self.parents.get(span_id)
        return None

    def claim(self, span_id: str | None, run: RunRecorder) -> None:
        """Hooks tell of the run that a span belongs to."""
        agent = self.agents.get(span_id) if span_id is not None else None
        if agent is not None:
            self.claims[agent] = run

    def active_run(self) -> RunRecorder | None:
        """The run that a wrapped runner executes here and that is recorded by this logger."""
        run = active.get()
        return run if run is not None and run.recording is self else None


def current_span_id() -> str | None:
    """Id of the SDK's current span; None without tracing."""
    span = get_current_span()
    return None if span is None or span.span_id == "no-op" else span.span_id
