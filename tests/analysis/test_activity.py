from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings

from agent_audit.analysis import AgentActivity, AuditAnalyzer
from agent_audit.event import AuditEvent

from . import reference
from .logs import event, operation
from .strategies import logs


def _activity(events: list[AuditEvent], agent_id: str | None = None) -> AgentActivity:
    with AuditAnalyzer(events) as analyzer:
        return analyzer.get_agent_activity(agent_id)


def test_who_is_listed_and_who_is_counted_are_the_same_and_none_of_them_has_only_examined_the_log() -> None:
    examined = [event("log.examined", agent_id=None, user_id=f"auditor{n}", resource=f"r{n}") for n in range(30)]
    with AuditAnalyzer([*examined, event("tool.call", user_id="ann", session_id="s", resource="db")]) as analyzer:
        activity, report = analyzer.get_agent_activity(), analyzer.generate_compliance_report()
    for users in (activity.users, report.users):
        assert [(found.name, found.count) for found in users] == [("ann", 1)]
    assert activity.distinct_users == report.distinct["users"] == 1
    assert [found.name for found in report.top_resources] == ["db"]


@settings(max_examples=15)
@given(events=logs())
def test_counts_and_quantiles_equal_the_naive_ones(events: list[AuditEvent]) -> None:
    for agent in (None, "a"):
        mine = [found for found in events if agent is None or found.agent_id == agent]
        activity = _activity(events, agent)
        durations = [found.duration_ms for found in mine if found.duration_ms is not None]
        assert activity.total_events == len(mine)
        assert activity.by_type == Counter(str(found.event_type) for found in mine)
        assert activity.by_outcome == Counter(str(found.outcome) for found in mine if found.outcome)
        assert activity.errors == reference.errors(mine)
        assert activity.duration.count == len(durations)
        assert activity.duration.p50_ms == pytest.approx(reference.quantile(durations, 0.5))
        assert activity.duration.p95_ms == pytest.approx(reference.quantile(durations, 0.95))
        assert activity.first_event == min((found.timestamp for found in mine), default=None)
        assert activity.last_event == max((found.timestamp for found in mine), default=None)
        own = [found for found in mine if not str(found.event_type).startswith("log.")]
        sessions = Counter(found.session_id for found in own if found.session_id)
        assert {item.name: item.count for item in activity.sessions} == sessions


def test_a_failure_told_by_an_error_event_and_an_outcome_counts_once() -> None:
    failed = operation("tool.call", "tool.response", "s", outcome="failure")
    assert _activity([*failed, event("error", parent_span_id="s", outcome="failure")]).errors == 1


def test_an_error_that_belongs_to_no_failed_operation_counts() -> None:
    fine = operation("tool.call", "tool.response", "s")
    assert _activity([*fine, event("error", parent_span_id="s"), event("error")]).errors == 2


def test_an_analyzer_of_one_session_sees_that_session_alone() -> None:
    with AuditAnalyzer([event("error", session_id="x"), event("error", session_id="y")], session_id="x") as analyzer:
        assert analyzer.get_agent_activity().total_events == 1


def test_long_lists_are_cut_and_their_length_is_told() -> None:
    activity = _activity([event("tool.call", action=f"tool.{i:03}") for i in range(150)])
    assert len(activity.actions) == 100
    assert activity.distinct_actions == 150
    assert "and 130 more" in str(activity)


def test_an_activity_reads_well_and_survives_json() -> None:
    activity = _activity(operation("tool.call", "tool.response", "s", duration_ms=12.5, action="tool.x"), "a")
    assert str(activity).startswith("Activity of agent a, the whole log\n")
    assert "12.50" in str(activity)
    assert AgentActivity.model_validate_json(activity.model_dump_json()) == activity


def test_a_long_text_of_an_error_is_one_cause_however_long_what_varies_in_it_is() -> None:
    tail = "the gateway answered with a page that explains nothing, " * 6
    texts = [f"Order {7 * 10**n} of '{'c' * n}' cannot be booked: {tail}" for n in range(6)]
    texts += [f"'{'x' * (280 + 10 * n)}' is no path" for n in range(6)]
    with AuditAnalyzer([event("error", error=text) for text in texts]) as analyzer:
        found = analyzer.get_failures()
    assert sorted((group.cause or "")[:12] for group in found.groups) == ["'…' is no pa", "Order <n> of"]
    assert [group.count for group in found.groups] == [6, 6]


def test_a_number_is_one_number_with_a_fraction_or_thousands_too() -> None:
    times = ("1.5 s", "2 s", "1,200 s", "12,345.678 s", "0x1f s", "10.0.0.1 s")
    with AuditAnalyzer([event("error", error=f"gave up after {text}, 3 times.") for text in times]) as analyzer:
        found = analyzer.get_failures()
    assert [(group.count, group.cause) for group in found.groups] == [(6, "gave up after <n> s, <n> times.")]


def test_an_apostrophe_in_a_word_opens_no_quoted_value() -> None:
    texts = [f"can't open '{name}', which isn't the owner's file" for name in ("notes", "letters")]
    texts += [f"the server's answer to '{name}' doesn't fit" for name in ("ping", "pong")]
    with AuditAnalyzer([event("error", error=text) for text in texts]) as analyzer:
        found = analyzer.get_failures()
    assert [(group.count, group.cause) for group in found.groups] == [
        (2, "can’t open '…', which isn’t the owner’s file"),
        (2, "the server’s answer to '…' doesn’t fit"),
    ]
