"""Values bound to the placeholders of a statement: of SQL (DB-API, PEP 249) each is named by the column it goes with,
of GraphQL by the argument.

Beside it in a structure, or behind it in a text: as source code has them, and as SQLAlchemy, Django, Hibernate,
MyBatis, TypeORM, Prisma and PostgreSQL log them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent_audit.redaction.gate import lower_in_place
from agent_audit.redaction.names.keys import BOUND_KEYS, STATEMENT_KEYS, KeyClass, KeyClassifier
from agent_audit.redaction.names.values import Named, could_be_secret, is_weak_secret
from agent_audit.redaction.texts.tables import COLUMNS, column_names, find_inserted

_LONGEST = 20_000

_PLACEHOLDER = re.compile(r"%s|\?|[$:](\d{1,3})\b")
_ARGUMENT = re.compile(r"\b(\w{1,64})\s{0,4}:\s{0,4}\$(\w{1,64})")
_INTO = re.compile(rf"(?i:\binto){COLUMNS}\(")
# `password = crypt(?`, `token IN (?, ?`, from its end: looking for that would try each place before it.
_COLUMN_BACKWARDS = re.compile(
    r"[\s,?%s:$\d]{0,64}\(?(?:\w{1,24})?\s{0,8}(?:[=<>!]{1,2}|\bekili?(?: ton)?\b|\bni(?: ton)?\b)\s{0,8}"
    r"[`\"\]]?(\w{1,64})",
    re.IGNORECASE,
)

BOUND = tuple(f"={blank}{mark}" for mark in ("?", "%s", *(f"${n}" for n in range(1, 10))) for blank in ("", " "))
"""What stands between a column of a statement and its placeholder, and the placeholder."""
_BACK, _AHEAD = 1200, 2000
"""Characters before a placeholder within which its statement begins, and behind it within which its value stands."""
_NAME_BACKWARDS = re.compile(r"\s?[`\"\]]?(\w{1,64})")
_BEGINS = re.compile(
    r"(?i)(?<!do )(?<!key )(?<!for )\b(?:(?:insert|replace|merge)\s{1,4}(?:ignore )?into|update|delete\s{1,4}from)\b"
)
_ASKS = re.compile(r"(?i)(?<!\()\bselect\b")
# What these begin with, in lower case: found at a small part of the cost, and most placeholders have none before them.
_VERBS = re.compile("insert|replace|merge|update|delete|select")
# The next argument in source code, what a library calls them, what SQLAlchemy says of its cache before it has them.
_LIST = re.compile(
    r"(?:(?<![=(,\s])[\"'`]{1,3}\s{0,8},\s{0,40}(?:\w{1,24}=)?"
    r"|(?i:\b(?:param(?:eter)?s|arg(?:ument)?s|bind(?:ing)?s|values)\b[\"']?\s{0,2}[:=]?\s{0,2}(?!\$1))"
    r"|\[(?:generated in|cached since|raw sql|no key|caching disabled|dialect)[^\]\n]{0,60}\]\s)"
    r"(?!\s{0,4}[(\[]{0,2}\s{0,4}(?:\?|%s|\$\d|:\w))[(\[]{0,2}"
)
_GIVEN = re.compile(
    r"\s{0,24}(?:[bruN]?'((?:[^'\\\n]|\\.|''){0,1024})'|[bru]?\"((?:[^\"\\\n]|\\.){0,1024})\""
    r"|((?:[^,()\[\]'\"\n]|\([^()\n]{0,200}\)){0,1024}))(\s{0,4}[,)\]]|\s{0,4}$)",
    re.MULTILINE,
)
_TYPE = re.compile(r"\([A-Z]\w{2,24}\)\Z")
# PostgreSQL's log, Hibernate's 5 and 6.
_NUMBERED = re.compile(
    r"\$(\d{1,3}) = '((?:[^'\n]|''){1,1024})'"
    r"|binding parameter [\[(](\d{1,3})(?:\] as |:)[^\n]{1,40}?(?:-|<-) \[([^\]\n]{1,1024})\]"
)
_AGAIN = re.compile(r"\s{0,4},\s{0,8}[(\[]")
_MOST = 1000
"""Values that are read."""


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


def find_inserted_or_bound(text: str, start: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """The secrets that an INSERT that begins at `start` puts into its columns, and where it ends."""
    secrets, end = find_inserted(text, start, keys)
    if secrets or _PLACEHOLDER.search(text, start, end + 64) is None:
        return secrets, end
    return _bound(text, start, end, keys)


def find_bound(text: str, place: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """The secrets bound to the placeholders of a statement, one of which stands at `place`; how far it was read."""
    column = _before(_NAME_BACKWARDS, text, max(0, place - 66), place)
    if not column or keys.beside(column) is None:
        return [], place + 1
    first = max(0, place - _BACK)
    verbs = [first + verb.start() for verb in _VERBS.finditer(lower_in_place(text[first:place]))]
    begun = [verb for form in (_BEGINS, _ASKS) for verb in verbs if form.match(text, verb, place)]
    return _bound(text, begun[-1], place, keys) if begun else ([], place + 1)


def _bound(text: str, start: int, place: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """The secrets among the values for a statement that begins at `start` and has a placeholder at `place`.

    And where the last of its placeholders ends, so that none of them is looked at again.
    """
    last = place + _AHEAD
    following = _BEGINS.search(text, place, last)
    last = following.start() if following is not None else last
    given = _LIST.search(text, place, last)
    end = given.start() if given is not None else last
    columns = {}
    for index, column in _columns(text[start : min(end, start + _LONGEST)]):
        if (found := keys.beside(column)) is not None:
            columns[index] = found
    read = max((match.end() for match in _PLACEHOLDER.finditer(text, place, end)), default=place + 1)
    if not columns:
        return [], read
    numbered = [
        Named(*match.span(2 if match.group(1) else 4), columns[index].rule)
        for match in _NUMBERED.finditer(text, place, last)
        if (index := int(match.group(1) or match.group(3)) - 1) in columns
        and _is_secret(match.group(2) or match.group(4), columns[index])
    ]
    listed = _listed(text, given.end(), columns) if given is not None and not numbered else ()
    return [*numbered, *listed], read


def _listed(text: str, place: int, columns: dict[int, KeyClass]) -> Iterator[Named]:
    """The secrets of a list of values, or of several lists of as many each."""
    index = 0
    for _count in range(_MOST):
        match = _GIVEN.match(text, place)
        if match is None or match.end() == place:
            return
        quoted = match.group(3) is None
        start, end = match.span(3 if not quoted else 1 if match.group(1) is not None else 2)
        kind = None if quoted else _TYPE.search(text, start, end)  # MyBatis: `x(String)`
        end = kind.start() if kind is not None else end
        if index in columns and (quoted or kind is not None) and _is_secret(text[start:end], columns[index]):
            yield Named(start, end, columns[index].rule)
        place, index = match.end(), index + 1
        if match.group(4).strip() != ",":
            again = _AGAIN.match(text, place)
            if again is None:
                return
            place, index = again.end(), 0


def _is_secret(value: str, found: KeyClass) -> bool:
    return is_weak_secret(value, found.rule) if found.weak else could_be_secret(value, found)


def _columns(sql: str) -> Iterator[tuple[int, str]]:
    """Which value goes with which column."""
    into = _INTO.search(sql)
    listed = column_names(into.group(1)) if into is not None else []
    for count, match in enumerate(_PLACEHOLDER.finditer(sql)):
        index = int(match.group(1)) - 1 if match.group(1) else count
        column = _before(_COLUMN_BACKWARDS, sql, max(0, match.start() - 160), match.start())
        if not column and into is not None and match.start() >= into.end():
            place = sql.count(",", sql.rfind("(", 0, match.start()), match.start())
            column = listed[place] if place < len(listed) else ""
        if column and index >= 0:
            yield index, column


def _before(backwards: re.Pattern[str], text: str, first: int, place: int) -> str:
    """The name that stands before a place, in a form that is written backwards; empty if none does."""
    match = backwards.match(text[first:place][::-1])
    return match.group(1)[::-1] if match is not None else ""
