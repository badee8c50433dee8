"""Texts given as lists of their lines, as `readlines()` does, and a notebook keeps its cells (nbformat 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import takewhile
from operator import eq
from typing import Any

from agent_audit.redaction.chat import Replaced, Scan

_LONGEST = 1 << 16


def are_lines(texts: list[Any]) -> bool:
    """Whether the texts are the lines of one: each with its line feed, but for the last."""
    return (
        texts[0][-1:] == "\n"
        and all(type(text) is str and text.find("\n") == len(text) - 1 for text in texts[:-1])
        and type(texts[-1]) is str
    )


def in_lines(lines: list[Any], scan: Scan) -> Iterator[Replaced]:
    """The lines with a secret that another line tells, without it."""
    text = "".join(lines)
    one = scan(text) if len(text) <= _LONGEST else None
    if one is None or not one.rules:
        return
    left = list(StringIO(one.text))  # `splitlines` would divide at more than line feeds
    if one.text.count("\n") == text.count("\n"):
        for slot, (line, found) in enumerate(zip(lines, left, strict=False)):
            if found != line:
                yield lines, slot, found, _rule_in(found, one.rules)
        return
    # What is masked goes over several lines: it stands in the place of the first of them.
    before = _in_common(lines, left)
    behind = _in_common(lines[:before:-1], left[:before:-1])
    found = "".join(left[before : len(left) - behind])
    for slot in range(before, len(lines) - behind):
        yield lines, slot, found if slot == before else "", _rule_in(found, one.rules)


def _in_common(ones: Iterable[str], others: Iterable[str]) -> int:
    """How many are the same, from the beginning."""
    return sum(takewhile(bool, map(eq, ones, others)))


def _rule_in(text: str, rules: tuple[str, ...]) -> str:
    return next((rule for rule in rules if rule in text), rules[0])
