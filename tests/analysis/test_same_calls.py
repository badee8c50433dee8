"""Models that number their calls use a call id in every conversation, and in each of its turns: those are others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.analysis import AnomalyReport, AuditAnalyzer, Limits, Ruleset
from agent_audit.analysis.pairing import unpaired
from agent_audit.event import AuditEvent

from . import reference
from .fleets import numbered_calls
from .logs import event, write_log
from .strategies import asking
from .test_timeline import steps, timeline

ID = "functions.pay:0"
RULES = replace(
    Ruleset().only("missing-approval", "changed-arguments", "denied-and-done"), limits=Limits(max_event_ids=1000)
)


def said(event_type: str, session: str | None, at: float = 0.0, digest: str = "d", **more: Any) -> AuditEvent:
    metadata = {"arguments": {"hmac_sha256": digest}, **more}
    return event(event_type, at=at, session_id=session, call_id=ID, action="tool.pay", metadata=metadata)


def turn(session: str, at: float, *after: str, digest: str = "d") -> list[AuditEvent]:
    """The model asks for the call, and what follows, a second apart."""
    kinds = ("action.request", "permission.check", *after)
    return [said(kind, session, at + n, digest) for n, kind in enumerate(kinds)]


def found(events: list[AuditEvent]) -> dict[str, set[str]]:
    with AuditAnalyzer(events) as analyzer:
        report: AnomalyReport = analyzer.detect_anomalies(rules=RULES)
    return {rule: {one for f in report.findings if f.rule == rule for one in f.event_ids} for rule in report.rules}


def waits(events: list[AuditEvent]) -> tuple[int, dict[str, float | None]]:
    """How many questions wait, and how long each decision was waited for."""
    with AuditAnalyzer(events) as analyzer:
        report = analyzer.get_decisions(limit=None)
    return report.waiting, {decision.event_id: decision.waited_seconds for decision in report.decisions}


def ids(events: list[AuditEvent]) -> set[str]:
    return {one.event_id for one in events}


def test_an_answer_in_another_conversation_answers_no_question() -> None:
    alice, bob = turn("alice", 0), turn("bob", 5, "action.approved")
    assert waits([*alice, *bob]) == (1, {bob[2].event_id: 1.0})
    assert [one.event for one in unpaired([*alice, *bob])] == [alice[1]]


def test_a_wait_is_counted_from_the_question_of_the_same_conversation() -> None:
    approval = said("action.approved", "alice", 7)
    assert waits([*turn("alice", 0), *turn("bob", 5), approval]) == (1, {approval.event_id: 6.0})


def test_arguments_are_compared_with_those_approved_in_the_same_conversation() -> None:
    both = [*turn("alice", 0, "action.approved", digest="1"), *turn("bob", 5, "action.approved", digest="2")]
    assert found([*both, said("tool.call", "alice", 9, "1")])["changed-arguments"] == set()
    changed = said("tool.call", "alice", 9, "2")
    assert found([*both, changed])["changed-arguments"] == {changed.event_id}


def test_an_approval_is_for_one_call_in_one_conversation_and_turn() -> None:
    approved = [one for n in range(3) for one in turn(f"s{n}", 10 * n, "action.approved", "tool.call")]
    elsewhere = said("tool.call", "mallory", 50)
    next_turn = [said("action.request", "s0", 60), said("tool.call", "s0", 61)]
    events = [*approved, elsewhere, *next_turn]
    assert found(events)["missing-approval"] == {elsewhere.event_id, next_turn[1].event_id}


def test_a_denial_is_for_one_call_in_one_conversation_and_turn() -> None:
    denied = turn("x", 0, "action.denied")
    elsewhere = said("tool.call", "mallory", 5)
    next_turn = [said("action.request", "x", 10), said("tool.call", "x", 11)]
    assert found([*denied, elsewhere, *next_turn])["denied-and-done"] == set()
    ran = said("tool.call", "x", 5)
    assert found([*denied, ran, *next_turn])["denied-and-done"] == {ran.event_id}


def test_a_call_that_has_run_before_its_denial_has_not_asked_by_itself() -> None:
    """As of a graph that is resumed once more from where it had an answer already, and goes by that one."""
    asks = [*turn("x", 0), said("tool.call", "x", 2), said("tool.response", "x", 3)]
    denied, again = said("action.denied", "x", 10), said("tool.call", "x", 11)
    for outcome, expected in (("success", {again.event_id}), ("failure", {again.event_id}), ("suspended", set())):
        asks[-1] = asks[-1].model_copy(update={"outcome": outcome})
        assert found([*asks, denied, again])["denied-and-done"] == expected


def test_a_question_that_a_later_turn_leaves_behind_still_waits_and_each_step_has_its_own_decision() -> None:
    events = [
        *turn("x", 0, "action.approved", "tool.call"),
        *turn("x", 10, "action.denied"),
        *turn("x", 20),
        *turn("x", 30, "action.approved", "tool.call"),
    ]
    waiting, waited = waits(events)
    assert (waiting, list(waited.values())) == (1, [1.0, 1.0, 1.0])
    told = [[one.decision for one in step.approvals] for step in timeline(events).steps]
    assert told == [["approved"], ["denied"], ["waiting"], ["approved"]]


def test_a_decision_of_no_known_conversation_answers_what_has_its_call_id() -> None:
    asked, decided = turn("x", 0), said("action.approved", None, 9)
    call = said("tool.call", "x", 10)
    assert waits([*asked, decided, call]) == (0, {decided.event_id: 8.0})
    assert found([*asked, decided, call])["changed-arguments"] == set()


def test_a_decision_seen_again_when_its_run_is_resumed_is_counted_once_and_a_question_asked_again_is_answered() -> None:
    seen = {"seen": "when resumed"}
    events = [*turn("x", 0), said("permission.check", "x", 5), said("action.approved", None, 8)]
    assert waits([*events, said("action.approved", "x", 9, **seen)]) == (0, {events[3].event_id: 3.0})
    (step,) = steps(events)
    assert [one.decision for one in step.approvals] == ["approved"]
    other = said("action.denied", "x", 9, **seen)
    assert waits([*events, other])[1] == {events[3].event_id: 3.0, other.event_id: 4.0}


def test_what_was_done_to_data_belongs_to_the_call_of_its_own_conversation_and_run() -> None:
    def ends(kind: str, session: str, run: str) -> AuditEvent:
        return event(kind, session_id=session, trace_id=run, span_id=f"{kind} {run}", call_id=ID, outcome="failure")

    called = [ends(kind, "x", run) for run in "abcd" for kind in ("tool.response", "data.modify")]
    by_the_provider = [ends("data.access", "y", "e"), ends("data.access", "x", "f")]
    rules = Ruleset().only("failure-rate").adjusted({"failure-rate": {"least": 5}})
    with AuditAnalyzer([*called, *by_the_provider]) as analyzer:
        report = analyzer.detect_anomalies(rules=rules)
    assert [finding.numbers["ended"] for finding in report.findings] == [6]


def test_a_call_id_of_another_log_is_another_call(tmp_path: Path) -> None:
    paths = [write_log(tmp_path / name, numbered_calls()) for name in ("one", "two")]
    told = []
    for logs in (paths[0], paths):
        with AuditAnalyzer(logs) as analyzer:
            report = analyzer.get_decisions()
            findings = analyzer.detect_anomalies(rules=RULES).findings
        told.append((report.approved, report.waiting, report.longest_wait_seconds))
        assert {(f.rule, f.numbers["found"]) for f in findings} == {("changed-arguments", len(told))}
    assert told == [(4, 1, 1.0), (8, 2, 1.0)]


@settings(max_examples=15)
@given(events=st.lists(asking(), max_size=30))
def test_decisions_and_questions_equal_the_naive_ones(events: list[AuditEvent]) -> None:
    expected = {
        made.event_id: None if asked is None else (made.timestamp - asked.timestamp) / timedelta(seconds=1)
        for made, asked in reference.decisions(events)
    }
    assert waits(events) == (len(reference.waiting(events)), expected)
    open_questions = [one.event for one in unpaired(events) if one.event.event_type == "permission.check"]
    assert open_questions == reference.waiting(events)


@settings(max_examples=15)
@given(events=st.lists(asking(), max_size=30))
def test_calls_without_an_approval_or_with_other_arguments_equal_the_naive_ones(events: list[AuditEvent]) -> None:
    assert found(events) == {
        "missing-approval": ids(reference.unapproved(events)),
        "changed-arguments": ids(reference.changed(events)),
        "denied-and-done": ids(reference.denied_and_done(events)),
    }
