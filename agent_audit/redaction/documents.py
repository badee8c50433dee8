"""JSON documents in texts, read as the structures that they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from agent_audit.redaction.escapes import strings_of

_LARGEST = 1 << 18
"""Characters up to which a document is taken apart; of a longer one its text alone is read."""

Structure = Callable[[Any], dict[int, str]]
"""By its id, every string of a structure that its place there makes a secret, and the rule."""


def secrets_by_place(text: str, strings: list[tuple[int, str]], structure: Structure) -> Iterator[tuple[int, int, str]]:
    """Start, end and rule of each string of a document, or of several, that its place there makes a secret.

    Args:
        text: the document, or one a line.
        strings: those of the whole text, as `strings_of` finds them.
        structure: says which are secret.
    """
    for offset, part, document in _documents(text):
        found = structure(document)
        if not found:
            continue
        leaves = list(_strings(document))
        written = strings if part is text else list(strings_of(part))
        if len(leaves) != len(written):  # a name twice in an object
            continue
        for leaf, (start, inner) in zip(leaves, written, strict=True):
            if id(leaf) in found:
                yield offset + start, offset + start + len(inner), found[id(leaf)]


def _documents(text: str) -> Iterator[tuple[int, str, Any]]:
    """Where each document begins, its text, and what it says."""
    if len(text) > _LARGEST:
        return
    try:
        yield 0, text, orjson.loads(text)
    except orjson.JSONDecodeError:
        offset = 0
        for line in text.split("\n") if "\n" in text else ():
            try:
                yield offset, line, orjson.loads(line)
            except orjson.JSONDecodeError:
                pass
            offset += len(line) + 1


def _strings(document: Any) -> Iterator[str]:
    """The strings of a document that are no names, in their order. Without recursion: it may be deep."""
    waiting: list[Iterator[Any]] = [iter((document,))]
    while waiting:
        value = next(waiting[-1], waiting)
        if value is waiting:
            waiting.pop()
        elif type(value) is str:
            yield value
        elif type(value) is dict:
            waiting.append(iter(value.values()))
        elif type(value) is list:
            waiting.append(iter(value))
