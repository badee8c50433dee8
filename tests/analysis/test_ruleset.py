"""Rules of a user's own, allow lists, and what becomes of findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_audit.analysis import AnomalyReport, AuditAnalyzer, Level, Ruleset, disposition_event, load_rules
from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEvent

from .logs import event

MINE = "rules:\n  - id: mine\n    title: Mine\n    level: low\n    "
DENIED = [event("permission.denied", at=i, action="write", agent_id="a") for i in range(6)]


def report(events: list[AuditEvent], rules: Ruleset) -> AnomalyReport:
    with AuditAnalyzer(events) as analyzer:
        return analyzer.detect_anomalies(rules=rules)


def rules_of(tmp_path: Path, text: str) -> Ruleset:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return load_rules(path)


def own(tmp_path: Path, body: str) -> Ruleset:
    rules = rules_of(tmp_path, f"rules:\n  - id: mine\n    title: Mine\n    level: high\n{body}")
    return rules.only("mine")


def test_a_built_in_rule_takes_other_parameters_and_another_level(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "rules:\n  - id: denials\n    level: low\n    parameters: {more_than: 2}\n")
    (finding,) = report(DENIED[:3], rules.only("denials")).findings
    assert (finding.level, finding.numbers["threshold"]) == (Level.LOW, 2)


def test_a_rule_can_be_switched_off(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "rules:\n  - id: denials\n    enabled: false\n")
    assert "denials" not in report(DENIED, rules).rules


def test_a_condition_in_sql_finds_per_agent(tmp_path: Path) -> None:
    rules = own(tmp_path, "    where: action LIKE 'wr%' AND event_type = 'permission.denied'\n    more_than: 2\n")
    (finding,) = report(DENIED, rules).findings
    assert (finding.rule, finding.level, finding.event_count) == ("mine", Level.HIGH, 6)
    assert report(DENIED[:2], rules).findings == ()


def test_a_condition_reads_payloads(tmp_path: Path) -> None:
    rules = own(tmp_path, "    where: parameters ->> 'to' = 'x'\n")
    events = [event("tool.call", parameters={"to": to}) for to in "xyz"]
    (finding,) = report(events, rules).findings
    assert finding.event_ids == (events[0].event_id,)


def test_a_window_counts_only_what_lies_together(tmp_path: Path) -> None:
    rules = own(tmp_path, "    where: event_type = 'error'\n    more_than: 2\n    within: 10\n")
    together = [event("error", at=at) for at in (0, 100, 104, 110, 300)]
    (finding,) = report(together, rules).findings
    assert set(finding.event_ids) == {e.event_id for e in together[1:4]}
    assert report([event("error", at=at) for at in (0, 6, 12, 18)], rules).findings == ()


def test_a_query_in_sql_chooses_events(tmp_path: Path) -> None:
    rules = own(tmp_path, "    sql: |\n      SELECT event_id FROM events ORDER BY timestamp DESC LIMIT 1\n")
    (finding,) = report(DENIED, rules).findings
    assert finding.event_ids == (DENIED[-1].event_id,)


def test_the_query_of_a_built_in_rule_serves_under_another_name(tmp_path: Path) -> None:
    rules = own(tmp_path, "    query: denials\n    parameters: {more_than: 0}\n    references: [T3]\n")
    (finding,) = report(DENIED[:1], rules).findings
    assert (finding.rule, finding.references) == ("mine", ("T3",))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rules:\n  - id: denials\n    parameters:\n      more_than: -1\n", ":4: .*greater than or equal to 0"),
        ("rules:\n  - id: denials\n    paramters: {}\n", ":3: .*paramters: there is no such name"),
        ("rules:\n  - id: denials\n    level: urgent\n", ":3: .*low"),
        ("rules:\n  - {id: pay/all, title: X, level: low, where: 1=1}\n", ":2: .*match pattern"),
        ("rules:\n  - {id: Pay, title: X, level: low, where: 1=1}\n", ":2: .*match pattern"),
        ("rules:\n  - id: nosuch\n", ":2: .*no built-in rule"),
        ("rules:\n  - id: denials\n  - id: denials\n", ":3: .*twice"),
        ("rules:\n  - {id: x, title: X, level: low,\n     where: nocolumn = 1}\n", ":3: .*no column nocolumn"),
        ("rules:\n  - id: x\n    title: X\n    level: low\n    where: a = (\n", ":5: .*no SQL"),
        ("rules:\n  - {id: x, title: X, level: low, where: '1=1) OR (1=1'}\n", ""),
        ("rules:\n  - {id: x, title: X, level: low, sql: 'DROP TABLE events'}\n", ":2: .*one SELECT"),
        (
            "rules:\n  - {id: x, title: X, level: low, sql: \"SELECT event_id FROM read_csv('/etc/passwd')\"}\n",
            ":2: .*reads",
        ),
        ("rules:\n  - {id: x, title: X, level: low, sql: SELECT action FROM events}\n", ":2: .*event_id"),
        ("rules:\n  - {id: x, level: low, where: 1=1}\n", ":2: .*title"),
        ("rules: [\n", ":2: no YAML"),
        ("allow:\n  - reason: because\n", ":2: .*what is allowed"),
        ("allow:\n  - agent_id: a\n", ":2: .*reason"),
        (MINE + "sql: SELECT event_id FROM events WHERE acton = 'x'\n", ':5: .*"acton" not found'),
        (MINE + "where: startswith_(action, 'tool.')\n", ":5: .*startswith_ does not exist"),
        (MINE + "where: count(*) > 3\n", ":5: .*aggregate"),
        (MINE + "where: event_type = 'x' AND duration_ms > '1s'\n", ":5: .*'1s'"),
        (MINE + "where: metadata = 'gpt-5'\n", ":5: .*JSON"),
        (MINE + "where: regexp_matches(action, '(')\n", ":5: .*missing [)]"),
        (MINE + "where: action\n", ":5: .*it is VARCHAR, not true or false"),
        (MINE + "where: 1 = 1\n    within: .inf\n", ":6: .*finite"),
        ("rules:\n  - id: access-errors\n    parameters: {pattern: '(forbidden'}\n", ":3: .*missing [)]"),
        ("rules:\n  - id: injected-action\n    parameters: {instruction: '(?<!not )ignore all'}\n", ":3: .*[(][?]<"),
        ("rules:\n  - id: rapid-actions\n    parameters: {seconds: .inf}\n", ":3: .*finite"),
        ("rules:\n  - id: rapid-actions\n    parameters: {seconds: 1.0e+300}\n", ":3: .*cannot be run"),
        ("allow:\n  - agent_id: a\n    reason: r\n    rules: [nosuch]\n", ":4: .*no rule 'nosuch'"),
    ],
)
def test_a_mistake_is_named_with_its_line_when_the_file_is_loaded(tmp_path: Path, text: str, complaint: str) -> None:
    if not complaint:  # brackets that close what they did not open stay inside the condition
        rules_of(tmp_path, text)
        return
    with pytest.raises(ConfigurationError, match=r"rules\.yaml" + complaint):
        rules_of(tmp_path, text)


def test_a_rule_that_does_not_fit_the_values_of_an_event_is_named(tmp_path: Path) -> None:
    rules = own(tmp_path, "    where: CAST(action AS INTEGER) > 3\n")
    with pytest.raises(ConfigurationError, match=r"rule mine cannot be run: .*'write'"):
        report(DENIED, rules)


@pytest.mark.parametrize("within", ["", "    within: 60\n"])
def test_events_are_counted_by_the_columns_that_are_named_and_no_other(tmp_path: Path, within: str) -> None:
    rules = own(tmp_path, f"    where: event_type = 'error'\n    by: [session_id]\n    more_than: 5\n{within}")
    both = [event("error", at=at, session_id="s1", agent_id="ab"[at % 2]) for at in range(6)]
    (finding,) = report(both, rules).findings
    assert (finding.agent_id, finding.session_id, finding.event_count) == (None, "s1", 6)
    assert finding.explanation.startswith("All agents, session_id s1: 6 matching events")
    (finding,) = report([e.model_copy(update={"agent_id": "a"}) for e in both], rules).findings
    assert finding.agent_id == "a"
    assert report([*both[:3], *(e.model_copy(update={"session_id": "s2"}) for e in both[3:])], rules).findings == ()


def test_a_window_may_hold_thousands_of_events(tmp_path: Path) -> None:
    rules = own(tmp_path, "    where: event_type = 'error'\n    more_than: 2000\n    within: 600\n")
    (finding,) = report([event("error", at=at / 4) for at in range(2001)], rules).findings
    assert finding.event_count == 2001
    assert report([event("error", at=at / 4) for at in range(2000)], rules).findings == ()


def test_what_is_allowed_is_not_looked_at_and_the_report_says_so(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "allow:\n  - rules: [denials]\n    agent_id: nightly-*\n    reason: known\n")
    other = [event("permission.denied", at=i, agent_id="nightly-1") for i in range(6)]
    seen = report([*DENIED, *other], rules.only("denials"))
    assert [finding.agent_id for finding in seen.findings] == ["a"]
    assert "nightly-*" in seen.allowed[0]
    assert "Not looked at: agent_id nightly-* (denials): known" in str(seen)


def test_an_acknowledged_finding_is_shown_as_such_and_no_longer_open() -> None:
    rules = Ruleset().only("denials")
    (finding,) = report(DENIED, rules).findings
    decided = disposition_event(finding, "acknowledged", by="ann", reason="a test")
    after = report([*DENIED, decided], rules)
    assert after.findings[0].disposition is not None
    assert after.open_findings() == ()
    assert "acknowledged by ann: a test" in str(after)


def test_a_finding_that_grows_after_its_acknowledgement_is_open_again() -> None:
    rules = Ruleset().only("denials")
    (finding,) = report(DENIED, rules).findings
    decided = disposition_event(finding, "acknowledged", by="ann", reason="a test")
    more = event("permission.denied", at=9, action="write", agent_id="a")
    assert len(report([*DENIED, decided, more], rules).open_findings()) == 1


def test_the_last_decision_counts() -> None:
    rules = Ruleset().only("denials")
    (finding,) = report(DENIED, rules).findings
    first = disposition_event(finding, "false-positive", by="ann", reason="x")
    last = disposition_event(finding, "reopened", by="bob", reason="y")
    assert len(report([*DENIED, first, last], rules).open_findings()) == 1


@pytest.mark.parametrize("metadata", [None, {}, {"reason": 5, "event_count": "many"}, {"event_count": 1e300}])
def test_a_decision_that_somebody_recorded_in_a_form_of_their_own_is_one(metadata: dict[str, object] | None) -> None:
    rules = Ruleset().only("denials")
    (finding,) = report(DENIED, rules).findings
    decided = event("finding.disposition", resource=finding.id, user_id="ann", metadata=metadata)
    assert "acknowledged by ann: no reason given" in str(report([*DENIED, decided], rules))


def test_a_decision_needs_somebody_and_a_reason() -> None:
    (finding,) = report(DENIED, Ruleset().only("denials")).findings
    with pytest.raises(ConfigurationError, match="who decided and why"):
        disposition_event(finding, "acknowledged", by=" ", reason="x")


def test_open_findings_are_those_of_a_level_and_above() -> None:
    seen = report(DENIED, Ruleset().only("denials"))
    assert len(seen.open_findings(Level.HIGH)) == 1
    assert Level.MEDIUM.at_least(Level.LOW) and not Level.MEDIUM.at_least(Level.HIGH)
