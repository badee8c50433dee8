"""Manifests of Kubernetes in YAML: all that stands under `data` and `stringData` of a `Secret`.

In whatever order its fields stand, also in one of a list; what is JSON is read as the structure that it is.
"""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import KeyClassifier
from agent_audit.redaction.names.values import Named
from agent_audit.redaction.rules.model import MANIFEST

_KIND = re.compile(r"kind:[ \t]{1,8}[\"']?secret[\"']?[ \t]*(?:#[^\n]{0,200})?(?=\r?\n|\Z)", re.IGNORECASE)
_LINE = re.compile(r"([ \t]*)((?:-[ \t]+)?)([^\n]*)(?:\n|\Z)")
_OPENS = re.compile(r"(?:data|stringData):[ \t]*(?:#.*)?\r?")
_NEXT = re.compile(r"---|kind:")
_MAX_LINES = 400


def find_in_manifest(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """The members of the `Secret` that says its kind at `place`, and how far the text was read."""
    if _KIND.match(text, place) is None:
        return [], place + 1
    line = text.rfind("\n", 0, place) + 1
    if text[line:place].strip(" \t-"):
        return [], place + 1
    column = place - line
    secrets: list[Named] = []
    opened, start = -1, _first_line(text, line, column)
    for _count in range(_MAX_LINES):
        match = _LINE.match(text, start)
        if match is None or start == len(text):
            break
        inside = not match.group(3).strip() or match.start(3) - start > column
        if not inside:
            secrets += _block(text, opened, start)
            opened = -1
            if start > line and (match.start(3) - start < column or match.group(2) or _NEXT.match(match.group(3))):
                break
            if _OPENS.fullmatch(match.group(3)) is not None:
                opened = match.end()
        start = match.end()
    return secrets + _block(text, opened, start), place + 1


def _block(text: str, opened: int, end: int) -> list[Named]:
    """The lines from one place to another, if any, without the break that ends the last of them."""
    while end > opened >= 0 and text[end - 1] in "\r\n":
        end -= 1
    return [Named(opened, end, MANIFEST)] if end > opened >= 0 else []


def _first_line(text: str, line: int, column: int) -> int:
    """Where the mapping begins whose keys stand in this column, one of them in this line."""
    first = line
    for _count in range(_MAX_LINES):
        match = _LINE.match(text, line)
        if match is None or (line == first and match.group(2)):
            break
        if match.group(3).strip() and match.start(3) - line <= column:
            if match.start(3) - line < column or (line < first and _NEXT.match(match.group(3))):
                break
            first = line
            if match.group(2):
                break
        if line == 0:
            break
        line = text.rfind("\n", 0, line - 1) + 1
    return first
