"""Arguments that cannot be compared or spelled out as others can: arrays, tables, cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.tools import tool
from langchain_record import Record, Scripted, asks_for, call, human_in_the_loop
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agent_audit import AuditLogger
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware

QUESTION = {"messages": [("user", "go")]}


@tool
def send(to: Any) -> str:
    """Send."""
    return "sent"


class Loads(AgentMiddleware[Any, Any, Any]):
    """Puts what a name stands for in place of the name."""

    def __init__(self, load: Callable[[], Any]) -> None:
        super().__init__()
        self.load = load

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        return handler(request.override(tool_call={**request.tool_call, "args": {"to": self.load()}}))


def cycle() -> list[Any]:
    endless: list[Any] = []
    endless.append({1: endless, "a": 2})
    return endless


@pytest.mark.parametrize("on_failure", ["warn", "raise"])
@pytest.mark.parametrize("load", [lambda: np.arange(3), cycle])
@pytest.mark.parametrize("is_approved", [True, False])
def test_a_call_is_on_record_whatever_a_middleware_puts_in_place_of_its_arguments(
    record: Record, on_failure: Any, load: Callable[[], Any], is_approved: bool
) -> None:
    logger = AuditLogger(record.backend, on_failure=on_failure)
    first = human_in_the_loop() if is_approved else AuditMiddleware(logger)
    agent = create_agent(
        Scripted(replies=[asks_for(call("send", "c1", to="table 7")), "done"]),
        [send],
        name="clerk",
        checkpointer=InMemorySaver(),
        middleware=[first, Loads(load)],
    )
    config: Any = {"callbacks": [AuditCallbackHandler(logger)], "configurable": {"thread_id": "t"}}
    answer = agent.invoke(QUESTION, config)
    if is_approved:
        answer = agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config)
    assert answer["messages"][-1].content == "done"
    *_, executed = record.of("tool.call")
    assert executed.call_id == "c1"
    assert executed.parameters != {"to": "table 7"}
    assert (executed.metadata or {}).get("differs_from_decision", False) is is_approved
    assert {event.outcome for event in record.of("tool.response")} == {"success"}
    logger.close()
