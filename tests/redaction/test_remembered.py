"""Texts in which nothing was found are remembered, and not read again while they are."""

from __future__ import annotations

import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor, ExtraRule, RedactionConfig

PIECES = [
    *(
        "password: x8Kq2vLp",
        "a",
        "weather",
        "jane@example.org",
        "\x1b[1m",
        "ghp_",
        "{",
        '"token": "',
        '"',
        "\uff41",
        "",
    ),
]
texts = st.lists(st.sampled_from(PIECES), max_size=3).map(" ".join)
OLD = DefaultRedactor()


@given(st.lists(st.lists(texts, max_size=6), max_size=4))
@settings(max_examples=50, deadline=None)
def test_what_was_seen_before_changes_no_outcome(values: list[list[str]]) -> None:
    new = DefaultRedactor()
    outcomes = [OLD.redact(value) for value in values]
    assert outcomes == [OLD.redact(value) for value in values]
    assert outcomes == [new.redact(value) for value in reversed(values)][::-1]


def test_a_harmless_text_beside_which_a_secret_stands_is_told_at_its_own_place() -> None:
    redactor = DefaultRedactor()
    redactor.redact({"first": "harmless", "third": "harmless, too"})
    redacted = redactor.redact({"first": "harmless", "second": "password: x8Kq2vLp", "third": "harmless, too"})
    assert redacted.value == {
        "first": "harmless",
        "second": "password: [REDACTED:key:password]",
        "third": "harmless, too",
    }
    assert [(hit.path, hit.rule) for hit in redacted.hits] == [("second", "key:password")]


def test_what_is_harmless_for_one_action_is_masked_for_another() -> None:
    rule = ExtraRule("badge", "bdg-", r"bdg-\d{6}", actions=frozenset({"tool.door"}))
    redactor = DefaultRedactor(RedactionConfig(extra_rules=(rule,)))
    for _ in range(2):
        assert redactor.redact("open bdg-123456", action="tool.search").value == "open bdg-123456"
        assert redactor.redact("open bdg-123456", action="tool.door").value == "open [REDACTED:badge]"


def test_no_more_is_remembered_than_some_hundred_thousand_characters() -> None:
    redactor = DefaultRedactor()
    redactor.redact("a first one")
    tracemalloc.start()
    try:
        for number in range(3000):
            redactor.redact([f"{number} " + "weather " * 30, f"{number}", "x" * 200_000])
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_of_ids_no_more_is_remembered_than_some_million_characters() -> None:
    redactor = DefaultRedactor()
    tracemalloc.start()
    try:
        for number in range(120):
            redactor.mask_identity({"session_id": f"{number} " + "x" * 100_000})
        assert tracemalloc.get_traced_memory()[0] < 4_000_000
        for number in range(20_000):
            redactor.mask_identity({"user_id": f"user {number}"})
        assert tracemalloc.get_traced_memory()[0] < 4_000_000
    finally:
        tracemalloc.stop()
