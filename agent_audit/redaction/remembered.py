"""What the last texts became: what a model asks for comes again as the argument of a call, and a conversation in every
prompt.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from agent_audit.redaction.effort import SIZE_RULE

MOST = 100_000
"""Characters that are remembered: those of some dozens of events stay in the processor's caches, and there the use of
it ends."""
_SIZE_OF_ONE = 50


class Masked(NamedTuple):
    """A text without its secrets."""

    text: str
    rules: tuple[str, ...]
    """Ids of the rules that fired, each once."""
    personal: tuple[tuple[str, str], ...] = ()
    """Rule id and text of what was found, for fingerprints; never of secrets."""


class _Outcome(NamedTuple):
    digest: bytes
    text: str
    rules: tuple[str, ...]
    personal: tuple[tuple[str, int, int], ...]
    """Rule id, and where in the text the personal data stand."""


class Remembered:
    """The texts in which nothing was found, and what the others became, without what was masked in them.

    Any thread may use it: two that race lose an entry, or make one twice.
    """

    def __init__(self, most: int = MOST) -> None:
        self._room = self._most = most
        self.harmless: set[str] = set()
        self._masked: dict[int, _Outcome] = {}
        """By the hash of the text; its keyed digest tells whether it is the one."""
        self._key = secrets.token_bytes(16)

    def masked(self, texts: Sequence[str], among: Sequence[int]) -> dict[int, Masked]:
        """What texts became, by their index, where that is known; of those `among` them."""
        found: dict[int, Masked] = {}
        for index in among if self._masked else ():
            text = texts[index]
            outcome = self._masked.get(hash(text))
            if outcome is not None and outcome.digest == self._digest(text):
                personal = tuple((rule, text[start:end]) for rule, start, end in outcome.personal)
                found[index] = Masked(outcome.text, outcome.rules, personal)
        return found

    def note(self, texts: Sequence[str], masked: dict[int, Masked]) -> None:
        """Remember what became of texts, by their index; not of one that was not read to its end."""
        harmless = [text for index, text in enumerate(texts) if index not in masked] if masked else texts
        if self._has_room(sum(map(len, harmless)) + _SIZE_OF_ONE * len(harmless)):
            self.harmless.update(harmless)
        for index, one in masked.items():
            text = texts[index]
            personal = tuple((rule, start := text.find(found), start + len(found)) for rule, found in one.personal)
            if SIZE_RULE in one.rules or any(start < 0 for _, start, _ in personal):
                continue
            if self._has_room(len(one.text) + _SIZE_OF_ONE * (4 + len(personal))):
                self._masked[hash(text)] = _Outcome(self._digest(text), one.text, one.rules, personal)

    def _has_room(self, size: int) -> bool:
        if size > self._room:
            self.harmless.clear()
            self._masked.clear()
            self._room = self._most
        if size > self._room:
            return False
        self._room -= size  # threads may race on it; clearing sets it right
        return True

    def _digest(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()
