"""The whole outcome of each case: what is masked and by which rule, and that all that stands around it is kept.

`outcomes.jsonl` has one case a line: what is given, what comes out, and path and rule of each hit. The lines were
read one by one; a change of one of them is a change of behaviour.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agent_audit.redaction import DefaultRedactor, RedactionConfig
from agent_audit.redaction.names.keys import KEY_RULES
from agent_audit.redaction.rules import rule_ids

LINES = Path(__file__).with_name("outcomes.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", LINES)
def test_exactly_the_secret_is_replaced_and_named(redactor: DefaultRedactor, line: str) -> None:
    given, masked, hits = json.loads(line)
    out = redactor.redact(given)
    assert out.value == masked
    assert sorted({(hit.path, hit.rule) for hit in out.hits}) == [tuple(hit) for hit in hits]
    assert redactor.redact(out.value).value == masked


def test_each_of_many_texts_is_masked_as_it_is_alone(redactor: DefaultRedactor) -> None:
    cases = [(given, masked) for given, masked, _ in map(json.loads, LINES) if isinstance(given, str)]
    for ordered in (cases, cases[::-1]):
        out = redactor.redact({f"t{index}": given for index, (given, _) in enumerate(ordered)})
        assert list(out.value.values()) == [masked for _, masked in ordered]


def test_what_stands_lines_before_changes_nothing(redactor: DefaultRedactor) -> None:
    before = "A line of words. " * 60 + "\n\n"
    for given, masked, _ in map(json.loads, LINES):
        if isinstance(given, str) and given[:1] not in "{[":  # a document of JSON is read as a whole
            assert redactor.redact(before + given).value == before + masked


def secrets_of(given: str, masked: str) -> list[str]:
    """What the markers stand for."""
    kept = re.split(r"\[REDACTED:[\w:.-]+\]", masked)
    pattern = "(.+?)".join(map(re.escape, kept))
    match = re.fullmatch(pattern, given, re.DOTALL)
    return list(match.groups()) if match is not None else []


TEXTS = [line for line in LINES if type(json.loads(line)[0]) is str]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("part", range(20))
def test_what_is_found_in_a_text_is_found_in_a_string_of_json(
    redactor: DefaultRedactor, part: int, ascii_only: bool
) -> None:
    for line in TEXTS[part::20]:
        given, masked, _ = json.loads(line)
        out = redactor.redact(json.dumps({"exit": 0, "stdout": given}, ensure_ascii=ascii_only)).value
        # What also stands where it is no secret stays there.
        for secret in (secret for secret in secrets_of(given, masked) if secret not in masked):
            assert json.dumps(secret, ensure_ascii=ascii_only)[1:-1] not in out, line


def test_a_rule_that_is_disabled_masks_nothing() -> None:
    given_by_rule: dict[str, list[Any]] = {}
    for given, _, hits in map(json.loads, LINES):
        for _, rule in hits:
            given_by_rule.setdefault(rule, []).append(given)
    rules = sorted(given_by_rule.keys() & (rule_ids() | KEY_RULES))
    for first in range(10):  # to make a redactor for each would take most of a minute
        disabled = frozenset(rules[first::10])
        redactor = DefaultRedactor(RedactionConfig(disabled_rules=disabled))
        for rule in disabled:
            for given in given_by_rule[rule]:
                assert rule not in {hit.rule for hit in redactor.redact(given).hits}, given


def test_cases_are_told_apart() -> None:
    given: list[Any] = [json.dumps(json.loads(line)[0]) for line in LINES]
    assert len(set(given)) == len(given)
