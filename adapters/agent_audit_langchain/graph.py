"""What this adapter needs of LangGraph, which may not be installed, and what its control flow means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent_audit import Outcome
from agent_audit import outcome_of as ended_by

if TYPE_CHECKING:
    from langgraph.callbacks import GraphCallbackHandler as BaseHandler
    from langgraph.errors import GraphBubbleUp, GraphInterrupt, ParentCommand
    from langgraph.types import Command
else:
    try:
        from langgraph.errors import GraphBubbleUp, GraphInterrupt, ParentCommand
        from langgraph.types import Command
    except ImportError:

        class GraphBubbleUp(Exception):
            """Nothing is one without LangGraph."""

        class GraphInterrupt(GraphBubbleUp):
            """Nor this."""

        class ParentCommand(GraphBubbleUp):
            """Nor this."""

        class Command:
            """Nor this."""

    try:
        # Only handlers of this class are told of breakpoints (langgraph >= 1.1).
        from langgraph.callbacks import GraphCallbackHandler as BaseHandler
    except ImportError:
        from langchain_core.callbacks import BaseCallbackHandler as BaseHandler

__all__ = [
    "BaseHandler",
    "Command",
    "GraphBubbleUp",
    "GraphInterrupt",
    "ParentCommand",
    "handoff_target",
    "interrupt_ids",
    "names_of",
    "outcome_of",
    "step_of",
]


def outcome_of(error: BaseException) -> Outcome:
    """How an operation ended that raised `error`: LangGraph steers by exceptions."""
    if isinstance(error, ParentCommand):
        return Outcome.SUCCESS  # a handoff to another agent
    if isinstance(error, GraphBubbleUp):
        return Outcome.SUSPENDED
    return ended_by(error)


def handoff_target(error: ParentCommand) -> str | None:
    """Where a tool or node sends the conversation."""
    return names_of(getattr(error.args[0], "goto", None) if error.args else None)


def names_of(goto: Any) -> str | None:
    """The nodes that a command goes to; what it takes along to them is state, and not looked at."""
    targets = goto if isinstance(goto, (list, tuple)) else [goto]
    names = [target if isinstance(target, str) else getattr(target, "node", None) for target in targets]
    return ", ".join(name for name in names if name) or None


def step_of(checkpoint_id: str | None) -> int:
    """The step of a thread at which a checkpoint was made: LangGraph writes it into the id, as the clock sequence."""
    try:
        return UUID(checkpoint_id).clock_seq
    except (ValueError, TypeError, AttributeError):
        return 0


def interrupt_ids(namespace: str, *, at_most: int = 100) -> list[str]:
    """The ids that the interrupts of a task have, first to last. LangGraph derives them from its namespace."""
    from langgraph.types import Interrupt

    # The n-th interrupt of one task is numbered by how many answers the task has had.
    suffixes = ["", *(f"|{answered}" for answered in range(1, at_most))]
    return [Interrupt.from_ns(None, namespace + suffix).id for suffix in suffixes]
