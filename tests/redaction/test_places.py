"""What is said of a place: outcomes by path, below a path that is given already, and a callable for every text."""

from __future__ import annotations

from typing import Any

import pytest

from agent_audit.redaction import DefaultRedactor, RedactionConfig

MAIL = "jane@example.org"
E, P = "[REDACTED:email]", "[REDACTED:path]"
GIVEN = {"a": {"b": 5, "c": ["text", None, True]}, "d": MAIL}


def outcome(given: Any, paths: dict[str, Any], path: str = "", **more: Any) -> tuple[Any, list[tuple[str, str]]]:
    out = DefaultRedactor(RedactionConfig(paths=paths, **more)).redact(given, path=path)
    return out.value, sorted({(hit.path, hit.rule) for hit in out.hits})


@pytest.mark.parametrize(
    ("paths", "value", "named"),
    [
        ({"a": "mask"}, {"a": {"b": P, "c": [P, None, True]}, "d": E}, ["a.b", "a.c.0"]),
        ({"a.c": "mask"}, {"a": {"b": 5, "c": [P, None, True]}, "d": E}, ["a.c.0"]),
        ({"a.c.0": "mask"}, {"a": {"b": 5, "c": [P, None, True]}, "d": E}, ["a.c.0"]),
        ({"a.c.1": "mask"}, {"a": {"b": 5, "c": ["text", None, True]}, "d": E}, []),
        ({"a.c.*": "drop"}, {"a": {"b": 5, "c": ["", None, True]}, "d": E}, ["a.c.0"]),
        ({"*.b": "drop"}, {"a": {"c": ["text", None, True]}, "d": E}, ["a.b"]),
        ({"a.**": "drop"}, {"a": {}, "d": E}, ["a.b", "a.c"]),
        ({"**": "mask"}, {"a": {"b": P, "c": [P, None, True]}, "d": E}, ["a.b", "a.c.0"]),
        ({"a.b": "mask", "a.c": "mask"}, {"a": {"b": P, "c": [P, None, True]}, "d": E}, ["a.b", "a.c.0"]),
        ({"b": "mask", "a.c.0.x": "mask"}, {"a": {"b": 5, "c": ["text", None, True]}, "d": E}, []),
    ],
)
def test_a_path_names_what_stands_at_and_below_it(paths: dict[str, Any], value: Any, named: list[str]) -> None:
    assert outcome(GIVEN, paths) == (value, sorted([*((where, "path") for where in named), ("d", "email")]))


@pytest.mark.parametrize("pattern", ["a.c", "a", "*.c", "*", "a.**", "**", "a.c.0", "a.*.*"])
def test_a_path_goes_on_below_the_one_that_is_given(pattern: str) -> None:
    given = {"c": ["text"]}
    assert outcome(given, {pattern: "mask"}, "a") == ({"c": [P]}, [("a.c.0", "path")])
    assert outcome({"c": [MAIL]}, {pattern: "keep"}, "a") == ({"c": [MAIL]}, [])


@pytest.mark.parametrize("pattern", ["a.**", "**", "a.x", "a", "a.x.**", "*.x.b", "a.*.b"])
def test_a_path_that_is_given_may_be_below_the_end_of_a_pattern(pattern: str) -> None:
    assert outcome({"b": 5}, {pattern: "mask"}, "a.x") == ({"b": P}, [("a.x.b", "path")])


@pytest.mark.parametrize("pattern", ["x.c", "x", "c", "a.b", "x.**", "*.x"])
def test_a_path_says_nothing_of_another_place(pattern: str) -> None:
    assert outcome({"c": "text"}, {pattern: "mask"}, "a") == ({"c": "text"}, [])
    assert outcome({"c": MAIL}, {pattern: "keep"}, "a") == ({"c": E}, [("a.c", "email")])


