from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.analysis import AnomalyReport, AuditAnalyzer, Finding, Limits, Ruleset, unpaired
from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEvent
from agent_audit.pairs import BY_SPAN

from . import reference
from .logs import NOON, event, operation
from .strategies import logs

THREE = Ruleset().only("denials", "failure-rate", "rapid-actions", "open-operations")
LOW = replace(THREE, limits=Limits(max_event_ids=1000)).adjusted(
    {"rapid-actions": {"actions": 3, "seconds": 0.5}, "failure-rate": {"least": 2}, "denials": {"more_than": 1}}
)
ACTING = st.sampled_from(
    ["tool.call", "tool.call", "data.access", "action.request", "action.executed", "agent.handoff", "llm.request"]
)


def _report(events: list[AuditEvent], rules: Ruleset = THREE) -> AnomalyReport:
    with AuditAnalyzer(events) as analyzer:
        return analyzer.detect_anomalies(rules=rules)


def _found(events: list[AuditEvent], rule: str, rules: Ruleset = THREE) -> list[Finding]:
    return [finding for finding in _report(events, rules).findings if finding.rule == rule]


def _calls(times: list[float], agent_id: str = "a") -> list[AuditEvent]:
    return [event("tool.call", at=at, span_id=f"{agent_id}{i}", agent_id=agent_id) for i, at in enumerate(times)]


@settings(max_examples=30)
@given(events=logs(ACTING, most=40))
def test_bursts_equal_those_of_a_naive_sliding_window(events: list[AuditEvent]) -> None:
    findings = _found(events, "rapid-actions", LOW.only("rapid-actions"))
    found = {(finding.agent_id, finding.event_ids) for finding in findings}
    assert found == reference.bursts(events, 3, timedelta(seconds=0.5))


@settings(max_examples=20)
@given(events=logs())
def test_rates_denials_and_open_operations_equal_the_naive_ones(events: list[AuditEvent]) -> None:
    report = _report(events, LOW)
    by_rule = {rule: [f for f in report.findings if f.rule == rule] for rule in report.rules}
    rates = {f.agent_id: (f.numbers["ended"], f.numbers["failed"]) for f in by_rule["failure-rate"]}
    assert rates == reference.failure_rates(events, 2, 0.3)
    denied = reference.denials(events)
    expected = {agent: {e.event_id for e in denied if e.agent_id == agent} for agent in ("a", "b", None)}
    assert {f.agent_id: set(f.event_ids) for f in by_rule["denials"]} == {
        agent: ids for agent, ids in expected.items() if len(ids) > 1
    }
    still_open = {found.event.event_id for found in unpaired(events) if found.event.event_type in BY_SPAN}
    assert {found for f in by_rule["open-operations"] for found in f.event_ids} == still_open


def test_ten_actions_within_a_second_are_a_finding_and_nine_are_none() -> None:
    assert len(_found(_calls([i * 0.1 for i in range(10)]), "rapid-actions")) == 1
    assert _found(_calls([i * 0.1 for i in range(9)]), "rapid-actions") == []


def test_a_burst_across_the_turn_of_a_second_is_seen() -> None:
    (finding,) = _found(_calls([0.6 + i * 0.08 for i in range(10)]), "rapid-actions")
    assert finding.numbers["actions"] == 10
    assert finding.numbers["seconds"] == pytest.approx(0.72)


def test_ten_actions_in_more_than_a_second_are_none() -> None:
    assert _found(_calls([i * 0.12 for i in range(10)]), "rapid-actions") == []


def test_responses_do_not_count_as_actions() -> None:
    nine = [e for i in range(9) for e in operation("tool.call", "tool.response", f"s{i}", at=i * 0.01)]
    assert _found(nine, "rapid-actions") == []


