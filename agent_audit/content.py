"""How much of a long payload an event carries.

Runs on what the redactor returned: first the whole is redacted, then it is shortened, so that no secret is cut
into a shape the redactor would not know.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

LIMIT = 8 * 1024
"""Outputs, prompts and documents up to so many bytes of JSON are kept whole."""

HEAD = 2 * 1024
TAIL = 512

_SHORTENED_FIELDS = {"result": None, "parameters": frozenset({"agent.start", "llm.request"})}
"""Field -> the event types in which it may be shortened (None: all). Tool arguments and decisions stay whole."""


def shorten(record: dict[str, Any], key: bytes | None) -> dict[str, Any] | None:
    """Replace long payloads in `record` by a preview, in place.

    Args:
        record: the redacted event as a dict of its fields.
        key: the log's fingerprint key; without it there is no digest, and the summary says why.

    Returns:
        What was shortened: field -> `bytes` and `hmac_sha256` of the whole (redacted) JSON; None if nothing.
    """
    summary: dict[str, Any] = {}
    for name, types in _SHORTENED_FIELDS.items():
        if name not in record:
            continue
        value = record[name]
        if isinstance(value, (int, float)) or (types and record["event_type"] not in types):
            continue
        if isinstance(value, str) and len(value) * 4 <= LIMIT:
            continue
        whole = value.encode() if isinstance(value, str) else orjson.dumps(value)
        if len(whole) > LIMIT:
            record[name] = _preview(whole)
            summary[name] = {"bytes": len(whole), **keyed_digest(whole, key)}
    return summary or None


def keyed_digest(data: bytes, key: bytes | None) -> dict[str, str]:
    """HMAC-SHA-256 (RFC 2104) of `data`, for a plain hash of a guessable value gives the value away."""
    if key is None:
        return {"hmac_absent": "no fingerprint key"}
    return {"hmac_sha256": hmac.new(key, data, hashlib.sha256).hexdigest()}


def _preview(whole: bytes) -> str:
    head = whole[:HEAD].decode(errors="ignore")
    tail = whole[-TAIL:].decode(errors="ignore")
    return f"{head}\n[… shortened: {len(whole)} bytes in all …]\n{tail}"
