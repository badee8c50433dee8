"""The text that stands where something was masked, and how to recognise it again.

`[REDACTED:rule-id]`, `[REDACTED:rule-id:last4=6789]`, `[REDACTED:rule-id:hmac=<16 hex digits>]`. A marker is
never masked again, so redacting what is already redacted changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

CYCLE = "[CYCLE]"
DEPTH = "[DEPTH]"
SIZE = "[SIZE]"

HEAD = "[REDACTED:"
"""What every marker begins with."""

# `last4` may hold anything but what would end the marker, so it is cleaned when written.
MARKER = re.compile(r"\[REDACTED:[a-z0-9][a-z0-9:_-]{0,63}(?::last4=[A-Za-z0-9*]{4}|:hmac=[0-9a-f]{16})?\]")

_NOT_SHOWN = re.compile(r"[^A-Za-z0-9]")


def error_marker(value: object) -> str:
    """What stands for a value that could not be redacted: its type's name only."""
    return f"[REDACTION-ERROR:{type_name(value)}]"


def type_name(value: object) -> str:
    """The name of a value's class, made safe: a metaclass may lie about it or raise."""
    try:
        name = type.__dict__["__name__"].__get__(type(value))
    except Exception:
        return "object"
    return re.sub(r"[^\w.]", "", name.encode("ascii", "replace").decode())[:64] or "object"


def only_markers(text: str) -> bool:
    """Whether nothing worth masking is left in `text` when its markers are taken out."""
    if HEAD not in text:
        return False
    return not any(c.isalnum() for c in MARKER.sub("", text))


class Masker:
    """Turns a secret into its marker by the outcome configured for the rule that found it."""

    def __init__(self, outcomes: Mapping[str, str], key: bytes | None) -> None:
        self._outcomes = dict(outcomes)
        self._key = key

    def drops(self, rule: str) -> bool:
        """Whether what this rule finds is left out rather than replaced."""
        return self._outcomes.get(rule) == "drop"

    def mask(self, rule: str, secret: str, shown: str | None = None) -> str:
        """The marker for `secret`; an empty string when the rule's outcome is to drop it.

        Args:
            rule: whose outcome holds.
            secret: what is masked.
            shown: the name in the marker, where it is not the rule's.
        """
        outcome = self._outcomes.get(rule)
        name = shown or rule
        if outcome is None or outcome == "mask":
            return f"[REDACTED:{name}]"
        if outcome == "drop":
            return ""
        if outcome == "keep_last_4":
            return self._last_4(name, secret)
        return f"[REDACTED:{name}:hmac={self._pseudonym(name, secret)}]"

    def note(self, rule: str, text: str, left: str) -> None:
        """A text that only its neighbours tell was masked in part: what is left of it."""

    def _last_4(self, rule: str, secret: str) -> str:
        # Four of a short secret are most of it.
        if len(secret) < 12:
            return f"[REDACTED:{rule}]"
        return f"[REDACTED:{rule}:last4={_NOT_SHOWN.sub('*', secret[-4:])}]"

    def _pseudonym(self, rule: str, secret: str) -> str:
        if self._key is None:  # the configuration refuses this; never fall back to an unkeyed digest
            raise ValueError("a pseudonym needs a key")
        return keyed_digest(self._key, f"pseudonym:{rule}", secret)


def keyed_digest(key: bytes, purpose: str, value: str) -> str:
    """First 64 bits of HMAC-SHA-256 over purpose, NUL, value; the purpose keeps uses of one key apart."""
    message = f"{purpose}\0{value}".encode("utf-8", "replace")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:16]
