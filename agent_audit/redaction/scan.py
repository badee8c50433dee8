"""Finds and masks secrets in texts: one gate pass over all of them, then only the rules that it woke."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from agent_audit.redaction.gate import Gate, build_gate
from agent_audit.redaction.inline import KEYWORDS, find_named, opens_names, value_may_follow
from agent_audit.redaction.keys import KeyClassifier
from agent_audit.redaction.marker import MARKER, Masker, only_markers
from agent_audit.redaction.rules import Rule
from agent_audit.redaction.rules.personal import AT_SIGNS, EMAIL, find_email, find_number, number_places

_MAX_ROUNDS = 6
_SURROGATES = re.compile("[\ud800-\udfff]")

Found = tuple[int, int, str]
"""Start, end, rule id."""
Finder = Callable[[str, int], "Found | None"]


class Masked(NamedTuple):
    """A text without its secrets."""

    text: str
    rules: tuple[str, ...]
    """Ids of the rules that fired, each once."""
    personal: tuple[tuple[str, str], ...] = ()
    """Rule id and text of what was found, for fingerprints; never of secrets."""


class Scanner:
    """The rules of one configuration. Holds no state of a call, so any thread may use it."""

    def __init__(
        self,
        rules: Sequence[Rule],
        keys: KeyClassifier,
        masker: Masker,
        disabled: frozenset[str] = frozenset(),
        gate: Gate | None = None,
    ) -> None:
        self._keys = keys
        self._masker = masker
        self._email = EMAIL not in disabled
        self._disabled = disabled
        active = [rule for rule in rules if rule.id not in disabled]
        literals = sorted({literal for rule in active for literal in rule.literals} | set(KEYWORDS))
        self._gate = gate or build_gate(literals)
        by_literal = {literal: [(r, r.pattern.match) for r in active if literal in r.literals] for literal in literals}
        # Per literal: the rules it wakes, and whether it is a keyword.
        self._wakes = [(by_literal[literal], literal in KEYWORDS) for literal in literals]
        self.literals = tuple(literals)

    def scan(self, texts: Sequence[str], action: str | None = None) -> dict[int, Masked]:
        """The texts in which something was masked, by their index."""
        found = self._find_all(texts, action)
        return {index: self._settle(texts[index], spans, action) for index, spans in found.items()}

    def scan_one(self, text: str, action: str | None = None) -> Masked:
        """One text, masked."""
        return self.scan((text,), action).get(0) or Masked(text, ())

    def _find_all(self, texts: Sequence[str], action: str | None) -> dict[int, list[Found]]:
        # Nothing matches across NUL, so the texts stay apart.
        joined = "\0".join(texts)
        places = self._gate.find(joined)
        found: dict[int, list[Found]] = {}
        one = len(texts) == 1
        starts = [0] if one else list(accumulate((len(t) + 1 for t in texts), initial=0))
        if places:
            self._wake(texts, places, starts, found, action)
        if "@" in joined and self._email:
            for match in AT_SIGNS.finditer(joined):
                self._add(texts, starts, found, match.start(), _email)
        for place in number_places(joined):
            self._add(texts, starts, found, place, find_number)
        return found

    def _add(
        self, texts: Sequence[str], starts: list[int], found: dict[int, list[Found]], place: int, find: Finder
    ) -> None:
        index = bisect_right(starts, place) - 1
        local = place - starts[index]
        spans = found.get(index)
        if spans and spans[-1][0] <= local < spans[-1][1]:
            return
        span = find(texts[index], local)
        if span is not None and span[2] not in self._disabled:
            found.setdefault(index, []).append(span)

    def _wake(
        self,
        texts: Sequence[str],
        places: Iterable[tuple[int, int, int]],
        starts: list[int],
        found: dict[int, list[Found]],
        action: str | None,
    ) -> None:
        wakes, keys = self._wakes, self._keys
        passed: dict[str, int] = {}
        index, text, offset, after, opens = -1, "", 0, 0, False
        for literal, start, end in places:
            if start >= after or start < offset:
                index = bisect_right(starts, start) - 1
                text, offset = texts[index], starts[index]
                after, opens = offset + len(text), opens_names(text)
            rules, keyword = wakes[literal]
            for rule, match_at in rules:
                match = match_at(text, start - offset)
                if match is None or passed.get(rule.id, -1) > start:
                    continue
                span = rule.span(text, start - offset, match)
                if span is not None and (rule.actions is None or action in rule.actions):
                    passed[rule.id] = offset + span[1]
                    found.setdefault(index, []).append((span[0], span[1], rule.id))
            if not keyword or passed.get("", -1) > start:
                continue
            if opens or value_may_follow(text, end - offset) is not None:
                named = find_named(text, start - offset, end - offset, keys)
                if named is not None:
                    passed[""] = offset + named.end
                    found.setdefault(index, []).append(named)

    def _settle(self, text: str, spans: list[Found], action: str | None) -> Masked:
        """Masks until nothing more is found, so that redacting the outcome again changes nothing."""
        rules: dict[str, None] = {}
        personal: list[tuple[str, str]] = []
        for _ in range(_MAX_ROUNDS):
            after = self._apply(text, spans, rules, personal)
            if after == text:
                return Masked(text, tuple(rules), tuple(personal))
            text = after
            spans = self._find_all((text,), action).get(0) or []
        if not spans:
            return Masked(text, tuple(rules), tuple(personal))
        return Masked("[REDACTED:unstable]", (*rules, "unstable"), tuple(personal))

    def _apply(self, text: str, spans: list[Found], rules: dict[str, None], personal: list[tuple[str, str]]) -> str:
        pieces: list[str] = []
        done = 0
        for start, end, rule in _merged(text, spans):
            secret = text[start:end]
            rules[rule] = None
            if rule in ("email", "phone", "iban"):
                personal.append((rule, secret))
            pieces += (text[done:start], self._masker.mask(rule, secret))
            done = end
        return "".join((*pieces, text[done:])) if pieces else text


def _email(text: str, at: int) -> Found | None:
    span = find_email(text, at)
    return None if span is None else (span[0], span[1], EMAIL)


def _merged(text: str, spans: list[Found]) -> list[Found]:
    """Spans in order without overlap; of overlapping ones the union, named after the longest.

    Markers already in the text are left alone; a span that cuts one grows to hold all of it.
    """
    if "[REDACTED:" in text:
        spans = _around_markers(text, spans)
    merged: list[Found] = []
    for start, end, rule in sorted(spans):
        if merged and start < merged[-1][1]:
            first, last, name = merged[-1]
            longer = name if last - first >= end - start else rule
            merged[-1] = (first, max(last, end), longer)
        else:
            merged.append((start, end, rule))
    return merged


def _around_markers(text: str, spans: list[Found]) -> list[Found]:
    markers = [match.span() for match in MARKER.finditer(text)]
    firsts, lasts = [m[0] for m in markers], [m[1] for m in markers]
    kept = []
    for found_start, found_end, rule in spans:
        start, end = found_start, found_end
        begin, stop = bisect_right(lasts, start), bisect_left(firsts, end)
        if begin < stop:
            start, end = min(start, firsts[begin]), max(end, lasts[stop - 1])
        if not only_markers(text[start:end]):
            kept.append((start, end, rule))
    return kept


def without_surrogates(text: str) -> str:
    """Text that can be encoded: lone surrogates replaced."""
    return _SURROGATES.sub("\ufffd", text)


def ends_with_key_header(text: str) -> bool:
    """Whether a private key begins here and its body is elsewhere: the next item of a list of lines."""
    return "-----BEGIN" in text and text.rstrip().endswith("PRIVATE KEY-----") and "-----END" not in text
