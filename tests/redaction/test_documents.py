"""JSON documents in texts are read as the structures that they are."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor, RedactionConfig
from agent_audit.redaction.texts import documents

S = "Kq9vLr3tXw"
STRUCTURES: list[Any] = [
    {"secrets": {"db": S, "host": "db.internal"}},
    {"sql": "UPDATE users SET name = %s, password = crypt(%s, 'x') WHERE id = %s", "params": ["bob", S, 1]},
    {"query": "INSERT INTO users (name, password) VALUES (?, ?), (?, ?)", "args": ["bob", S, "eve", S + "2"]},
    {"statement": "SELECT 1 FROM t WHERE token = $2 AND id IN ($1)", "values": [1, S]},
    {"Parameters": [{"Name": "/prod/x", "Type": "SecureString", "Value": S}]},
    {"env": [["API_TOKEN", S]], "args": ["-y", "srv", "--api-key", S]},
    {"keys": [S], "keys_base64": [S], "root_token": S},
    {"fs.azure.account.key.x.blob.core.windows.net": S},
]


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda one: next(iter(one)))
@pytest.mark.parametrize("indent", [None, 2])
def test_what_its_place_makes_a_secret_is_one_in_the_text_of_the_structure(
    redactor: DefaultRedactor, structure: Any, indent: int | None
) -> None:
    masked = redactor.redact(structure).value
    assert S not in json.dumps(masked)
    given: Any = structure
    for _ in range(2):
        given = json.dumps({"data": given}, indent=indent)
    out = json.loads(json.loads(redactor.redact(given).value)["data"])["data"]
    assert out == masked


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda one: next(iter(one)))
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("$ store get [x] {y}\n", "\n$ "),
        ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", ""),
        ("It says:\n\n```json\n", "\n```\nShall I go on?"),
        ("2025-01-06 10:00:00 DEBUG app response=", " in 3 ms"),
        ('{"not": closed, ', "}"),
    ],
)
def test_what_its_place_makes_a_secret_is_one_in_a_document_amid_other_text(
    redactor: DefaultRedactor, structure: Any, indent: int | None, before: str, behind: str
) -> None:
    given = f"{before}{json.dumps(structure, indent=indent)}{behind}"
    masked = redactor.redact(given).value
    assert masked.startswith(before)
    assert masked.endswith(behind)
    inside = masked[len(before) : len(masked) - len(behind)]
    assert json.loads(inside) == redactor.redact(structure).value


def test_what_only_begins_like_documents_costs_no_more_than_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def failing(text: str, start: int) -> Any:
        read.append(start)
        raise json.JSONDecodeError("unterminated", text, len(text))

    monkeypatch.setattr(documents, "_read", failing)
    assert not list(documents.secrets_by_place('{"a":' * 1000, None, lambda _: {}))
    assert len(read) < 10


_PIECES = ['"', "{", "}", "[", "]", ":", ",", " ", "\n", "\\u00e9", "\\ud83d\\ude00", "\\", "a", "é", "-12.5e3", "true"]
_TEXTS = st.one_of(
    st.recursive(
        st.one_of(st.text(max_size=6), st.integers(), st.booleans(), st.floats()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
        max_leaves=8,
    ).map(json.dumps),
    st.lists(st.sampled_from(_PIECES), max_size=40).map("".join),
).map(lambda text: text if text[:1] in ("[", "{") else f"[{text}")


@given(before=st.text(alphabet=" x\n", max_size=4), text=_TEXTS, after=st.text(alphabet='}]",x', max_size=4))
def test_a_document_is_read_the_same_however_much_of_it_is_looked_at_first(before: str, text: str, after: str) -> None:
    def read(near: int) -> Any:
        with patch.object(documents, "_NEAR", near):
            try:
                document, end = documents._read(before + text + after, len(before))
            except json.JSONDecodeError as error:
                return error.msg, error.pos
            return repr(document), end

    assert read(1) == read(12) == read(20) == read(1 << 20)


def test_a_document_nested_too_deeply_to_be_read_is_left_to_the_rules_for_texts(redactor: DefaultRedactor) -> None:
    text = 'x {"password": "' + S + '", "a": ' + "[" * 100_000
    assert redactor.redact(text).value == text.replace(S, "[REDACTED:key:password]")


def test_the_same_string_elsewhere_in_a_document_stays(redactor: DefaultRedactor) -> None:
    given = json.dumps({"note": "blueorchid", "secrets": {"db": "x", "b": "blueorchid"}, "name": "blueorchid"})
    assert json.loads(redactor.redact(given).value) == {
        "note": "blueorchid",
        "secrets": {"db": "x", "b": "[REDACTED:key:secret]"},
        "name": "blueorchid",
    }


def test_each_line_may_be_a_document(redactor: DefaultRedactor) -> None:
    lines = [
        json.dumps({"note": "nothing"}),
        json.dumps({"secrets": {"db": S}, "note": S}),
        "no document",
        json.dumps(["a", {"secrets": {"database": S}}]),
    ]
    masked = [line.replace(f'db": "{S}"', 'db": "[REDACTED:key:secret]"') for line in lines]
    masked = [line.replace(f'database": "{S}"', 'database": "[REDACTED:key:secret]"') for line in masked]
    assert redactor.redact("\n".join(lines)).value == "\n".join(masked)
    assert redactor.redact(" " + "\n\n".join(lines) + "\n").value == " " + "\n\n".join(masked) + "\n"


def test_a_name_twice_and_a_broken_document_leave_the_text_to_its_rules(redactor: DefaultRedactor) -> None:
    twice = '{"a": "x", "a": "y", "password": "' + S + '"}'
    assert redactor.redact(twice).value == twice.replace(S, "[REDACTED:key:password]")
    assert S not in redactor.redact('{"password": "' + S + '", ').value


M = "[REDACTED:key:password]"


@pytest.mark.parametrize(
    ("sql", "given", "masked"),
    [
        ("UPDATE users SET name = %s, password = crypt(%s, 'x') WHERE id = %s", ["bob", S, 1], ["bob", M, 1]),
        ("UPDATE users SET password=? WHERE id=?", [S, S], [M, S]),
        ('INSERT INTO users (`password`, "name") VALUES (?, ?), (?, ?)', [S, "bob", S, "eve"], [M, "bob", M, "eve"]),
        ("insert into t ( name , password ) values ( $1 , $2 )", ["bob", S], ["bob", M]),
        ("INSERT INTO t (name, password, at) VALUES (%s, %s, now())", ["bob", S], ["bob", M]),
        ("INSERT INTO t (name, password) VALUES (lower($2), $1)", [S, "bob"], [M, "bob"]),
        ("INSERT INTO t (name, password) VALUES ($2, $1)", [S, "bob"], [M, "bob"]),
        ("INSERT INTO t (name) VALUES (?, ?)", ["bob", S], ["bob", S]),
        ("SELECT 1 FROM t WHERE name = :2 AND password != :1", [S, "bob"], [M, "bob"]),
        ("SELECT 1 FROM t WHERE password IN (%s, %s) AND name LIKE %s", [S, S + "2", S], [M, M, S]),
        ("SELECT password, ? FROM t WHERE id = ?", [S, S], [S, S]),
        ("SELECT 1 WHERE password = ?", [], []),
        ("SELECT 1 WHERE name = ? AND password = ?", ["bob"], ["bob"]),
        ("SELECT 1 WHERE password = $0 OR password = $3", [S], [S]),
        ("SELECT 1", [S], [S]),
    ],
)
def test_each_bound_value_is_named_by_its_column(
    redactor: DefaultRedactor, sql: str, given: list[Any], masked: list[Any]
) -> None:
    for statement in ("sql", "query", "statement", "stmt"):
        for values in ("params", "args", "parameters", "values", "bindings"):
            assert redactor.redact({statement: sql, values: given}).value[values] == masked


def test_what_is_bound_to_other_columns_stays(redactor: DefaultRedactor) -> None:
    given = {"sql": "UPDATE users SET name = %s WHERE password_policy = %s", "params": ["bob7x9z", "strict-2"]}
    assert redactor.redact(given).value == given
    nothing = {"sql": "SELECT password FROM users WHERE id = ?", "params": ["a1b2c3d4"]}
    assert redactor.redact(nothing).value == nothing


def test_rules_that_are_off_and_keys_that_are_allowed_hold_in_documents_too() -> None:
    given = json.dumps({"api_key": {"live": S}})
    assert DefaultRedactor(RedactionConfig(allow_keys=frozenset({"api_key"}))).redact(given).value == given
