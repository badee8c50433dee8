"""How a structure is taken apart: depths, repeats, objects, and what stands where something was masked by name."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable
from typing import Any

import pydantic
import pytest

from agent_audit.redaction import DefaultRedactor, ExtraRule, RedactionConfig, redact, walk
from agent_audit.redaction.walk import MAX_DEPTH

W = "Tr0ub4dor3xQ"
P = "[REDACTED:key:password]"
S = "[REDACTED:key:secret]"
TOKEN = "ghp_" + "a1B2" * 9
KEY = b"k" * 32


@dataclasses.dataclass
class Box:
    main: Any


def depth_of(value: Any) -> int:
    depth = 0
    while type(value) in (list, dict):
        value = value[0] if type(value) is list else next(iter(value.values()))
        depth += 1
    assert value == "[DEPTH]"
    return depth


@pytest.mark.parametrize(
    "around",
    [lambda v: [v], lambda v: (v,), lambda v: {"a": v}, Box, lambda v: deque([v])],
    ids=["list", "tuple", "dict", "object", "deque"],
)
def test_every_kind_of_container_may_stand_in_64_others(around: Callable[[Any], Any]) -> None:
    deep: Any = "x"
    for _ in range(2 * MAX_DEPTH):
        deep = around(deep)
    assert depth_of(redact(deep)) == MAX_DEPTH


@pytest.mark.parametrize("around", [lambda v: v, lambda v: [v]], ids=["outermost", "in a list"])
def test_pairs_of_a_sensitive_name_may_stand_in_64_others(around: Callable[[Any], Any]) -> None:
    deep: Any = "x"
    for _ in range(2 * MAX_DEPTH):
        deep = [("password", deep)]
    told: Any = redact(around(deep))
    depth = 0
    while type(told) is list:
        told, depth = told[-1], depth + 1
    assert told in ("[DEPTH]", P)
    assert depth == MAX_DEPTH


@pytest.mark.parametrize("shared", [["x"], ("x",), {"a": "x"}, Box("x"), deque(["x"])])
def test_what_stands_at_two_places_is_no_cycle(shared: Any) -> None:
    once = redact(shared)
    assert redact([shared, shared]) == [once, once]
    assert redact({"a": shared, "b": [shared]}) == {"a": once, "b": [once]}


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ({"passwords": (W, [W])}, {"passwords": [P, [P]]}),
        ({"passwords": deque([W])}, {"passwords": [P]}),
        ({"passwords": Box(W)}, {"passwords": {"main": P}}),
        ({"passwords": [Box([W])]}, {"passwords": [{"main": [P]}]}),
        ({"password": [(W,)]}, {"password": [[P]]}),
        ({"password": {"true": True, "none": None, "n": 4711}}, {"password": {"true": True, "none": None, "n": P}}),
        ({"a": [1.5, 2.5, None, True, 10**12, -(10**12)]}, None),
        ({"a": 10**12, "b": -(10**12), "c": -(10**15)}, None),
        ({"PWD": "/home/x"}, None),
        ({"PWD": "X1y2z3"}, {"PWD": P}),
        ({"password": "true", "a": {"password": "False"}, "b": {"password": "null"}, "c": {"password": "None"}}, None),
        (
            {"op": "add", "path": "/authorization", "value": W},
            {"op": "add", "path": "/authorization", "value": "[REDACTED:key:authorization]"},
        ),
        ([["id", "user", "password"], {"a": 1}, [1, "bob", W]], [["id", "user", "password"], {"a": 1}, [1, "bob", P]]),
        ([{"a": 1}, ["id", "user", "password"], [1, "bob", W]], None),
        (["password"], None),
        ({"a\udfffb": W}, {"a?b": W}),
    ],
)
def test_exactly_what_a_name_makes_secret_is_masked_in_a_structure(given: Any, masked: Any) -> None:
    assert redact(given) == (given if masked is None else masked)


def test_the_value_of_a_secret_type_is_masked_at_its_place_whatever_the_name() -> None:
    out = DefaultRedactor().redact({"a": [pydantic.SecretStr(W)]}, path="x")
    assert out.value == {"a": ["[REDACTED:secret-type]"]}
    assert [tuple(hit) for hit in out.hits] == [("x.a.0", "secret-type")]


def test_a_key_that_is_a_secret_is_named_by_its_marker() -> None:
    out = DefaultRedactor().redact({TOKEN: 1}, path="x")
    assert len(out.value) == 1
    ((name, value),) = out.value.items()
    assert (name.startswith("[REDACTED:"), value) == (True, 1)
    assert [hit.path for hit in out.hits] == [name]


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [
        ("key:pin", {"pin": 4711}, {"pin": 4712}),
        ("card", {"a": 4111111111111111}, {"a": 5555555555554444}),
        ("key:pin", {"name": "pin", "value": 4711}, {"name": "pin", "value": 4712}),
    ],
)
def test_numbers_have_pseudonyms_of_their_own(rule: str, first: Any, second: Any) -> None:
    redactor = DefaultRedactor(RedactionConfig(fingerprint_key=KEY, outcomes={rule: "pseudonym"}))
    told = [redactor.redact(given).value for given in (first, second, first)]
    assert told[0] == told[2] != told[1]
    assert f"[REDACTED:{rule}:hmac=" in str(told[0])


def test_a_member_that_a_neighbour_drops_is_gone_though_a_rule_knows_its_value() -> None:
    redactor = DefaultRedactor(RedactionConfig(outcomes={"key:password": "drop"}))
    out = redactor.redact({"name": "password", "value": TOKEN, "n": 1})
    assert out.value == {"name": "password", "n": 1}
    assert [tuple(hit) for hit in out.hits] == [("value", "key:password")]


def test_the_configuration_of_an_action_has_the_paths_and_the_action_that_were_given() -> None:
    own = ExtraRule("own", literal="zz", pattern=r"zz\d+", actions=frozenset({"tool.a"}))
    redactor = DefaultRedactor(RedactionConfig(actions={"tool.*": RedactionConfig(extra_rules=(own,))}))
    out = redactor.redact({"a": "zz12", "pin": "4711"}, path="x", action="tool.a")
    assert out.value == {"a": "[REDACTED:own]", "pin": "[REDACTED:key:pin]"}
    assert sorted(tuple(hit) for hit in out.hits) == [("x.a", "own"), ("x.pin", "key:pin")]


def test_a_secret_type_is_masked_for_a_callable_too() -> None:
    seen: list[str] = []

    def callback(_: str, text: str) -> None:
        seen.append(text)

    config = RedactionConfig(paths={"a": "keep"}, callback=callback)
    assert DefaultRedactor(config).redact({"a": pydantic.SecretStr(W), "b": "x"}).value == {
        "a": "[REDACTED:secret-type]",
        "b": "x",
    }
    assert W not in seen


def test_texts_beyond_the_bound_are_left_out_and_those_before_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_TEXT", 10)
    given = ["12345", "12345", "1", "2"]
    assert redact(given) == ["12345", "12345", "[SIZE]", "[SIZE]"]
    assert redact({"a": "12345678901", "b": "2"}) == {"a": "[SIZE]", "b": "[SIZE]"}


def test_a_text_that_is_dropped_is_not_looked_for_when_texts_are_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk, "MAX_TEXT", 10)
    redactor = DefaultRedactor(RedactionConfig(outcomes={"key:password": "drop"}))
    given = {"name": "password", "value": "x1y2z3w4x1y2z3w4", "n": "1"}
    assert redactor.redact(given).value == {"name": "password", "n": "[SIZE]"}


def test_members_whose_names_are_beyond_the_bound_are_left_out_with_their_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk, "MAX_NAMES", 25)
    redactor = DefaultRedactor()
    given = {"name number one": 1, "password": "x1y2z3w4", "item two": {"a": 2}, "password2": "x1y2z3w4", "last": 5}
    kept = {"name number one": 1, "password": "[REDACTED:key:password]", "item two": {"[SIZE]": "[SIZE]"}}
    assert redactor.redact([given, {"name number one": 3, "b": 4}]).value == [
        kept | {"[SIZE]": "[SIZE]"},
        {"name number one": 3, "[SIZE]": "[SIZE]"},
    ]


@pytest.mark.parametrize("given", [list(range(11)), {str(index): index for index in range(11)}], ids=["list", "dict"])
def test_values_beyond_the_bound_are_left_out(monkeypatch: pytest.MonkeyPatch, given: Any) -> None:
    inside = given[:10] if type(given) is list else dict(list(given.items())[:10])
    monkeypatch.setattr(walk, "MAX_NODES", 10)
    assert redact(inside) == inside
    assert redact(given) in (["[SIZE]"], {"[SIZE]": "[SIZE]"})
    monkeypatch.setattr(walk, "MAX_NODES", 12)
    assert redact([inside, inside]) in ([inside, ["[SIZE]"]], [inside, {"[SIZE]": "[SIZE]"}])
