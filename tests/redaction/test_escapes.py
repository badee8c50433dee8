"""Strings within texts: what stands in them is seen as whoever reads them sees it, and masked where it was written."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor
from agent_audit.redaction.texts.escapes import Unescaped, strings_of

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
