"""A secret without any form, which only the call of a tool tells: it is in no event of a run that passes it on."""

from __future__ import annotations

from collections.abc import Callable
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

Step = tuple[str, dict[str, str]]
"""A tool, and what it is called with."""


def get_password(site: str) -> str:
    """Get it."""
    return SECRET


def store_secret(name: str, value: str) -> str:
    """Store it."""
    return "stored"


def bash(command: str) -> str:
    """Run a command."""
    return SECRET


def log_on(user: str, p: str) -> str:
    """Log on."""
    return f"hello {user}, {p} is right"


TOOLS = (get_password, store_secret, bash, log_on)
ANSWER = f"It is `{SECRET}`."


def by_langchain(logger: AuditLogger, steps: list[Step]) -> None:
    calls = [ToolCall(name=name, args=given, id=f"c{n}", type="tool_call") for n, (name, given) in enumerate(steps)]
    replies = [*(AIMessage("", tool_calls=[call]) for call in calls), AIMessage(ANSWER)]
    agent = create_agent(Model(messages=iter(replies)), [tool(one) for one in TOOLS])
    agent.invoke({"messages": [("user", "go")]}, {"callbacks": [AuditCallbackHandler(logger)]})


def by_openai(logger: AuditLogger, steps: list[Step]) -> None:
    calls = [[function_call(name, given, call_id=f"c{n}")] for n, (name, given) in enumerate(steps)]
    model = ScriptedModel([*calls, [assistant_message(ANSWER)]])
    agent_audit_openai_agents.enable(logger)
    try:
        agent: Any = agents.Agent(name="A", model=model, tools=[agents.function_tool(one) for one in TOOLS])
        agents.Runner.run_sync(agent, "go")
    finally:
        agent_audit_openai_agents.disable()


@pytest.fixture(params=[by_langchain, by_openai])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., dict[str, list[Any]]]:
    def recorded(*steps: Step) -> dict[str, list[Any]]:
        """Results by tool, of the responses and as the model was told them; the secret is nowhere."""
        with AuditLogger(FileAuditBackend(tmp_path)) as logger:
            request.param(logger, list(steps))
            events = list(logger.query())
        data = b"\0".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert SECRET.encode() not in data
        assert "It is" in str(events[-1].result)
        told = [one for event in events if event.event_type == "llm.request" for one in event.parameters["messages"]]
        return {
            "responses": [event.result for event in events if event.event_type == "tool.response"],
            "told": [one["content"] for one in told if isinstance(one, dict) and one["role"] == "tool"],
            "members": sorted({name for one in told if isinstance(one, dict) for name in one}),
        }

    return recorded


MEMBERS = ["call_id", "content", "name", "role"]


def test_what_tools_named_after_a_secret_pass_on_is_nowhere_in_the_log(run: Any) -> None:
    found = run(("get_password", {"site": "x"}), ("store_secret", {"name": "db", "value": SECRET}))
    masked = ["[REDACTED:key:password]", "stored"]
    assert found == {"responses": masked, "told": masked, "members": MEMBERS}


def test_what_a_tool_gave_back_is_nowhere_in_the_log_though_it_is_passed_on_under_other_names(run: Any) -> None:
    masked = "[REDACTED:key:password]"
    found = run(("get_password", {"site": "x"}), ("log_on", {"user": "ada", "p": SECRET}))
    assert found["responses"] == [masked, f"hello ada, {masked} is right"]


def test_what_a_command_prints_that_prints_a_secret_is_nowhere_in_the_log(run: Any) -> None:
    found = run(("bash", {"command": "pass show mail"}))
    masked = ["[REDACTED:printed-secret]"]
    assert found == {"responses": masked, "told": masked, "members": MEMBERS}
