"""Answers to interrupts: what they decide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.types import Command

from agent_audit_langchain.messages import documents_found, new_messages, tool_calls_in, tool_result
from agent_audit_langchain.questions import ActionRequest, Question, read_decision, read_decisions, read_question


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "approve"),
        ("Yes ", "approve"),
        ({"type": "accept"}, "approve"),
        ({"approved": True}, "approve"),
        ({"decision": "approve"}, "approve"),
        (False, "reject"),
        ("deny", "reject"),
        ({"type": "ignore"}, "reject"),
        ({"action": "reject"}, "reject"),
        ({"approved": False}, "reject"),
        ({"type": "response", "args": "text"}, "respond"),
        ({"type": "edit", "args": {"action": "send", "args": {"to": "b"}}}, "edit"),
        (42, "answer"),
        ("blue", "answer"),
        (None, "answer"),
        ({}, "answer"),
        ({"action": {"nested": 1}}, "answer"),
        ([1, 2], "answer"),
    ],
)
def test_what_an_answer_decides(value: Any, kind: str) -> None:
    assert read_decision(value).kind == kind
    assert read_decision(value).value == value


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "args", "decision", "x"]), inner),
    max_leaves=8,
)


@given(json)
def test_any_answer_can_be_read(value: Any) -> None:
    assert read_decision(value).kind in {"approve", "edit", "reject", "respond", "answer"}
    assert read_question(value, "id", calls=[], tool=None).requests


def test_edit_of_the_agent_inbox() -> None:
    decision = read_decision({"type": "edit", "args": {"action": "send", "args": {"to": "b"}}})
    assert (decision.name, decision.parameters) == ("send", {"to": "b"})


def test_question_of_the_agent_inbox() -> None:
    calls = [{"name": "send", "args": {"to": "a"}, "id": "c1"}]
    value = [{"action_request": {"action": "send", "args": {"to": "a"}}, "config": {}, "description": "?"}]
    question = read_question(value, "i1", calls=calls, tool=None)
    assert question == Question("i1", "tool_approvals", [ActionRequest("tool.send", {"to": "a"}, "c1")])
    assert [one.kind for one in read_decisions([{"type": "accept"}], 1)] == ["approve"]


def test_node_that_asks_about_the_one_call_in_its_hands() -> None:
    calls = [{"name": "send", "args": {"to": "a"}, "id": "c1"}]
    assert read_question("sure?", "i1", calls=calls, tool=None).requests == [
        ActionRequest("tool.send", {"to": "a"}, "c1")
    ]


def test_new_messages_after_a_prefilled_answer_are_not_lost() -> None:
    assert new_messages([HumanMessage("q"), AIMessage("Sure,")]) == [{"role": "assistant", "content": "Sure,"}]
    assert new_messages([]) == []
    assert new_messages([("user", "a"), ("assistant", "b"), {"role": "user", "content": "c"}]) == [
        {"role": "user", "content": "c"}
    ]


def test_tool_calls_a_node_is_given() -> None:
    call = {"name": "send", "args": {}, "id": "c1", "type": "tool_call"}
    message = AIMessage("", tool_calls=[call])  # type: ignore[list-item]
    given_in = [[call], {"messages": [message]}, [message], {"__type": "tool_call_with_context", "tool_call": call}]
    assert [[one["id"] for one in tool_calls_in(inputs)] for inputs in given_in] == [["c1"]] * 4
    for inputs in (None, [], {}, {"messages": []}, {"messages": [HumanMessage("x")]}, "text", 7):
        assert not tool_calls_in(inputs)


def test_tool_results() -> None:
    assert tool_result(3) == (3, False)
    assert tool_result(ToolMessage("no", tool_call_id="c", status="error")) == ("no", True)
    assert tool_result(Command(goto="x")) == ({"goto": "x"}, False)
    failed = ToolMessage("no", tool_call_id="c", status="error")
    assert tool_result(Command(update={"messages": [failed]})) == ({"messages": ["no"]}, True)


def test_documents_of_any_kind() -> None:
    assert documents_found([object()])["count"] == 1
