"""What a value rule is, and the short forms in which the lists beside this file are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent_audit.redaction.marker import HEAD
from agent_audit.redaction.validators import is_filler

# A token begins where no letter or digit stands before it. The letter of an escape (`\n`) and the digits of a
# percent code (`%3D`) belong to the text around it.
LEFT = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-F]{2}))"
# Where dashes belong to the token, a dash before it does too; also, `sk-sk-sk-` then costs one search only.
_TIGHT = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt])|(?<=%[0-9A-F]{2}))"
RIGHT = r"(?![A-Za-z0-9])"
_BEFORE_LIMIT = 96

# The end of a line, also as it is written within a string; and what may stand behind a value that fills its line.
NL = r"(?:\r?\n|\\r\\n|\\n)"
EOL = r"(?=[ \t]*(?:[\"']|\r|\n|\\[rn]|$))"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Span = tuple[int, int]

ENCODED, MANIFEST, NEARBY = "encoded", "kubernetes-secret", "word-nearby"
"""Ids of what no pattern finds: what the reading of an encoding or a manifest of Kubernetes tells, or a word nearby."""

# Of a digest as lock files and lists of files have it, written backwards.
_DIGEST = re.compile(r"[=:-](?:652|483|215|422|1)-?[aA][hH][sS]")


class Lazy:
    """An expression that is compiled when it is first tried: of hundreds of rules, a process meets few."""

    __slots__ = ("_source", "match")

    def __init__(self, source: str) -> None:
        self._source = source
        self.match: Callable[..., re.Match[str] | None] = self._first

    def _first(self, text: str, start: int = 0) -> re.Match[str] | None:
        self.match = re.compile(self._source).match
        return self.match(text, start)


@dataclass(frozen=True)
class Rule:
    """A format of a secret, anchored on a literal that stands in every match."""

    id: str
    literals: tuple[str, ...]
    """Lower case; the rule is tried only where one of them stands."""
    pattern: re.Pattern[str] | Lazy
    """Matched at the literal's first character."""
    before: re.Pattern[str] | Lazy | None = None
    """What must precede the literal, written backwards, because that is how it is matched."""
    group: int = 0
    """Group that is masked."""
    accept: Callable[[str], bool] | None = None
    """Further check of what would be masked."""
    actions: frozenset[str] | None = None
    """Actions for which the rule holds; None for all."""

    def span(self, text: str, start: int, match: re.Match[str]) -> Span | None:
        """The secret in a match of `pattern` at `start`."""
        first, last = match.span(self.group)
        if text[first - 1 : first] in ("=", "-", ":") and _DIGEST.match(text[max(0, first - 8) : first][::-1]):
            return None  # `sha256=…`
        # What already stands masked where a password would be was put there by another rule.
        if self.group and text.find(HEAD, first, last) >= 0:
            return None
        if self.before is not None:
            lead = self.before.match(text[max(0, start - _BEFORE_LIMIT) : start][::-1])
            if lead is None:
                return None
            first = start - lead.end()
        if last <= first or (self.accept is not None and not self.accept(text[first:last])):
            return None
        return first, last


def token(rule_id: str, literals: str, pattern: str, accept: Callable[[str], bool] | None = None) -> Rule:
    """A token recognised by how it begins; nothing alphanumeric may touch it on either side."""
    left = _TIGHT if "_-]" in pattern or "/-]" in pattern else LEFT
    return Rule(rule_id, tuple(literals.split()), Lazy(left + pattern + RIGHT), accept=_no_filler(accept))


def _no_filler(accept: Callable[[str], bool] | None) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        return not is_filler(text) and (accept is None or accept(text))

    return check


def within(rule_id: str, literals: str, before: str, pattern: str, accept: Callable[[str], bool] | None = None) -> Rule:
    """A token whose only literal is not at its beginning; `before` is written backwards."""
    lead = Lazy(before + r"(?:(?![A-Za-z0-9])|(?=[nrt]\\))")
    return Rule(rule_id, tuple(literals.split()), Lazy(pattern + RIGHT), lead, accept=_no_filler(accept))


def part(rule_id: str, literals: tuple[str, ...], pattern: str, accept: Callable[[str], bool] | None = None) -> Rule:
    """Only group 1 of the match is the secret; the text around it stays readable."""
    return Rule(rule_id, literals, Lazy(pattern), group=1, accept=accept)
