from __future__ import annotations

import pytest

from agent_audit.analysis.pairing import unpaired
from agent_audit.pairs import BY_CALL, BY_SPAN

from .logs import event, operation


@pytest.mark.parametrize(("start", "end"), [(start, end) for start, ends in BY_SPAN.items() for end in sorted(ends)])
def test_an_outcome_with_the_same_span_ends_an_intent(start: str, end: str) -> None:
    assert unpaired(operation(start, end, "s")) == []


@pytest.mark.parametrize(("ask", "answer"), [(ask, answer) for ask, ends in BY_CALL.items() for answer in sorted(ends)])
def test_an_answer_with_the_same_call_id_ends_an_intent(ask: str, answer: str) -> None:
    events = [
        event(ask, call_id="c"),
        event(answer, call_id="c", at=1, span_id="t"),
        event("tool.response", span_id="t"),
    ]
    assert [found.event.event_type for found in unpaired(events)] == (
        ["permission.check"] if answer == "permission.check" else []
    )


@pytest.mark.parametrize("start", sorted(BY_SPAN))
def test_an_intent_alone_is_unpaired_and_says_what_it_waits_for(start: str) -> None:
    intent = event(start, span_id="s")
    (found,) = unpaired([intent, *operation("tool.call", "tool.response", "other")])
    assert found.event is intent
    assert found.waits_for == BY_SPAN[start]


def test_the_outcome_of_another_span_ends_nothing() -> None:
    assert len(unpaired([event("tool.call", span_id="s"), event("tool.response", span_id="t")])) == 1


def test_the_outcome_of_another_type_ends_nothing() -> None:
    assert len(unpaired([event("llm.request", span_id="s"), event("tool.response", span_id="s")])) == 1


def test_a_call_id_used_again_does_not_answer_the_later_request_with_the_earlier_call() -> None:
    first = [event("action.request", call_id="c"), *operation("tool.call", "tool.response", "s", call_id="c")]
    again = event("action.request", call_id="c", at=9)
    assert [found.event for found in unpaired([*first, again])] == [again]


def test_an_intent_without_any_id_is_left_out_for_nothing_could_end_it() -> None:
    assert unpaired([event("tool.call"), event("action.request")]) == []


def test_a_question_without_an_answer_waits() -> None:
    (found,) = unpaired([event("permission.check", call_id="c")])
    assert found.waits_for == {"action.approved", "action.denied"}
