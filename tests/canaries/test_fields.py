"""Secrets in every field of an event, through the logger and `AuditedAgent`; and that the search finds one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from agent_audit import AuditedAgent, AuditEvent, AuditEventType
from agent_audit.analysis import AuditAnalyzer
from tests.canaries.conftest import Cage
from tests.canaries.texts import CanaryTexts


def test_the_search_finds_what_leaks(tmp_path: Path) -> None:
    canaries = CanaryTexts()
    (tmp_path / "a.log").write_text(canaries.text("leak"))
    assert len(canaries.leaks(tmp_path)) == 4
    assert not canaries.unrecorded(tmp_path)
    canaries.text("elsewhere")
    assert canaries.unrecorded(tmp_path) == ["elsewhere"]


@dataclasses.dataclass
class Customer:
    note: str
    password: str


def test_no_field_of_any_event_type_lets_a_secret_in(cage: Cage) -> None:
    kinds = [str(kind) for kind in AuditEventType if not kind.startswith("log.")]
    for kind in kinds:
        log_everywhere(cage, kind)
    cage.check()


def log_everywhere(cage: Cage, kind: str) -> None:
    def text(place: str) -> str:
        return cage.canaries.text(f"{kind}-{place}")

    def value(place: str) -> str:
        return cage.canaries.value(f"{kind}-{place}")

    cage.logger.log(
        AuditEvent(
            event_type=kind,
            agent_id=cage.canaries.token("agent"),
            user_id=cage.canaries.token("user"),
            session_id=f"https://x.example/?api_key={value('session')}",
            action=text("action"),
            resource=text("resource"),
            parameters={
                "o": Customer(text("object"), value("object")),
                "e": ValueError(text("argument")),
                "b": text("bytes").encode(),
                text("key"): [text("item")],
            },
            result=text("result") + " " * 70_000 + text("end"),
            error=text("error"),
            metadata={"tags": [text("tag")], "headers": [("Authorization", value("header"))], text("name"): 1},
        )
    )


def test_an_agent_without_a_framework_lets_none_in(cage: Cage) -> None:
    text = cage.canaries.text
    agent = AuditedAgent("a", logger=cage.logger)
    with pytest.raises(RuntimeError), agent.audit_context("write", resource=text("resource"), body=text("parameter")):
        raise RuntimeError(text("exception"))
    with pytest.raises(PermissionError), agent.audit_context("write"):
        raise PermissionError(text("refusal"))
    agent.log_tool_call("search", {"q": text("query")}, [text("found")])
    agent.log_data_access(text("data"), "update", parameters={"x": text("changed")})
    cage.check()


def test_neither_blobs_nor_the_caches_of_an_analysis_hold_one(cage: Cage) -> None:
    long = [cage.canaries.text(f"row-{n}") + " x" * 250 for n in range(300)]
    cage.logger.record(AuditEventType.TOOL_CALL, action="tool.x", parameters={"rows": long})
    cage.logger.flush()
    assert list((cage.root / "log" / "blobs").rglob("??/*"))
    with AuditAnalyzer(cage.root / "log") as analyzer:
        analyzer.get_agent_activity(None)
        analyzer.detect_anomalies(None)
    cage.check()


def test_an_id_that_is_a_secret_is_masked_and_one_that_is_an_address_is_not(cage: Cage) -> None:
    token = cage.canaries.token("id")
    for user in (token, "ann@example.org", token, "7c9e6679-7425-40de-944b-e07fc1f90ae7", "4111111111111111"):
        cage.logger.record(AuditEventType.TOOL_CALL, action="tool.x", user_id=user)
    users = [event.user_id for event in cage.logger.query(event_type="tool.call")]
    masked = "[REDACTED:anthropic-key]"
    assert users == [masked, "ann@example.org", masked, "7c9e6679-7425-40de-944b-e07fc1f90ae7", "4111111111111111"]
