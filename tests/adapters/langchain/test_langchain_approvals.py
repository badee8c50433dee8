"""Humans in the loop: what was asked, what was decided, and on which call."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_record import Record, Scripted, asks_for, call, human_in_the_loop
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from agent_audit.analysis.pairing import unpaired

QUESTION = {"messages": [("user", "go")]}


@tool
def send(to: str) -> str:
    """Send."""
    return f"sent to {to}"


@tool
def look(at: str) -> str:
    """Look."""
    return f"saw {at}"


@tool
def ask(question: str) -> str:
    """Ask."""
    return f"human said {interrupt({'question': question})}"


TWO_LETTERS = asks_for(call("send", "c1", to="ann"), call("send", "c2", to="bob"))


class Guarded:
    """An agent whose `send` needs approval, over one checkpoint store."""

    def __init__(self, *replies: Any, mode: Any = "batched") -> None:
        self.saver = InMemorySaver()
        self.model = Scripted(replies=[*replies, "done"])
        self.mode = mode

    def invoke(self, record: Record, question: Any, **config: Any) -> Any:
        agent = create_agent(
            self.model,
            [send, look, ask],
            name="a",
            checkpointer=self.saver,
            middleware=[human_in_the_loop(self.mode)],
        )
        return agent.invoke(question, {"callbacks": [record.handler], "configurable": {"thread_id": "t"}, **config})


def decisions(*each: Any) -> Command[Any]:
    return Command(resume={"decisions": list(each)})


APPROVE = {"type": "approve"}


def edit(**args: Any) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": "send", "args": args}}


def essential(record: Record) -> list[tuple[Any, ...]]:
    return record.short("llm.", "action.request")


ASKED = [
    ("agent.start", "agent.a"),
    ("permission.check", "tool.send", "c1"),
    ("permission.check", "tool.send", "c2"),
    ("agent.stop", "suspended", "agent.a"),
]


def test_batch_of_approve_and_reject(record: Record) -> None:
    agent = Guarded(TWO_LETTERS)
    agent.invoke(record, QUESTION)
    assert essential(record) == ASKED
    asked = record.of("permission.check")
    assert [e.parameters for e in asked] == [{"to": "ann"}, {"to": "bob"}]
    assert asked[0].metadata and asked[0].metadata["kind"] == "tool_approvals"

    reject = {"type": "reject", "message": "not him"}
    agent.invoke(record, decisions(APPROVE, reject), metadata={"decided_by": "eve"})
    assert essential(record)[4:] == [
        ("agent.start", "agent.a"),
        ("action.approved", "success", "tool.send", "c1"),
        ("action.denied", "denied", "tool.send", "c2"),
        ("tool.call", "tool.send", "c1"),
        ("tool.response", "success", "tool.send", "c1"),
        ("agent.stop", "success", "agent.a"),
    ]
    denied = record.one("action.denied")
    assert denied.metadata and denied.metadata["message"] == "not him"
    assert {e.metadata["decided_by"] for e in record.of("action.approved", "action.denied") if e.metadata} == {"eve"}
    assert {e.session_id for e in record.events} == {"t"}


def test_edited_arguments_are_recorded_as_such(record: Record) -> None:
    agent = Guarded(asks_for(call("send", "c1", to="ann")))
    agent.invoke(record, QUESTION)
    agent.invoke(record, decisions(edit(to="zoe")))
    approved, executed = record.one("action.approved"), record.one("tool.call")
    assert record.one("permission.check").parameters == {"to": "ann"}
    assert approved.parameters == executed.parameters == {"to": "zoe"}
    assert approved.metadata and approved.metadata["edited"] is True
    assert executed.metadata and executed.metadata["arguments"] == approved.metadata["arguments"]
    assert approved.call_id == executed.call_id == "c1"


def test_answer_of_a_human_in_place_of_the_tool_is_no_execution(record: Record) -> None:
    agent = Guarded(asks_for(call("send", "c1", to="ann")))
    agent.invoke(record, QUESTION)
    agent.invoke(record, decisions({"type": "respond", "message": "I did it myself"}))
    denied = record.one("action.denied")
    assert denied.metadata and denied.metadata["decision"] == "respond"
    assert denied.result == "I did it myself"
    assert not record.of("tool.call", "action.approved", "action.executed")


def test_call_that_needs_no_approval_is_not_asked_about(record: Record) -> None:
    agent = Guarded(asks_for(call("look", "c1", at="x"), call("send", "c2", to="ann")))
    agent.invoke(record, QUESTION)
    assert record.one("permission.check").call_id == "c2"
    agent.invoke(record, decisions(APPROVE))
    assert record.one("action.approved").call_id == "c2"
    assert {e.call_id for e in record.of("tool.call")} == {"c1", "c2"}


def test_equal_calls_are_told_apart_by_their_order(record: Record) -> None:
    agent = Guarded(asks_for(call("send", "c1", to="ann"), call("send", "c2", to="ann")))
    agent.invoke(record, QUESTION)
    assert [e.call_id for e in record.of("permission.check")] == ["c1", "c2"]
    agent.invoke(record, decisions({"type": "reject"}, APPROVE))
    assert record.one("action.denied").call_id == "c1"
    assert record.one("action.approved").call_id == record.one("tool.call").call_id == "c2"


def test_one_interrupt_per_call(record: Record) -> None:
    agent = Guarded(TWO_LETTERS, mode="per_call")
    first, second = agent.invoke(record, QUESTION)["__interrupt__"]
    assert sorted(essential(record)) == sorted(ASKED)
    answers = {first.id: APPROVE, second.id: {"type": "reject", "message": "no"}}
    agent.invoke(record, Command(resume=answers))
    assert record.one("action.approved").call_id == first.value["tool_call_id"] == record.one("tool.call").call_id
    assert record.one("action.denied").call_id == second.value["tool_call_id"]
    assert not record.of("action.failed")


def test_question_that_stays_open_is_asked_once(record: Record) -> None:
    agent = Guarded(TWO_LETTERS, mode="per_call")
    first, second = agent.invoke(record, QUESTION)["__interrupt__"]
    agent.invoke(record, Command(resume={first.id: APPROVE}))
    agent.invoke(record, Command(resume={second.id: APPROVE}))
    assert len(record.of("permission.check")) == 2
    assert [e.outcome for e in record.of("agent.stop")] == ["suspended", "suspended", "success"]
    assert {e.call_id for e in record.of("action.approved")} == {"c1", "c2"}


def test_interrupt_in_a_tool(record: Record) -> None:
    agent = Guarded(asks_for(call("ask", "c1", question="why?")))
    agent.invoke(record, QUESTION)
    agent.invoke(record, Command(resume="because"))
    assert essential(record) == [
        ("agent.start", "agent.a"),
        ("tool.call", "tool.ask", "c1"),
        ("permission.check", "tool.ask", "c1"),
        ("tool.response", "suspended", "tool.ask", "c1"),
        ("agent.stop", "suspended", "agent.a"),
        ("agent.start", "agent.a"),
        ("action.approved", "success", "tool.ask", "c1"),
        ("tool.call", "tool.ask", "c1"),
        ("tool.response", "success", "tool.ask", "c1"),
        ("agent.stop", "success", "agent.a"),
    ]
    asked = record.one("permission.check")
    assert asked.parameters == {"question": "why?"}
    assert asked.metadata and asked.metadata["asked"] == {"question": "why?"}
    assert record.one("action.approved").result == "because"


@pytest.mark.parametrize("answer", [False, "no", {"type": "reject", "message": "m"}, {"approved": False}])
def test_plain_no_to_a_tool_is_a_denial(record: Record, answer: Any) -> None:
    agent = Guarded(asks_for(call("ask", "c1", question="may I?")))
    agent.invoke(record, QUESTION)
    agent.invoke(record, Command(resume=answer))
    assert record.one("action.denied").call_id == "c1"
    assert record.one("action.denied").result == answer


class State(TypedDict):
    answer: str


def waiting_graph(saver: Any, **compile_options: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("wait", lambda state: {"answer": interrupt({"ask": "go on?"})})
    graph.add_node("go", lambda state: state)
    graph.add_edge(START, "wait")
    graph.add_edge("wait", "go")
    return graph.compile(name="g", checkpointer=saver, **compile_options)


def on_thread(record: Record, **config: Any) -> Any:
    return {"callbacks": [record.handler], "configurable": {"thread_id": "t"}, **config}


@pytest.mark.parametrize("by_id", [False, True])
async def test_interrupt_in_a_node(record: Record, by_id: bool) -> None:
    graph = waiting_graph(InMemorySaver())
    (asked,) = graph.invoke({"answer": ""}, on_thread(record))["__interrupt__"]
    graph.invoke(Command(resume={asked.id: 42} if by_id else 42), on_thread(record))
    assert record.short() == [
        ("agent.start", "agent.g"),
        ("permission.check", "interrupt", asked.id),
        ("agent.stop", "suspended", "agent.g"),
        ("agent.start", "agent.g"),
        ("action.approved", "success", "interrupt", asked.id),
        ("agent.stop", "success", "agent.g"),
    ]
    check, approved = record.one("permission.check"), record.one("action.approved")
    assert check.parameters == {"ask": "go on?"}
    assert approved.result == 42
    assert check.metadata and approved.metadata
    assert check.metadata["interrupt_id"] == approved.metadata["interrupt_id"] == asked.id


def test_two_questions_of_one_node(record: Record) -> None:
    graph = StateGraph(State)
    graph.add_node("wait", lambda state: {"answer": interrupt("first?") + interrupt("second?")})
    graph.add_edge(START, "wait")
    compiled = graph.compile(name="g", checkpointer=InMemorySaver())
    compiled.invoke({"answer": ""}, on_thread(record))
    compiled.invoke(Command(resume="1"), on_thread(record))
    compiled.invoke(Command(resume="2"), on_thread(record))
    assert [e.parameters for e in record.of("permission.check")] == ["first?", "second?"]
    assert [e.result for e in record.of("action.approved")] == ["1", "2"]


def test_breakpoint(record: Record) -> None:
    graph = StateGraph(State)
    graph.add_node("go", lambda state: state)
    graph.add_edge(START, "go")
    compiled = graph.compile(name="g", checkpointer=InMemorySaver(), interrupt_before=["go"])
    compiled.invoke({"answer": ""}, on_thread(record))
    compiled.invoke(None, on_thread(record))
    checkpoint = record.one("permission.check").call_id
    assert record.short() == [
        ("agent.start", "agent.g"),
        ("permission.check", "interrupt", checkpoint),
        ("agent.stop", "suspended", "agent.g"),
        ("agent.start", "agent.g"),
        ("action.approved", "success", "interrupt", checkpoint),
        ("agent.stop", "success", "agent.g"),
    ]


def test_question_of_an_agent_within_an_agent(record: Record) -> None:
    inner = create_agent(
        Scripted(replies=[asks_for(call("send", "i1", to="ann")), "inner done"]),
        [send],
        name="inner",
        middleware=[HumanInTheLoopMiddleware({"send": True})],
    )

    @tool
    def delegate(task: str) -> str:
        """Delegate."""
        return str(inner.invoke(QUESTION)["messages"][-1].content)

    outer = create_agent(
        Scripted(replies=[asks_for(call("delegate", "o1", task="t")), "done"]),
        [delegate],
        name="outer",
        checkpointer=InMemorySaver(),
    )
    outer.invoke(QUESTION, on_thread(record))
    outer.invoke(decisions(APPROVE), on_thread(record))
    assert essential(record) == [
        ("agent.start", "agent.outer"),
        ("tool.call", "tool.delegate", "o1"),
        ("agent.start", "agent.inner"),
        ("permission.check", "tool.send", "i1"),
        ("agent.stop", "suspended", "agent.inner"),
        ("tool.response", "suspended", "tool.delegate", "o1"),
        ("agent.stop", "suspended", "agent.outer"),
        ("agent.start", "agent.outer"),
        ("tool.call", "tool.delegate", "o1"),
        ("agent.start", "agent.inner"),
        ("action.approved", "success", "tool.send", "i1"),
        ("tool.call", "tool.send", "i1"),
        ("tool.response", "success", "tool.send", "i1"),
        ("agent.stop", "success", "agent.inner"),
        ("tool.response", "success", "tool.delegate", "o1"),
        ("agent.stop", "success", "agent.outer"),
    ]
    assert record.one("permission.check").agent_id == "inner"


def test_question_from_a_subgraph(record: Record) -> None:
    inner = StateGraph(State)
    inner.add_node("wait", lambda state: {"answer": interrupt("sure?")})
    inner.add_edge(START, "wait")
    outer = StateGraph(State)
    outer.add_node("inner", inner.compile(name="inner"))
    outer.add_edge(START, "inner")
    graph = outer.compile(name="g", checkpointer=InMemorySaver())
    (asked,) = graph.invoke({"answer": ""}, on_thread(record))["__interrupt__"]
    graph.invoke(Command(resume="yes"), on_thread(record))
    assert record.short() == [
        ("agent.start", "agent.g"),
        ("permission.check", "interrupt", asked.id),
        ("agent.stop", "suspended", "agent.g"),
        ("agent.start", "agent.g"),
        ("action.approved", "success", "interrupt", asked.id),
        ("agent.stop", "success", "agent.g"),
    ]


def test_graph_within_a_chain(record: Record) -> None:
    chain = (RunnableLambda(lambda x: x) | waiting_graph(InMemorySaver())).with_config(run_name="c")
    chain.invoke({"answer": ""}, on_thread(record))
    chain.invoke(Command(resume=42), on_thread(record))
    asked = record.one("permission.check").call_id
    assert record.short() == [
        ("agent.start", "agent.c"),
        ("permission.check", "interrupt", asked),
        ("agent.stop", "suspended", "agent.c"),
        ("agent.start", "agent.c"),
        ("action.approved", "success", "interrupt", asked),
        ("agent.stop", "success", "agent.c"),
    ]


def test_functional_api(record: Record) -> None:
    @task
    def double(n: int) -> int:
        return int(add_one.invoke({"n": n})) * 2

    @tool
    def add_one(n: int) -> int:
        """Add one."""
        return n + 1

    @entrypoint(checkpointer=InMemorySaver())
    def work(n: int) -> str:
        return f"{double(n).result()} {interrupt('sure?')}"

    work.invoke(1, on_thread(record))
    work.invoke(Command(resume="yes"), on_thread(record))
    asked = record.one("permission.check").call_id
    name = str(record.events[0].action)
    assert record.short() == [
        ("agent.start", name),
        ("tool.call", "tool.add_one"),
        ("tool.response", "success", "tool.add_one"),
        ("permission.check", "interrupt", asked),
        ("agent.stop", "suspended", name),
        ("agent.start", name),
        ("action.approved", "success", "interrupt", asked),
        ("agent.stop", "success", name),
    ]


def test_every_question_is_answered_for_the_analysis(record: Record) -> None:
    agent = Guarded(TWO_LETTERS)
    agent.invoke(record, QUESTION)
    assert [(event.event_type, event.call_id) for event, _ in unpaired(record.events)] == [
        ("permission.check", "c1"),
        ("permission.check", "c2"),
    ]
    agent.invoke(record, decisions(APPROVE, {"type": "reject"}))
    assert unpaired(record.events) == []


# -- resumed in another process: nobody there remembers the question --------------------------------------


@pytest.fixture
def elsewhere() -> Any:
    other = Record()
    yield other
    other.check()
    other.logger.close()


def decided(record: Record) -> list[tuple[Any, ...]]:
    return [short for short in essential(record) if short[0] in ("action.approved", "action.denied")]


def test_batch_decided_elsewhere(record: Record, elsewhere: Record) -> None:
    agent = Guarded(TWO_LETTERS)
    agent.invoke(record, QUESTION)
    agent.invoke(elsewhere, decisions(edit(to="zoe"), {"type": "reject", "message": "no"}))
    assert essential(elsewhere) == [
        ("agent.start", "agent.a"),
        ("action.approved", "success", "tool.send", "c1"),
        ("action.denied", "denied", "tool.send", "c2"),
        ("tool.call", "tool.send", "c1"),
        ("tool.response", "success", "tool.send", "c1"),
        ("agent.stop", "success", "agent.a"),
    ]
    assert elsewhere.one("action.approved").parameters == {"to": "zoe"}
    assert elsewhere.one("action.denied").parameters == {"to": "bob"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            [APPROVE, {"type": "reject"}],
            [("action.approved", "success", "interrupt"), ("action.denied", "denied", "tool.send", "c3")],
        ),
        (
            [edit(to="zoe"), {"type": "respond", "message": "m"}],
            [("action.approved", "success", "tool.send", "c2"), ("action.denied", "denied", "tool.send", "c3")],
        ),
        ([APPROVE, APPROVE], [("action.approved", "success", "interrupt")] * 2),
    ],
)
def test_batch_decided_elsewhere_on_some_of_the_calls(
    record: Record, elsewhere: Record, given: Any, expected: Any
) -> None:
    if any(one["type"] == "edit" for one in given):
        human_in_the_loop("per_call")  # older ones leave no trace of which call was edited
    calls = [call("look", "c1", at="x"), call("send", "c2", to="ann"), call("send", "c3", to="bob")]
    agent = Guarded(asks_for(*calls))
    agent.invoke(record, QUESTION)
    agent.invoke(elsewhere, decisions(*given))
    assert decided(elsewhere) == expected
    assert not elsewhere.of("action.failed")


def test_calls_decided_elsewhere_one_by_one(record: Record, elsewhere: Record) -> None:
    agent = Guarded(TWO_LETTERS, mode="per_call")
    first, second = agent.invoke(record, QUESTION)["__interrupt__"]
    agent.invoke(elsewhere, Command(resume={first.id: {"type": "reject"}, second.id: APPROVE}))
    assert elsewhere.one("action.denied").call_id == first.value["tool_call_id"]
    assert elsewhere.one("action.approved").call_id == second.value["tool_call_id"]


def test_tool_answered_elsewhere(record: Record, elsewhere: Record) -> None:
    agent = Guarded(asks_for(call("ask", "c1", question="why?")))
    agent.invoke(record, QUESTION)
    agent.invoke(elsewhere, Command(resume="because"))
    assert decided(elsewhere) == [("action.approved", "success", "tool.ask", "c1")]
    assert elsewhere.one("action.approved").result == "because"


def test_node_answered_elsewhere(record: Record, elsewhere: Record) -> None:
    saver = InMemorySaver()
    (asked,) = waiting_graph(saver).invoke({"answer": ""}, on_thread(record))["__interrupt__"]
    waiting_graph(saver).invoke(Command(resume=42), on_thread(elsewhere))
    assert elsewhere.short() == [
        ("agent.start", "agent.g"),
        ("action.approved", "success", "interrupt", asked.id),
        ("agent.stop", "success", "agent.g"),
    ]
    assert elsewhere.one("action.approved").result == 42


@pytest.mark.skipif(sys.version_info < (3, 11), reason="interrupt() in async graphs needs Python 3.11")
async def test_approval_in_an_async_agent(record: Record) -> None:
    agent = create_agent(
        Scripted(replies=[asks_for(call("send", "c1", to="ann")), "done"]),
        [send],
        name="a",
        checkpointer=InMemorySaver(),
        middleware=[HumanInTheLoopMiddleware({"send": True})],
    )
    await agent.ainvoke(QUESTION, on_thread(record))
    await agent.ainvoke(decisions(APPROVE), on_thread(record))
    assert decided(record) == [("action.approved", "success", "tool.send", "c1")]
    assert not record.of("error")
