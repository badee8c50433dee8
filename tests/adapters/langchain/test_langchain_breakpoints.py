"""Breakpoints: going on is the decision, whoever goes on, and with what."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_record import Record, Scripted, asks_for, call
from langchain_stories import QUESTION, called, config, ends, lines, send
from langgraph.checkpoint.memory import InMemorySaver

from agent_audit import MemoryAuditBackend

DECIDED = {"metadata": {"user_id": "ann", "decided_by": "eve"}}
ASKED = "send c1 {to:bob}"


def stopping(saver: Any, *replies: Any) -> Any:
    replies = replies or (asks_for(call("send", "c1", to="bob")), "done")
    return create_agent(
        Scripted(replies=list(replies)), [send], name="clerk", checkpointer=saver, interrupt_before=["tools"]
    )


def since_it_went_on(record: Record) -> list[str]:
    story = record.story()
    last = max(n for n, line in enumerate(story) if line.startswith("agent.start agent.clerk "))
    return story[last:]


def test_state_edited_before_going_on_is_an_edited_approval(record: Record) -> None:
    agent = stopping(InMemorySaver())
    agent.invoke(QUESTION, config(record))
    last = agent.get_state(config(record)).values["messages"][-1]
    edited = AIMessage("", tool_calls=[call("send", "c1", to="eve")], id=last.id)
    agent.update_state(config(record), {"messages": [edited]})
    agent.invoke(None, config(record, **DECIDED))
    asked, decided = record.one("permission.check"), record.one("action.approved")
    assert asked.call_id == decided.call_id
    assert decided.parameters and decided.parameters["status"] == "interrupt_before"
    assert decided.parameters["checkpoint_id"] not in (None, asked.call_id)
    assert decided.metadata and (decided.metadata["edited"], decided.metadata["decided_by"]) == (True, "eve")
    assert [line.split(" {")[0] for line in since_it_went_on(record)][:3] == [
        "agent.start agent.clerk (clerk/t/ann) < -",
        f"action.approved success interrupt {asked.call_id}",
        "tool.call tool.send c1",
    ]


@pytest.mark.parametrize("inside", [False, True])
def test_another_process_that_goes_on_says_who_decided(record: Record, inside: bool) -> None:
    saver = InMemorySaver()
    stopping(saver).invoke(QUESTION, config(record))
    asked = record.one("permission.check")
    other = Record(MemoryAuditBackend())
    agent = stopping(saver, "done")
    if inside:
        serves = RunnableLambda(lambda _: agent.invoke(None, config(other, **DECIDED)) and None)
        serves.with_config(run_name="serves").invoke(0, {"callbacks": [other.handler]})
    else:
        agent.invoke(None, config(other, **DECIDED))
    decided = other.one("action.approved")
    assert (decided.action, decided.call_id) == ("interrupt", asked.call_id)
    assert decided.metadata == {"decided_by": "eve", "decision": "approve", "question_from": "resumed run"}
    other.check()


def test_nothing_is_approved_when_nobody_is_said_to_have_decided_and_no_question_is_known(record: Record) -> None:
    """The graph may have been interrupted by a crash as well."""
    saver = InMemorySaver()
    stopping(saver).invoke(QUESTION, config(record))
    other = Record(MemoryAuditBackend())
    stopping(saver, "done").invoke(None, config(other))
    assert other.story() == [
        *lines("agent.start agent.clerk @ < -"),
        *called(ASKED),
        *ends("send c1: sent to bob"),
    ]
    other.check()


def test_breakpoint_that_was_left_for_a_new_question_is_not_approved_by_what_goes_on_later(record: Record) -> None:
    agent = stopping(InMemorySaver(), asks_for(call("send", "c1", to="bob")), "never mind", OSError("down"), "done")
    agent.invoke(QUESTION, config(record))
    agent.invoke({"messages": [("user", "no, wait")]}, config(record))
    with pytest.raises(OSError, match="down"):
        agent.invoke({"messages": [("user", "and now?")]}, config(record))
    agent.invoke(None, config(record))
    assert len(record.of("permission.check")) == 1
    assert not record.of("action.approved")


def test_a_replay_from_before_a_breakpoint_lets_nothing_pass(record: Record) -> None:
    agent = stopping(InMemorySaver(), asks_for(call("send", "c1", to="bob")), "I would rather not")
    agent.invoke(QUESTION, config(record))
    (before,) = (state for state in agent.get_state_history(config(record)) if state.next == ("model",))
    agent.invoke(None, {**config(record, **DECIDED), "configurable": before.config["configurable"]})
    assert record.one("permission.check").action == "interrupt"
    assert not record.of("action.approved")


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_run_that_failed_or_was_stopped_and_is_tried_again_was_approved_by_nobody(
    record: Record, is_stopped: bool
) -> None:
    replies = [asks_for(call("send", "c1", to="bob")), OSError("down"), "done"]
    agent = create_agent(Scripted(replies=replies), [send], name="clerk", checkpointer=InMemorySaver())
    if is_stopped:
        stream = agent.stream(QUESTION, config(record, **DECIDED))
        next(stream)
        stream.close()
    with pytest.raises(OSError, match="down"):
        agent.invoke(None if is_stopped else QUESTION, config(record, **DECIDED))
    agent.invoke(None, config(record, **DECIDED))
    assert not record.of("action.approved")
