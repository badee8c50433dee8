"""Agents of this SDK in the tools and nodes of LangChain and LangGraph, with both recorded by one logger."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from agents import Runner, SQLiteSession, function_tool
from openai_scripts import Record, agent, call

from agent_audit import AuditedAgent, AuditEvent, identify
from agent_audit_openai_agents import AuditRunHooks

pytest.importorskip("langchain")

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, MessagesState, StateGraph

import agent_audit_langchain

pytestmark = pytest.mark.usefixtures("traced_or_not")

CONFIG: Any = {"configurable": {"thread_id": "t"}, "metadata": {"user_id": "ann"}}
GO: Any = {"messages": [("user", "go")]}


class Model(FakeMessagesListChatModel):
    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


@pytest.fixture(autouse=True)
def _langchain(record: Record) -> Iterator[None]:
    agent_audit_langchain.enable(record.logger)
    yield
    agent_audit_langchain.disable()


def inner(**options: Any) -> Any:
    return Runner.run_sync(agent("three", name="Inner"), "1+2?", **options).final_output


def clerk(made: BaseTool) -> Any:
    asked = AIMessage("", tool_calls=[{"name": made.name, "args": {}, "id": "l1", "type": "tool_call"}])
    return create_agent(Model(responses=[asked, AIMessage("done")]), [made], name="Clerk")


def where(event: AuditEvent) -> tuple[Any, ...]:
    return (event.parent_span_id, event.trace_id, event.session_id, event.user_id)


def below(outer: AuditEvent) -> tuple[Any, ...]:
    return (outer.span_id, outer.trace_id, "t", "ann")


def test_an_agent_inside_a_tool_is_below_its_call_for_its_user_in_its_conversation(record: Record) -> None:
    @tool
    def ask() -> str:
        """Ask."""
        return str(inner())

    clerk(ask).invoke(GO, CONFIG)
    assert where(record.one("agent.start", agent_id="Inner")) == below(record.one("tool.call"))
    inside = [event for event in record.events() if event.agent_id == "Inner"]
    assert {where(event)[1:] for event in inside} == {below(record.one("tool.call"))[1:]}
    assert [event.event_type for event in inside] == ["agent.start", "llm.request", "llm.response", "agent.stop"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="LangChain does not run async tools in their own context")
async def test_an_agent_inside_an_async_tool_is_below_its_call_beside_another_one(record: Record) -> None:
    @tool
    async def ask() -> str:
        """Ask."""
        return str((await Runner.run(agent("three", name="Inner"), "1+2?")).final_output)

    await asyncio.gather(*(clerk(ask).ainvoke(GO, CONFIG) for _ in range(3)))
    starts = record.events("agent.start")
    assert {where(event) for event in starts if event.agent_id == "Inner"} == {
        below(event) for event in record.events("tool.call")
    }


def test_an_agent_inside_a_node_is_below_the_graph(record: Record) -> None:
    builder = StateGraph(MessagesState)
    builder.add_node("ask", lambda state: {"messages": [inner()]})
    builder.add_edge(START, "ask")
    builder.compile(name="Flow").invoke(GO, CONFIG)
    assert where(record.one("agent.start", agent_id="Inner")) == below(record.one("agent.start", agent_id="Flow"))


def test_an_agent_that_has_a_session_of_its_own_keeps_it(record: Record) -> None:
    RunnableLambda(lambda _: inner(session=SQLiteSession("mine"))).invoke("go", CONFIG)
    assert record.one("agent.start", agent_id="Inner").session_id == "mine"


def test_an_agent_that_hooks_alone_tell_of_is_below_its_call(silent: Record) -> None:
    import agent_audit_openai_agents

    agent_audit_openai_agents.disable()

    @tool
    def ask() -> str:
        """Ask."""
        return str(inner(hooks=AuditRunHooks(silent.logger)))

    clerk(ask).invoke(GO, CONFIG)
    assert where(silent.one("agent.start", agent_id="Inner")) == below(silent.one("tool.call"))


def test_what_a_tool_records_by_itself_is_below_its_call_unless_something_of_its_own_is_around_it(
    record: Record,
) -> None:
    billing = AuditedAgent("billing", logger=record.logger, session_id="ledger")

    @tool
    def pay() -> str:
        """Pay."""
        with billing.audit_context("invoice.pay"):
            return str(inner())

    with identify(user_id="ann"):
        clerk(pay).invoke(GO)
    paid, started = record.one("action.executed"), record.one("agent.start", agent_id="Inner")
    call_of_tool = record.one("tool.call")
    assert (paid.parent_span_id, paid.trace_id, paid.user_id) == (call_of_tool.span_id, call_of_tool.trace_id, "ann")
    assert (started.parent_span_id, started.trace_id) == (paid.span_id, call_of_tool.trace_id)


def test_frameworks_inside_one_another_several_times_are_one_trace(record: Record) -> None:
    @tool
    def ask() -> str:
        """Ask."""
        return str(inner())

    @function_tool
    def delegate() -> str:
        return str(clerk(ask).invoke(GO)["messages"][-1].content)

    Runner.run_sync(agent([call("delegate", call_id="o1")], "done", tools=[delegate], name="Outer"), "hi")
    outer, innermost = record.one("tool.call", call_id="o1"), record.one("tool.call", call_id="l1")
    assert record.one("agent.start", agent_id="Clerk").parent_span_id == outer.span_id
    assert record.one("agent.start", agent_id="Inner").parent_span_id == innermost.span_id
    assert len({event.trace_id for event in record.events()}) == 1
    assert record.one("agent.stop", agent_id="Outer").parent_span_id is None


def test_an_agent_of_langchain_inside_one_of_this_sdk_inside_langchain_is_below_the_call_around_it(
    record: Record,
) -> None:
    @function_tool
    def look_up() -> str:
        with AuditedAgent("archive", logger=record.logger).audit_context("archive.open"):
            made = create_agent(Model(responses=[AIMessage("found")]), [], name="Innermost")
            return str(made.invoke(GO)["messages"][-1].content)

    @tool
    def ask() -> str:
        """Ask."""
        return str(Runner.run_sync(agent([call("look_up")], "done", tools=[look_up], name="Inner"), "hi").final_output)

    clerk(ask).invoke(GO, CONFIG)
    opened = record.one("action.request", action="archive.open")
    innermost = record.one("agent.start", agent_id="Innermost")
    assert opened.parent_span_id == record.one("tool.call", call_id="c1").span_id
    assert innermost.parent_span_id == opened.span_id
    (asked,) = [event for event in record.events("llm.request") if event.agent_id == "Innermost"]
    assert asked.parent_span_id == innermost.span_id
    assert record.one("agent.stop", agent_id="Innermost").parent_span_id == opened.span_id
    assert len({event.trace_id for event in record.events()}) == 1
