"""Strings within texts: what stands in them is seen as whoever reads them sees it, and masked where it was written."""

from __future__ import annotations

import json
from html import escape
from itertools import pairwise
from unittest.mock import patch
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor
from agent_audit.redaction.texts import escapes
from agent_audit.redaction.texts.escapes import Unescaped, strings_of
from agent_audit.redaction.texts.parts import Reading

texts = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF) | st.sampled_from('\n\r\t"\\\\/'), max_size=60)


@given(texts, st.booleans(), st.data())
def test_each_character_of_a_string_is_found_where_it_was_written(
    text: str, ascii_only: bool, data: st.DataObject
) -> None:
    def written(part: str) -> str:
        return json.dumps(part, ensure_ascii=ascii_only)[1:-1]

    seen = Unescaped(written(text))
    assert seen.text == text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = seen.span(start, end)
    assert written(text)[first:last] == written(text[start:end])


@given(st.dictionaries(texts, texts | st.integers() | st.lists(texts), max_size=5))
def test_the_strings_of_a_document_are_its_values_in_their_order(value: dict[str, object]) -> None:
    document = json.dumps(value)
    strings = [one for item in value.values() for one in (item if isinstance(item, list) else [item])]
    expected = [json.dumps(one)[1:-1] for one in strings if isinstance(one, str)]
    assert [inner for _, inner in strings_of(document)] == expected
    assert all(document.startswith(inner, start) for start, inner in strings_of(document))


def test_a_secret_is_found_through_three_levels_of_strings(redactor: DefaultRedactor) -> None:
    text = "Bot: Please enter your PIN.\nUser: 4821\n"
    for _ in range(3):
        text = json.dumps({"stdout": text})
    out = redactor.redact(text).value
    for _ in range(3):
        out = json.loads(out)["stdout"]
    assert out == "Bot: Please enter your PIN.\nUser: [REDACTED:key:pin]\n"


def test_half_a_document_and_a_text_that_only_has_escapes_are_read_too(redactor: DefaultRedactor) -> None:
    line = "x\\n482913 is your verification code\\n"
    masked = line.replace("482913", "[REDACTED:key:otp]")
    assert redactor.redact('{"a": [1, {"stdout": "' + line).value == '{"a": [1, {"stdout": "' + masked
    assert redactor.redact("output: " + line).value == "output: " + masked
    for before in ('\\"', "\\t"):
        code = f"output: {before}482913 is your verification code"
        assert redactor.redact(code).value == code.replace("482913", "[REDACTED:key:otp]")


def test_code_points_are_read_in_either_case(redactor: DefaultRedactor) -> None:
    for escaped in ("\\u0022", "\\U0022"):
        assert Unescaped(f"a{escaped}b").text == 'a"b'
    assert Unescaped("\\ud83d\\ude00 \\x").text == "\\ud83d\\ude00 \\x"


def test_escapes_of_what_escapes_are_one_level_however_many_there_are(redactor: DefaultRedactor) -> None:
    for text in (
        "password \\x5c" + "x5c" * 5000 + "n",
        "password %" + "25" * 5000 + "22 %22",
        "password &" + "amp;" * 5000 + "quot; &quot;",
        "password &#38;" + "#38;" * 5000 + " &quot;",
    ):
        assert "error" not in {hit.rule for hit in redactor.redact(text).hits}


def test_what_stands_escaped_once_more_is_read_as_what_it_says(redactor: DefaultRedactor) -> None:
    said = 'login("bob", "Kq9vLr3tXw")'
    for text in (quote(said), quote(quote(said)), quote_plus(said), escape(said), escape(escape(said))):
        assert redactor.redact(text).value == text.replace("Kq9vLr3tXw", "[REDACTED:login-function]")


