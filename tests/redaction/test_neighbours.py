"""Values whose name stands beside them or above them: what is masked, what is kept, and what the hits say."""

from __future__ import annotations

from typing import Any

import pytest

from agent_audit.redaction import DefaultRedactor, RedactionConfig

W = "Tr0ub4dor3xQ"
P = "[REDACTED:key:password]"
T = "q8W2e7R5t9Y1u3I6o0P4a5S6"
LONG = "q8W2e7R5t9Y1u3I6o0P4a5S6" * 3


def table(columns: Any, *rows: Any, name: str = "columns", below: str = "rows") -> dict[str, Any]:
    return {name: columns, below: list(rows)}


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        # rows under the names of their columns
        (table(["id", "password"], [1, W], [2, W]), table(["id", "password"], [1, P], [2, P])),
        (
            table(["password", "id", "pin"], [W, 7, 4711]),
            table(["password", "id", "pin"], [P, 7, "[REDACTED:key:pin]"]),
        ),
        (table([{"name": "id"}, {"name": "password"}], [1, W]), table([{"name": "id"}, {"name": "password"}], [1, P])),
        (table([{"label": "x"}, {"name": "password"}], [1, W]), table([{"label": "x"}, {"name": "password"}], [1, P])),
        (table(["id", "password"], [1, W, 3], [W], "text", None), None),
        (table(["id", "password"], {"a": 1}, [1, W]), table(["id", "password"], {"a": 1}, [1, P])),
        (table(["id", "name"], [1, W]), None),
        (table(["password"], [W], name="header", below="data"), table(["password"], [P], name="header", below="data")),
        (
            table(["password"], [W], name="fields", below="values"),
            table(["password"], [P], name="fields", below="values"),
        ),
        (table("password", [W]), None),
        (table([], [W]), None),
        # the first of several lists has the names
        (
            [["id", "user", "password"], [1, "bob", W], [2, "eve", W]],
            [["id", "user", "password"], [1, "bob", P], [2, "eve", P]],
        ),
        ([["user", "password"], ["bob", W]], [["user", "password"], ["bob", P]]),
        ([["User", "password"], ["bob", W]], [["User", "password"], ["bob", P]]),
        ([["colour", "password"], ["bob", W]], None),
        ([["id", 1, "password"], [1, 2, W]], None),
        ([["password"], [W]], None),
        # name and value
        ({"name": "password", "value": W}, {"name": "password", "value": P}),
        ({"name": "password", "value": W, "default": W}, {"name": "password", "value": P, "default": P}),
        ({"name": "password", "value": [W, "", W]}, {"name": "password", "value": [P, "", P]}),
        ({"name": "password", "value": [[W]]}, {"name": "password", "value": [[P]]}),
        ({"name": "pin", "value": 4711}, {"name": "pin", "value": "[REDACTED:key:pin]"}),
        ({"name": "pin", "value": 47}, None),
        ({"name": "pin", "value": True}, None),
        ({"name": "pin", "value": None}, None),
        ({"name": "token", "value": 4711}, None),
        ({"name": "tokens", "value": [T]}, None),
        ({"name": "tokens", "value": T}, {"name": "tokens", "value": "[REDACTED:key:token]"}),
        ({"name": "password", "value": "none"}, None),
        ({"name": "password", "value": ""}, None),
        ({"name": "phone", "value": "4155550132"}, {"name": "phone", "value": "[REDACTED:phone]"}),
        ({"name": 5, "value": W}, None),
        ({"name": "colour", "field": "password", "value": W}, {"name": "colour", "field": "password", "value": P}),
        # JSON Patch, manifests, keys
        ({"op": "add", "path": "/password", "value": W}, {"op": "add", "path": "/password", "value": P}),
        ({"path": "/password", "value": W}, None),
        ({"op": "add", "path": "/colour", "value": W}, None),
        (
            {"kind": "Secret", "data": {"a": "b"}, "stringData": {"c": "d e f"}},
            {"kind": "Secret", "data": {"a": "[REDACTED:key:secret]"}, "stringData": {"c": "[REDACTED:key:secret]"}},
        ),
        ({"kind": "Secret", "data": ["a"]}, None),
        ({"kind": "secret", "data": {"a": "b"}}, None),
        ({"kty": "RSA", "n": "abc", "d": LONG}, {"kty": "RSA", "n": "abc", "d": "[REDACTED:key:secret]"}),
        (
            {"kty": "RSA", "p": "P1", "q": "Q1", "dp": "x1", "dq": "x2", "qi": "x3", "k": "x4", "kid": "id"},
            {"kty": "RSA", "kid": "id", **dict.fromkeys(("p", "q", "dp", "dq", "qi", "k"), "[REDACTED:key:secret]")},
        ),
        ({"n": "abc", "d": "short"}, None),
        # fields of a page
        ({"element": "Password textbox", "text": W}, {"element": "Password textbox", "text": P}),
        ({"element": "Password", "text": W, "value": W}, {"element": "Password", "text": P, "value": P}),
        ({"selector": "#pin", "keys": ["4711", "11"]}, {"selector": "#pin", "keys": ["[REDACTED:key:pin]", "11"]}),
        ({"element": "PIN field", "value": 4711}, {"element": "PIN field", "value": "[REDACTED:key:pin]"}),
        ({"element": "Password", "text": "required"}, None),
        ({"element": "Password", "text": "<your password>"}, None),
        ({"element": "Key", "text": T}, None),
        ({"element": 7, "text": W}, None),
        ({"element": "Password\nfield", "text": W}, None),
        # what is within the value of a sensitive name
        (
            {"secrets": {"a": W, "n": {"b": [W]}}},
            {"secrets": {"a": "[REDACTED:key:secret]", "n": {"b": ["[REDACTED:key:secret]"]}}},
        ),
        (
            {"secrets": {"name": "x1", "type": "opaque", "b": "on"}},
            {"secrets": {"name": "x1", "type": "opaque", "b": "[REDACTED:key:secret]"}},
        ),
        ({"password": {"type": "string", "default": "x1y2z3"}}, None),
        ({"password": {"type": ["string", "null"], "a": "x1y2z3"}}, None),
        ({"password": {"$ref": "#/x", "a": "x1y2z3"}}, None),
        ({"password": {"type": "hidden", "a": W}}, {"password": {"type": "hidden", "a": P}}),
        ({"password": {"description": "d", "a": W}}, {"password": {"description": "d", "a": P}}),
        ({"password": {"type": "string", "value": W}}, {"password": {"type": "string", "value": P}}),
        ({"auth": {"a": W}}, None),
        ({"phone": {"a": "4155550132"}}, None),
        # pairs in a list
        ([("authorization", W)], [["authorization", "[REDACTED:key:authorization]"]]),
        ([[b"x-api-key", W.encode()]], [["x-api-key", "[REDACTED:key:api-key]"]]),
        ([["accept", W]], None),
        ([["password", W, 1]], None),
        (("password", W), ["password", W]),
        # arguments of commands
        (["psql", "--password", W], ["psql", "--password", P]),
        (["psql", "--password", "--", W], None),
        (["psql", "--password", 5, W], None),
        (["curl", "-u", f"bob:{W}", "x"], ["curl", "-u", "[REDACTED:curl-user]", "x"]),
        (["docker", "run", "-u", "1000:1000"], None),
        (["mysql", f"-p{W}"], ["mysql", "-p[REDACTED:mysql-password]"]),
        (["mysql", "-pab"], None),
        (["mysql", "-pab1"], ["mysql", "-p[REDACTED:mysql-password]"]),
        (["sudo", "/usr/bin/mysql", "-p", "x"], None),
        (["redis-cli", "-a", f"{W} and 42", "ping"], ["redis-cli", "-a", "[REDACTED:redis-password]", "ping"]),
        (
            ["mc", "alias", "set", "m", "https://h", "u", W],
            ["mc", "alias", "set", "m", "https://h", "u", "[REDACTED:minio-alias]"],
        ),
        (["a", "sqlcmd", "-P", W], None),
        (["mysql", "-p<pw>"], None),
        (["docker", "login", "-p", W], ["docker", "login", "-p", "[REDACTED:docker-password]"]),
        (["env", "docker", "login", "-p", W], ["env", "docker", "login", "-p", "[REDACTED:docker-password]"]),
        (["docker", "run", "-p", W], None),
        ([["password", {"a": W}]], [["password", {"a": P}]]),
        ([["n", "x", "password"], [1, 2, W]], [["n", "x", "password"], [1, 2, P]]),
        (["mkdir", f"-p{W}"], None),
        ([5, f"-p{W}"], None),
    ],
)
def test_exactly_what_its_neighbour_names_is_masked(redactor: DefaultRedactor, given: Any, masked: Any) -> None:
    assert redactor.redact(given).value == (given if masked is None else masked)


