"""Questions and decisions, and exactly what is on record of them: who asked, what was decided, what was done then."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langchain_record import Record, call, human_in_the_loop
from langchain_stories import QUESTION, begins, called, clerk, config, ends, lines, send, stops
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from agent_audit import AuditLogger, MemoryAuditBackend
from agent_audit_langchain import AuditCallbackHandler

RESUMED = lines("agent.start agent.clerk {resume:true} @ < -")


@tool
def ask(question: str) -> str:
    """Ask."""
    return f"human said {interrupt({'question': question})}"


class State(TypedDict):
    answer: str


def waiting(**options: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("wait", lambda state: {"answer": interrupt("sure?")})
    graph.add_edge(START, "wait")
    return graph.compile(name="g", **options)


def test_interrupt_in_a_tool(record: Record) -> None:
    agent = clerk(call("ask", "c1", question="why?"), tools=[ask])
    agent.invoke(QUESTION, config(record))
    agent.invoke(Command(resume="because"), config(record))
    asked = "ask c1 {question:why?}"
    before, after = called(asked, "suspended")
    assert record.story() == [
        *begins(asked),
        before,
        f"permission.check tool.{asked} (clerk/t/ann) < tool.ask c1",
        after,
        *stops("suspended"),
        *RESUMED,
        f"action.approved success tool.{asked} (clerk/t/ann) < agent.clerk",
        *called(asked),
        *ends("ask c1: human said because"),
    ]


@pytest.mark.parametrize("below", [False, True])
def test_interrupt_in_a_node_or_subgraph(record: Record, below: bool) -> None:
    graph = waiting(checkpointer=InMemorySaver())
    if below:
        outer = StateGraph(State)
        outer.add_node("inner", waiting())
        outer.add_edge(START, "inner")
        graph = outer.compile(name="g", checkpointer=InMemorySaver())
    (asked,) = graph.invoke({"answer": ""}, config(record))["__interrupt__"]
    graph.invoke(Command(resume="yes"), config(record))
    assert record.story() == lines(
        f"""
        agent.start agent.g {{answer:}} (g/t/ann) < -
        permission.check interrupt {asked.id} sure? (g/t/ann) < agent.g
        agent.stop suspended agent.g (g/t/ann) < -
        agent.start agent.g {{resume:true}} (g/t/ann) < -
        action.approved success interrupt {asked.id} sure? (g/t/ann) < agent.g
        agent.stop success agent.g (g/t/ann) < -
        """
    )


@pytest.mark.parametrize("status", ["interrupt_before", "interrupt_after"])
def test_breakpoint(record: Record, status: str) -> None:
    graph = StateGraph(State)
    graph.add_node("go", lambda state: {"answer": "went"})
    graph.add_node("on", lambda state: {"answer": "went on"})
    graph.add_edge(START, "go")
    graph.add_edge("go", "on")
    where = {"interrupt_before": ["on"]} if status == "interrupt_before" else {"interrupt_after": ["go"]}
    compiled = graph.compile(name="g", checkpointer=InMemorySaver(), **where)
    compiled.invoke({"answer": ""}, config(record))
    compiled.invoke(None, config(record))
    checkpoint = record.one("permission.check").call_id
    assert record.story() == lines(
        f"""
        agent.start agent.g {{answer:}} (g/t/ann) < -
        permission.check interrupt {checkpoint} {{status:{status}}} (g/t/ann) < agent.g
        agent.stop suspended agent.g (g/t/ann) < -
        agent.start agent.g (g/t/ann) < -
        action.approved success interrupt {checkpoint} {{status:{status}}} (g/t/ann) < agent.g
        agent.stop success agent.g (g/t/ann) < -
        """
    )


def guarded(*calls: Any, mode: str = "batched") -> Any:
    return clerk(*calls, tools=[send], middleware=[human_in_the_loop(mode)])


APPROVE = {"type": "approve"}
EDIT = {"type": "edit", "edited_action": {"name": "send", "args": {"to": "zoe"}}}
REJECT = {"type": "reject", "message": "no"}
RESPOND = {"type": "respond", "message": "did it myself"}


def about(call_id: str, to: str) -> str:
    return f"tool.send {call_id} {{to:{to}}} (clerk/t/ann) < agent.clerk"


def test_batch_of_decisions(record: Record) -> None:
    agent = guarded(*(call("send", f"c{n}", to=to) for n, to in enumerate(("ann", "bob", "cat", "dan"), 1)))
    agent.invoke(QUESTION, config(record))
    asked = [f"send c{n} {{to:{to}}}" for n, to in enumerate(("ann", "bob", "cat", "dan"), 1)]
    first = [
        *begins(*asked),
        *(f"permission.check {about(f'c{n}', to)}" for n, to in enumerate(("ann", "bob", "cat", "dan"), 1)),
        *stops("suspended"),
    ]
    assert record.story() == first
    decisions = [APPROVE, EDIT, REJECT, RESPOND]
    who = {"user_id": "ann", "decided_by": "eve"}
    agent.invoke(Command(resume={"decisions": decisions}), config(record, metadata=who))
    decided = [
        f"action.approved success {about('c1', 'ann')}",
        f"action.approved success {about('c2', 'zoe')}",
        f"action.denied denied {about('c3', 'cat')}",
        f"action.denied denied {about('c4', 'dan')}",
    ]
    story = record.story()[len(first) :]
    assert story[:5] == RESUMED + decided
    done = story[5:9]  # the two run side by side
    assert [line for line in done if " c1 " in line] == called("send c1 {to:ann}")
    assert [line for line in done if " c2 " in line] == called("send c2 {to:zoe}")
    assert story[-2:] == ends()[-2:]
    assert len(story) == 12
    events = record.of("action.approved", "action.denied")
    assert [e.metadata and e.metadata["decision"] for e in events] == ["approve", "edit", "reject", "respond"]
    assert {e.metadata and e.metadata["decided_by"] for e in events} == {"eve"}
    assert [e.metadata and e.metadata.get("message") for e in events] == [None, None, "no", None]
    assert events[3].result == "did it myself"


def test_one_question_per_call(record: Record) -> None:
    agent = guarded(call("send", "c1", to="ann"), call("send", "c2", to="bob"), mode="per_call")
    asked = agent.invoke(QUESTION, config(record))["__interrupt__"]
    answer = {one.id: APPROVE if one.value["tool_call_id"] == "c1" else REJECT for one in asked}
    agent.invoke(Command(resume=answer), config(record))
    story = record.story()
    first = begins("send c1 {to:ann}", "send c2 {to:bob}")
    assert story[: len(first)] == first
    story = story[len(first) :]
    assert sorted(story[:2]) == [f"permission.check {about(*who)}" for who in (("c1", "ann"), ("c2", "bob"))]
    assert story[2:4] == stops("suspended") + RESUMED
    decided = [line for line in story[4:8] if " c1 " in line]
    assert decided == [f"action.approved success {about('c1', 'ann')}", *called("send c1 {to:ann}")]
    assert [line for line in story[4:8] if " c2 " in line] == [f"action.denied denied {about('c2', 'bob')}"]
    assert story[-2:] == ends()[-2:]
    assert len(story) == 11


class Keyed(MemoryAuditBackend):
    """With a key, digests are on record."""

    fingerprint_key = bytes(32)


def test_question_decision_and_call_carry_a_digest_of_the_arguments() -> None:
    record = Record(Keyed())
    agent = guarded(call("send", "c1", to="ann"), call("send", "c2", to="bob"))
    agent.invoke(QUESTION, config(record))
    agent.invoke(Command(resume={"decisions": [APPROVE, EDIT]}), config(record))
    record.check()

    def digests(call_id: str) -> list[Any]:
        types = ("permission.check", "action.approved", "tool.call")
        return [
            e.metadata and e.metadata["arguments"]["hmac_sha256"] for e in record.of(*types) if e.call_id == call_id
        ]

    assert len(set(digests("c1"))) == 1
    asked, decided, executed = digests("c2")
    assert asked != decided == executed


def test_call_with_other_arguments_than_were_approved_is_marked(record: Record) -> None:
    """A middleware behind the approval changes the call: what was executed is not what somebody saw."""
    from langchain.agents.middleware import wrap_tool_call

    @wrap_tool_call
    def changes(request: Any, handler: Any) -> Any:
        return handler(request.override(tool_call={**request.tool_call, "args": {"to": "eve"}}))

    agent = clerk(call("send", "c1", to="ann"), tools=[send], middleware=[human_in_the_loop(), changes])
    agent.invoke(QUESTION, config(record))
    agent.invoke(Command(resume={"decisions": [APPROVE]}), config(record))
    executed = record.one("tool.call")
    assert executed.parameters == {"to": "eve"}
    assert executed.metadata and executed.metadata["differs_from_decision"] is True


def test_decision_in_another_process_joins_by_call_id(record: Record) -> None:
    """Nobody remembers the question there, only the checkpoint is shared."""
    elsewhere = MemoryAuditBackend()
    agent = guarded(call("send", "c1", to="ann"), call("send", "c2", to="bob"))
    agent.invoke(QUESTION, config(record))
    with AuditLogger(elsewhere) as logger:
        given = {**config(record), "callbacks": [AuditCallbackHandler(logger)]}
        agent.invoke(Command(resume={"decisions": [APPROVE, REJECT]}), given)
        told = [(str(e.event_type), e.call_id) for e in elsewhere.events() if e.call_id]
    assert told == [
        ("action.approved", "c1"),
        ("action.denied", "c2"),
        ("tool.call", "c1"),
        ("tool.response", "c1"),
    ]


@pytest.mark.parametrize("known", [True, False])
def test_answer_with_too_few_decisions_is_refused_and_decides_nothing(record: Record, known: bool) -> None:
    agent = guarded(call("send", "c1", to="ann"), call("send", "c2", to="bob"))
    agent.invoke(QUESTION, config(record))
    elsewhere = MemoryAuditBackend()
    with AuditLogger(elsewhere) as logger:
        other = {} if known else {"callbacks": [AuditCallbackHandler(logger)]}
        with pytest.raises(ValueError, match="does not match"):
            agent.invoke(Command(resume={"decisions": [APPROVE]}), config(record, **other))
    told = [*record.events, *elsewhere.events()]
    assert not [e for e in told if e.event_type in ("action.approved", "action.denied")]
    assert not record.of("tool.call")


@pytest.mark.parametrize("obeys", [True, False])
def test_edit_that_a_tool_was_told_when_it_asked_is_compared_with_what_it_calls_then(obeys: bool) -> None:
    """The tool itself is called again as before, for the answer is its to read: so does a wrapper around any tool."""
    record = Record(Keyed())

    @tool("send")
    def asks_first(config: RunnableConfig, to: str) -> Any:
        """Ask, then send."""
        asked = {"action_request": {"action": "send", "args": {"to": to}}, "config": {"allow_edit": True}}
        answer = interrupt([asked])[0]
        return send.invoke(answer["args"]["args"] if obeys else {"to": "joe"}, config)

    agent = clerk(call("send", "c1", to="bob"), tools=[asks_first])
    agent.invoke(QUESTION, config(record))
    agent.invoke(Command(resume=[{"type": "edit", "args": {"args": {"to": "eve"}}}]), config(record))
    approved = record.one("action.approved")
    assert (approved.call_id, approved.parameters) == ("c1", {"to": "eve"})
    asked, again, inner = record.of("tool.call")
    assert [event.parameters for event in (asked, again)] == 2 * [{"to": "bob"}]
    assert not any("arguments" in (event.metadata or {}) for event in (asked, again))
    assert inner.metadata and approved.metadata
    assert (inner.metadata["arguments"] == approved.metadata["arguments"]) is obeys
    assert inner.metadata.get("differs_from_decision", False) is not obeys
    record.check()


def test_a_later_question_of_a_node_is_answered_by_id_in_another_process(record: Record) -> None:
    graph = StateGraph(State)

    def ask_until_a_number(state: Any) -> Any:
        while True:
            answer = interrupt("how many?")
            if isinstance(answer, int):
                return {"answer": str(answer)}

    graph.add_node("ask", ask_until_a_number)
    graph.add_edge(START, "ask")
    asking = graph.compile(name="g", checkpointer=InMemorySaver())
    state = asking.invoke({"answer": ""}, config(record))
    for _ in range(20):
        state = asking.invoke(Command(resume={state["__interrupt__"][0].id: "?"}), config(record))
    elsewhere = Record()
    last = state["__interrupt__"][0].id
    asking.invoke(Command(resume={last: 5}), config(elsewhere))
    decided = elsewhere.one("action.approved")
    assert (decided.result, decided.metadata and decided.metadata["question_from"]) == (5, "resumed run")
    elsewhere.check()
    elsewhere.logger.close()
