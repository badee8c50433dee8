"""Keyed digests of destination-like values, so that later analysis can compare them without having them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent_audit.redaction.interface import Fingerprint
from agent_audit.redaction.marker import keyed_digest

MAX_FINGERPRINTS = 64

_MAX_PLACES = 3
"""One value in one text counts so often: a mail thread names the same address in every line."""

_HOST = re.compile(r"://(?:[^\s/@\"'<>]{0,256}@)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9.-]{0,252})")
_PATH = re.compile(r"(?:~|/|[A-Za-z]:[\\/])[^\s\0\"'<>|*?]{1,1024}\Z")
_KIND = {"email": "email", "phone": "phone", "iban": "account"}


class Fingerprinter:
    """Makes fingerprints with one log's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_personal(self, found: Iterable[tuple[str, str]], text: str, path: str) -> Iterator[Fingerprint]:
        """Fingerprints of what personal-data rules masked in a text, each at its marker's place.

        Args:
            found: rule id and value, in their order in the text.
            text: the text after masking.
            path: where it stands.
        """
        begin: dict[str, int] = {}
        times: dict[str, int] = {}
        for rule, value in found:
            kind = _KIND.get(rule)
            if kind is None:
                continue
            at = text.find(f"[REDACTED:{rule}", begin.get(rule, 0))
            begin[rule] = at + 1 if at >= 0 else len(text)
            mark = self._make(kind, normal_form(kind, value), path, at if at >= 0 else None)
            times[mark.digest] = times.get(mark.digest, 0) + 1
            if times[mark.digest] <= _MAX_PLACES:
                yield mark

    def of_text(self, text: str, path: str) -> Iterator[Fingerprint]:
        """Fingerprints of the hosts of URLs in a text already masked, and of a text that is one file path."""
        for match in _HOST.finditer(text):
            yield self._make("url-host", normal_form("url-host", match.group(1)), path, match.start(1))
        if _PATH.match(text) and not text.startswith("//"):
            yield self._make("path", text, path, 0)

    def _make(self, kind: str, value: str, path: str, at: int | None) -> Fingerprint:
        return Fingerprint(kind, keyed_digest(self._key, kind, value), path, at)


def normal_form(kind: str, text: str) -> str:
    """The spelling of an email, url-host, phone or account that is digested, so that each has one fingerprint."""
    if kind in ("email", "url-host"):
        return text.lower().rstrip(".")
    if kind == "phone":
        return "".join(c for c in text.split("x", maxsplit=1)[0] if c.isdigit())
    return "".join(c for c in text if c.isalnum()).upper()
