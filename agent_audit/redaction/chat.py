"""Messages of a conversation, in which one asks for what the next one says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_ASKED = 160
_ANSWERED = 80

Place = tuple[Any, Any]
"""A container and the key or index in it."""


def answers(messages: list[Any]) -> Iterator[tuple[Place, str]]:
    """The place of every short message behind one that ends with a question, and the end of that question."""
    question = ""
    for message in messages:
        place = _content(message)
        text = place[0][place[1]] if place is not None else ""
        if place is not None and question and 0 < len(text) <= _ANSWERED:
            yield place, question
        question = text[-_ASKED:] if text[-1:] == "?" else ""


def _content(message: Any) -> Place | None:
    """Where the text of a message stands: under `content`, or in the only part of it."""
    content = message.get("content") if type(message) is dict else None
    if type(content) is str:
        return message, "content"
    part = content[0] if type(content) is list and len(content) == 1 else None
    return (part, "text") if type(part) is dict and type(part.get("text")) is str else None
