"""Tools that a model's provider has carried out before it answered, as far as the answer tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage

from agent_audit import HostedCall
from agent_audit_langchain.messages import verdict

_LOOKUPS = frozenset({"file_search", "web_search", "web_fetch"})
"""Those that read."""

_MCP = "remote_mcp"
"""What LangChain calls a tool of an MCP server that the provider has asked."""

_NO_CALLS = frozenset({"mcp_list_tools"})


def hosted_calls(message: AIMessage) -> Iterator[HostedCall]:
    """The calls of such tools that an answer tells of, in LangChain's words for all providers."""
    if isinstance(message.content, str) and not message.additional_kwargs:
        return  # to spell out the blocks costs more than all the rest
    blocks: list[Any] = message.content_blocks
    results = {_id(block, "tool_call_id"): block for block in blocks if block["type"] == "server_tool_result"}
    for block in blocks:
        if block["type"] == "server_tool_call" and block.get("name") not in _NO_CALLS:
            name, call_id = _name(block), _id(block, "id")
            result = results.get(call_id, {})
            output = result.get("output", (result.get("extras") or {}).get("error"))
            yield HostedCall(
                name=name,
                call_id=call_id,
                parameters=block.get("args"),
                is_lookup=name in _LOOKUPS,
                ended=verdict(output, failed=result.get("status") == "error"),
            )


def _id(block: Any, name: str) -> str | None:
    """Of what a provider sends nobody has looked at the kind."""
    value = block.get(name)
    return None if value is None else str(value)


def _name(block: Any) -> str:
    """Of a tool of an MCP server, that of the server too."""
    extras = block.get("extras") or {}
    if block.get("name") != _MCP or "tool_name" not in extras:
        return str(block.get("name"))
    server = extras.get("server_label") or extras.get("server_name")
    return f"{server}.{extras['tool_name']}" if server else str(extras["tool_name"])
