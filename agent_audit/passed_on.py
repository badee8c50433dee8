"""Secrets that a tool gave back, wherever later events have them under a name that tells nothing.

An agent that fetched a password passes it on: `login(user, p)`, `the answer is x`. What was masked as a whole in the
result of a tool is remembered, as long as its logger lives, and masked in what is recorded after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from agent_audit.redaction.interface import Hit
from agent_audit.redaction.marker import HEAD, MARKER

_MOST = 32
"""Secrets that are remembered, the latest ones: each is looked for in every text."""
_IN_ONE_RESULT = 4
_SHORTEST, _LONGEST = 8, 512
"""Characters. What is shorter stands in texts by chance."""


_Told = tuple[str, str, str]
"""A secret, the marker that stood in its place, its rule."""
_OUTCOME = re.compile(r":(?:last4|hmac)=.*")


class PassedOn:
    """What one logger remembers. Safe for any thread: what is looked for is replaced as a whole."""

    def __init__(self) -> None:
        self._marked: tuple[_Told, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._marked)

    def note(self, raw: Any, masked: Any) -> None:
        """Remember each text of a tool's result of which only a marker was left. A table of many is no such result."""
        told = list(islice(_only_masked(raw, masked), _IN_ONE_RESULT + 1))
        if len(told) <= _IN_ONE_RESULT:
            new = [one for one in told if one not in self._marked]
            self._marked = (*self._marked, *new)[-_MOST:]

    def mask(self, value: Any, path: str = "") -> list[Hit]:
        """Mask what is known in a redacted value, in place; tells where."""
        hits: list[Hit] = []
        if type(value) is dict or type(value) is list:
            for slot, one in list(value.items() if type(value) is dict else enumerate(value)):
                where = f"{path}.{slot}" if path else str(slot)
                if type(one) is str:
                    value[slot], rules = self._without(one)
                    hits += [Hit(where, rule) for rule in rules]
                else:
                    hits += self.mask(one, where)
        return hits

    def _without(self, text: str) -> tuple[str, list[str]]:
        rules = []
        for secret, marker, rule in self._marked:
            if secret in text:
                text = text.replace(secret, marker)
                rules.append(rule)
        return text, rules


def _only_masked(raw: Any, masked: Any) -> Iterator[_Told]:
    if type(raw) is dict and type(masked) is dict:
        for key in raw.keys() & masked.keys():
            yield from _only_masked(raw[key], masked[key])
    elif type(raw) is list and type(masked) is list:
        for one, other in zip(raw, masked):  # noqa: B905  # what only one of them has is not noted
            yield from _only_masked(one, other)
    elif type(raw) is str and type(masked) is str and MARKER.fullmatch(masked) and _is_telling(raw.strip()):
        yield raw.strip(), masked, _OUTCOME.sub("", masked[len(HEAD) : -1])


def _is_telling(secret: str) -> bool:
    """No number, and no word that texts have anyway."""
    fits = _SHORTEST <= len(secret) <= _LONGEST and not any(map(str.isspace, secret))
    return fits and not secret.isdigit() and not secret.isalpha()
