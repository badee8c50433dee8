"""What one message of a conversation asks for and the next one says; a question and its answer in one object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent_audit.redaction.keys import ANSWER_KEYS, QUESTION_KEYS

_ASKED = 160
_ANSWERED = 80
# What ends in a mere word tells nothing, and most messages do.
_MIXED_LAST = re.compile(r"[\d!@#$%^&*+=]\S*\s*\Z")

Place = tuple[Any, Any]
"""A container and the key or index in it."""


def answers(messages: list[Any]) -> Iterator[tuple[Place, str]]:
    """The place of every short message that may be an answer, and the end of the question before it."""
    question = ""
    for message in messages:
        holder, slot, text = message, "content", message.get("content") if type(message) is dict else None
        if type(text) is not str:
            holder, slot, text = _only_part(text)
        if question and _may_answer(text):
            yield (holder, slot), question
        question = _end_of_question(text)


def answer_in(record: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The same of `{"question": "your PIN?", "answer": "4711"}`."""
    question = next((record[key] for key in QUESTION_KEYS if type(record.get(key)) is str), "")
    asked = _end_of_question(question)
    for key in ANSWER_KEYS if asked else ():
        if type(record.get(key)) is str and _may_answer(record[key]):
            yield (record, key), asked


def _may_answer(text: str) -> bool:
    return len(text) <= _ANSWERED and _MIXED_LAST.search(text) is not None


def _end_of_question(text: str) -> str:
    return text[-_ASKED:] if text[-1:] == "?" else ""


def _only_part(content: Any) -> tuple[Any, str, str]:
    """The part of a message that has only one: `[{"type": "text", "text": "x"}]`."""
    part = content[0] if type(content) is list and len(content) == 1 else None
    text = part.get("text") if type(part) is dict else None
    return part, "text", text if type(text) is str else ""
