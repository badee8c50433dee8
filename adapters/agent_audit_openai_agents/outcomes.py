"""What became of a tool call: that it has ended is not yet a success."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from agents import default_tool_error_function, get_current_span
from agents.exceptions import (
    AgentsException,
    InputGuardrailTripwireTriggered,
    ModelBehaviorError,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)

from agent_audit import Outcome, Run, outcome_of
from agent_audit_openai_agents.failures import MCPToolError, sees_failures
from agent_audit_openai_agents.invocations import ended_by_cancelling, returned
from agent_audit_openai_agents.items import are_malformed, field_of

TRIPWIRES = (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)


def _default_error_prefix() -> str:
    """How the SDK's own error text begins; older versions put the exception's text after it."""
    try:
        text = default_tool_error_function(None, Exception("\0"))  # type: ignore[arg-type]  # it is not looked at
    except Exception:
        return "An error occurred while running the tool."
    return str(text).partition("\0")[0].removesuffix(" Error: ")


_NATIVE_TOOLS = "agents.run_internal.tool_actions"
"""Elsewhere in another version, a tool that raises passes for cancelled; the run has failed all the same."""

_INPUT_GUARDRAILS = ("_run_tool_input_guardrails",)
"""Where realtime sessions ask them; elsewhere in another version, the call passes for one that their end has
cancelled."""

_HANDOFFS = ("execute_handoffs",)
"""Where a run hands over; the same."""
_MALFORMED = "Invalid JSON when parsing "

_DEFAULT_ERROR = _default_error_prefix()


def judge(
    tool: Any,
    raw_arguments: Any,
    result: Any,
    run: Run | None,
    *,
    raised: BaseException | None,
    in_hook: bool = True,
) -> dict[str, Any]:
    """Fields of the `tool.response` of a tool that returned: the outcome, and what went wrong if anything did.

    A failed tool returns too: the SDK gives the model a text in place of the result. Where nothing was raised that
    was seen, the function span tells of most failures, and where not all is seen the SDK's own texts.

    Args:
        tool: that returned; None when it is not known.
        raw_arguments: as the model gave them.
        result: what it returned.
        run: the call.
        raised: what went wrong in it, where that was seen.
        in_hook: whether the SDK's current span tells of the call; that of its guardrails may have failed since.
    """
    returned_itself = None if run is None else returned(run)
    said = result if returned_itself is None else returned_itself.output  # before its output guardrails
    text = said if isinstance(said, str) else None
    kind: str | None = None
    failed = {"outcome": Outcome.FAILURE, "result": result}  # the model gets it all the same, whoever has written it
    if isinstance(raised, MCPToolError):
        return {**failed, "exception": raised}
    if raised is not None:
        if outcome_of(raised) is Outcome.CANCELLED:  # its own task was cancelled, as all are where a loop ends
            failed["outcome"] = Outcome.CANCELLED if run is None else ended_by_cancelling(run, tool)
        return {**failed, **failure_fields(raised, raw_arguments)}
    if _timed_out(tool, text, run):
        kind = "ToolTimeoutError"
    elif (in_hook and _current_span_error()) or (
        text is not None and text.startswith(_DEFAULT_ERROR) and not sees_failures()
    ):
        kind = "InvalidArguments" if are_malformed(raw_arguments) else "ToolError"
    if kind is None:
        return {"outcome": Outcome.SUCCESS, "result": result}
    return {**failed, "error_type": kind, "error": text or str(result)}


def failure_fields(exception: BaseException, raw_arguments: Any) -> dict[str, Any]:
    """How an exception of a tool is described: that its arguments were no JSON says more than its type."""
    malformed = isinstance(exception, Exception) and are_malformed(raw_arguments)
    return {"exception": exception, **({"error_type": "InvalidArguments"} if malformed else {})}


def _current_span_error() -> bool:
    """Inside a tool hook the current span is that of the function call."""
    span = get_current_span()
    return span is not None and field_of(span.span_data, "type") == "function" and span.error is not None


def _timed_out(tool: Any, text: str | None, run: Run | None) -> bool:
    limit = getattr(tool, "timeout_seconds", None)
    if limit is None:
        return False
    if text is not None and text.startswith(f"Tool '{tool.name}' timed out after "):
        return True
    # An application's own text for time-outs: then the clock tells.
    own_text = getattr(tool, "timeout_error_function", None) is not None
    return own_text and run is not None and time.perf_counter() - run.started >= limit


def cause_of(exception: BaseException) -> BaseException:
    """What a tool raised, from under the SDK's "Error running tool"."""
    wrapped = isinstance(exception, AgentsException) and str(exception).startswith("Error running tool")
    return exception.__cause__ if wrapped and exception.__cause__ is not None else exception


def raised_by_native_tool(exception: BaseException) -> bool:
    """Whether an exception has come through where the SDK carries out shell, computer and patch calls."""
    at = None if isinstance(exception, AgentsException) else exception.__traceback__
    while at is not None:
        if str(at.tb_frame.f_globals.get("__name__")) == _NATIVE_TOOLS:
            return True
        at = at.tb_next
    return False


def raised_by_input_guardrail(exception: BaseException) -> bool:
    """Whether a tool's input guardrail has raised what ended a realtime session."""
    return _passed_through(_INPUT_GUARDRAILS, cause_of(exception))


def raised_by_handoff(exception: BaseException) -> bool:
    """Whether a handoff has raised what ended a run: its callback, or arguments that are not what it takes.

    Of the latter, the SDK raises an exception that does not show its way; else it parses answers without calls alone.
    """
    malformed = isinstance(exception, ModelBehaviorError) and str(exception).startswith(_MALFORMED)
    return malformed or _passed_through(_HANDOFFS, exception)


def _passed_through(functions: Collection[str], exception: BaseException) -> bool:
    at = exception.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_name in functions:
            return True
        at = at.tb_next
    return False


def guardrail_name(guardrail: Any) -> str:
    """What a guardrail is called."""
    try:
        return str(guardrail.get_name())
    except Exception:
        return type(guardrail).__name__
