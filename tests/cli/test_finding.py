from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.cli.main import main
from tests.analysis.logs import write_log

RULES = """
rules:
  - id: payments
    title: Payments
    level: high
    where: action = 'pay'
    references: [T2]
"""


def refuse(log: Path, agent: str, times: int) -> None:
    with AuditLogger(FileAuditBackend(log)) as logger:
        for _ in range(times):
            logger.log(AuditEvent(event_type=AuditEventType.PERMISSION_DENIED, agent_id=agent, action="pay"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log in which two agents were refused seven times each."""
    for agent in ("a", "b"):
        refuse(tmp_path / "log", agent, 7)
    return tmp_path / "log"


@pytest.fixture
def anomalies(log: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Asks for the findings: exit code, and agent -> finding."""

    def ask(*options: str) -> tuple[int, dict[str, dict[str, Any]]]:
        capsys.readouterr()
        only = () if "--rules-file" in options else ("--only", "denials")
        code = main(["anomalies", str(log), "--format", "json", *only, *options])
        found = json.loads(capsys.readouterr().out)["findings"]
        return code, {one["agent_id"]: one for one in found}

    return ask


def decide(log: Path, decision: str, found: dict[str, Any], *options: str, reason: str = "load test") -> int:
    return main(["finding", decision, found["id"], "--by", "ann", "--reason", reason, "--dir", str(log), *options])


def decisions(log: Path) -> list[AuditEvent]:
    return list(FileAuditBackend(log).query(event_type="finding.disposition"))


def test_a_decision_is_an_event_that_says_who_what_and_why(
    log: Path, anomalies: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    found = anomalies()[1]["a"]
    assert decide(log, "acknowledge", found) == 0
    (event,) = decisions(log)
    assert (event.resource, event.action, event.user_id) == (found["id"], "acknowledged", "ann")
    assert event.metadata == {"reason": "load test", "event_count": 7, "finding_agent": "a"}
    said = capsys.readouterr().err
    assert f"acknowledged by ann: {found['id']}" in said
    assert event.event_id in said
    assert main(["verify", str(log)]) == 0


@pytest.mark.parametrize(
    ("decision", "shown"), [("acknowledge", "acknowledged"), ("dismiss", "false-positive"), ("reopen", "reopened")]
)
def test_a_finding_is_shown_with_its_decision_and_counts_for_the_exit_code_while_it_is_open(
    log: Path, anomalies: Any, decision: str, shown: str
) -> None:
    code, found = anomalies()
    assert code == 1
    for one in found.values():
        assert decide(log, decision, one) == 0
    code, found = anomalies()
    assert code == (1 if decision == "reopen" else 0)
    told = found["a"]["disposition"]
    assert (told["decision"], told["by"], told["reason"]) == (shown, "ann", "load test")
    assert told["event_id"] in {event.event_id for event in decisions(log)}


def test_the_last_decision_counts_and_none_is_overwritten(log: Path, anomalies: Any) -> None:
    found = anomalies("--agent", "a")[1]["a"]
    for decision, reason in (("dismiss", "ours"), ("reopen", "not ours"), ("acknowledge", "told them")):
        assert decide(log, decision, found, "--agent", "a", reason=reason) == 0
    code, found_again = anomalies("--agent", "a")
    assert code == 0
    assert found_again["a"]["disposition"]["reason"] == "told them"
    assert [event.action for event in decisions(log)] == ["false-positive", "reopened", "acknowledged"]


def test_a_finding_that_has_grown_since_it_was_decided_on_is_open_again(log: Path, anomalies: Any) -> None:
    for one in anomalies()[1].values():
        decide(log, "acknowledge", one)
    refuse(log, "b", 1)
    assert anomalies("--agent", "a")[0] == 0
    code, found = anomalies()
    assert code == 1
    assert found["b"]["event_count"] == 8
    assert found["b"]["disposition"]["event_count"] == 7


def test_a_decision_about_one_agents_finding_leaves_the_others_open(log: Path, anomalies: Any) -> None:
    decide(log, "acknowledge", anomalies()[1]["a"])
    code, found = anomalies()
    assert code == 1
    assert found["b"]["disposition"] is None


def test_a_finding_of_a_users_own_rule_is_found_with_the_rules_of_the_command_line(
    log: Path, anomalies: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    report = anomalies("--rules-file", str(rules), "--only", "payments", "--agent", "a")[1]["a"]
    assert report["rule"] == "payments"
    assert decide(log, "acknowledge", report, "--agent", "a") == 2
    assert "payments" in capsys.readouterr().err
    assert decide(log, "acknowledge", report, "--agent", "a", "--rules-file", str(rules)) == 0


def test_a_finding_that_a_condition_brought_about_is_decided_on_with_that_condition(
    log: Path, anomalies: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its id names its first event, which may be another one than without the condition."""
    whole = anomalies()[1]["b"]
    first = whole["id"].partition("/")[2]
    later = ("--where", f"event_id > '{first}'")
    found = anomalies(*later)[1]["b"]
    assert found["id"] != whole["id"]
    assert decide(log, "acknowledge", found) == 2
    assert "--where" in capsys.readouterr().err
    assert decide(log, "acknowledge", found, *later) == 0
    assert anomalies(*later)[0] == 0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("denials/no-such-event", "no finding denials/no-such-event"),
        ("no-such-rule/x", "no rule 'no-such-rule'"),
        ("denials", "'denials' is no finding's id"),
    ],
)
def test_what_is_no_finding_cannot_be_decided_on_and_nothing_is_written(
    log: Path, wrong: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert decide(log, "acknowledge", {"id": wrong}) == 2
    assert why in capsys.readouterr().err
    assert decisions(log) == []


@pytest.mark.parametrize("missing", ["--by", "--reason"])
def test_a_decision_needs_somebody_and_a_reason(log: Path, anomalies: Any, missing: str) -> None:
    command = ["finding", "dismiss", anomalies()[1]["a"]["id"], "--dir", str(log), "--by", "ann", "--reason", "x"]
    place = command.index(missing)
    assert main([*command[:place], *command[place + 2 :]]) == 2
    command[place + 1] = " "
    assert main(command) == 2
    assert decisions(log) == []


def test_a_decision_that_cannot_be_written_is_an_error(
    log: Path, anomalies: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    found = anomalies()[1]["a"]
    (log / "LOCK").unlink()
    (log / "LOCK").mkdir()  # in the way of every writer, root too
    assert decide(log, "acknowledge", found) == 2
    assert f"cannot write to the log {log}" in capsys.readouterr().err


def test_a_secret_in_a_reason_is_masked_like_everywhere(log: Path, anomalies: Any) -> None:
    decide(log, "dismiss", anomalies()[1]["a"], reason="key AKIAIOSFODNN7EXAMPLF was a test's")
    assert not any(b"AKIAIOSFODNN7EXAMPLF" in path.read_bytes() for path in (log / "segments").iterdir())
    (event,) = decisions(log)
    assert "was a test's" in (event.metadata or {})["reason"]


def test_findings_of_an_unsigned_log_can_be_decided_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log of lines alone, from a copy or another writer; deciding on it takes nothing of the signer's."""
    events = [AuditEvent(event_type="permission.denied", agent_id="a", action="pay") for _ in range(7)]
    log = write_log(tmp_path / "log", events)
    only = ["--only", "denials"]
    assert main(["anomalies", str(log), "--format", "json", *only]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert decide(log, "acknowledge", found) == 0
    assert main(["anomalies", str(log), *only]) == 0