def test_a_request_and_the_call_it_leads_to_are_one_action() -> None:
    events = []
    for i in range(5):
        events += [event("action.request", at=i * 0.01, call_id=f"c{i}")]
        events += operation("tool.call", "tool.response", f"s{i}", at=i * 0.01, call_id=f"c{i}")
    assert _found(events, "rapid-actions") == []
    contexts = [e for i in range(9) for e in operation("action.request", "action.executed", f"s{i}", at=i * 0.01)]
    assert _found(contexts, "rapid-actions") == []


def test_a_tool_call_and_what_it_did_to_data_are_one_action_and_one_end() -> None:
    def modifying(count: int, failed: int) -> list[AuditEvent]:
        found = []
        for i in range(count):
            call, response = operation("tool.call", "tool.response", f"s{i}", at=i * 0.02, action="tool.save")
            found += [call, event("data.modify", at=i * 0.02, span_id=f"s{i}", action="tool.save", outcome="success")]
            found += [response if i >= failed else response.model_copy(update={"outcome": "failure"})]
            found = [e for e in found if i >= failed or e.event_type != "data.modify" or e.span_id != f"s{i}"]
        return found

    assert _found(modifying(6, 0), "rapid-actions") == []
    (finding,) = _found(modifying(14, 5), "failure-rate")
    assert (finding.numbers["ended"], finding.numbers["failed"]) == (14, 5)


def test_a_request_and_the_failure_or_handoff_that_it_came_to_are_one_action() -> None:
    events = []
    for i in range(3):
        events += [event("action.request", at=i * 0.01, call_id=f"c{i}", session_id="x")]
        events += [event("action.failed", at=i * 0.01, call_id=f"c{i}", session_id="x")]
        events += [event("action.request", at=i * 0.01, call_id=f"h{i}", session_id="x")]
        events += [event("agent.handoff", at=i * 0.01, call_id=f"h{i}", session_id="x")]
    assert _found(events, "rapid-actions") == []
    alone = [event("agent.handoff", at=0.5 + i * 0.01, call_id="h0", session_id="y") for i in range(4)]
    (finding,) = _found([*events, *alone], "rapid-actions")
    assert finding.numbers["actions"] == 10


def test_a_call_that_a_tools_guardrail_refused_was_refused_once() -> None:
    def refused(count: int, tripped: int) -> list[AuditEvent]:
        stage = {"parent_span_id": "run", "metadata": {"stage": "tool_input"}}
        policies = [event("permission.denied", at=i, call_id=f"c{i}", outcome="denied", **stage) for i in range(count)]
        return policies + [event("guardrail.tripped", at=9 + i, outcome="denied", **stage) for i in range(tripped)]

    assert _found(refused(3, 3), "denials") == []
    (finding,) = _found(refused(3, 6), "denials")
    assert finding.numbers["denied"] == 6


def test_a_refusal_in_another_session_or_turn_is_another_one() -> None:
    events = []
    for session, times in (("x", 4), ("y", 3)):
        for i in range(times):
            call = {"call_id": "functions.pay:0", "session_id": session, "at": i}
            kind = "action.denied" if i % 2 else "permission.denied"
            events += [event("action.request", **call), event(kind, outcome="denied", **call)]
    (finding,) = _found(events, "denials")
    assert finding.numbers["denied"] == 7


def test_a_request_that_is_itself_refused_after_its_call_was_is_no_second_refusal() -> None:
    events = []
    for i in range(4):
        events += [event("permission.denied", at=i, call_id=f"c{i}", outcome="denied")]
        events += [event("action.request", at=i, call_id=f"c{i}", outcome="denied")]
    assert _found(events, "denials") == []


def test_two_agents_do_not_add_up() -> None:
    assert _found([*_calls([i * 0.1 for i in range(6)]), *_calls([0.05] * 6, "b")], "rapid-actions") == []


def test_two_bursts_of_one_agent_are_two_findings() -> None:
    assert len(_found(_calls([0.01 * i for i in range(12)] + [60 + 0.01 * i for i in range(11)]), "rapid-actions")) == 2


