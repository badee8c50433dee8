from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from agent_audit.analysis import AuditAnalyzer, Timeline, unpaired
from agent_audit.analysis.timeline import COLUMNS, Step, steps_of
from agent_audit.event import AuditEvent

from .logs import event, operation
from .strategies import logs


def timeline(events: list[AuditEvent]) -> Timeline:
    with AuditAnalyzer([e.model_copy(update={"session_id": "x"}) for e in events]) as analyzer:
        return analyzer.get_timeline("x")


def steps(events: list[AuditEvent]) -> list[Step]:
    """Without a database around it."""
    rows = [{name: getattr(e, name, None) for name in COLUMNS} for e in events]
    return steps_of({**row, "seq": seq, "event_type": str(row["event_type"])} for seq, row in enumerate(rows))


def test_what_ran_inside_what_shows_with_its_duration_outcome_and_approval() -> None:
    found = timeline(
        [
            event("agent.start", span_id="run"),
            event("action.request", at=1, call_id="c", parent_span_id="run"),
            event("permission.check", at=1.5, call_id="c"),
            event("action.approved", at=4, call_id="c", metadata={"decided_by": "alice"}),
            *operation("tool.call", "tool.response", "t", at=5, call_id="c", action="tool.mail"),
            event("data.access", at=5.0005, parent_span_id="t", resource="db/1"),
            event("agent.stop", at=6, span_id="run", outcome="success", duration_ms=6000.0),
        ]
    ).steps
    assert [(step.kind, step.depth) for step in found] == [("agent", 0), ("tool", 0), ("data", 1)]
    run, tool, _ = found
    assert (run.duration_ms, run.outcome, run.open) == (6000.0, "success", False)
    assert (tool.duration_ms, tool.outcome, len(tool.event_ids)) == (1.0, "success", 3)
    (approval,) = tool.approvals
    assert (approval.decision, approval.decided_by, approval.waited_seconds) == ("approved", "alice", 2.5)


def test_a_refused_request_is_denied_and_not_open() -> None:
    (step,) = steps([event("action.request", call_id="c"), event("action.denied", call_id="c", at=1)])
    assert (step.outcome, step.open, step.approvals[0].decision) == ("denied", False, "denied")


def test_an_intent_without_an_outcome_is_open_and_a_question_without_an_answer_waits() -> None:
    call, question = steps([event("tool.call", span_id="t"), event("permission.check", at=1, call_id="c")])
    assert (call.open, call.ended, call.outcome) == (True, None, None)
    assert question.approvals[0].decision == "waiting"


def test_a_call_that_nothing_could_ever_end_is_not_open_as_everywhere_else() -> None:
    events = [event("tool.call", call_id="c"), event("tool.response", call_id="c", outcome="success")]
    assert unpaired(events) == []
    assert [step.open for step in timeline(events).steps] == [False, False]


def test_operations_that_are_their_own_ancestors_are_shown_once() -> None:
    found = steps(
        [
            event("tool.call", span_id="a", parent_span_id="b"),
            event("tool.call", at=1, span_id="b", parent_span_id="a"),
            event("tool.call", at=2, span_id="c", parent_span_id="c"),
        ]
    )
    assert sorted((step.span_id or "", step.depth) for step in found) == [("a", 0), ("b", 1), ("c", 0)]


def test_a_chain_deeper_than_any_stack_is_no_problem() -> None:
    chain = [event("tool.call", at=i, span_id=f"s{i}", parent_span_id=f"s{i - 1}") for i in range(5_000)]
    assert [step.depth for step in steps(chain)] == list(range(5_000))


@settings(max_examples=50)
@given(events=logs())
def test_every_event_is_in_the_timeline_once_and_every_step_stands_under_its_parent(events: list[AuditEvent]) -> None:
    found = steps(events)
    told = Counter(name for step in found for name in step.event_ids)
    told |= Counter(name for step in found for approval in step.approvals for name in approval.event_ids)
    assert told == Counter(e.event_id for e in events)
    for place, step in enumerate(found):
        if step.parent is None:
            assert step.depth == 0
        else:
            assert step.parent < place
            assert step.depth == found[step.parent].depth + 1
