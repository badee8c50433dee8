"""Secrets in a block under a sensitive name: a list or a map of JSON, of a programming language or of YAML.

A block is read once, from its beginning to its end, so that no text costs more than its length.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_audit.redaction.names.keys import KeyClass
from agent_audit.redaction.names.values import Named, could_be_secret, describes, is_list_item, quoted_end

MAX_BLOCK = 65536
SCHEMA_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null", "structure"})
"""Of JSON Schema, and of the models of services (Smithy)."""
SCHEMA_KEYS = frozenset({"$ref", "anyOf", "oneOf", "allOf", "enum", "properties", "shape", "locationName", "selector"})
_EARLY = 8
"""Members after which nothing is taken for a JSON schema any more."""

_NEXT = re.compile(
    r"(?:[\s,;:]|\\[nrt]|=>|=)*(?:([\[{(])|([\]})])|[bruf]{0,2}(\\{0,7}[\"'`])|((?:[^\s,;:=\[\](){}\"'`\\]|:(?!\s)){1,4096}))"
)
_OF_NAME = re.compile(r"[\w\])][\[(]")
_IS_KEY = re.compile(r"\s{0,4}(?::(?!:)|=>|=(?!=))")
_LINE = re.compile(r"\n([ \t]*)([^\n]*)")
_YAML_PAIR = re.compile(r"[\"']?([\w .$-]{1,64})[\"']?[ \t]*:(?:[ \t]+(.*))?$")
_MEMBER_NAME = re.compile(r"[\"']?[a-z][\w-]{0,60}(?:\.[a-z]{2,10}){1,2}[\"']?$")
_YAML_LEAD = re.compile(r"([ \t]*(?:- +)?)[\"']?\Z")
_YAML_TAG = re.compile(r"(?:[&!][\w!/.-]{0,40}[ \t]+){1,2}")


class Block(NamedTuple):
    """What was found in a block, and where it ends."""

    secrets: list[Named]
    end: int


# The branches of a choice and the calls of a program, a line each, where YAML would have items.
_CODE = re.compile(r"[?:] [A-Za-z_$].*|.* (?:\|\||\?\?)|[A-Za-z_$][\w$]*(?:\.[\w$]+){0,4}\([\w$.\"'\\, -]*\)[,;)]{0,3}")
_FEW, _CHOSEN = 3, frozenset({"key:password", "key:secret"})
_PLAIN_NAME = re.compile(r"[A-Za-z]+(?:_[a-z]+)*")
"""More than a few of these, and nothing else, are names: `AUTH_KEYS = ["type", "user", "accessToken", "expires"]`."""
_ENUMERATES = frozenset({"choices", "enum", "scopes", "roles", "methods"})
"""Below them stands what may be chosen, in a schema of whatever kind."""
VALIDATES = frozenset({"required", "nullable", "sometimes", "present", "filled", "confirmed", "bail"})
"""Rules of Laravel's validator: one of them in a list under a field's name, and all of it says what the field takes."""


def read_collection(  # noqa: PLR0912  # one line a token
    text: str, start: int, found: KeyClass, *, bare: bool
) -> Block:
    """The secrets in the list or map that opens at `start`.

    Args:
        text: the text.
        start: where `[`, `{` or `(` stands.
        found: what the name before it says.
        bare: whether items without quotes count, as in YAML.
    """
    secrets: list[Named] = []
    depth = members = skipped = 0
    place, key, limit = start, "", start + MAX_BLOCK
    while place < limit:
        match = _NEXT.match(text, place)
        if match is None:
            break
        opens, closes, quote, _ = match.groups()
        place = match.end()
        if opens:
            depth += 1
            if key in _ENUMERATES and opens == "[" and not skipped:
                skipped = depth
            # An index or a call of a program: `creds["AccessKeyId"]`, `now.strftime("%Y")`.
            if not skipped and place - 2 > start and _OF_NAME.match(text, place - 2):
                skipped = depth
            continue
        if closes:
            if skipped == depth:
                skipped = 0
            depth -= 1
            key = ""
            if depth <= 0:
                break
            continue
        first, last = (place, quoted_end(text, place, quote)) if quote else match.span(4)
        if last < 0:
            break
        place = last + len(quote) if quote else last
        content = text[first:last]
        if _IS_KEY.match(text, place):
            key, members = content, members + (_EARLY if content == "value" else 1)  # no word of JSON Schema
            if members <= _EARLY and content in SCHEMA_KEYS:
                return Block([], start)
            continue
        if content in (SCHEMA_TYPES if key == "type" and members <= _EARLY else () if key else VALIDATES):
            return Block([], start)
        if (quote or bare) and not (key and describes(key)) and not skipped and _item(content, found, key or "x"):
            secrets.append(Named(first, last, found.rule))
        key = ""
    names = len(secrets) > _FEW and text[start] != "{" and found.rule not in _CHOSEN
    if names and all(_PLAIN_NAME.fullmatch(text, one.start, one.end) for one in secrets):
        secrets = []
    return Block(secrets, place)


def read_yaml(text: str, first: int, colon: int, found: KeyClass) -> Block | None:
    """The secrets in the lines below a key, that are further in or items of its list; None without such lines.

    Args:
        text: the text.
        first: where the key begins.
        colon: just behind its colon.
        found: what the key says.
    """
    begin = text.rfind("\n", max(0, first - 256), first) + 1
    lead = _YAML_LEAD.match(text[begin:first])
    line = text.find("\n", colon, colon + 120)  # there may be a comment
    if lead is None or line < 0 or (begin == 0 and first > 256):
        return None
    style = text[colon:line].strip()
    if style[:1] not in ("", "|", ">", "#"):
        return None
    lines = _lines_below(text, line, len(lead.group(1)))
    if not lines:
        return None
    end = lines[-1][1]
    if style[:1] in ("|", ">"):
        whole = text[lines[0][0] : end].strip()
        secrets = [Named(lines[0][0], end, found.rule)] if could_be_secret(whole, found) else []
        return Block(secrets, end)
    secrets = []
    name, skipped = text[first:colon], -1
    for start, stop in lines:
        depth = start - text.rfind("\n", 0, start)
        if skipped >= 0 and (depth > skipped or (depth == skipped and text.startswith("- ", start))):
            continue
        chosen = text[start:stop].rstrip(": ") in _ENUMERATES and text[stop - 1] == ":"
        skipped = depth if chosen else -1
        item = _yaml_item(text, start, stop, found, name)
        if item is None and not secrets and _is_schema(text[start:stop]):
            return Block([], line)
        if item is not None:
            secrets.append(item)
    return Block(secrets, end)


def _lines_below(text: str, line: int, indent: int) -> list[tuple[int, int]]:
    lines: list[tuple[int, int]] = []
    place = line
    while place < line + MAX_BLOCK:
        match = _LINE.match(text, place)
        if match is None:
            break
        place = match.end()
        content = match.group(2).rstrip()
        if not content:
            continue
        depth = len(match.group(1))
        if depth < indent or (depth == indent and not content.startswith("- ")):
            break
        lines.append((match.start(2), match.start(2) + len(content)))
    return lines


def _is_schema(line: str) -> bool:
    pair = _YAML_PAIR.match(line)
    return pair is not None and (
        pair.group(1) in SCHEMA_KEYS or (pair.group(1) == "type" and pair.group(2) in SCHEMA_TYPES)
    )


def _yaml_item(text: str, start: int, stop: int, found: KeyClass, name: str) -> Named | None:
    """The secret in one line of a block: the item of a list, the value of a pair, or a plain text."""
    while text.startswith("- ", start):
        start += 2
        while text.startswith(" ", start):
            start += 1
    pair = _YAML_PAIR.match(text, start, stop)
    if pair is not None:
        if pair.group(2) is None or describes(pair.group(1)):
            return None
        # The key of a secret's member, in Kubernetes: a name, often of a file.
        if pair.group(1) == "key" and _MEMBER_NAME.match(pair.group(2)):
            return None
        start, name = pair.start(2), "x"
    elif text.startswith("#", start):
        return None
    comment = text.find(" #", start, stop)
    stop = comment if comment >= 0 else stop
    tag = _YAML_TAG.match(text, start, stop)
    start = tag.end() if tag is not None else start
    while start < stop and text[stop - 1] in " ,":
        stop -= 1
    if stop - start >= 2 and text[start] in "\"'" and text[stop - 1] == text[start]:
        start, stop = start + 1, stop - 1
    content = text[start:stop]
    return Named(start, stop, found.rule) if content and _item(content, found, name) else None


def _item(content: str, found: KeyClass, name: str) -> bool:
    return (
        content[:1] not in "*&[{(|>"
        and _CODE.fullmatch(content) is None
        and could_be_secret(content, found)
        and is_list_item(content, found, name)
    )
