"""Values bound to the placeholders of a statement: of SQL (DB-API, PEP 249) each is named by the column it goes with,
of GraphQL by the argument."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent_audit.redaction.keys import BOUND_KEYS, STATEMENT_KEYS
from agent_audit.redaction.tables import COLUMNS, column_names

_LONGEST = 20_000

_PLACEHOLDER = re.compile(r"%s|\?|[$:](\d{1,3})\b")
_ARGUMENT = re.compile(r"\b(\w{1,64})\s{0,4}:\s{0,4}\$(\w{1,64})")
_INTO = re.compile(rf"(?i:\binto){COLUMNS}\(")
# `password = crypt(?`, `token IN (?, ?`
_COLUMN = re.compile(
    r"(?i)(\w{1,64})[`\"\]]?\s{0,8}(?:[=<>!]{1,2}|\b(?:not )?i?like\b|\b(?:not )?in\b)\s{0,8}"
    r"(?:\w{1,24})?\(?[\s,?%s:$\d]{0,64}\Z"
)


def bound_values(out: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """Container, slot and name of each value that is bound to a statement beside it."""
    statements = [out[key] for key in STATEMENT_KEYS & out.keys() if type(out[key]) is str]
    bound = [out[key] for key in BOUND_KEYS & out.keys() if type(out[key]) is list]
    variables: Any = out.get("variables")
    for statement in (text for text in statements if len(text) <= _LONGEST):
        for index, column in _columns(statement) if bound else ():
            yield from ((values, index, column) for values in bound if index < len(values))
        for match in _ARGUMENT.finditer(statement) if type(variables) is dict else ():
            if match.group(2) in variables:
                yield variables, match.group(2), match.group(1)


def _columns(sql: str) -> Iterator[tuple[int, str]]:
    """Which value goes with which column."""
    into = _INTO.search(sql)
    listed = column_names(into.group(1)) if into is not None else []
    for count, match in enumerate(_PLACEHOLDER.finditer(sql)):
        index = int(match.group(1)) - 1 if match.group(1) else count
        if into is not None and match.start() >= into.end():
            place = sql.count(",", sql.rfind("(", 0, match.start()), match.start())
            column = listed[place] if place < len(listed) else ""
        else:
            before = _COLUMN.search(sql, max(0, match.start() - 160), match.start())
            column = before.group(1) if before is not None else ""
        if column and index >= 0:
            yield index, column
