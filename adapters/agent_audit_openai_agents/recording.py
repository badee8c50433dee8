"""What all hooks, runners and processors of one logger share."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agents import get_current_span
from agents.version import __version__ as sdk_version

from agent_audit import AuditEvent, AuditLogger, BoundedMap, RunTracker, ToolDefinitions, held, shared_state
from agent_audit_openai_agents.pending import Decision

if TYPE_CHECKING:
    from agent_audit_openai_agents.run import RunRecorder

_STATE = "openai-agents.recording"

active: ContextVar[RunRecorder | None] = ContextVar("agent_audit_openai_agents_run", default=None)
"""The run that is executing here, when a wrapped runner runs it."""

_buffered: ContextVar[bool] = ContextVar("agent_audit_openai_agents_buffered", default=False)


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
    with held(_buffered, True):
        yield


class Recording:
    """The adapter's state for one logger."""

    def __init__(self, logger: AuditLogger) -> None:
        self.logger = logger
        self.tracker = RunTracker.shared(Sink(logger), "openai-agents", sdk_version)
        self.definitions = ToolDefinitions.of(logger)
        self.runs: BoundedMap[RunRecorder] = BoundedMap()
        """Runs that only hooks tell of, by the id of what their contexts share."""
        self.claims: BoundedMap[RunRecorder] = BoundedMap()
        """Id of an agent's span -> the run whose hooks were called under it."""
        self.tools: BoundedMap[tuple[RunRecorder, Hashable]] = BoundedMap()
        """Span id of a function call -> its run, and the key of its operation."""
        self.parents: BoundedMap[str] = BoundedMap()
        """Span id -> id of the span around it; known where a tracing processor is registered."""
        self.agents: BoundedMap[str] = BoundedMap()
        """Span id -> id of its agent's span; the same."""
        self.questions: BoundedMap[dict[str, Any]] = BoundedMap()
        """`likeness` of a call -> who asked; empty when several did. For states that were made from JSON."""
        self.decided: BoundedMap[Decision] = BoundedMap()
        """The same -> a decision that is on record, until its run is resumed."""

    @classmethod
    def of(cls, logger: AuditLogger) -> Recording:
        """The one recording of this logger."""
        return shared_state(logger, _STATE, lambda: cls(logger))

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
