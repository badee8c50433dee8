"""Tools of a real MCP server on stdio."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from agents import Runner, set_tracing_disabled
from agents.mcp import MCPServerStdio
from openai_scripts import Record, agent, call, lines

SERVER = Path(__file__).with_name("mcp_server.py")


@pytest.mark.parametrize("untraced", [False, True])
async def test_a_failure_that_the_server_reports_is_a_failure_though_it_looks_like_a_text(
    record: Record, untraced: bool
) -> None:
    set_tracing_disabled(untraced)
    parameters: Any = {"command": sys.executable, "args": [str(SERVER)]}
    asked = [call("balance", {"account": "a"}, "c1"), call("balance", {"account": "none"}, "c2")]
    try:
        async with MCPServerStdio(parameters, name="accounts", client_session_timeout_seconds=30) as server:
            await Runner.run(agent(asked, "done", mcp_servers=[server]), "hi")
    finally:
        set_tracing_disabled(False)
    told = record.without_models()
    assert told[:5] + told[-1:] == lines("""
        agent.start - agent.A -
        action.request - tool.balance c1
        action.request - tool.balance c2
        tool.call - tool.balance c1
        tool.call - tool.balance c2
        agent.stop success agent.A -
    """)
    assert sorted(told[5:-1]) == lines("""
        tool.response failure tool.balance c2
        tool.response success tool.balance c1
    """)
    failed = record.one("tool.response", call_id="c2")
    assert failed.error_type == "MCPToolError"
    assert "no such account" in (failed.error or "") or "Error" in (failed.error or "")
    assert record.one("tool.call", call_id="c1").metadata == {"mcp_server": "accounts"}
