"""JSON documents in texts, read as the structures that they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from agent_audit.redaction.marker import MARKER
from agent_audit.redaction.texts.escapes import Unescaped, strings_of

_LARGEST = 1 << 18
"""Characters up to which a document is taken apart; of a longer one its text alone is read."""
_BEGINS = re.compile(r"[{\[](?=\s{0,40}[\"{\[])")
_MOST_TRIED = 4
"""How many times its length a text is read where what begins like a document turns out to be none."""
_NEAR = 1 << 12
"""Characters within which most of what is no document is seen to be none."""
_LONGEST_WORD = len("-Infinity") + 1
_decode = json.JSONDecoder().raw_decode

Structure = Callable[[Any], dict[int, tuple[str, str]]]
"""By its id, every string of which its place in a structure makes something a secret: the rule, and what is left."""


def secrets_by_place(
    text: str, strings: list[tuple[int, str]] | None, structure: Structure
) -> Iterator[tuple[int, int, str]]:
    """Start, end and rule of each string of the documents in a text that its place there makes a secret.

    Args:
        text: a document, several, or a text in which some stand: what a command printed, an answer of HTTP, a log.
        strings: those of a text that begins like a document, as `strings_of` finds them.
        structure: says which are secret.
    """
    for offset, part, document in _documents(text, whole=strings is not None):
        found = structure(document)
        if not found:
            continue
        leaves = list(_strings(document))
        written = strings if strings is not None and part is text else list(strings_of(part))
        if len(leaves) != len(written):  # a name twice in an object
            continue
        for leaf, (start, inner) in zip(leaves, written, strict=True):
            if id(leaf) in found:
                rule, left = found[id(leaf)]
                for first, last in _taken(leaf, inner, left):
                    yield offset + start + first, offset + start + last, rule


def _taken(leaf: str, inner: str, left: str) -> Iterator[tuple[int, int]]:
    """Where in a string, as it is written, stands what is not left of it."""
    kept = MARKER.split(left)
    view = Unescaped(inner)
    if len(kept) == 1 or not any(kept) or view.text != leaf:  # a pair of surrogates is one character there
        yield 0, len(inner)
        return
    end = len(kept[0])
    for number, piece in enumerate(kept[1:], 2):
        # The last piece ends the string; another may stand earlier in a secret, too, which costs the rest of it.
        place = len(leaf) - len(piece) if number == len(kept) else leaf.find(piece, end + 1)
        yield view.span(end, place)
        end = place + len(piece)


def may_hold_documents(text: str) -> bool:
    """Whether somewhere in a text an object of JSON may stand."""
    return '":' in text


def _documents(text: str, *, whole: bool) -> Iterator[tuple[int, str, Any]]:
    """Where each document begins, its text, and what it says."""
    if len(text) > _LARGEST:
        return
    if whole:
        try:
            yield 0, text, orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
        else:
            return
    place, tried = 0, 0
    while tried <= _MOST_TRIED * len(text) and (begins := _BEGINS.search(text, place)) is not None:
        start = begins.start()
        try:
            document, place = _read(text, start)
        except json.JSONDecodeError as error:
            tried += error.pos
            place = begins.end()
        except RecursionError:
            return
        else:
            yield start, text[start:place], document


def _read(text: str, start: int) -> tuple[Any, int]:
    """The document that begins at `start`, and where it ends.

    Raises:
        json.JSONDecodeError: there is none; `pos` is where that is seen, from `start` on.
        RecursionError: it is too deep.
    """
    # An error counts the lines before it, each time from the beginning of what was to be read.
    near = text[start : start + _NEAR]
    try:
        document, end = _decode(near)
    except json.JSONDecodeError as error:
        cut_off = error.msg.startswith("Unterminated string") or error.pos > len(near) - _LONGEST_WORD
        if len(near) < _NEAR or not cut_off:
            raise
        document, end = _decode(text[start:])
    return document, start + end


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
