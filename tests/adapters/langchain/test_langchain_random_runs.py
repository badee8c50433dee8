"""Random agents: whatever they do, the record says what they wrote down themselves."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from langchain_plans import HAS_TASK_CONTEXT, Boom, Builder, Happening, Plan, Truth, numbered, plans, ways
from langchain_record import Record, short
from langchain_stories import STOPPED
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import NodeCancelledError
from langgraph.types import Command

from agent_audit import AuditEvent
from agent_audit.analysis.pairing import unpaired
from agent_audit_langchain import disable, enable

KINDS = ("acts", "acts", "raises", "tells", "refuses", "unknown", "malformed")
DECIDED = ("acts", "guarded", "guarded", "asks", "asks", "raises", "unknown")
QUESTION: Any = {"messages": [("user", "go")]}
SYNC = ("invoke", "stream", "stream closed", "batch")
ASYNC = ("ainvoke", "astream", "gather")
WAYS = (*SYNC, *ASYNC) if HAS_TASK_CONTEXT else SYNC

always_the_same = {"derandomize": True, "database": None}


@settings(max_examples=25, **always_the_same)
@given(plans(KINDS), st.sampled_from(WAYS), st.booleans(), st.integers(1, 8))
def test_what_is_on_record_of_a_random_agent_is_what_has_happened(
    plan: Plan, way: str, for_process: bool, stops_at: int
) -> None:
    assume(way in SYNC or not may_cancel(plan) or (for_process and STOPPED == "cancelled"))
    record = Record()
    truth = Truth(record.backend)
    agent = Builder(truth, record.logger, asynchronous=way in ASYNC).agent(numbered(plan))
    if for_process:
        enable(record.logger)
    try:
        run(agent, way, [config(record, n, for_process) for n in range(2)], stops_at)
    except (Boom, NodeCancelledError):
        pass
    finally:
        disable()
        gc.collect()  # what a generator has left open
    record.check()
    check_calls(record, truth, plan)
    check_identity(record)
    assert not [short(one.event) for one in unpaired(record.events)]


@settings(max_examples=80, **always_the_same)
@given(plans(DECIDED), st.lists(st.booleans(), min_size=6, max_size=6), st.booleans())
def test_what_is_on_record_of_random_decisions_is_what_was_decided(
    plan: Plan, answers_all: list[bool], asynchronous: bool
) -> None:
    asynchronous = asynchronous and HAS_TASK_CONTEXT and not may_cancel(plan)
    record = Record()
    truth = Truth(record.backend)
    builder, saver = Builder(truth, record.logger, asynchronous=asynchronous), InMemorySaver()
    agent = builder.agent(numbered(plan), checkpointer=saver)
    calls = {call.call_id: call for one in plan.all() for call in one.calls()}
    decided: Counter[tuple[str, str, str]] = Counter()
    answered: set[tuple[str, str]] = set()
    given_to: Any = QUESTION
    for round_, answers_every_question in enumerate(answers_all):
        settings = config(record, 0, False)
        settings["metadata"]["decided_by"] = f"round {round_}"
        settings["configurable"] = {"thread_id": "s0"}
        try:
            if asynchronous:
                asyncio.run(agent.ainvoke(given_to, settings))
            else:
                agent.invoke(given_to, settings)
        except Boom:
            break
        listed = agent.get_state({"configurable": {"thread_id": "s0"}}).interrupts
        # Those that were answered may be listed still, while others beside them wait.
        open_questions = [one for one in listed if (one.id, str(one.value)) not in answered]
        if not open_questions or round_ == len(answers_all) - 1:
            break
        answers = {}
        for question in open_questions if answers_every_question else open_questions[:1]:
            answered.add((question.id, str(question.value)))
            if "ask" in question.value:
                answers[question.id] = {"text": "as you like"}
                decided["answer", question.value["ask"], f"round {round_ + 1}"] += 1
                continue
            asked = [request["name"] for request in question.value["action_requests"]]
            answers[question.id] = {"decisions": [decision(calls[name].decision, name) for name in asked]}
            decided.update((calls[name].decision, name, f"round {round_ + 1}") for name in asked)
        given_to = Command(resume=answers)
    said = record.of("action.approved", "action.denied")
    facts = [(event, event.metadata or {}) for event in said]
    assert Counter((fact["decision"], event.call_id, fact.get("decided_by")) for event, fact in facts) == decided
    assert {event.event_type for event in said if event.metadata["decision"] in ("reject", "respond")} <= {
        "action.denied"
    }
    assert not any((event.metadata or {}).get("differs_from_decision") for event in record.of("tool.call"))
    check_calls(record, truth, plan)
    for call in calls.values():
        before = [event.seq for event in said if event.call_id == call.call_id]
        for body in truth.of("body", call.call_id):
            assert call.kind != "guarded" or min(before) < body.recorded, "it ran before somebody had decided"
    record.check()


def may_cancel(plan: Plan) -> bool:
    """Whether a tool may fail: async ones beside it are cancelled, of which LangChain tells with `enable()` only."""
    inner = [one for one in plan.all() if one is not plan]
    return any(one.fails for one in inner) or any(call.kind == "raises" for one in plan.all() for call in one.calls())


def config(record: Record, number: int, for_process: bool) -> dict[str, Any]:
    metadata = {"user_id": f"u{number}", "thread_id": f"s{number}"}
    return {"callbacks": [] if for_process else [record.handler], "metadata": metadata}


def decision(kind: str, name: str) -> dict[str, Any]:
    more = {
        "edit": {"edited_action": {"name": name, "args": {"x": f"{name}, edited"}}},
        "reject": {"message": "no"},
        "respond": {"message": "I did"},
    }
    return {"type": kind, **more.get(kind, {})}


def run(agent: Any, way: str, configs: list[Any], stops_at: int) -> None:
    """Run an agent in one of the ways there are; what is closed is closed at some event."""
    if way == "invoke":
        agent.invoke(QUESTION, configs[0])
    elif way == "batch":
        agent.batch([QUESTION, QUESTION], configs)
    elif way in SYNC:
        events = agent.stream(QUESTION, configs[0], stream_mode=["updates", "messages"])
        for n, _ in enumerate(events):
            if way == "stream closed" and n + 1 == stops_at:
                break
        events.close()
    else:
        asyncio.run(run_async(agent, way, configs))


async def run_async(agent: Any, way: str, configs: list[Any]) -> None:
    if way == "ainvoke":
        await agent.ainvoke(QUESTION, configs[0])
    elif way == "gather":
        await asyncio.gather(*(agent.ainvoke(QUESTION, one) for one in configs), return_exceptions=True)
    else:
        async for _ in agent.astream(QUESTION, configs[0], stream_mode=["updates", "messages"]):
            pass


def check_calls(record: Record, truth: Truth, plan: Plan) -> None:
    """Of each call: each body was on record before it began, and ended there as it did."""
    for agent in plan.all():
        asked = [event for event in record.of("llm.request") if event.action == f"llm.{agent.name}"]
        assert_before(asked, truth.of("model", agent.name))
        for call in agent.calls():
            own = [event for event in record.events if event.call_id == call.call_id]
            started = [event for event in own if event.event_type == "tool.call"]
            bodies = truth.of("body", call.call_id)
            assert {event.agent_id for event in own} <= {agent.name}
            assert_before(started, bodies)
            if call.kind in ("unknown", "malformed"):
                assert not bodies
                continue
            assert sorted(str(event.parameters) for event in started[: len(bodies)]) == sorted(
                str(body.arguments) for body in bodies
            )
            ends = {event.span_id: event for event in own if event.event_type == "tool.response"}  # the last counts
            ended = Counter(event.outcome for event in ends.values())
            # What was stopped before its body began.
            ended.subtract({"cancelled": min(ended["cancelled"], len(started) - len(bodies))})
            assert +ended == ways(bodies), f"{call} of {agent.name}"
            assert all(call.call_id in str(event.result) for event in ends.values() if event.outcome == "success")


def assert_before(events: list[AuditEvent], happened: list[Happening]) -> None:
    """Whatever has happened for the n-th time was on record n times by then."""
    for n, one in enumerate(happened, 1):
        assert sum(event.seq < one.recorded for event in events) >= n, f"not on record before it happened: {one}"


def check_identity(record: Record) -> None:
    """Runs beside each other do not mix, and each is a tree of its own."""
    traces = {(event.trace_id, event.session_id, event.user_id) for event in record.events}
    assert len({trace for trace, _, _ in traces}) == len(traces)
    assert {(session, user) for _, session, user in traces} <= {("s0", "u0"), ("s1", "u1")}
    of_span = {event.span_id: event.trace_id for event in record.events if event.span_id}
    assert all(of_span[event.parent_span_id] == event.trace_id for event in record.events if event.parent_span_id)
