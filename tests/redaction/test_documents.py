"""JSON documents in texts are read as the structures that they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_audit.redaction import DefaultRedactor, RedactionConfig

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


def test_the_same_string_elsewhere_in_a_document_stays(redactor: DefaultRedactor) -> None:
    given = json.dumps({"note": "blueorchid", "secrets": {"db": "x", "b": "blueorchid"}, "name": "blueorchid"})
    assert json.loads(redactor.redact(given).value) == {
        "note": "blueorchid",
        "secrets": {"db": "x", "b": "[REDACTED:key:secret]"},
        "name": "blueorchid",
    }


def test_each_line_may_be_a_document(redactor: DefaultRedactor) -> None:
    line = json.dumps({"env": [["API_TOKEN", S]]})
    assert S not in redactor.redact(f"{line}\nno document\n{line}\n").value


def test_what_is_bound_to_other_columns_stays(redactor: DefaultRedactor) -> None:
    given = {"sql": "UPDATE users SET name = %s WHERE password_policy = %s", "params": ["bob7x9z", "strict-2"]}
    assert redactor.redact(given).value == given
    nothing = {"sql": "SELECT password FROM users WHERE id = ?", "params": ["a1b2c3d4"]}
    assert redactor.redact(nothing).value == nothing


def test_rules_that_are_off_and_keys_that_are_allowed_hold_in_documents_too() -> None:
    given = json.dumps({"api_key": {"live": S}})
    assert DefaultRedactor(RedactionConfig(allow_keys=frozenset({"api_key"}))).redact(given).value == given
