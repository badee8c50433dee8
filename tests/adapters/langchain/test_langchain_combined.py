"""Several ways to record at once: what each of them was given counts, whichever is told first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, asks_for, call

from agent_audit import AuditLogger, MemoryAuditBackend
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware, disable, enable

QUESTION: Any = {"messages": [("user", "go")]}
GIVEN: dict[str, Any] = {"agent_id": "billing", "user_id": "ann", "modifies": {"send"}}


@tool
def send(to: str) -> str:
    """Send."""
    return "sent"


def agent(*middleware: Any) -> Any:
    inner = create_agent(Scripted(replies=["inner done"]), [send], name="inner")

    @tool
    def delegate(task: str) -> str:
        """Delegate."""
        return str(inner.invoke(QUESTION)["messages"][-1].content)

    calls = asks_for(call("send", "c1", to="bob"), call("delegate", "c2", task="t"))
    return create_agent(Scripted(replies=[calls, "done"]), [send, delegate], name="clerk", middleware=list(middleware))


def run(made: Any, is_async: bool, *handlers: Any) -> None:
    if is_async:
        asyncio.run(made.ainvoke(QUESTION, {"callbacks": list(handlers)}))
    else:
        made.invoke(QUESTION, {"callbacks": list(handlers)})


def who(record: Record) -> set[tuple[str | None, str | None]]:
    return {(event.agent_id, event.user_id) for event in record.events}


IN_BOTH_WAYS = pytest.mark.parametrize("is_async", [False, pytest.param(True, marks=NEEDS_TASK_CONTEXT)])


@IN_BOTH_WAYS
def test_what_the_process_was_given_counts_beside_a_handler_that_was_given_nothing(
    record: Record, is_async: bool
) -> None:
    enable(record.logger, **GIVEN)
    run(agent(), is_async, record.handler)
    assert who(record) == {("billing", "ann")}
    assert record.one("data.modify").call_id == "c1"


@IN_BOTH_WAYS
def test_what_a_handler_was_given_counts_beside_the_one_of_the_process(record: Record, is_async: bool) -> None:
    enable(record.logger, user_id="nobody")
    run(agent(), is_async, AuditCallbackHandler(record.logger, **GIVEN))
    first, *others = record.events
    assert first.event_type == "agent.start"
    assert {(event.agent_id, event.user_id) for event in others} == {("billing", "ann")}
    if not is_async:  # else the two are told at the same time
        assert (first.agent_id, first.user_id) == ("billing", "ann")
    assert record.one("data.modify").call_id == "c1"


def test_what_two_handlers_were_given_is_put_together(record: Record) -> None:
    several = [
        AuditCallbackHandler(record.logger, modifies={"send"}),
        AuditCallbackHandler(record.logger, user_id="ann"),
        AuditCallbackHandler(record.logger, agent_id="billing"),
    ]
    run(agent(), False, *several)
    _, *others = record.events
    assert {(event.agent_id, event.user_id) for event in others} == {("billing", "ann")}
    assert record.one("data.modify").call_id == "c1"


def test_what_a_middleware_was_given_is_for_the_calls_it_records(record: Record) -> None:
    enable(record.logger)
    run(agent(AuditMiddleware(record.logger, **GIVEN)), False)
    of_call = [event for event in record.events if event.call_id == "c1" and event.event_type != "action.request"]
    assert [str(event.event_type) for event in of_call] == ["tool.call", "tool.response", "data.modify"]
    assert {(event.agent_id, event.user_id) for event in of_call} == {("billing", "ann")}


@pytest.mark.parametrize("end", [disable, lambda: None], ids=["disabled", "other log"])
def test_what_the_process_was_given_is_not_for_another_log_nor_after_it_was_disabled(
    record: Record, end: Callable[[], None]
) -> None:
    elsewhere = AuditLogger(MemoryAuditBackend())
    enable(record.logger if end is disable else elsewhere, **GIVEN)
    end()
    run(agent(), False, record.handler)
    assert who(record) == {("clerk", None), ("inner", None)}
    assert not record.of("data.modify")
    elsewhere.close()
