"""To which question an answer belongs, when it goes on record, and which answers decide nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool
from langchain_record import Record, Scripted, asks_for, call, human_in_the_loop
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send, interrupt

from agent_audit import AuditLogger, MemoryAuditBackend, WriteError
from agent_audit_langchain import AuditCallbackHandler

QUESTION = {"messages": [("user", "go")]}
APPROVE = {"type": "approve"}
REJECT = {"type": "reject", "message": "no"}
EDIT = {"type": "edit", "edited_action": {"name": "send", "args": {"to": "zoe"}}}


@tool
def send(to: str) -> str:
    """Send."""
    return f"sent to {to}"


@tool
def pay(to: str) -> str:
    """Pay."""
    return "paid" if interrupt({"pay": to}) == "yes" else "not paid"


def once_down(record: Record) -> Any:
    tried: list[str] = []

    @tool
    def fetch(url: str) -> str:
        """Fetch: the first time it fails, when the question beside it is asked."""
        tried.append(url)
        if len(tried) == 1:
            while not record.of("permission.check"):
                time.sleep(0.001)
            raise ConnectionError("down")
        return "page"

    return fetch


def on_thread(record: Record, **metadata: str) -> Any:
    return {"callbacks": [record.handler], "configurable": {"thread_id": "t"}, "metadata": metadata}


def decided(record: Record) -> list[tuple[Any, ...]]:
    return [short for short in record.short() if short[0] in ("action.approved", "action.denied")]


@pytest.mark.parametrize(
    ("name", "mode", "answer", "decision"),
    [
        ("pay", None, "no", "action.denied"),
        ("pay", None, "yes", "action.approved"),
        ("send", "per_call", REJECT, "action.denied"),
    ],
)
def test_an_answer_is_for_the_call_that_asked_not_for_one_that_failed_beside_it(
    record: Record, name: str, mode: str | None, answer: Any, decision: str
) -> None:
    agent = create_agent(
        Scripted(replies=[asks_for(call("fetch", "c1", url="u"), call(name, "c2", to="bob")), "done"]),
        [once_down(record), pay, send],
        name="clerk",
        checkpointer=InMemorySaver(),
        middleware=[human_in_the_loop(mode)] if mode else [],
    )
    with pytest.raises(ConnectionError):
        agent.invoke(QUESTION, on_thread(record))
    agent.invoke(Command(resume=answer), on_thread(record))
    assert [(event[0], event[-1]) for event in decided(record)] == [(decision, "c2")]


@pytest.mark.parametrize("asker_first", [True, False])
def test_an_answer_is_for_the_node_that_asked_not_for_one_that_failed_beside_it(
    record: Record, asker_first: bool
) -> None:
    fetch = once_down(record)

    def ask(state: Any) -> Any:
        return {"messages": [("ai", str(interrupt("may I?")))]}

    def get(state: Any) -> Any:
        return {"messages": [("ai", fetch.invoke({"url": "u"}))]}

    graph = StateGraph(MessagesState)
    for node_name in ("a", "b"):
        graph.add_node(node_name, ask if asker_first is (node_name == "a") else get)
        graph.add_edge(START, node_name)
    compiled = graph.compile(name="g", checkpointer=InMemorySaver())
    with pytest.raises(ConnectionError):
        compiled.invoke(QUESTION, on_thread(record))  # type: ignore[arg-type]
    compiled.invoke(Command(resume="yes"), on_thread(record))
    asked = record.one("permission.check").call_id
    assert decided(record) == [("action.approved", "success", "interrupt", asked)]


def team(outside: str, mode: str) -> Any:
    inner = create_agent(
        Scripted(replies=[asks_for(call("send", "i1", to="ann")), "inner done"]),
        [send],
        name="inner",
        middleware=[human_in_the_loop(mode)],
    )

    @tool
    def delegate(task: str) -> str:
        """Delegate."""
        return str(inner.invoke(QUESTION)["messages"][-1].content)

    model = Scripted(replies=[asks_for(call("delegate", "o1", task="t")), "done"])
    if outside == "agent":
        return create_agent(model, [delegate], name="outer", checkpointer=InMemorySaver())
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([delegate]))
    graph.add_edge(START, "model")
    graph.add_edge("model", "tools")
    return graph.compile(name="outer", checkpointer=InMemorySaver())


@pytest.mark.parametrize(("outside", "mode"), [("agent", "per_call"), ("graph", "per_call"), ("graph", "batched")])
@pytest.mark.parametrize("answer", [REJECT, EDIT])
def test_an_answer_is_for_the_inner_agent_that_asked_not_for_the_tool_it_is_called_by(
    record: Record, outside: str, mode: str, answer: Any
) -> None:
    agent = team(outside, mode)
    agent.invoke(QUESTION, on_thread(record))
    agent.invoke(Command(resume={"decisions": [answer]} if mode == "batched" else answer), on_thread(record))
    (only,) = decided(record)
    assert only[2:] == ("tool.send", "i1")
    assert not [e for e in record.of("tool.call") if (e.metadata or {}).get("differs_from_decision")]


def test_a_question_that_was_answered_elsewhere_does_not_keep_the_answer_to_the_next_one(record: Record) -> None:
    saver = InMemorySaver()
    elsewhere = Record()

    def ask(question: str) -> Any:
        return lambda state: {"messages": [("ai", str(interrupt(question)))]}

    def made() -> Any:
        inner = StateGraph(MessagesState)
        inner.add_node("first", ask("one?"))
        inner.add_node("second", ask("two?"))
        inner.add_edge(START, "first")
        inner.add_edge("first", "second")
        outer = StateGraph(MessagesState)
        outer.add_node("inner", inner.compile())
        outer.add_edge(START, "inner")
        return outer.compile(name="g", checkpointer=saver)

    made().invoke(QUESTION, on_thread(record))
    made().invoke(Command(resume="1"), on_thread(elsewhere))
    made().invoke(Command(resume="2"), on_thread(record))
    assert [event.result for event in record.of("action.approved")] == ["2"]
    assert [event.result for event in elsewhere.of("action.approved")] == ["1"]


@pytest.mark.parametrize("same_process_goes_on", [True, False])
def test_an_answer_given_in_another_process_is_to_the_question_before_the_one_that_is_asked_next(
    record: Record, same_process_goes_on: bool
) -> None:
    saver = InMemorySaver()

    def made() -> Any:
        graph = StateGraph(MessagesState)
        graph.add_node("ask", lambda state: {"messages": [("ai", f"{interrupt('one?')} {interrupt('two?')}")]})
        return graph.add_edge(START, "ask").compile(name="g", checkpointer=saver)

    (one,) = made().invoke(QUESTION, on_thread(Record()))["__interrupt__"]
    (two,) = made().invoke(Command(resume="1"), on_thread(record))["__interrupt__"]
    assert record.short()[1:-1] == [
        ("action.approved", "success", "interrupt", one.id),
        ("permission.check", "interrupt", two.id),
    ]
    assert record.one("action.approved").result == "1"
    last = record if same_process_goes_on else Record()
    made().invoke(Command(resume={two.id: "2"} if last is not record else "2"), on_thread(last))
    decision = last.of("action.approved")[-1]
    assert (decision.call_id, decision.result) == (two.id, "2")
    assert decision.parameters == ("two?" if same_process_goes_on else None)


def acting(kind: str, saver: Any) -> Any:
    """A graph whose one task asks and then acts."""

    def act(to: Any) -> str:
        return str(send.invoke({"to": to})) if interrupt({"to": to}) else "no"

    if kind == "task":

        @task
        def work(to: str) -> str:
            return act(to)

        @entrypoint(checkpointer=saver)
        def flow(inputs: Any) -> Any:
            return {"messages": [("ai", work("ann").result())]}

        return flow
    graph = StateGraph(MessagesState)
    graph.add_node("act", lambda state: {"messages": [("ai", act("ann"))]})
    if kind == "send":
        graph.add_conditional_edges(START, lambda state: [Send("act", {"to": "ann"})])
    else:
        graph.add_edge(START, "act")
    compiled = graph.compile(name="g", checkpointer=None if kind == "subgraph" else saver)
    if kind != "subgraph":
        return compiled
    outer = StateGraph(MessagesState)
    outer.add_node("inner", compiled)
    outer.add_edge(START, "inner")
    return outer.compile(name="outer", checkpointer=saver)


@pytest.mark.parametrize("kind", ["node", "send", "task", "subgraph"])
@pytest.mark.parametrize("by_id", [True, False])
def test_an_answer_given_in_another_process_is_on_record_before_what_is_done_then(
    record: Record, kind: str, by_id: bool
) -> None:
    saver = InMemorySaver()
    asking = Record()
    (asked,) = acting(kind, saver).invoke(QUESTION, on_thread(asking))["__interrupt__"]
    acting(kind, saver).invoke(Command(resume={asked.id: True} if by_id else True), on_thread(record))
    assert [event.event_type for event in record.events][1:4] == ["action.approved", "tool.call", "tool.response"]
    assert record.one("action.approved").call_id == asked.id


class NoApprovals(MemoryAuditBackend):
    """A store that does not take approvals."""

    def append(self, lines: Any, *args: Any, **kwargs: Any) -> Any:
        if b"action.approved" in b"".join(bytes(line) for line in lines):
            raise OSError(28, "full")
        return super().append(lines, *args, **kwargs)


@pytest.mark.parametrize("by_id", [True, False])
def test_what_was_approved_in_another_process_is_not_done_without_the_approval_on_record(by_id: bool) -> None:
    saver = InMemorySaver()
    (asked,) = acting("node", saver).invoke(QUESTION, on_thread(Record()))["__interrupt__"]
    backend = NoApprovals()
    handler = AuditCallbackHandler(AuditLogger(backend, on_failure="raise"))
    answer: Any = {asked.id: True} if by_id else True
    with pytest.raises(WriteError):
        acting("node", saver).invoke(
            Command(resume=answer), {"callbacks": [handler], "configurable": {"thread_id": "t"}}
        )
    assert "tool.call" not in {event.event_type for event in backend.events()}


NO_RESPONSES = HumanInTheLoopMiddleware[Any, Any]({"send": {"allowed_decisions": ["approve", "edit", "reject"]}})


@pytest.mark.parametrize(
    "answer",
    [
        {"decisions": [{"type": "cancel"}]},
        {"decisions": [{"type": "respond", "message": "m"}]},
        {"decisions": [{"type": "edit", "args": {"to": "zoe"}}]},
        {"decisions": [APPROVE, APPROVE]},
        [APPROVE],
        "yes",
    ],
)
def test_an_answer_that_is_refused_decides_nothing_and_the_question_stays_open(record: Record, answer: Any) -> None:
    agent = create_agent(
        Scripted(replies=[asks_for(call("send", "c1", to="ann")), "done"]),
        [send],
        name="clerk",
        checkpointer=InMemorySaver(),
        middleware=[NO_RESPONSES],
    )
    agent.invoke(QUESTION, on_thread(record))
    with pytest.raises((ValueError, TypeError, KeyError)):
        agent.invoke(Command(resume=answer), on_thread(record))
    assert decided(record) == []


def test_an_answer_about_one_call_that_is_refused_decides_nothing(record: Record) -> None:
    human_in_the_loop("per_call")
    options: Any = {"interrupt_mode": "per_call"}
    agent = create_agent(
        Scripted(replies=[asks_for(call("send", "c1", to="ann")), "done"]),
        [send],
        name="clerk",
        checkpointer=InMemorySaver(),
        middleware=[HumanInTheLoopMiddleware({"send": {"allowed_decisions": ["approve"]}}, **options)],
    )
    agent.invoke(QUESTION, on_thread(record))
    with pytest.raises(Exception, match="reject"):
        agent.invoke(Command(resume=REJECT), on_thread(record))
    assert decided(record) == []
    agent.invoke(Command(resume=APPROVE), on_thread(record))
    assert decided(record) == [("action.approved", "success", "tool.send", "c1")]


@pytest.mark.parametrize("in_tool", [True, False])
def test_a_question_that_is_answered_once_more_after_its_task_failed_is_the_one_that_was_asked(
    record: Record, in_tool: bool
) -> None:
    failures = [ConnectionError("down")]

    def asks(to: str) -> str:
        answer = interrupt({"to": to})
        if failures:
            raise failures.pop()
        return str(answer)

    compiled: Any
    if in_tool:
        replies = [asks_for(call("asks", "c1", to="bob")), "done"]
        tools = [tool(description="Ask.")(asks)]
        compiled = create_agent(Scripted(replies=replies), tools, name="g", checkpointer=InMemorySaver())
    else:
        graph = StateGraph(MessagesState).add_node("ask", lambda state: {"messages": [("ai", asks("bob"))]})
        compiled = graph.add_edge(START, "ask").compile(name="g", checkpointer=InMemorySaver())
    compiled.invoke(QUESTION, on_thread(record))
    with pytest.raises(ConnectionError):
        compiled.invoke(Command(resume="blue"), on_thread(record))
    compiled.invoke(Command(resume="green"), on_thread(record))
    asked, *decisions = record.of("permission.check", "action.approved")
    assert [event.result for event in decisions] == ["blue", "green"]
    for decision in decisions:
        assert (decision.call_id, decision.parameters) == (asked.call_id, {"to": "bob"})
        assert "question_from" not in decision.metadata
