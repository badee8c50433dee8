"""What texts became is remembered, and none is read again while it is."""

from __future__ import annotations

import tracemalloc
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor, ExtraRule, RedactionConfig, effort
from agent_audit.redaction.remembered import Masked, Remembered

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


SECRET = "x8Kq2vLpT4"
LETTER = f"Dear jane@example.org, the password: {SECRET}, card 4111 1111 1111 1111, call +49 30 1234567."


def test_what_a_text_with_secrets_became_is_told_again_without_reading_it(passed: list[str]) -> None:
    redactor = DefaultRedactor(RedactionConfig(fingerprint_key=b"0" * 32, outcomes={"email": "pseudonym"}))
    first = redactor.redact({"n": 1, "letter": LETTER})
    assert any(LETTER in text for text in passed)
    passed.clear()
    second = redactor.redact({"n": 2, "messages": ["n", LETTER]})
    assert not any("jane" in text for text in passed)
    assert second.value["messages"][1] == first.value["letter"]
    assert [hit.rule for hit in second.hits] == [hit.rule for hit in first.hits]
    assert [(mark.kind, mark.digest, mark.at) for mark in second.fingerprints] == [
        (mark.kind, mark.digest, mark.at) for mark in first.fingerprints
    ]
    assert second.fingerprints


def test_no_secret_and_no_personal_data_are_kept_in_memory_for_it() -> None:
    redactor = DefaultRedactor(RedactionConfig(fingerprint_key=b"0" * 32))
    for _ in range(2):
        redactor.redact([LETTER, "harmless"])
    kept = repr({name: getattr(redactor._scanner._remembered, name) for name in ("harmless", "_masked")})
    assert "[REDACTED:email]" in kept
    assert "harmless" in kept
    assert not any(part in kept for part in (SECRET, "jane", "4111", "1234567"))


def test_a_text_of_the_same_hash_is_another_text() -> None:
    class Alike(str):
        def __hash__(self) -> int:
            return 7

    remembered = Remembered()
    remembered.note([Alike("password: a")], {0: Masked("password: [REDACTED:x]", ("x",))})
    texts = [Alike("password: b"), Alike("password: a")]
    assert remembered.masked(texts, range(2)) == {1: Masked("password: [REDACTED:x]", ("x",))}


def test_what_was_not_read_to_its_end_is_read_when_there_is_room() -> None:
    redactor = DefaultRedactor()
    text = f"token token, password: {SECRET}\n"
    with patch.multiple(effort, MOST_PLACES=1, _SHORT=0):
        assert redactor.redact(text).value == "token [SIZE]"
    assert redactor.redact(text).value == "token token, password: [REDACTED:key:password]\n"


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
