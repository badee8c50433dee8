"""However long and however full of what looks like secrets a text is, what it costs has an end."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor, effort
from agent_audit.redaction.effort import MOST_PLACES, readable
from agent_audit.redaction.gate import Gate
from agent_audit.redaction.interface import Hit

SECRET = "kX9vR2mQ7w"
HALVES = (SECRET[:5], SECRET[5:])
SAID = [
    f"password={SECRET}\n",
    f'{{"api_key": "{SECRET}"}}\n',
    f"PASSWORD: '{SECRET}'\n",
    f'password: "{HALVES[0]} token {HALVES[1]}"\n',
    f"ｐａｓｓｗｏｒｄ={SECRET}\n",
]
pieces = st.lists(
    st.sampled_from([*SAID, "a b ", "\n", "token ", "a@b.example ", "4111 1111 1111 1111 ", "\x1b[0m", ", "]),
    max_size=20,
).map("".join)


@pytest.fixture
def gate(redactor: DefaultRedactor) -> Gate:
    return redactor._scanner._gate


@pytest.fixture
def little() -> Iterator[None]:
    with patch.multiple(effort, MOST_PLACES=12, _SHORT=20):
        yield


@given(st.lists(pieces, max_size=4))
@settings(max_examples=300)
def test_of_texts_with_too_many_places_the_first_are_read_and_no_part_of_a_secret_behind_them_is_kept(
    texts: list[str],
) -> None:
    with patch.multiple(effort, MOST_PLACES=12, _SHORT=20, _AT_ONCE=40):
        scanner = DefaultRedactor()._scanner
        masked = scanner.scan(texts)
        kept, cut = readable(texts, scanner._gate)
    out = [masked[index].text if index in masked else text for index, text in enumerate(texts)]
    assert not any(half in text for text in out for half in HALVES)
    assert [text.endswith("[SIZE]") for text in out] == [index in cut for index in range(len(texts))]
    assert {index for index, one in masked.items() if "size" in one.rules} == set(cut)
    assert all(text.startswith(begins) for text, begins in zip(texts, kept, strict=True))
    whole = DefaultRedactor()._scanner.scan(kept)
    assert [text.removesuffix("[SIZE]") for text in out] == [
        whole[index].text if index in whole else text for index, text in enumerate(kept)
    ]


def test_a_text_ends_where_something_ends(little: None, gate: Gate) -> None:
    assert readable(["token\n" * 10 + "a token, a b=c, token\n" * 9], gate).texts == [
        "token\n" * 10 + "a token, a b=c, token\n"
    ]
    text = "token " * 12 + "a=b,password" * 20
    assert readable([text], gate).texts == ["token " * 12 + "a=b,"]
    assert readable(["x" * 30, text, text + " ", "more"], gate) == (
        ["x" * 30, "token " * 12 + "a=b,", "", "more"],
        [1, 2],
    )
    assert readable(["password" * 20], gate).texts == [""]


def test_numbers_and_addresses_count_as_the_part_of_a_place_that_they_cost(little: None, gate: Gate) -> None:
    assert not readable(["a@b " * 12 * effort._OF_ADDRESSES], gate).cut
    assert readable(["a@b " * 13 * effort._OF_ADDRESSES], gate).cut
    assert readable(["(1 " * 20 * effort._OF_NUMBERS], gate).cut


def test_what_hides_its_letters_is_counted_too(little: None, gate: Gate) -> None:
    assert readable(["ｔｏｋｅｎ " * 40], gate).cut
    assert readable(["to\u200bken " * 40], gate).cut


def test_texts_of_ordinary_density_are_read_to_their_end(redactor: DefaultRedactor) -> None:
    line = "2026-11-30 12:00:00,123 INFO app.auth user=bob action=login token_id=17 client=10.0.0.1 took 12 ms\n"
    log = line * 8_000
    assert len(log) > 7 * effort._SHORT
    assert redactor.redact(log).value == log


@pytest.mark.parametrize("beside", ["a", "\ud800"])
def test_a_page_full_of_names_of_secrets_costs_what_its_first_part_does_and_takes_nothing_beside_it(
    redactor: DefaultRedactor, gate: Gate, passed: list[str], beside: str
) -> None:
    page = "x=y;pw=1; " * 150_000
    out = redactor.redact({"page": page, "another": page + " ", "next": f"password={SECRET} {beside}"})
    read = sum(map(len, passed))
    places = len(gate.find("x=y;pw=1; "))
    assert out.value["page"].endswith("[SIZE]")
    assert len(out.value["page"]) < MOST_PLACES // places * 40
    assert out.value["another"] == "[SIZE]"
    assert out.value["next"] == f"password=[REDACTED:key:password] {beside}".replace("\ud800", "\ufffd")
    assert Hit("another", "size") in out.hits
    assert read < len(page)
