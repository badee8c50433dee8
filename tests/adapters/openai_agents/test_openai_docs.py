"""The examples of the page on the OpenAI Agents SDK run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, Runner, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call

import agent_audit_openai_agents
from agent_audit import MemoryAuditBackend
from agent_audit.testing import capture

PAGE = Path(__file__).parents[3] / "docs" / "openai-agents.md"
ENABLE, CONTEXT, DECISION, _REALTIME = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@dataclass
class Request:
    tenant: str = "acme"
    reviewer: str = "eve"


@pytest.fixture
def backend() -> Iterator[MemoryAuditBackend]:
    with capture() as backend:
        yield backend
    agent_audit_openai_agents.disable()


def names() -> dict[str, Any]:
    agent = Agent[Request](name="clerk", model=ScriptedModel([[assistant_message("nothing")]]))
    return {**globals(), "agent": agent}


def test_enable(backend: MemoryAuditBackend) -> None:
    exec(ENABLE, {})
    Runner.run_sync(names()["agent"], "What did we invoice in May?")
    assert [str(event.event_type) for event in backend.events()] == [
        "agent.start",
        "llm.request",
        "llm.response",
        "agent.stop",
    ]


def test_context(backend: MemoryAuditBackend) -> None:
    exec(CONTEXT, names())
    assert {event.user_id for event in backend.events()} == {"acme"}


@function_tool(needs_approval=True)
def pay() -> str:
    """Pay an invoice."""
    return "paid"


def test_who_decided(backend: MemoryAuditBackend) -> None:
    exec(DECISION, names())
    replies = [[function_call("pay", {}, call_id="c1")], [assistant_message("paid")]]
    agent = Agent[Request](name="cashier", model=ScriptedModel(replies), tools=[pay])
    waiting = Runner.run_sync(agent, "Pay it.", context=Request())
    state = waiting.to_state()
    state.approve(waiting.interruptions[0])
    Runner.run_sync(agent, state)
    (approved,) = (event for event in backend.events() if event.event_type == "action.approved")
    assert approved.metadata and approved.metadata["decided_by"] == "eve"
