"""Tokens that are examples, checksums that tokens carry, and the documents that rules follow."""

from __future__ import annotations

import zlib

import pytest

from agent_audit.redaction import redact
from agent_audit.redaction.rules import rule_ids
from agent_audit.redaction.rules.issuers import ISSUERS
from agent_audit.redaction.rules.sources import source_of
from agent_audit.redaction.rules.tools import TOOLS
from agent_audit.redaction.validators import has_checksum

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def with_checksum(prefix: str, body: str) -> str:
    """A token as GitHub's engineers describe it: CRC-32 of the body, in base 62, six characters with leading zeros."""
    number, check = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        check = DIGITS[rest] + check
    return prefix + body + check.rjust(6, "0")


@pytest.mark.parametrize("prefix", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_"])
@pytest.mark.parametrize("body", ["abcdefghijklmnopqrstuvwxyz0123", "zQ" * 15, "0" * 15 + "zQ9" * 5])
def test_a_token_with_its_checksum_is_masked_however_much_it_looks_like_an_example(prefix: str, body: str) -> None:
    token = with_checksum(prefix, body)
    assert has_checksum(token)
    assert redact(f"see {token}.") in (f"see [REDACTED:{rule}-token]." for rule in ("github", "npm"))


@pytest.mark.parametrize(
    "example",
    [
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "npm_0123456789abcdefghijklmnopqrstuvwxyz",
        "ghr_" + "x" * 36,
        "glpat-" + "X" * 20,
        "AIza" + "a" * 35,
        "pplx-" + "x" * 48,
        "sk-ant-api03-" + "x" * 60,
        "AKCp" + "X" * 69,
        "abc1Q~" + "x" * 33,
    ],
)
def test_an_example_survives_but_not_under_a_name_of_a_secret(example: str) -> None:
    assert redact(f"such as {example} here") == f"such as {example} here"
    assert example not in str(redact({"access_token": example}))


@pytest.mark.parametrize(
    "example",
    [
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "npm_0123456789abcdefghijklmnopqrstuvwxyz",
        "AIza" + "a" * 35,
        "a" * 32,
        "insertion-99",
        "your9password",
        "x" * 3 + "9",
    ],
)
def test_an_alphabet_under_a_name_in_a_text_is_masked(example: str) -> None:
    assert redact(f"API_KEY={example}") == "API_KEY=[REDACTED:key:api-key]"


@pytest.mark.parametrize(
    "placeholder",
    [
        "ghr_" + "x" * 36,
        "sk-ant-api03-" + "x" * 60,
        "xoxp-" + "-".join(["X" * 10] * 3),
        "abc1Q~" + "*" * 33,
        "insert_key_here",
        "your api key",
        "replace-with-token",
        "%s",
        "{self.token}",
        "{b64(key)}",
        "$BASE_URL/a/b",
    ],
)
def test_what_stands_for_a_secret_in_a_text_survives_under_its_name(placeholder: str) -> None:
    for text in (f'API_KEY="{placeholder}"', f"Authorization: Bearer {placeholder}"):
        assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "API-" + "BD80F56C" * 4,
        "glptt-" + "a1-B" * 11,
        "glagent-" + "a1B2" * 5,
        "GR1348941" + "123" * 8,
        "xoxe.xoxp-1-AccessTokenHere",
        "bedrock-api-key-" + "a1B2" * 8,
    ],
)
def test_what_only_begins_like_a_token_survives(text: str) -> None:
    assert redact(f"see {text}") == f"see {text}"


@pytest.mark.parametrize("prefix", ["ghp_", "npm_"])
def test_a_token_whose_checksum_does_not_fit_is_masked_all_the_same(prefix: str) -> None:
    token = prefix + "q8W2e7R5t9Y1u3I6o0P4a5S6d7F8g9H0j1K2"
    assert not has_checksum(token)
    assert token not in redact(f"see {token}")


def test_every_rule_names_the_document_that_it_follows() -> None:
    listed = [name for line in (ISSUERS + TOOLS).strip().splitlines() for name in line.partition(":")[0].split()]
    assert len(listed) == len(set(listed))
    assert set(listed) <= rule_ids()
    for rule in rule_ids():
        assert len(source_of(rule)) >= 8, rule


def test_a_rule_that_is_not_built_in_has_no_document() -> None:
    with pytest.raises(KeyError):
        source_of("no-such-rule")