KEY = "-----BEGIN RSA PRIVATE KEY-----"
M = "[REDACTED:private-key]"


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ([KEY, T, T, "-----END RSA PRIVATE KEY-----", T], [KEY, M, M, "-----END RSA PRIVATE KEY-----", T]),
        ([KEY, T, "  -----END RSA PRIVATE KEY-----", T], [KEY, M, "  -----END RSA PRIVATE KEY-----", T]),
        ([KEY, "Proc-Type: 4,ENCRYPTED", "", T], [KEY, M, "", M]),
        ([KEY, T, 5, T], [KEY, M, 5, T]),
        ([KEY, T, "no line of a key", T], [KEY, M, "no line of a key", T]),
        ([f"{KEY} ", T], [f"{KEY} ", M]),
        ([f"{KEY} -----END RSA PRIVATE KEY-----", T], None),
        ([KEY, "[REDACTED:email]", T], [KEY, "[REDACTED:email]", M]),
        (["-----BEGIN CERTIFICATE-----", T], None),
        (["x", T, KEY, T], ["x", T, KEY, M]),
        (["-----BEGIN CERTIFICATE-----", T, KEY, T], ["-----BEGIN CERTIFICATE-----", T, KEY, M]),
    ],
)
def test_the_lines_of_a_private_key_are_masked_and_no_others(
    redactor: DefaultRedactor, given: Any, masked: Any
) -> None:
    out = redactor.redact(given)
    assert out.value == (given if masked is None else masked)
    masked_lines = [str(index) for index, line in enumerate(out.value) if line == M]
    assert [(hit.path, hit.rule) for hit in out.hits] == [(index, "private-key") for index in masked_lines]


def test_a_password_joined_to_its_option_has_a_pseudonym_of_its_own() -> None:
    config = RedactionConfig(fingerprint_key=b"k" * 32, outcomes={"mysql-password": "pseudonym"})
    redactor = DefaultRedactor(config)
    first, second = (redactor.redact(["mysql", f"-p{secret}"]).value[1] for secret in (W, T))
    assert first != second


def test_values_named_by_a_neighbour_have_pseudonyms_of_their_own() -> None:
    config = RedactionConfig(fingerprint_key=b"k" * 32, outcomes={"key:password": "pseudonym"})
    first, second = (
        DefaultRedactor(config).redact({"name": "password", "value": one}).value["value"] for one in (W, T)
    )
    assert first != second


def test_each_line_of_a_private_key_has_its_own_pseudonym() -> None:
    config = RedactionConfig(fingerprint_key=b"k" * 32, outcomes={"private-key": "pseudonym"})
    _, first, second, third = DefaultRedactor(config).redact([KEY, T, T, f"{T}x"]).value
    assert first == second != third
    assert first.startswith("[REDACTED:private-key:hmac=")
