"""The examples of the page on LangChain run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_record import Scripted, call, human_in_the_loop
from langchain_stories import QUESTION, clerk, search, send
from langgraph.types import Command

from agent_audit import AuditLogger, MemoryAuditBackend
from agent_audit.testing import capture
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware, enable

PAGE = Path(__file__).parents[3] / "docs" / "langchain.md"
ENABLE, CONTEXT, DECISION, FAIL_CLOSED = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def backend() -> Iterator[MemoryAuditBackend]:
    with capture() as backend:
        yield backend


def test_enable(backend: MemoryAuditBackend) -> None:
    exec(ENABLE, {})
    clerk(call("search", "c1", query="x")).invoke(QUESTION, {"configurable": {"thread_id": "t"}})
    assert len(backend.events()) == 9


def test_context(backend: MemoryAuditBackend) -> None:
    agent = create_agent(Scripted(replies=["done"]), [])
    exec(CONTEXT, {"agent": agent, "question": QUESTION, "AuditCallbackHandler": AuditCallbackHandler})
    assert {event.user_id for event in backend.events()} == {"acme"}


def test_decision(backend: MemoryAuditBackend) -> None:
    enable()
    agent = clerk(call("send", "c1", to="ann"), tools=[send], middleware=[human_in_the_loop()])
    agent.invoke(QUESTION, {"configurable": {"thread_id": "t"}})
    exec(DECISION, {"agent": agent, "Command": Command})
    (approved,) = (event for event in backend.events() if event.event_type == "action.approved")
    assert approved.metadata and approved.metadata["decided_by"] == "eve"


def test_fail_closed(backend: MemoryAuditBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_AUDIT_DIR", str(tmp_path / "log"))
    made: dict[str, Any] = {"model": Scripted(replies=["done"]), "tools": [search], "create_agent": create_agent}
    exec(FAIL_CLOSED, {**made, "AuditMiddleware": AuditMiddleware, "AuditLogger": AuditLogger}, made)
    made["agent"].invoke(QUESTION)
