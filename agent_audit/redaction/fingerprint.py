"""Keyed digests of destination-like values, so that later analysis can compare them without having them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_audit.redaction.interface import Fingerprint
from agent_audit.redaction.marker import keyed_digest

MAX_FINGERPRINTS = 64

_HOST = re.compile(r"://(?:[^\s/@\"'<>]{0,256}@)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9.-]{0,252})")
_PATH = re.compile(r"(?:~|/|[A-Za-z]:[\\/])[^\s\0\"'<>|*?]{1,1024}\Z")
_KIND = {"email": "email", "phone": "phone", "iban": "account"}


class Fingerprinter:
    """Makes fingerprints with one log's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_personal(self, rule: str, text: str, path: str) -> Fingerprint | None:
        """The fingerprint of something a personal-data rule masked."""
        kind = _KIND.get(rule)
        return None if kind is None else self._make(kind, normal_form(kind, text), path)

    def of_text(self, text: str, path: str) -> Iterator[Fingerprint]:
        """Fingerprints of the hosts of URLs in a text already masked, and of a text that is one file path."""
        for match in _HOST.finditer(text):
            yield self._make("url-host", normal_form("url-host", match.group(1)), path)
        if _PATH.match(text) and not text.startswith("//"):
            yield self._make("path", text, path)

    def _make(self, kind: str, value: str, path: str) -> Fingerprint:
        return Fingerprint(kind, keyed_digest(self._key, kind, value), path)


def normal_form(kind: str, text: str) -> str:
    """The spelling that is digested, so that one destination has one fingerprint."""
    if kind in ("email", "url-host"):
        return text.lower().rstrip(".")
    if kind == "phone":
        return "".join(c for c in text.split("x", maxsplit=1)[0] if c.isdigit())
    return "".join(c for c in text if c.isalnum()).upper() if kind == "account" else text
