"""Records longer than a line may be: the long payloads go to blobs, the line names them.

A blob is the JSON of a redacted payload, named by its SHA-256. The line says so at its very beginning, right
after `seq`, so that a verifier can check blobs without parsing lines.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from agent_audit.backends.file.layout import MAX_LINE, is_digest
from agent_audit.errors import EncodingError

SEQ_ROOM = len('"seq":,') + 20
"""Bytes that numbering adds to a record."""

MAX_RECORD = MAX_LINE - SEQ_ROOM

NAMES_BLOBS = re.compile(rb'\{"seq":\d{1,20},"blobs":\[')
"""How a line begins that names blobs."""

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
        "even without its payloads: shorten its other fields"
    )


class NamedBlob(NamedTuple):
    """A payload that stands in a file of its own."""

    sha256: str
    """In hex; the file's name."""
    field: str
    """Of the event."""


def named_blobs(line: bytes) -> list[NamedBlob]:
    """The blobs that a recorded line names. What is no SHA-256 names none: a line may say anything."""
    if not NAMES_BLOBS.match(line):
        return []
    try:
        blobs = orjson.loads(line)["blobs"]
    except orjson.JSONDecodeError:
        return []
    entries = [blob for blob in blobs if isinstance(blob, dict)] if isinstance(blobs, list) else []
    named = [NamedBlob(str(entry.get("sha256")), str(entry.get("field"))) for entry in entries]
    return [blob for blob in named if is_digest(blob.sha256)]


def _stand_in(value: Any, data: bytes) -> Any:
    """What stays in the line: of the same kind, so that a reader's types still hold."""
    text = value if isinstance(value, str) else data.decode()
    preview = text[:_PREVIEW] + "…"
    return {"preview": preview} if isinstance(value, dict) else preview
