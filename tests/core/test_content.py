"""Content levels: how much of a payload an event carries."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from agent_audit import AuditEventType, AuditLogger, MemoryAuditBackend
from agent_audit.content import HEAD, TAIL, ContentLevels, shorten

KEY = b"k" * 32
LONG = "ab" * (HEAD + TAIL)


def record(**fields: object) -> dict[str, object]:
    return {"event_type": "tool.call", "action": "tool.mail", "parameters": {"a": 1}, "result": LONG, **fields}


def test_full_keeps_what_would_be_shown_as_a_preview() -> None:
    event = record(result="ab" * 8192)
    assert shorten(event, KEY, ContentLevels(by_type={"tool.call": "full"})) == {}
    assert event == record(result="ab" * 8192)


def test_preview_shows_beginning_end_size_and_a_keyed_digest() -> None:
    event = record()
    summary = shorten(event, KEY, ContentLevels(by_type={"tool.call": "preview"}))
    digest = hmac.new(KEY, LONG.encode(), hashlib.sha256).hexdigest()
    assert summary == {"result": {"bytes": len(LONG), "level": "preview", "hmac_sha256": digest}}
    assert event["parameters"] == {"a": 1}
    assert str(event["result"]).startswith(LONG[:HEAD])
    assert str(event["result"]).endswith(LONG[-TAIL:])


@pytest.mark.parametrize("key", [KEY, None])
def test_digest_leaves_size_and_digest_or_the_reason_why_there_is_none(key: bytes | None) -> None:
    event = record(error="boom")
    summary = shorten(event, key, ContentLevels(by_type={"tool.call": "digest"}))
    assert summary is not None
    assert event.keys() == {"event_type", "action"}
    assert summary["error"]["bytes"] == 4
    assert ("hmac_sha256" in summary["error"]) is (key is not None)
    assert ("hmac_absent" in summary["error"]) is (key is None)


def test_none_leaves_the_size_and_nothing_that_joins_equal_payloads() -> None:
    event = record(result=None)
    assert shorten(event, KEY, ContentLevels(by_action={"tool.*": "none"})) == {
        "parameters": {"bytes": len(json.dumps({"a": 1}, separators=(",", ":"))), "level": "none"}
    }


def test_the_action_goes_before_the_type_and_the_first_pattern_before_later_ones() -> None:
    levels = ContentLevels(by_type={"tool.call": "none"}, by_action={"tool.mail": "full", "tool.*": "digest"})
    assert levels.of(record()) == "full"
    assert levels.of(record(action="tool.x")) == "digest"
    assert levels.of(record(action=None)) == "none"
    assert levels.of({"event_type": "error"}) is None


def test_the_logger_redacts_the_whole_and_then_applies_the_level() -> None:
    backend = MemoryAuditBackend()
    secret = "ghp_" + "a1B2" * 9
    text = "x" * (HEAD - 10) + f" {secret} " + "y" * 9000
    with AuditLogger(backend, content=ContentLevels(by_type={"tool.response": "preview"})) as logger:
        logger.record(AuditEventType.TOOL_RESPONSE, result=text)
    (event,) = backend.events()
    assert secret[:8] not in event.to_json()
    assert event.metadata is not None
    assert event.metadata["redacted"] == [{"path": "result", "rule": "github-token"}]
    assert event.metadata["shortened"]["result"]["level"] == "preview"
