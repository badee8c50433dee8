"""Records longer than a line may be: the long payloads go to blobs, the line names them.

A blob is the JSON of a redacted payload, named by its SHA-256. The line says so at its very beginning, right
after `seq`, so that a verifier can check blobs without parsing lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import orjson

from agent_audit.backends.file.layout import MAX_LINE
from agent_audit.errors import EncodingError

SEQ_ROOM = len('"seq":,') + 20
"""Bytes that numbering adds to a record."""

MAX_RECORD = MAX_LINE - SEQ_ROOM

_PAYLOADS = ("result", "parameters", "error", "metadata", "resource", "action")
_PREVIEW = 512


def fit(record: bytes, put_blob: Callable[[str, bytes], None]) -> bytes:
    """The record, or a shorter one whose longest payloads were given to `put_blob(sha256_hex, data)`.

    Raises:
        EncodingError: still too long with every payload taken out.
    """
    if len(record) <= MAX_RECORD:
        return record
    fields: dict[str, Any] = orjson.loads(record)
    encoded = {name: orjson.dumps(fields[name]) for name in _PAYLOADS if fields.get(name) is not None}
    blobs = []
    for name in sorted(encoded, key=lambda name: -len(encoded[name])):
        data = encoded[name]
        digest = hashlib.sha256(data).hexdigest()
        put_blob(digest, data)
        blobs.append({"sha256": digest, "bytes": len(data), "field": name})
        fields[name] = _stand_in(fields[name], data)
        shorter = orjson.dumps({"blobs": blobs, **fields})
        if len(shorter) <= MAX_RECORD:
            return shorter
    raise EncodingError(
        f"event {fields.get('event_id')} is longer than a line may be ({MAX_LINE} bytes) "
        "even without its payloads: shorten its ids"
    )


def _stand_in(value: Any, data: bytes) -> Any:
    """What stays in the line: of the same kind, so that a reader's types still hold."""
    text = value if isinstance(value, str) else data.decode()
    preview = text[:_PREVIEW] + "…"
    return {"preview": preview} if isinstance(value, dict) else preview
