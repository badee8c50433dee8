"""Rules that look for long gaps find what ordering every event finds, whatever is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.rule import Allowed
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.event import AuditEvent

from .logs import NOON, event

HOURS, TIMES, DAYS = 24.0, 5.0, 7
Key = Callable[[AuditEvent], object]


def in_order(events: Sequence[AuditEvent], key: Key) -> list[list[AuditEvent]]:
    """The events of each key by time, then by their place in the log."""
    groups: dict[object, list[AuditEvent]] = {}
    for found in sorted(events, key=lambda found: found.timestamp):  # stable: the place in the log
        groups.setdefault(key(found), []).append(found)
    return list(groups.values())


def silences(events: Sequence[AuditEvent]) -> set[str]:
    found = set()
    for told in in_order(events, lambda one: one.agent_id):
        gaps = [hours_between(a.timestamp, b.timestamp) for a, b in pairwise(told)]
        for place, gap in enumerate(gaps):
            known = told[place].timestamp >= told[0].timestamp + timedelta(days=DAYS)
            if place and known and gap >= HOURS and gap > max(gaps[:place]) * TIMES:
                found.add(told[place + 1].event_id)
    return found


def hours_between(first: datetime, last: datetime) -> float:
    return (int(last.timestamp()) - int(first.timestamp())) / 3600


def new_actions(events: Sequence[AuditEvent]) -> set[str]:
    since = {told[0].agent_id: told[0].timestamp for told in in_order(events, lambda one: one.agent_id)}
    found, span = set(), timedelta(days=DAYS)
    done = [one for one in events if one.event_type == "tool.call"]
    for told in in_order(done, lambda one: (one.agent_id, one.action)):
        for before, one in zip([None, *told], told, strict=False):
            long_ago = before is None or one.timestamp > before.timestamp + span
            if long_ago and one.timestamp >= since[one.agent_id] + span:
                found.add(one.event_id)
    return found


def backwards(events: Sequence[AuditEvent]) -> set[str]:
    last: dict[str | None, datetime] = {}
    found = set()
    for one in events:
        if one.timestamp < last.get(one.writer, one.timestamp) - timedelta(seconds=1):
            found.add(one.event_id)
        last[one.writer] = one.timestamp
    return found


NAIVE = {"long-silence": silences, "new-action": new_actions, "clock-backwards": backwards}
RULES = Ruleset().only(*NAIVE).adjusted({"new-action": {"days": DAYS}})

steps = st.one_of(
    st.integers(0, 5), st.integers(0, 20 * 3600), st.integers(20 * 3600, 30 * 86_400), st.just(24 * 3600), st.just(-3)
)


@st.composite
def logs(draw: st.DrawFn) -> list[AuditEvent]:
    """Events of two agents and writers, with steps from nothing to a month between them."""
    at, found = 0, []
    for seq, step in enumerate(draw(st.lists(steps, max_size=30))):
        at += step
        found.append(
            event(
                draw(st.sampled_from(["tool.call", "tool.call", "llm.response"])),
                at=at,
                agent_id=draw(st.sampled_from("ab")),
                action=draw(st.sampled_from(["tool.x", "tool.y"])),
                writer=(writer := draw(st.sampled_from("vw"))),
                writer_seq=seq if writer == "v" else 100 + seq,
                span_id=f"s{seq}",
            )
        )
    return found


def told_by(analyzer: AuditAnalyzer, rules: Ruleset = RULES, **asked: object) -> dict[str, set[str]]:
    report = analyzer.detect_anomalies(rules=rules, **asked)  # type: ignore[arg-type]
    told: dict[str, set[str]] = {rule: set() for rule in NAIVE}
    for finding in report.findings:
        told[finding.rule].update(finding.event_ids)
    return told


@settings(max_examples=30)
@given(events=logs(), start=st.integers(0, 40), agent=st.sampled_from([None, "a"]))
def test_they_find_what_ordering_every_event_finds(events: list[AuditEvent], start: int, agent: str | None) -> None:
    since = NOON + timedelta(days=start)
    inside = {one.event_id for one in events if one.timestamp >= since and agent in (None, one.agent_id)}
    with AuditAnalyzer(events) as analyzer:
        told = told_by(analyzer, start=since, agent_id=agent)
    assert told == {rule: naive(events) & inside for rule, naive in NAIVE.items()}


@pytest.fixture
def returning() -> list[AuditEvent]:
    """An agent that is back after a month with an action that it never did, by a clock that went back."""
    regular = [event("tool.call", at=n * 3600, action="tool.x", writer="v", writer_seq=n) for n in range(24 * 8)]
    back = [event("tool.call", at=40 * 86_400 - n * 5, action="tool.y", writer="v", writer_seq=500 + n) for n in (0, 1)]
    return [*regular, *back]


def test_they_find_nothing_in_what_is_allowed_or_not_asked_for(returning: list[AuditEvent]) -> None:
    with AuditAnalyzer(returning) as analyzer:
        assert all(told_by(analyzer).values())
    allowed = RULES.allowing([Allowed(action="tool.y", reason="a new version")])
    with AuditAnalyzer(returning) as analyzer:
        assert not any(told_by(analyzer, allowed).values())
    with AuditAnalyzer(returning, where="action = 'tool.x'") as analyzer:
        assert not any(told_by(analyzer).values())
