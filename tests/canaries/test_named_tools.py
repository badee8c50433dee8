"""A secret without any form, which only the names of tools tell: it is in no event of a run that passes it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import agents
import pytest
from agents.testing import ScriptedModel, assistant_message, function_call
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.tools import tool

import agent_audit_openai_agents
from agent_audit import AuditLogger, FileAuditBackend
from agent_audit_langchain import AuditCallbackHandler

from .test_langchain_canaries import Model

SECRET = "Zx8qLw3vTn5R"


def _by_langchain(logger: AuditLogger) -> None:
    @tool
    def get_password(site: str) -> str:
        """Get it."""
        return SECRET

    @tool
    def store_secret(name: str, value: str) -> str:
        """Store it."""
        return "stored"

    def call(name: str, arguments: dict[str, Any]) -> AIMessage:
        return AIMessage("", tool_calls=[ToolCall(name=name, args=arguments, id=f"c-{name}", type="tool_call")])

    steps = [
        call("get_password", {"site": "x"}),
        call("store_secret", {"name": "db", "value": SECRET}),
        AIMessage("ok"),
    ]
    agent = create_agent(Model(messages=iter(steps)), [get_password, store_secret])
    agent.invoke({"messages": [("user", "move it")]}, {"callbacks": [AuditCallbackHandler(logger)]})


def _by_openai(logger: AuditLogger) -> None:
    @agents.function_tool
    def get_password(site: str) -> str:
        return SECRET

    @agents.function_tool
    def store_secret(name: str, value: str) -> str:
        return "stored"

    model = ScriptedModel(
        [
            [function_call("get_password", {"site": "x"}, call_id="c1")],
            [function_call("store_secret", {"name": "db", "value": SECRET}, call_id="c2")],
            [assistant_message("ok")],
        ]
    )
    agent_audit_openai_agents.enable(logger)
    try:
        agents.Runner.run_sync(agents.Agent(name="A", model=model, tools=[get_password, store_secret]), "move it")
    finally:
        agent_audit_openai_agents.disable()


@pytest.mark.parametrize("run", [_by_langchain, _by_openai])
def test_what_tools_named_after_a_secret_pass_on_is_nowhere_in_the_log(tmp_path: Path, run: Any) -> None:
    with AuditLogger(FileAuditBackend(tmp_path)) as logger:
        run(logger)
        events = list(logger.query())
    data = b"\0".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET.encode() not in data
    assert {(event.event_type, event.action) for event in events} >= {
        ("tool.response", "tool.get_password"),
        ("tool.call", "tool.store_secret"),
    }
    assert data.count(b"[REDACTED:key:password]") and data.count(b"[REDACTED:key:secret]")
