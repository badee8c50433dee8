"""How much of a long payload an event carries.

Runs on what the redactor returned: first the whole is redacted, then it is shortened, so that no secret is cut
into a shape the redactor would not know.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import orjson

from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEventType
from agent_audit.locks import unforked

LIMIT = 8 * 1024
"""Outputs, prompts and documents up to so many bytes of JSON are kept whole."""

HEAD = 2 * 1024
TAIL = 512

LONGEST_NAME = 1024
"""Characters of an id, or of a name of an error, that are kept. Ids come from requests, and from models."""

_NAMES = (
    "event_id", "agent_id", "session_id", "user_id", "trace_id", "span_id", "parent_span_id", "call_id", "error_type",
)  # fmt: skip

_NAME_HEAD = 128

ContentLevel = Literal["full", "preview", "digest", "none"]
"""How much of an event's payload is recorded: all; beginning and end; a keyed digest and the size; the size alone."""

_PAYLOAD_FIELDS = ("parameters", "result", "error")
_SHORTENED_FIELDS = {"result": None, "parameters": frozenset({"agent.start", "llm.request"})}
"""Field -> the event types in which it may be shortened (None: all). Tool arguments and decisions stay whole."""


@dataclass(frozen=True)
class ContentLevels:
    """Levels for what is sensitive as a whole. Raises ConfigurationError for a level or type that does not exist."""

    by_type: Mapping[str, ContentLevel] = field(default_factory=dict)
    """Event type (`llm.request`) -> level."""
    by_action: Mapping[str, ContentLevel] = field(default_factory=dict)
    """Action (`tool.read_mail`; `*` and `?` as in shells) -> level. Goes before the type; of several, the first."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_type", MappingProxyType(dict(self.by_type)))
        object.__setattr__(self, "by_action", MappingProxyType(dict(self.by_action)))
        known = {str(kind) for kind in AuditEventType}
        for name in self.by_type.keys() - known:
            raise ConfigurationError(f"content level for {name!r}: no such event type")
        for name, level in (*self.by_type.items(), *self.by_action.items()):
            if level not in get_args(ContentLevel):
                raise ConfigurationError(
                    f"content level for {name!r} is {level!r}; one of: {', '.join(get_args(ContentLevel))}"
                )

    def of(self, record: Mapping[str, Any]) -> ContentLevel | None:
        """The level for this event; None where the default holds."""
        action = record.get("action")
        if type(action) is str:
            for pattern, level in self.by_action.items():
                if fnmatchcase(action, pattern):
                    return level
        return self.by_type.get(record["event_type"])


def content_from(path: Path) -> ContentLevels | None:
    """The `[content]` table of a settings file; None when it has none.

    Raises:
        ConfigurationError: something in it could not work; names file and line.
    """
    with unforked:
        from agent_audit.redaction.settings import checked, load_settings

    return checked(path, load_settings(path), _levels)


def _levels(tables: dict[str, Any]) -> ContentLevels | None:
    table = tables.get("content")
    if table is None:
        return None
    for name in table.keys() - {"types", "actions"}:
        raise ConfigurationError(f"content: no such table: {name!r}; write [content.types] or [content.actions]")
    return ContentLevels(table.get("types", {}), table.get("actions", {}))


def shorten(record: dict[str, Any], key: bytes | None, levels: ContentLevels | None = None) -> dict[str, Any]:
    """Replace payloads in `record`, in place, by what their level leaves of them.

    Args:
        record: the redacted event as a dict of its fields.
        key: the log's fingerprint key; without it there is no digest, and the summary says why.
        levels: for some types and actions; all else is kept whole or shown as a preview, by its length.

    Returns:
        What was shortened: field -> `bytes` and `hmac_sha256` of the whole (redacted) JSON.
    """
    level = None if levels is None else levels.of(record)
    if level is not None:
        return _at_level(record, key, level)
    summary: dict[str, Any] = {}
    for name, types in _SHORTENED_FIELDS.items():
        if name not in record:
            continue
        value = record[name]
        if isinstance(value, (int, float)) or (types and record["event_type"] not in types):
            continue
        if isinstance(value, str) and len(value) * 4 <= LIMIT:
            continue
        whole = _json(value)
        if len(whole) > LIMIT:
            record[name] = _preview(whole)
            summary[name] = {"bytes": len(whole), **keyed_digest(whole, key)}
    return summary


def shorten_names(record: dict[str, Any]) -> dict[str, Any]:
    """Replace ids that are longer than any id, in `record`, in place: by their beginning and the SHA-256 of the whole.

    So they still join events, whichever of them are long, and no event is too long for its ids. Not keyed: what is
    that long is not found by guessing, and its beginning stands there anyway.

    Returns:
        What was shortened: field -> `bytes` of the whole.
    """
    summary: dict[str, Any] = {}
    for name in _NAMES:
        value = record.get(name)
        if value is not None and len(value) > LONGEST_NAME:
            whole = value.encode(errors="replace")
            digest = hashlib.sha256(whole).hexdigest()
            record[name] = f"{value[:_NAME_HEAD]}[… shortened: {len(whole)} bytes in all, SHA-256 {digest}]"
            summary[name] = {"bytes": len(whole)}
    return summary


def _at_level(record: dict[str, Any], key: bytes | None, level: ContentLevel) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for name in _PAYLOAD_FIELDS if level != "full" else ():
        value = record.get(name)
        if value is None:
            continue
        whole = _json(value)
        if level == "preview" and len(whole) <= HEAD + TAIL:
            continue
        # `none` says no more than how much there was: a keyed digest would still join equal payloads.
        digest = {} if level == "none" else keyed_digest(whole, key)
        summary[name] = {"bytes": len(whole), "level": level, **digest}
        if level == "preview":
            record[name] = _preview(whole)
        else:
            del record[name]
    return summary


def _json(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


def keyed_digest(data: bytes, key: bytes | None) -> dict[str, str]:
    """HMAC-SHA-256 (RFC 2104) of `data`, for a plain hash of a guessable value gives the value away."""
    if key is None:
        return {"hmac_absent": "no fingerprint key"}
    return {"hmac_sha256": hmac.new(key, data, hashlib.sha256).hexdigest()}


def _preview(whole: bytes) -> str:
    head = whole[:HEAD].decode(errors="ignore")
    tail = whole[-TAIL:].decode(errors="ignore")
    return f"{head}\n[… shortened: {len(whole)} bytes in all …]\n{tail}"
