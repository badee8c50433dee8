"""What a tool runs and records by itself is part of its call."""

from __future__ import annotations

from typing import Any

import pytest
from agents import Runner, SQLiteSession, function_tool
from agents.realtime import RealtimeAgent
from openai_scripts import Record, agent, call
from realtime_scripts import calls, hold, says

from agent_audit import AuditedAgent, AuditEvent

ALICE = {"user_id": "alice"}


pytestmark = pytest.mark.usefixtures("traced_or_not")


def paying(record: Record) -> Any:
    @function_tool
    def pay() -> str:
        with AuditedAgent("billing", logger=record.logger, session_id="ledger").audit_context("invoice.pay"):
            return "paid"

    return pay


@function_tool
async def supervise(question: str) -> str:
    return str((await Runner.run(agent("do it", name="Supervisor"), question)).final_output)


def where(event: AuditEvent) -> tuple[Any, ...]:
    return (event.parent_span_id, event.trace_id, event.user_id)


async def test_what_a_tool_of_a_run_records_by_itself_is_below_its_call_and_for_its_user(record: Record) -> None:
    await Runner.run(agent([call("pay")], "done", tools=[paying(record)]), "hi", context=ALICE)
    call_of_tool = record.one("tool.call")
    for inside in record.events("action.request", "action.executed"):
        if inside.action == "invoice.pay":
            assert where(inside) == (call_of_tool.span_id, call_of_tool.trace_id, "alice")
    assert record.one("agent.stop").parent_span_id is None, "after the tool its scope is left"


async def test_a_run_that_a_tool_of_a_realtime_session_starts_is_below_its_call(record: Record) -> None:
    talk = says(calls("supervise", '{"question": "may I?"}'))
    await hold(record, RealtimeAgent(name="Voice", tools=[supervise]), talk, session_id="call-7")
    inner, outer = record.one("agent.start", agent_id="Supervisor"), record.one("tool.call")
    assert where(inner) == (outer.span_id, outer.trace_id, "alice")
    assert {event.session_id for event in record.events()} == {"call-7"}


async def test_what_a_tool_of_a_realtime_session_records_by_itself_is_below_its_call(silent: Record) -> None:
    one = RealtimeAgent(name="Voice", tools=[paying(silent)])
    await hold(silent, one, says(calls("pay"), calls("pay", call_id="c2")))
    tools = [(call_of_tool.span_id, call_of_tool.trace_id, "alice") for call_of_tool in silent.events("tool.call")]
    # The two run at once; either may be the first.
    assert sorted(where(inside) for inside in silent.events("action.executed")) == sorted(tools)


async def test_a_langchain_agent_inside_a_tool_is_below_its_call(record: Record) -> None:
    pytest.importorskip("langchain")
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    import agent_audit_langchain

    @function_tool
    def ask() -> str:
        model = GenericFakeChatModel(messages=iter([AIMessage("three")]))
        return str(create_agent(model, name="Inner").invoke({"messages": "1+2?"})["messages"][-1].content)

    agent_audit_langchain.enable(record.logger)
    try:
        session = SQLiteSession("s")
        await Runner.run(agent([call("ask")], "done", tools=[ask]), "hi", context=ALICE, session=session)
    finally:
        agent_audit_langchain.disable()
    inner, outer = record.one("agent.start", agent_id="Inner"), record.one("tool.call")
    assert (*where(inner), inner.session_id) == (outer.span_id, outer.trace_id, "alice", "s")
