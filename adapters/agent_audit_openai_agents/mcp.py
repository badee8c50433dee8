"""MCP tools: a result marked `isError` looks like any other text to hooks and spans."""

from __future__ import annotations

from typing import Any

from agent_audit import Seam
from agent_audit_openai_agents.failures import MCPToolError, remember

RESULTS = Seam(
    "agents.mcp.util:MCPUtil._extract_custom_data",
    "a result that an MCP server marks with isError passes for a success",
)
"""The one place that gets a result as the server sent it together with the context of the call."""


def record_results() -> None:
    """Have failed MCP calls remembered with their context."""

    def wrap(original: Any) -> Any:
        async def extract(cls: Any, **facts: Any) -> Any:
            _look_at(facts.get("result"), facts.get("context"))
            return await original(cls, **facts)

        return extract

    RESULTS.wrap(wrap)


def _look_at(result: Any, context: Any) -> None:
    if getattr(result, "is_error", None) or getattr(result, "isError", None):  # mcp 2, mcp 1
        texts = [str(getattr(part, "text", part)) for part in getattr(result, "content", None) or ()]
        remember(context, MCPToolError("\n".join(texts)))