def test_a_text_alone_is_kept_or_masked_by_the_path_that_is_given() -> None:
    assert outcome(MAIL, {"a": "keep"}, "a") == (MAIL, [])
    assert outcome("text", {"a": "mask"}, "a") == (P, [("a", "path")])


def test_hits_of_names_that_only_begin_the_same_stay() -> None:
    assert outcome({"a": MAIL, "ab": MAIL}, {"a": "keep"}) == ({"a": MAIL, "ab": E}, [("ab", "email")])


def test_keep_goes_before_all_other_outcomes() -> None:
    given = {"a": {"mail": MAIL, "n": 1}}
    assert outcome(given, {"a": "mask", "a.mail": "keep"}) == ({"a": {"mail": MAIL, "n": P}}, [("a.n", "path")])
    dropped = {"outcomes": {"key:password": "drop"}}
    assert outcome({"password": "x1y2z3", "m": 1}, {"password": "keep"}, **dropped)[0] == {"m": 1}


@pytest.mark.parametrize("path", ["", "a.b"])
def test_last_characters_are_those_of_what_was_given(path: str) -> None:
    name = f"{path}.card" if path else "card"
    card = "[REDACTED:path:last4=1111]"
    assert outcome({"card": "4111111111111111"}, {name: "keep_last_4"}, path)[0] == {"card": card}
    assert outcome({"card": 4111111111111111}, {name: "keep_last_4"}, path)[0] == {"card": card}
    assert outcome({"card": "short"}, {name: "keep_last_4"}, path)[0] == {"card": P}


def test_a_number_is_kept_as_it_was_given_though_it_is_that_of_a_card() -> None:
    assert outcome({"a": 4111111111111111}, {"a": "keep"}) == ({"a": 4111111111111111}, [])
    assert outcome({"a": [4111111111111111]}, {"a": "keep"}) == ({"a": [4111111111111111]}, [])


@pytest.mark.parametrize("how", ["drop", "keep_last_4"])
def test_a_path_that_is_called_like_a_rule_says_nothing_of_the_rule(how: str) -> None:
    assert outcome({"email": "x", "a": f"to {MAIL}"}, {"email": how})[0]["a"] == f"to {E}"


def test_pseudonyms_of_a_path_depend_on_the_value() -> None:
    def pseudonym(given: str, name: str) -> str:
        value, _ = outcome({name: given}, {name: "pseudonym"}, fingerprint_key=b"k" * 32)
        return str(value[name])

    assert pseudonym("jane", "a") == pseudonym("jane", "a") != pseudonym("joe", "a")
    assert pseudonym(MAIL, "a") != pseudonym("joe@example.org", "a")
    assert pseudonym("jane", "a").startswith("[REDACTED:path:hmac=")


@pytest.mark.parametrize("how", ["mask", "keep_last_4"])
def test_a_marker_that_was_given_stays_as_it_is(how: str) -> None:
    assert outcome({"a": E, "b": f"{E}, {E}"}, {"a": how, "b": how}) == ({"a": E, "b": f"{E}, {E}"}, [])


def test_markers_among_what_a_path_names_do_not_end_it() -> None:
    assert outcome({"a": [E, "text", E, 5]}, {"a": "mask"}) == ({"a": [E, P, E, P]}, [("a.1", "path"), ("a.3", "path")])


def test_a_callable_sees_the_whole_path() -> None:
    seen: list[tuple[str, str]] = []

    def callback(path: str, text: str) -> None:
        seen.append((path, text))

    value, _ = outcome({"a": [MAIL, 5, None], "t": "x"}, {}, "top", callback=callback)
    assert value == {"a": [E, 5, None], "t": "x"}
    assert seen == [("top.a.0", E), ("top.t", "x")]


def test_an_outcome_by_path_holds_for_what_a_callable_returned() -> None:
    paths = {"a": "keep_last_4", "b": "mask"}
    value, _ = outcome({"a": "x", "b": "y"}, paths, callback=lambda _, text: text * 2)
    assert value == {"a": P, "b": P}