SECRET = "kX9vR2mQ7w"
SAID = [
    f"password: '{SECRET}'\n",
    f'{{"user": "bob", "api_key": "{SECRET}"}}',
    f"DB_HOST=db\nDB_PASSWORD={SECRET}\nDB_PORT=5432\n",
    f"INSERT INTO users (name, password) VALUES ('bob', '{SECRET}')\n",
    f"name\tpassword\nbob\t{SECRET}\n",
    f"Please enter your password.\nUser: {SECRET}\n",
]
WAYS = [
    json.dumps,
    lambda text: json.dumps(json.dumps(text)),
    lambda text: "q=" + quote_plus(text + "'"),
    lambda text: escape(text + "'"),
    lambda text: text.replace("'", "\\'"),
]
written = st.tuples(st.sampled_from(WAYS), st.sampled_from(SAID)).map(lambda pair: pair[0](pair[1]))
prose = st.tuples(st.sampled_from(["The results were read.\n", "x = y\t+ 1 ", "a<b> ", "€ é "]), st.integers(0, 600))


@given(st.lists(prose.map(lambda pair: pair[0] * pair[1]) | written, min_size=4, max_size=12).map("\n".join))
@settings(max_examples=60, deadline=None)
def test_a_long_text_is_read_around_its_escapes_as_the_whole_would_be(text: str) -> None:
    text += "." * (escapes._LONG + 1 - len(text))
    around = DefaultRedactor().redact(text)
    with patch.object(escapes, "_LONG", len(text)):
        whole = DefaultRedactor().redact(text)
    assert around == whole


@pytest.mark.parametrize(
    "opened",
    ['api_key = \\"{}, it says\n', "%22password%22%3A%22{} and\n", "password&#39;&#58; &#34;{} and\n"],
)
def test_of_a_string_without_an_end_where_a_long_text_is_cut_the_first_line_is_masked(
    redactor: DefaultRedactor, opened: str
) -> None:
    sentence = "The results were read.\n"
    out = redactor.redact(sentence * 300 + opened.format(SECRET) + sentence * 900).value
    assert SECRET not in out
    assert out.count(sentence) == 1200


def test_what_begins_where_a_long_text_is_cut_is_not_believed() -> None:
    text = "x" * 1000
    spans = [(0, 10, "rule"), (99, 300, "rule"), (100, 300, "rule"), (300, 900, "rule")]
    assert list(Reading(50, text, None, cut_before=True).of_whole(spans)) == [(150, 350, "rule"), (350, 950, "rule")]
    assert list(Reading(50, text, None).of_whole(spans)) == [(start + 50, end + 50, rule) for start, end, rule in spans]


@given(st.lists(st.sampled_from(["\\n", "%22", "+", "a b\n", "word"]) | st.integers(1, 9000).map(lambda n: "x" * n)))
def test_what_is_read_around_escapes_holds_each_of_them_and_a_statement_on_both_sides(parts: list[str]) -> None:
    text = "".join(parts)
    for pattern in (escapes._ESCAPE, escapes._PERCENT):
        pieces = list(escapes._around(text, pattern))
        assert all(before[1] < after[0] for before, after in pairwise(pieces))
        for match in pattern.finditer(text):
            first, last = max(0, match.start() - escapes._AROUND), min(len(text), match.end() + escapes._AROUND)
            assert match[0] == "+" or any(start <= first and last <= end for start, end in pieces)


MODULE = '''def parse_{0}(text, sep="\\\\"):
    """Split a field at each separator and return the parts in order.

    >>> parse_{0}('a="b c"; d="e f"', sep=";")
    """
    return [part.strip() for part in text.split(sep, maxsplit=8) if part]


'''


@pytest.mark.parametrize("amid", ["", "\\n", "%22", "&quot;", "\\n %22 &quot;", "\\\\\\n \\\\\\\\t %22 &amp;quot;"])
def test_a_module_of_a_program_is_not_read_once_more_for_every_way_to_escape_something(
    amid: str, passed: list[str]
) -> None:
    module = "".join(MODULE.replace("\\\\", "/").format(number) for number in range(300))
    middle = len(module) // 2
    module = f"{module[:middle]}{amid}\n{module[middle:]}"
    assert DefaultRedactor().redact(module).value == module
    assert sum(map(len, passed)) < 4 * len(module)


def test_a_string_that_several_readings_show_is_read_once(passed: list[str]) -> None:
    strings = [f"the name of user {number} and what was said" for number in range(100)]
    structure = f"{dict.fromkeys(strings, 0)}" + "\\" * 12 + "t"
    assert DefaultRedactor().redact(structure).value == structure
    assert sum(map(len, passed)) < 8 * len(structure)
