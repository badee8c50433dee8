"""What stands beside a name in a structure: the value of a pair, a cell below its column, what is typed into a field.

Each function tells the places whose value a name beside it says to be a secret, and what that name says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent_audit.redaction.members import NamedBy
from agent_audit.redaction.names.keys import (
    COLUMN_KEYS,
    HEADING_KEYS,
    NAME_KEYS,
    ROW_KEYS,
    TYPED_KEYS,
    VALUE_KEYS,
    KeyClass,
    field_labels,
    field_name,
)
from agent_audit.redaction.names.values import could_be_secret, is_shown
from agent_audit.redaction.names.vocabulary import ACCOUNT_WORDS

# A name, or the path of a parameter.
NAME = re.compile(r"(?:[\w .\[\]-]{1,64}|/?[\w.-]{0,64}(?:/[\w.-]{0,64}){1,8})\Z")
# Most labels and targets name nothing that could be secret, and need not be taken apart.
_FIELD = re.compile(r"(?=[^\n]{0,64}?(?i:pass|pwd|secret|token|key|pin|otp|cod|cv[vc]|card|ssn))[^\n]{1,128}\Z")
_JSON_PATH = re.compile(r"[\w/~.-]{1,128}\Z")
_PATCHED = frozenset(("op", "before", "after", "Flags"))
"""Beside the path of what is changed: of JSON Patch (RFC 6902) and of what compares two states."""
_NAME_SET, _HEADING_SET = frozenset(NAME_KEYS), frozenset(HEADING_KEYS)

Told = tuple[Any, Any, KeyClass]
"""A container, the key or index in it, and what a name says of the value there."""


def beside_names(record: dict[str, Any], named_by: NamedBy) -> Iterator[Told]:
    """`{"name": "password", "value": x}`."""
    named = list(filter(None, _names_in(record, named_by)))
    headed = list(filter(None, (named_by(record[key]) for key in record if key in _HEADING_SET)))
    for value_key in VALUE_KEYS if named or headed else ():
        for found in named if value_key in record else ():
            yield record, value_key, found
        for found in headed if type(record.get(value_key)) is str else ():
            if is_shown(record[value_key], found):
                yield record, value_key, found
    for found in named if type(record.get("values")) is list else ():
        yield record, "values", found if found.weak else found._replace(shown=True)


def _names_in(record: dict[str, Any], named_by: NamedBy) -> Iterator[KeyClass | None]:
    """What the members of a record that stand where a name should say of its value."""
    yield from (named_by(record[key]) for key in record if key in _NAME_SET)
    path = "Key" if "Flags" in record else "path"  # of Consul
    if not _PATCHED.isdisjoint(record):
        yield _of_field(record.get(path), named_by, _JSON_PATH)


def typed_into(record: dict[str, Any], named_by: NamedBy) -> Iterator[Told]:
    """`{"element": "Password textbox", "text": x}`: what is typed into the field of a page."""
    for found in filter(None, (_of_field(label, named_by) for label in field_labels(record))):
        for slot in () if found.weak else TYPED_KEYS:
            if slot in record and (type(record[slot]) is not str or could_be_secret(record[slot], found)):
                yield record, slot, found


def _of_field(label: Any, named_by: NamedBy, form: re.Pattern[str] = _FIELD) -> KeyClass | None:
    return named_by(field_name(label)) if type(label) is str and form.match(label) else None


def in_rows(record: dict[str, Any], named_by: NamedBy) -> Iterator[Told]:
    """`{"columns": ["user", "password"], "rows": [["ada", x]]}`."""
    columns = next((record[key] for key in COLUMN_KEYS if type(record.get(key)) is list), None)
    for key in ROW_KEYS if columns else ():
        if type(record.get(key)) is list:
            yield from _below(columns, record[key], named_by)


def below_header(rows: list[Any], named_by: NamedBy) -> Iterator[Told]:
    """A list of lists whose first has the names of the columns."""
    header = rows[0]
    if len(header) < 2 or not all(type(name) is str and NAME.match(name) for name in header):
        return
    # Of two columns it may be a list of pairs, one of which has this value.
    if len(header) > 2 or header[0].lower() in ACCOUNT_WORDS:
        yield from _below(header, rows[1:], named_by)


def _below(columns: Any, rows: list[Any], named_by: NamedBy) -> Iterator[Told]:
    names = [column.get("name") if type(column) is dict else column for column in columns]
    for index, name in enumerate(names):
        found = named_by(name)
        if found is None:
            continue
        for row in rows:
            if type(row) is list and len(row) == len(names):
                yield row, index, found
