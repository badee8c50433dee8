"""MCP tools: a result marked `isError` looks like any other text to hooks and spans."""

from __future__ import annotations

import functools
from typing import Any

from agents.mcp.util import MCPUtil

from agent_audit_openai_agents.recording import active

_METHOD = "_extract_custom_data"
"""The one place that gets a result as the server sent it together with the context of the call."""


def wrap_mcp_results() -> None:
    """Have failed MCP calls remembered by the run they belong to. Without that place they pass for successes."""
    bound = getattr(MCPUtil, _METHOD, None)
    if bound is None or hasattr(bound, "without_audit"):
        return
    original = MCPUtil.__dict__.get(_METHOD)

    @functools.wraps(bound.__func__)
    async def extract(cls: Any, **facts: Any) -> Any:
        _look_at(facts.get("result"), facts.get("context"))
        return await bound.__func__(cls, **facts)

    wrapped: Any = extract
    wrapped.without_audit = original  # how to find it again
    setattr(MCPUtil, _METHOD, classmethod(wrapped))


def unwrap_mcp_results() -> None:
    """Put the SDK's own method back."""
    original = getattr(getattr(MCPUtil, _METHOD, None), "without_audit", None)
    if original is not None:
        setattr(MCPUtil, _METHOD, original)


def _look_at(result: Any, context: Any) -> None:
    run, call_id = active.get(), getattr(context, "tool_call_id", None)
    failed = getattr(result, "is_error", None) or getattr(result, "isError", None)  # mcp 2, mcp 1
    if failed and run is not None and call_id is not None:
        run.tools.mcp_failures.add(call_id)
