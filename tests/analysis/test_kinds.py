"""What kinds of events there are, and that a rule which is not asked because of them would have found nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.analysis import AuditAnalyzer, Ruleset
from agent_audit.analysis.kinds import kinds_of
from agent_audit.analysis.rule import Rule
from agent_audit.analysis.rules import RULES
from agent_audit.analysis.scope import FAILED_TYPES, OUTCOME_OF_TYPE, Scope
from agent_audit.event import AuditEvent

from .logs import NOON, event
from .strategies import logs

LOW: dict[str, dict[str, Any]] = {
    "denials": {"more_than": 1},
    "failure-rate": {"least": 2},
    "rapid-actions": {"actions": 3, "seconds": 0.5},
    "missing-approval": {"approvals": 1},
    "denied-then-done": {"denials": 2},
    "access-errors": {"more_than": 1, "pattern": "e"},
    "repeated-calls": {"calls": 2},
    "new-action": {"days": 2},
    "new-resource": {"days": 2},
    "new-user": {"days": 2},
    "unusual-rate": {"hours": 2, "least": 1, "z": 0.1},
    "token-spike": {"hours": 2, "least": 1, "z": 0.1},
    "unusual-hours": {"days": 1, "least": 2, "share": 0.9},
    "long-silence": {"hours": 1.0, "times": 1.5, "days": 1},
}
"""Thresholds that a log of some ten events can reach."""


@settings(max_examples=20)
@given(events=logs())
def test_kinds_are_those_that_counting_finds(events: list[AuditEvent]) -> None:
    events = [e.model_copy(update={"error": "E"}) if e.event_type in FAILED_TYPES else e for e in events]
    with AuditAnalyzer(events) as analyzer:
        found = kinds_of(analyzer.events)
    types = Counter(e.event_type for e in events)
    outcomes = Counter(e.outcome or OUTCOME_OF_TYPE.get(e.event_type) for e in events)
    assert {name: found.of(name) for name in types} == types
    assert sum(found.counts.values()) == len(events)
    assert all(found.ended_as(how) == outcomes[how] for how in ("failure", "denied"))
    assert found.errors == sum(bool(e.error or e.error_type) for e in events)
    times = sorted(e.timestamp for e in events)
    assert (found.first, found.last) == ((times[0], times[-1]) if times else (None, None))


@settings(max_examples=3)
@given(
    events=st.sampled_from([["tool.call", "tool.response"], ["data.access", "action.denied"], ["error", "log.gap"]])
    .map(st.sampled_from)
    .flatmap(lambda types: logs(types, most=30)),
    days=st.sampled_from([1, 40_000, 120_000]),
)
def test_a_rule_that_is_not_asked_would_have_found_nothing(events: list[AuditEvent], days: int) -> None:
    events = [e.model_copy(update={"timestamp": NOON + (e.timestamp - NOON) * days, "error": "E"}) for e in events]
    low = Ruleset().adjusted(LOW)
    unasked: list[str] = []

    def told(rule: Rule) -> Rule:
        def possible(scope: Scope, parameters: Any) -> bool:
            so = rule.possible(scope, parameters)
            unasked.extend([] if so else [rule.id])
            return so

        return replace(rule, possible=possible)

    with AuditAnalyzer(events) as analyzer:
        analyzer.detect_anomalies(rules=replace(low, rules=tuple(map(told, low.rules))))
        asked = tuple(replace(rule, possible=lambda *_: True) for rule in low.rules if rule.id in unasked)
        assert asked
        assert analyzer.detect_anomalies(rules=replace(low, rules=asked)).findings == ()


def test_next_to_nothing_is_asked_of_a_log_in_which_nothing_has_happened() -> None:
    opened = [event("log.opened"), event("log.closed", at=1)]
    with AuditAnalyzer(opened) as analyzer, analyzer._scope(None, None, None) as scope:
        asked = [rule.id for rule in RULES if rule.possible(scope, rule.parameters)]
    assert asked == ["clock-backwards"]  # for which any two events of a writer are enough
