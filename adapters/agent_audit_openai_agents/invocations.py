"""What runs inside a tool belongs to its call, also what the application or another framework records there."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from agents.tool_context import ToolContext

from agent_audit import Outcome, Run, Seam, identify

_UNSEEN = (
    "what a tool records by itself or through another framework is not below its call, and a tool whose output "
    "guardrail raises passes for failed"
)
INVOCATIONS = Seam("agents.run_internal.tool_execution:_invoke_function_tool_with_metadata", _UNSEEN)
"""Where a run calls a function tool: after its input guardrails and hooks, before its output guardrails."""

SPOKEN_INVOCATIONS = Seam("agents.realtime.session:invoke_function_tool", _UNSEEN)
"""The same of realtime sessions."""

_OPERATION, _INVOKED, _RETURNED = "_agent_audit_operation", "invoked", "returned"

_IN_A_THREAD = "__agents_sync_function_tool__"
"""How the SDK marks what calls a function that is no coroutine; a version without that passes for one without such."""

_spoken: ContextVar[Run | None] = ContextVar("agent_audit_openai_agents_spoken", default=None)
"""The call of a realtime session that this task is about to carry out: its events come without the call's context."""


@dataclass(frozen=True)
class Returned:
    """That a tool has returned, whatever its guardrails say."""

    tool: Any
    output: Any


def about_to_invoke(run: Run, context: Any = None) -> None:
    """A tool is on record and will be invoked with this context; without one, by this task."""
    if (SPOKEN_INVOCATIONS if context is None else INVOCATIONS).is_wrapped:
        run.state[_INVOKED] = False
    if context is None:
        _spoken.set(run)
    elif isinstance(context, ToolContext):
        setattr(context, _OPERATION, run)


def returned(run: Run) -> Returned | None:
    """What the tool of a call has returned; None when it has not, or that is not seen."""
    found: Returned | None = run.state.get(_RETURNED)
    return found


def ended_by_cancelling(run: Run, tool: Any) -> Outcome:
    """How a call has ended whose task was cancelled: a function that is no coroutine goes on in its thread.

    Args:
        run: the call.
        tool: that is called.
    """
    began = run.state.get(_INVOKED, True)
    in_a_thread = getattr(getattr(tool, "on_invoke_tool", None), _IN_A_THREAD, False)
    return Outcome.UNKNOWN if began and in_a_thread else Outcome.CANCELLED


def record_invocations(seam: Seam) -> None:
    """Have tools run in the scope of their call."""

    def wrap(original: Any) -> Any:
        async def invoke(*, function_tool: Any, context: Any, **facts: Any) -> Any:
            run = _operation_of(context)
            if run is None:
                return await original(function_tool=function_tool, context=context, **facts)
            run.state[_INVOKED] = True
            with identify(trace_id=run.trace_id, span_id=run.span_id, **run.identity):
                result = await original(function_tool=function_tool, context=context, **facts)
            output = result.output if seam is INVOCATIONS else result
            if output is not None or not getattr(function_tool, "_is_agent_tool", False):  # else that agent may wait
                run.state[_RETURNED] = Returned(function_tool, output)
            return result

        return invoke

    seam.wrap(wrap)


def _operation_of(context: Any) -> Run | None:
    run: Run | None = getattr(context, _OPERATION, None)
    if run is None and (spoken := _spoken.get()) is not None:
        run = spoken if spoken.fields.get("call_id") == context.tool_call_id else None
    return run
