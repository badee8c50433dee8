"""A secret that a tool gave back is masked wherever the events after it have it, whatever they call it."""

from __future__ import annotations

from typing import Any

import pytest

from agent_audit import AuditEvent, AuditLogger, MemoryAuditBackend
from agent_audit.redaction import DefaultRedactor, RedactionConfig

SECRET = "Zx8qLw3vTn5R"
MASKED = "[REDACTED:key:password]"


def recorded(*events: dict[str, Any], **settings: Any) -> list[AuditEvent]:
    backend = MemoryAuditBackend()
    with AuditLogger(backend, **settings) as logger:
        for event in events:
            logger.record(**event)
        return list(logger.query())


def fetched(result: Any = SECRET, tool: str = "get_password") -> dict[str, Any]:
    return {"event_type": "tool.response", "outcome": "success", "action": f"tool.{tool}", "result": result}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"event_type": "tool.call", "parameters": {"user": "ada", "p": SECRET}}, "parameters.p"),
        ({"event_type": "tool.call", "parameters": {"args": ["ada", SECRET]}}, "parameters.args.1"),
        ({"event_type": "llm.response", "result": SECRET}, "result"),
        ({"event_type": "agent.stop", "result": f"Here you go: `{SECRET}`!"}, "result"),
        ({"event_type": "error", "error": f"refused {SECRET}"}, "error"),
        ({"event_type": "tool.response", "action": "tool.search", "result": [{"note": SECRET}]}, "result.0.note"),
    ],
)
def test_later_events_do_not_have_it_under_any_name(fields: dict[str, Any], path: str) -> None:
    before, _, after = recorded(fields, fetched(), fields)
    assert SECRET in before.to_json()
    assert SECRET not in after.to_json()
    assert MASKED in after.to_json()
    assert after.metadata == {"redacted": [{"path": path, "rule": "key:password"}]}


@pytest.mark.parametrize("result", ["hunter", "4711", "482913482913", "two words 9", "not found", ""])
def test_what_stands_in_texts_anyway_is_not_looked_for(result: str) -> None:
    *_, after = recorded(fetched(result), {"event_type": "llm.response", "result": f"say {result} again"})
    assert after.result == f"say {result} again"


def test_a_table_of_many_is_not_remembered() -> None:
    rows = [{"password": f"Zx8qLw3vTn{n}R"} for n in range(5)]
    *_, after = recorded(fetched(rows, "list_users"), {"event_type": "llm.response", "result": "Zx8qLw3vTn1R"})
    assert after.result == "Zx8qLw3vTn1R"


def test_the_latest_of_many_are_remembered() -> None:
    many = [fetched(f"Zx8qLw3vTn{n}R") for n in range(40)]
    *_, first, last = recorded(*many, *({"event_type": "llm.response", "result": f"Zx8qLw3vTn{n}R"} for n in (0, 39)))
    assert (first.result, last.result) == ("Zx8qLw3vTn0R", MASKED)


def test_the_marker_is_the_one_that_the_outcome_gave() -> None:
    config = RedactionConfig(outcomes={"key:password": "keep_last_4"})
    *_, after = recorded(fetched(), {"event_type": "llm.response", "result": SECRET}, redactor=DefaultRedactor(config))
    assert after.result == "[REDACTED:key:password:last4=Tn5R]"
    assert after.metadata == {"redacted": [{"path": "result", "rule": "key:password"}]}


def test_what_is_kept_or_dropped_on_purpose_is_not_looked_for() -> None:
    said = {"event_type": "llm.response", "result": SECRET}
    for outcome in ("keep", "drop"):
        config = (
            RedactionConfig(paths={"result": outcome})
            if outcome == "keep"
            else RedactionConfig(outcomes={"key:password": "drop"})
        )
        *_, after = recorded(fetched(), said, redactor=DefaultRedactor(config))
        assert after.result == SECRET


def test_another_logger_knows_nothing_of_it() -> None:
    recorded(fetched())
    (after,) = recorded({"event_type": "llm.response", "result": SECRET})
    assert after.result == SECRET