def test_a_failure_rate_needs_a_minimum_of_operations() -> None:
    def failing(count: int) -> list[AuditEvent]:
        return [
            e
            for i in range(count)
            for e in operation("tool.call", "tool.response", f"s{i}", at=i * 9, outcome="failure")
        ]

    assert _found(failing(9), "failure-rate") == []
    (finding,) = _found(failing(10), "failure-rate")
    assert finding.numbers == {"ended": 10, "failed": 10, "rate": 1.0, "threshold": 0.3}


def test_thirty_per_cent_is_not_above_thirty_per_cent() -> None:
    outcomes = ["failure"] * 3 + ["success"] * 7
    events = [
        e for i, how in enumerate(outcomes) for e in operation("tool.call", "tool.response", f"s{i}", at=i, outcome=how)
    ]
    assert _found(events, "failure-rate") == []


def test_six_denials_are_a_finding_and_five_are_none() -> None:
    denied = [event("permission.denied", at=i, action="write") for i in range(6)]
    (finding,) = _found(denied, "denials")
    assert finding.level == "high"
    assert finding.event_count == 6
    assert finding.event_ids == tuple(e.event_id for e in denied)
    assert _found(denied[:5], "denials") == []


def test_a_decision_and_the_outcome_it_leads_to_are_one_denial() -> None:
    events = []
    for i in range(4):
        events += [event("action.denied", at=i, call_id=f"c{i}", outcome="denied")]
        events += [event("tool.response", at=i, call_id=f"c{i}", outcome="denied", span_id=f"s{i}")]
    assert _found(events, "denials") == []


def test_an_intent_whose_outcome_lies_after_the_period_is_not_open() -> None:
    with AuditAnalyzer(operation("tool.call", "tool.response", "s")) as analyzer:
        assert analyzer.detect_anomalies(end=NOON + timedelta(microseconds=1)).findings == ()


def test_a_crash_between_call_and_response_is_a_finding_with_the_call() -> None:
    calls = _calls([1.0])
    (finding,) = _report(calls).findings
    assert (finding.rule, finding.event_ids) == ("open-operations", (calls[0].event_id,))
    assert "died" in finding.explanation


def test_event_ids_are_bounded_and_counted() -> None:
    (finding,) = _found(_calls([0.001 * i for i in range(50)]), "rapid-actions")
    assert len(finding.event_ids) == 20
    assert finding.event_count == 50


def test_findings_beyond_the_most_are_counted() -> None:
    denied = [event("permission.denied", at=i, agent_id=f"agent{agent}") for agent in range(4) for i in range(6)]
    report = _report(denied, replace(THREE, limits=Limits(max_findings=3)))
    assert len(report.findings) == 3
    assert report.omitted == {"denials": 1}


def test_a_finding_keeps_its_id_when_the_log_grows() -> None:
    denied = [event("permission.denied", at=i) for i in range(9)]
    assert _found(denied[:6], "denials")[0].id == _found(denied, "denials")[0].id


def test_one_agent_can_be_asked_for() -> None:
    denied = [event("permission.denied", at=i, agent_id=agent) for agent in ("a", "b") for i in range(6)]
    with AuditAnalyzer(denied) as analyzer:
        assert [finding.agent_id for finding in analyzer.detect_anomalies("b").findings] == ["b"]


def test_a_quiet_log_says_what_was_looked_for() -> None:
    text = str(_report([]))
    assert "No findings" in text
    assert "rapid-actions" in text


def test_parameters_are_checked_when_they_are_set() -> None:
    with pytest.raises(ConfigurationError, match="rule rapid-actions: parameter actions"):
        THREE.adjusted({"rapid-actions": {"actions": 1}})
    with pytest.raises(ConfigurationError, match="parameter denails"):
        THREE.adjusted({"denials": {"denails": 5}})
    with pytest.raises(ConfigurationError, match="no rule 'denails'; there are: denials"):
        THREE.adjusted({"denails": {"more_than": 5}})
