"""Command lines given as lists of arguments: each is read as the line that a shell would get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent_audit.redaction.chat import Replaced, Scan
from agent_audit.redaction.rules.commands import TOOLS
from agent_audit.redaction.texts.listed import BLANK

_BEFORE_A_TOOL = frozenset({"sudo", "doas", "env", "nohup", "time", "exec", "nice"})
_FIRST = TOOLS | _BEFORE_A_TOOL
_PROGRAM_KEYS, _ARGUMENT_KEYS = ("command", "cmd", "program", "executable"), ("args", "argv")
_LONGEST = 8192


def may_be_command(first: str) -> bool:
    """Whether arguments that begin so are worth reading: most lists of texts are none."""
    return first in _FIRST or "/" in first


def secret_arguments(argv: list[Any], scan: Scan) -> Iterator[Replaced]:
    """The arguments in which a rule for the tool's command line finds a secret, without it."""
    first = 1 if argv[0] in _BEFORE_A_TOOL and len(argv) > 1 else 0
    if type(argv[first]) is str:
        yield from _of_tool(argv[first], argv, first + 1, scan)


def arguments_in(record: dict[str, Any], scan: Scan) -> Iterator[Replaced]:
    """The same of `{"command": "docker", "args": ["login", "-p", x]}`, as MCP servers and processes are configured."""
    program = next((record[key] for key in _PROGRAM_KEYS if type(record.get(key)) is str), "")
    for key in _ARGUMENT_KEYS if program else ():
        argv = record.get(key)
        # A list that begins with a tool tells by itself, as behind `sudo`.
        if type(argv) is list and argv and argv[0] != program:
            yield from _of_tool(program, argv, 0, scan)


def _of_tool(program: str, argv: list[Any], first: int, scan: Scan) -> Iterator[Replaced]:
    """What is secret of the arguments from `first` on."""
    tool = program.rsplit("/", 1)[-1]
    given = argv[first:]
    if tool not in TOOLS or not all(type(argument) is str for argument in given):
        return
    line = " ".join((tool, *(argument.replace(" ", BLANK) for argument in given)))
    one = scan(line) if len(line) <= _LONGEST else None
    left = one.text.split(" ")[1:] if one is not None and one.rules else []
    if one is None or len(left) != len(given):
        return
    for slot, (argument, found) in enumerate(zip(given, left, strict=True), first):
        text = found.replace(BLANK, " ")
        if text != argument:
            yield argv, slot, text, one.rules[0]
