"""What all hooks, runners and processors of one logger share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from agents import get_current_span
from agents.version import __version__ as sdk_version

from agent_audit import AuditEvent, AuditLogger, BoundedMap, RunTracker, ToolDefinitions, held, shared_state
from agent_audit_openai_agents.pending import Decision

_STATE = "openai-agents.recording"

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


class ToolSpan(NamedTuple):
    """The span of a tool that runs."""

    key: Hashable
    """Of the operation."""
    ended: Callable[[BaseException | None], None]
    """Told when the span is over, and by which exception."""


class Recording:
    """The adapter's state for one logger."""

    def __init__(self, logger: AuditLogger) -> None:
        self.logger = logger
        self.tracker = RunTracker.shared(Sink(logger), "openai-agents", sdk_version)
        self.definitions = ToolDefinitions.of(logger)
        self.tools: BoundedMap[ToolSpan] = BoundedMap()
        """By the id of the span of a function call."""
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
                return tool.key
            span_id = self.parents.get(span_id)
        return None


def current_span_id() -> str | None:
    """Id of the SDK's current span; None without tracing."""
    span = get_current_span()
    return None if span is None or span.span_id == "no-op" else span.span_id
