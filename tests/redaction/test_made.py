"""What a word of a sentence was made to be: a secret, or a name, an adjective, a type."""

from __future__ import annotations

import pytest

from agent_audit.redaction.names.keys import KeyClass
from agent_audit.redaction.names.made import (
    is_adjective,
    is_made,
    is_quoted_secret,
    is_short,
    is_technical_word,
    is_words,
)

PASSWORD = KeyClass("key:password", numeric=True)

SURE = """
    ab!cd1 abcd!f tulip123 tuLip1 tUlip1 Tulip123 a-b-c1 ab-cd-1 ab-cd1 a.b.c12 abc-de-fg-1 Rad1us-Shared rad1us-Shared
    tulip-12
"""
LIKELY = "tulip! tulip? tulip-bulb-garden blueOrchid orchidB Blue-Orchid Blue.Orchid blue/Orchid abc/Def abcd.Efgh"
NONE = """
    tul!p tulip1 tulip12 TULIP12 Tulip1 tuli! abcd-12 tulip-bulb blueO ab/Cd ab.Cd blue.orchid Okta-MFA Okta-M Blue-XY-z
    x=blue1234 x1=Orchid99 ***masked1 xxx12345 bitwarden12 bitwarden! github99 tulip-User9 a1b2c AB-12 sha-256
"""
ADJECTIVES = """
    user-tulip9 up-to-date7 up-to-date9-x state-of-the-art9 well-known7 case-sensitive1 SHA256-hashed RAD1US-SHARED
    TO-BASE64-ENCODED
"""


@pytest.mark.parametrize("token", SURE.split())
def test_a_token_with_digits_or_symbols_enough_is_a_secret_wherever_it_may_be_one(token: str) -> None:
    assert is_made(token, PASSWORD, sure=True)
    assert is_made(token, PASSWORD, sure=False)


@pytest.mark.parametrize("token", LIKELY.split())
def test_words_written_as_one_are_a_secret_only_where_one_is_told(token: str) -> None:
    assert not is_made(token, PASSWORD, sure=True)
    assert is_made(token, PASSWORD, sure=False)


@pytest.mark.parametrize("token", [*NONE.split(), *ADJECTIVES.split()])
def test_what_is_short_or_has_a_name_that_things_have_is_no_secret(token: str) -> None:
    assert not is_made(token, PASSWORD, sure=False)


def test_an_adjective_of_several_words_is_told_from_words_joined_by_dashes() -> None:
    assert all(map(is_adjective, ADJECTIVES.split()))
    assert not any(map(is_adjective, [*SURE.split(), *LIKELY.split(), "well-to-do-people"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in ("teal", "teal rook", "x")),
        *((text, False) for text in ("password", "PASSWORD", "github", "GitHub", "the rook", "12345", "")),
        *((text, False) for text in ("teal(rook", "teal[rook", "teal;rook", "tulip=1", "$teal")),
    ],
)
def test_words_in_quotes_are_a_secret_if_none_of_them_says_how_it_is(text: str, expected: bool) -> None:
    assert is_quoted_secret(text, PASSWORD) is expected


@pytest.mark.parametrize(
    ("text", "sure", "unsure"),
    [
        ("teal rook moon", False, True),
        ("teal rook", False, False),
        ("teal the moon", False, False),
        ("teal rook 7", True, True),
        ("teal user 7", False, False),
        ("teal based 7", False, False),
        ("teal password rook", False, False),
    ],
)
def test_several_words_are_a_phrase_if_none_is_of_a_sentence(text: str, sure: bool, unsure: bool) -> None:
    assert (is_words(text, sure=True), is_words(text, sure=False)) == (sure, unsure)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        *((token, True) for token in ("abc12", "hunter2", "Tulip9")),
        *((token, False) for token in ("abc1", "hunter22", "1abcd", "orchid", "sha256", "web3", "oauth2", "ab-c1")),
    ],
)
def test_a_short_password_has_five_to_seven_letters_and_digits(token: str, expected: bool) -> None:
    assert is_short(token) is expected


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        *((token, True) for token in ("sha256", "sha-256", "v1.2", "a.b-c", "tu-1")),
        *((token, False) for token in ("tulip-12", "TULIP-12", "ab-c", "orchid")),
    ],
)
def test_words_joined_by_dashes_that_end_in_a_number_are_no_version(token: str, expected: bool) -> None:
    assert is_technical_word(token) is expected
