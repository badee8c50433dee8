"""Tools of a real MCP server on stdio."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import Runner, set_tracing_disabled
from agents.mcp import MCPServerStdio
from openai_scripts import Record, agent, call, lines

SERVER = Path(__file__).with_name("mcp_server.py")
MOST_SECONDS = 200


@pytest.fixture
def pid_file(tmp_path: Path) -> Iterator[Path]:
    """Where the server says its process id; ends the server, whatever its client has or has not done."""
    path = tmp_path / "pid"
    yield path
    end_server(path)


def end_server(pid_file: Path) -> None:
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text())
    try:
        still_runs = os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return  # it was waited for; by now the number may be another process's
    if still_runs:
        os.kill(pid, signal.SIGKILL)


async def in_time(body: Coroutine[Any, Any, Any], pid_file: Path) -> None:
    """Await it, but no longer than MOST_SECONDS, even when its clean-up waits for a server that does not end."""
    task = asyncio.ensure_future(body)
    done, _ = await asyncio.wait({task}, timeout=MOST_SECONDS)
    if not done:
        end_server(pid_file)  # first: at the end of its pipes the client comes to its own end
        task.cancel()
        await asyncio.wait({task}, timeout=MOST_SECONDS)
        pytest.fail(f"the client and the MCP server took more than {MOST_SECONDS} s")
    await task


@pytest.mark.parametrize("untraced", [False, True])
async def test_a_failure_that_the_server_reports_is_a_failure_though_it_looks_like_a_text(
    record: Record, untraced: bool, pid_file: Path
) -> None:
    set_tracing_disabled(untraced)
    parameters: Any = {"command": sys.executable, "args": [str(SERVER), str(pid_file)]}
    asked = [call("balance", {"account": "a"}, "c1"), call("balance", {"account": "none"}, "c2")]

    async def ask() -> None:
        async with MCPServerStdio(parameters, name="accounts", client_session_timeout_seconds=30) as server:
            await Runner.run(agent(asked, "done", mcp_servers=[server]), "hi")

    try:
        await in_time(ask(), pid_file)
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
    called = [event.metadata or {} for event in record.events() if event.event_type == "tool.call"]
    assert [facts["mcp_server"] for facts in called] == ["accounts", "accounts"]
    # Both calls begin at once; the tool's definition stands with whichever was first.
    (definition,) = [facts["definition"] for facts in called if "definition" in facts]
    assert definition["description"] == "Look up a balance."
