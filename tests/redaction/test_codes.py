"""Codes told in sentences and in lists: how near, how long and of what form, each at its boundary."""

from __future__ import annotations

import pytest

from agent_audit.redaction import redact
from agent_audit.redaction.sentences.codes import CODE_FINDERS

HIDDEN = "[REDACTED:key:otp]"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # What makes a number beside the word a code.
        ("kod 482913", None),
        ("kod: 482913", None),
        ("twój kod: 482913", f"twój kod: {HIDDEN}"),
        ("kod: 482913. Nie podawaj go nikomu", f"kod: {HIDDEN}. Nie podawaj go nikomu"),
        ("kod SMS 482913", f"kod SMS {HIDDEN}"),
        ("wpisz kod: 48291", f"wpisz kod: {HIDDEN}"),
        ("wpisz kod: 4829", None),
        ("the door is blue, code 4829", f"the door is blue, code {HIDDEN}"),
        ("The door is blue. Code 4829", None),
        # Which numbers are codes.
        ("código de acceso: 482", None),
        ("código de acceso: 4829", f"código de acceso: {HIDDEN}"),
        ("código de acceso: 4829137750", f"código de acceso: {HIDDEN}"),
        ("código de acceso: 48291377501", None),
        ("código de acceso 2024", None),
        ("código de acceso: 2024", f"código de acceso: {HIDDEN}"),
        ("código de acceso: 4829 bytes", None),
        ("código de acceso: 48,29", None),
        ("código de acceso: K7P2QX", f"código de acceso: {HIDDEN}"),
        ("código de acceso: k7p2qx", None),
        ("código de acceso: KAPPQX", None),
        ("tu código: K7P2QX", None),
        ("tu código es 12-05-24", None),
        ("tu código es 42-45-24", f"tu código es {HIDDEN}"),
        ("código de seguridad: 552", "código de seguridad: [REDACTED:key:cvv]"),
        ("código de seguridad 552", None),
        # How the number hangs on the word.
        ("código de acceso revisado en 48291", None),
        ("código de acceso revisado en todas partes: 48291", f"código de acceso revisado en todas partes: {HIDDEN}"),
        ("código de acceso revisado. Dice: 48291", None),
        ("código de acceso\n48291", f"código de acceso\n{HIDDEN}"),
        ("código de acceso\n48291 visitas", None),
        ("código de acceso: <b>48291</b>", f"código de acceso: <b>{HIDDEN}</b>"),
        ("48291 es tu código", f"{HIDDEN} es tu código"),
        ("48291. Es tu código", None),
        ("48291 onay kodu", f"{HIDDEN} onay kodu"),
        ("48291 kodu", None),
        # No word of a sentence.
        ("mi_código: 48291", None),
        ("/código: 48291", None),
        ("stan: 482913", None),
        ("TAN: 482913", f"TAN: {HIDDEN}"),
        ("decode: your 48291", None),
    ],
)
def test_a_number_is_a_code_where_the_sentence_says_so(text: str, masked: str | None) -> None:
    assert redact(text) == (text if masked is None else masked)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Kody zapasowe:\n4829-1377\nkoniec", f"Kody zapasowe:\n{HIDDEN}\nkoniec"),
        ("Kody zapasowe:\n4829-1377\n3019-3918\nkoniec", f"Kody zapasowe:\n{HIDDEN}\nkoniec"),
        ("Kody zapasowe:\n4829-1377, 3019-3918\n", f"Kody zapasowe:\n{HIDDEN}\n"),
        ("Kody\n4829-1377\n3019-3918\n", None),
        ("Kody zapasowe\na\nb\n\nc\n\n4829-1377\n3019-3918\n", f"Kody zapasowe\na\nb\n\nc\n\n{HIDDEN}\n"),
        ("Kody zapasowe\na\nb\n\nc\n\nd\n4829-1377\n3019-3918\n", None),
        ("Kody zapasowe\nabcd-efgh\nijkl-mnop\n", None),
        ("Kody zapasowe\nABCD-EFGH\nIJKL-MNOP\n", f"Kody zapasowe\n{HIDDEN}\n"),
        ("Kody zapasowe\n1. first 4829\n2. second 3019\n", None),
        ("Kody zapasowe: 4829-1377", f"Kody zapasowe: {HIDDEN}"),
        ("Kody zapasowe: 10 z 10", None),
        ("setup key: abcd efg2 hijk lmno", f"setup key: {HIDDEN}"),
        ("setup key: abcd efg2 hijk", None),
        ("setup key: this code will open", None),
    ],
)
def test_a_list_of_codes_is_read_below_its_heading(text: str, masked: str | None) -> None:
    assert redact(text) == (text if masked is None else masked)


def test_the_same_code_is_masked_where_it_stands_again() -> None:
    text = "Your code is 482913.\n\n@a.example #482913, not x482913 or 4829137"
    assert redact(text) == f"Your code is {HIDDEN}.\n\n@a.example #{HIDDEN}, not x482913 or 4829137"


def test_capitals_of_every_script_are_read() -> None:
    for text in ("İŞLEM ŞİFRENİZ: 482913", "ВАШ КОД: 482913", "ΚΩΔΙΚΟΣ ΑΣΦΑΛΕΙΑΣ: 482913", "HASŁO SMS: 482913"):
        assert "482913" not in redact(text)


def test_every_word_for_code_is_found_as_it_is_written() -> None:
    assert all(word == word.lower() and len(word) > 1 for word in CODE_FINDERS)
