"""Command lines that source code has as lists of arguments: `run(["mysql", "-px"])`, `spawn("mysql", ["-px"])`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agent_audit.redaction.names.values import Named
from agent_audit.redaction.rules.commands import TOOLS
from agent_audit.redaction.spans import Found

LISTED = tuple(f",{blank}{quote}-" for quote in ("'", '"') for blank in ("", " "))
"""What stands before an option amid the arguments."""
BLANK = "\x01"
"""Stands for a blank within an argument, which parts nothing."""
_BACK = 400
"""Characters before an option within which its list begins."""
_MOST = 64
"""Arguments that are read."""
_ARGUMENT = re.compile(r"\s{0,40}(?:([\"'])([^\"'\\\n]{0,512})\1|([A-Za-z_][\w.]{0,80}))\s{0,40}([,\])])")
_PROGRAM = re.compile(r"[\"']([\w./-]{1,64})[\"']\s{0,8},\s{0,8}\Z")


def find_listed(text: str, place: int, scan: Callable[[str], Sequence[Found]]) -> tuple[list[Named], int]:
    """What the rules for the program's command line find in its arguments, and where their list ends.

    Args:
        text: the text.
        place: where an option stands amid the arguments.
        scan: what is found in a line.
    """
    line, words, end = _arguments_around(text, place)
    spans = scan(line) if line else ()
    found: list[Named] = []
    at = 0
    for first, last in words if spans else ():
        behind = at + last - first
        found += [Named(first + a - at, first + b - at, rule) for a, b, rule in spans if at <= a and b <= behind]
        at = behind + 1
    return found, end


def _arguments_around(text: str, place: int) -> tuple[str, list[tuple[int, int]], int]:
    """The line that a shell would get, where each of its words stands in the text, and where the list ends.

    The first word is that of the program. Without one that has rules, the line is empty.
    """
    before = max(0, place - _BACK)
    opened = max(text.rfind("[", before, place), text.rfind("(", before, place))
    if opened < 0:
        return "", [], place + 1
    words: list[tuple[int, int]] = []
    program = _PROGRAM.search(text, max(0, opened - 96), opened) if text[opened] == "[" else None
    if program is not None:
        words.append(program.span(1))
    end = opened + 1
    while len(words) < _MOST:
        match = _ARGUMENT.match(text, end)
        if match is None:
            break
        words.append(match.span(2 if match.group(1) else 3))
        end = match.end()
        if match.group(4) != ",":
            break
    known = bool(words) and text[slice(*words[0])].rsplit("/", 1)[-1] in TOOLS
    line = " ".join(text[first:last].replace(" ", BLANK) for first, last in words) if known else ""
    return line, words, max(end, place + 1)
