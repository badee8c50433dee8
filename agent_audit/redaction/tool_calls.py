"""Calls of tools in events and in messages, and what they gave back: where a tool's name tells that it is a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agent_audit.redaction.chat import Replaced, Scan
from agent_audit.redaction.names.keys import (
    CALL_ID_KEYS,
    GIVEN_KEYS,
    LOOSE_VALUE_KEYS,
    TAKEN_KEYS,
    TOOL_KEYS,
    TYPED_KEYS,
    VALUE_KEYS,
    Operation,
)

_SLOTS = frozenset(
    (*VALUE_KEYS, *TYPED_KEYS, *LOOSE_VALUE_KEYS, *GIVEN_KEYS, *TAKEN_KEYS, "plaintext", "code", "__arg1")
)
"""Where a record may have the very thing: whatever says what else it is stays."""
_DEEP = 4
_LONGEST = 1 << 16

Place = tuple[Any, Any]


def tool_of(record: dict[str, Any]) -> str | None:
    """The name of the tool that a record calls: `{"name": x, "arguments": …}`, `{"function": {"name": x}}`."""
    for key in TOOL_KEYS:
        name = record.get(key)
        if type(name) is dict:
            name = name.get("name")
        if type(name) is str:
            return name
    return None


def ids_of(record: dict[str, Any]) -> Iterator[str]:
    """What a call and its result have in common."""
    return (record[key] for key in CALL_ID_KEYS if type(record.get(key)) is str)


def places_of(record: dict[str, Any], operation: Operation) -> Iterator[Place]:
    """Every place of a call or result where the secret may be that the tool is named after."""
    for keys, does in ((TAKEN_KEYS, operation.takes), (GIVEN_KEYS, operation.gives)):
        for key in keys if does else ():
            if key in record:
                yield from _within(record, key, _DEEP)


def _within(holder: Any, slot: Any, depth: int) -> Iterator[Place]:
    value = holder[slot]
    if type(value) is dict and depth:
        for key in [key for key in value if key in _SLOTS]:
            yield from _within(value, key, depth - 1)
    elif type(value) is list and depth:
        for index in range(len(value)):
            yield from _within(value, index, depth - 1)
    else:
        yield holder, slot


def in_documents(places: list[Place], name: str, scan: Scan) -> Iterator[Replaced]:
    """The same where the record is written as JSON: `{"name": "set_pin", "arguments": "{\\"value\\": \\"4711\\"}"}`."""
    for holder, slot in places:
        text = holder[slot]
        if type(text) is not str or text[:1] not in ("{", "[") or len(text) > _LONGEST:
            continue
        for key in ("arguments", "result"):
            lead = f'{{"name": {json.dumps(name)}, "{key}": '
            one = scan(f"{lead}{text}}}")
            if one.rules and one.text.startswith(lead):
                text = one.text[len(lead) : -1]
                yield holder, slot, text, one.rules[-1]
