"""Several conversations below one run: what is asked, decided and answered in one of them is not that of another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, asks_for, call, human_in_the_loop
from langchain_stories import QUESTION, clerk, search, send
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command

from agent_audit import AuditEvent

APPROVE = {"type": "approve"}
REJECT = {"type": "reject", "message": "no"}


def resumed_with(*decisions: Any) -> Any:
    return Command(resume={"decisions": list(decisions)})


def guarded(*calls: Any) -> Any:
    return clerk(*calls, tools=[send], middleware=[human_in_the_loop()])


def within(record: Record, serve: Any, **more: Any) -> None:
    RunnableLambda(serve).with_config(run_name="serves").invoke(0, {"callbacks": [record.handler], **more})


def on_record(record: Record, *types: str) -> list[tuple[Any, ...]]:
    return [(str(event.event_type), event.call_id) for event in record.of(*types)]


@NEEDS_TASK_CONTEXT
async def test_two_conversations_resumed_at_once_have_each_its_own_answer(record: Record) -> None:
    agents = {thread: guarded(call("send", f"of {thread}", to=thread)) for thread in "AB"}
    for thread, agent in agents.items():
        agent.invoke(QUESTION, {"callbacks": [record.handler], "configurable": {"thread_id": thread}})

    async def resume(thread: str, decision: Any) -> None:
        await agents[thread].ainvoke(resumed_with(decision), {"configurable": {"thread_id": thread}})

    async def serve(_: Any) -> None:
        await asyncio.gather(resume("A", APPROVE), resume("B", REJECT))

    await RunnableLambda(serve).ainvoke(0, {"callbacks": [record.handler]})
    decided = on_record(record, "action.approved", "action.denied")
    assert sorted(decided) == [("action.approved", "of A"), ("action.denied", "of B")]
    assert on_record(record, "tool.call") == [("tool.call", "of A")]


def test_who_decided_is_said_by_the_run_that_resumes_though_it_is_inside_another(record: Record) -> None:
    agent = guarded(call("send", "c1", to="bob"))
    given: Any = {"configurable": {"thread_id": "t"}, "metadata": {"decided_by": "eve"}}
    within(record, lambda _: agent.invoke(QUESTION, given) and None)
    within(record, lambda _: agent.invoke(resumed_with(APPROVE), given) and None, metadata={"decided_by": "joe"})
    approved = record.one("action.approved")
    assert approved.metadata and approved.metadata["decided_by"] == "eve"


def test_call_ids_that_are_numbered_anew_in_each_conversation_are_not_taken_for_one_another(record: Record) -> None:
    asked = guarded(call("send", "send:0", to="bob"))
    given: Any = {"configurable": {"thread_id": "A"}}
    asked.invoke(QUESTION, {**given, "callbacks": [record.handler]})

    def serve(_: Any) -> None:
        asked.invoke(resumed_with(APPROVE), given)
        for n in (1, 2):
            unasked = clerk(call("send", "send:0", to=f"other {n}"), call("nosuch", "nosuch:1", n=n), tools=[send])
            unasked.invoke(QUESTION, {"configurable": {"thread_id": f"B{n}"}})

    within(record, serve)
    calls = record.of("tool.call")
    assert [(event.session_id, event.parameters) for event in calls] == [
        ("A", {"to": "bob"}),
        ("B1", {"to": "other 1"}),
        ("B2", {"to": "other 2"}),
    ]
    assert ["arguments" in (event.metadata or {}) for event in calls] == [True, False, False]
    assert not any("differs_from_decision" in (event.metadata or {}) for event in calls)
    failed = [(event.session_id, event.call_id, event.error_type) for event in record.of("action.failed")]
    assert failed == [("B1", "nosuch:1", "UnknownTool"), ("B2", "nosuch:1", "UnknownTool")]


def reader(name: str = "clerk", *tools: Any, calls: Any = None, **options: Any) -> Any:
    replies = [*(calls or [asks_for(call("search", "c1", query="x"))]), "done"]
    return create_agent(Scripted(replies=replies), [search, *tools], name=name, **options)


def users(events: list[AuditEvent]) -> list[tuple[Any, ...]]:
    return [(event.action, event.user_id) for event in events if not str(event.action).startswith("llm.")]


def test_one_chain_that_serves_several_users(record: Record) -> None:
    """None of them is the user of the chain, nor of what it does for the others."""

    def serve(_: Any) -> None:
        search.invoke({"query": "before"})
        for name in ("ann", "bob"):
            reader().invoke(QUESTION, {"configurable": {"user_id": name}})
        search.invoke({"query": "after"})

    within(record, serve)
    assert users(record.of("agent.start", "tool.call", "agent.stop")) == [
        ("agent.serves", None),
        ("tool.search", None),
        *(line for name in ("ann", "bob") for line in served(name)),
        ("tool.search", None),
        ("agent.serves", None),
    ]


def served(name: str) -> list[tuple[Any, ...]]:
    return [("agent.clerk", None), ("tool.search", name), ("agent.clerk", name)]


@pytest.mark.parametrize("agents", [False, True])
def test_user_of_an_inner_graph_is_not_the_user_of_the_agent_around_it(record: Record, agents: bool) -> None:
    builder = StateGraph(MessagesState)
    builder.add_node("look", lambda state: search.invoke({"query": "x"}) and {})
    builder.add_edge(START, "look")
    inner = reader("inner") if agents else builder.compile(name="inner")

    @tool
    def delegate(query: str) -> str:
        """Delegate, as the service account."""
        inner.invoke(QUESTION, {"configurable": {"user_id": "svc"}})
        return "delegated"

    calls = [asks_for(call("delegate", "o1", query="x")), asks_for(call("search", "o2", query="mine"))]
    outer = reader("outer", delegate, calls=calls, checkpointer=InMemorySaver())
    outer.invoke(QUESTION, {"callbacks": [record.handler], "configurable": {"thread_id": "t"}})
    tools = [(event.action, event.call_id, event.user_id) for event in record.of("tool.call")]
    assert tools == [
        ("tool.delegate", "o1", None),
        ("tool.search", "c1" if agents else None, "svc"),
        ("tool.search", "o2", None),
    ]
    assert record.events[-1].user_id is None


@pytest.mark.parametrize("of_inner", [None, "bob"])
def test_inner_agent_is_for_the_user_around_it_unless_it_says_otherwise(record: Record, of_inner: str | None) -> None:
    @tool
    def delegate(query: str) -> str:
        """Delegate."""
        reader("inner").invoke(QUESTION, {"configurable": {"user_id": of_inner}} if of_inner else None)
        return "delegated"

    outer = reader("outer", delegate, calls=[asks_for(call("delegate", "o1", query="x"))])
    outer.invoke(QUESTION, {"callbacks": [record.handler], "configurable": {"user_id": "ann"}})
    assert users(record.of("agent.start", "tool.call", "agent.stop")) == [
        ("agent.outer", None),
        ("tool.delegate", "ann"),
        ("agent.inner", "ann"),
        ("tool.search", of_inner or "ann"),
        ("agent.inner", of_inner or "ann"),
        ("agent.outer", "ann"),
    ]


def test_user_of_a_chain_is_known_when_the_agent_in_it_starts(record: Record) -> None:
    within(record, lambda _: reader().invoke(QUESTION) and None, configurable={"user_id": "ann"})
    assert users(record.of("agent.start", "tool.call", "agent.stop")) == [
        ("agent.serves", None),
        ("agent.clerk", "ann"),
        ("tool.search", "ann"),
        ("agent.clerk", "ann"),
        ("agent.serves", "ann"),
    ]
