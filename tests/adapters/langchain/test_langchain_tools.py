"""Tools in an agent: one that works, fails, says that it failed, is unknown, changes data."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_core.tools import ToolException, tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, asks_for, call
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command

QUESTION = {"messages": [("user", "go")]}


@tool
def search(query: str) -> str:
    """Search."""
    return f"found {query}"


@tool
def fail(query: str) -> str:
    """Fail."""
    raise OSError(f"no {query}")


@tool
def polite(query: str) -> str:
    """Fail politely."""
    raise ToolException("cannot")


polite.handle_tool_error = True


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


TOOLS = [search, fail, polite, add]


def run(record: Record, *replies: Any, handler: Any = None, **config: Any) -> None:
    agent = create_agent(Scripted(replies=[*replies, "done"]), TOOLS, name="a")
    agent.invoke(QUESTION, {"callbacks": [handler or record.handler], **config})


def of_tools(record: Record) -> list[tuple[Any, ...]]:
    return record.short("llm.", "agent.", "action.request")


def test_tool_alone(record: Record) -> None:
    search.invoke({"query": "x"}, {"callbacks": [record.handler]})
    assert record.short() == [("tool.call", "tool.search"), ("tool.response", "success", "tool.search")]
    assert record.events[1].result == "found x"


def test_tool_that_raises(record: Record) -> None:
    with pytest.raises(OSError, match="no x"):
        run(record, asks_for(call("fail", "c1", query="x")))
    assert record.short("llm.") == [
        ("agent.start", "agent.a"),
        ("action.request", "tool.fail", "c1"),
        ("tool.call", "tool.fail", "c1"),
        ("tool.response", "failure", "tool.fail", "c1"),
        ("agent.stop", "failure", "agent.a"),
    ]
    assert record.one("tool.response").error_type == "OSError"


def test_tool_that_says_it_failed(record: Record) -> None:
    run(record, asks_for(call("polite", "c1", query="x")))
    assert of_tools(record) == [("tool.call", "tool.polite", "c1"), ("tool.response", "failure", "tool.polite", "c1")]
    assert record.one("tool.response").result == "cannot"


def test_bad_arguments(record: Record) -> None:
    run(record, asks_for(call("add", "c1", a="one", b=2)))
    assert of_tools(record) == [("tool.call", "tool.add", "c1"), ("tool.response", "failure", "tool.add", "c1")]
    assert record.one("tool.call").parameters == {"a": "one", "b": 2}
    assert record.one("tool.response").error_type == "ValidationError"


def test_unknown_tool(record: Record) -> None:
    run(record, asks_for(call("nope", "c1", x=1)))
    assert record.short("llm.") == [
        ("agent.start", "agent.a"),
        ("action.request", "tool.nope", "c1"),
        ("action.failed", "failure", "tool.nope", "c1"),
        ("agent.stop", "success", "agent.a"),
    ]
    failed = record.one("action.failed")
    assert (failed.error_type, failed.parameters) == ("UnknownTool", {"x": 1})


def test_unknown_tool_in_a_plain_tool_node(record: Record) -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("my_tools", ToolNode(TOOLS))
    graph.add_edge(START, "my_tools")
    asked = asks_for(call("search", "c1", query="x"), call("nope", "c2"))
    graph.compile(name="g").invoke({"messages": [asked]}, {"callbacks": [record.handler]})
    assert of_tools(record) == [
        ("tool.call", "tool.search", "c1"),
        ("tool.response", "success", "tool.search", "c1"),
        ("action.failed", "failure", "tool.nope", "c2"),
    ]


def test_broken_tool_call_of_the_model(record: Record) -> None:
    broken = invalid_tool_call(name="search", args='{"query"', id="c1", error="not JSON")
    run(record, AIMessage("", invalid_tool_calls=[broken]))
    assert record.one("action.failed").error_type == "InvalidToolCall"
    assert record.one("action.failed").parameters == '{"query"'


@pytest.mark.parametrize("asynchronous", [False, pytest.param(True, marks=NEEDS_TASK_CONTEXT)])
async def test_parallel_tools(record: Record, asynchronous: bool) -> None:
    calls = [call("search", f"c{n}", query=str(n)) for n in range(5)]
    agent = create_agent(Scripted(replies=[asks_for(*calls), "done"]), TOOLS, name="a")
    if asynchronous:
        await agent.ainvoke(QUESTION, {"callbacks": [record.handler]})
    else:
        agent.invoke(QUESTION, {"callbacks": [record.handler]})
    for n in range(5):
        own = [event for event in record.events if event.call_id == f"c{n}"]
        assert [e.event_type for e in own] == ["action.request", "tool.call", "tool.response"]
        assert own[2].result == f"found {n}"
        assert own[1].span_id == own[2].span_id
    assert len({e.span_id for e in record.of("tool.call")}) == 5


def test_one_of_several_tools_fails(record: Record) -> None:
    with pytest.raises(OSError, match="no x"):
        run(record, asks_for(call("fail", "c1", query="x"), call("search", "c2", query="y")))
    outcomes = {e.call_id: e.outcome for e in record.of("tool.response")}
    assert outcomes["c1"] == "failure"
    assert not record.of("error")


def test_data_modify_after_a_tool_that_changes_data(record: Record) -> None:
    from agent_audit_langchain import AuditCallbackHandler

    handler = AuditCallbackHandler(record.logger, modifies={"add"})
    run(record, asks_for(call("add", "c1", a=1, b=2), call("search", "c2", query="x")), handler=handler)
    change = record.one("data.modify")
    assert (change.action, change.call_id, change.outcome) == ("tool.add", "c1", "success")
    assert change.parameters == {"a": 1, "b": 2}
    assert change.parent_span_id == next(e for e in record.of("tool.call") if e.call_id == "c1").span_id


def test_no_data_modify_after_a_failure(record: Record) -> None:
    from agent_audit_langchain import AuditCallbackHandler

    handler = AuditCallbackHandler(record.logger, modifies=lambda name, arguments: "query" in arguments or 1 / 0)
    run(record, asks_for(call("polite", "c1", query="x"), call("add", "c2", a="one", b=2)), handler=handler)
    assert not record.of("data.modify")


def test_tool_that_returns_a_command(record: Record) -> None:
    @tool
    def note() -> Any:
        """Note."""
        return Command(update={"messages": [ToolMessage("noted", tool_call_id="c1")]})

    agent = create_agent(Scripted(replies=[asks_for(call("note", "c1")), "done"]), [note], name="a")
    agent.invoke(QUESTION, {"callbacks": [record.handler]})
    assert record.one("tool.response").result == {"messages": ["noted"]}
    assert record.one("tool.response").outcome == "success"


def test_handoff_to_another_agent(record: Record) -> None:
    @tool
    def to_bob() -> Any:
        """Hand over."""
        return Command(
            goto="bob", graph=Command.PARENT, update={"messages": [ToolMessage("over to bob", tool_call_id="c1")]}
        )

    graph = StateGraph(MessagesState)
    alice = create_agent(Scripted(replies=[asks_for(call("to_bob", "c1"))]), [to_bob], name="alice")
    graph.add_node("alice", alice, destinations=("bob",))
    graph.add_node("bob", create_agent(Scripted(replies=["here"]), [], name="bob"))
    graph.add_edge(START, "alice")
    graph.compile(name="team").invoke(QUESTION, {"callbacks": [record.handler]})
    assert record.short("llm.", "action.") == [
        ("agent.start", "agent.team"),
        ("agent.start", "agent.alice"),
        ("tool.call", "tool.to_bob", "c1"),
        ("tool.response", "success", "tool.to_bob", "c1"),
        ("agent.handoff", "success", "handoff"),
        ("agent.stop", "success", "agent.alice"),
        ("agent.start", "agent.bob"),
        ("agent.stop", "success", "agent.bob"),
        ("agent.stop", "success", "agent.team"),
    ]
    assert record.one("agent.handoff").resource == "bob"
    assert record.one("agent.handoff").agent_id == "alice"


def test_secrets_in_arguments_do_not_reach_the_record(record: Record) -> None:
    run(record, asks_for(call("search", "c1", query="key AKIAIOSFODNN7EXAMPLE")))
    text = "".join(event.to_json() for event in record.events)
    assert "AKIAIOSFODNN7EXAMPLE" not in text
