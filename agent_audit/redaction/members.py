"""What a sensitive key says of its value: of a text, and of the members of an object."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from agent_audit.redaction.marker import only_markers
from agent_audit.redaction.names.keys import (
    A_PASSWORD,
    HEADING_KEYS,
    LOOSE_VALUE_KEYS,
    NAME_KEYS,
    PREFIXED,
    USER_AND_PASSWORD,
    KeyClass,
)
from agent_audit.redaction.names.source_code import is_constant_name
from agent_audit.redaction.names.values import enough_digits, has_form, is_shown, is_weak_secret, stands_for_itself
from agent_audit.redaction.names.vocabulary import PASSWORD, SECRET, TOKEN
from agent_audit.redaction.texts.blocks import SCHEMA_KEYS, SCHEMA_TYPES, VALIDATES

ANYTHING = frozenset((*LOOSE_VALUE_KEYS, *PREFIXED))
_NAMES = frozenset((*NAME_KEYS, *HEADING_KEYS))
_NAMES_OF_FIELDS = PASSWORD | SECRET | TOKEN | {"api_key", "secret_key", "private_key", "client_secret", "access_token"}
"""One of them is in most lists of names and values by turns that hold a secret."""

_CHOSEN = frozenset({"key:password", "key:secret"})
"""What people choose, and may be words."""

_SCHEMA_MARKS = SCHEMA_KEYS - {"properties"}  # many an object has some
_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_USER_AND_PASSWORD = re.compile(r"[^\s:/]{1,64}:(?!\d+\Z)[^\s/]{1,128}\Z")


def is_secret_member(text: str, rule: KeyClass) -> bool:
    """Whether the text that a sensitive key has as its value is a secret."""
    if not text or only_markers(text):
        return False
    if rule is USER_AND_PASSWORD:
        return _USER_AND_PASSWORD.match(text) is not None or is_weak_secret(text, "key:auth")
    if rule.path_ok and text[0] in "/~.":
        return False
    if rule.weak or rule.shown:
        return is_shown(text, rule)
    if rule.rule not in _CHOSEN and is_constant_name(text):
        return False  # `{"openai_api_key": "OPENAI_API_KEY"}`: where it is found
    fits = has_form(text, rule.rule) and (not text.isdigit() or enough_digits(text, rule.rule))
    return fits and stands_for_itself(text)


def is_user_and_password(rule: KeyClass, values: Collection[Any]) -> bool:
    """Whether a list has a password behind its user: `auth=("user", "password")`, as Requests takes it."""
    if rule.rule not in ("key:auth", "curl-user") or len(values) != 2:
        return False
    user, password = values
    return type(user) is type(password) is str and "#" not in user  # no shape of Smithy: `aws.auth#sigv4`


def are_rules(values: Collection[Any]) -> bool:
    """Whether a list says what a field takes: `["required", "min:8"]`."""
    return any(type(value) is str and value in VALIDATES for value in values)


def inherited_by(items: list[tuple[Any, Any]], inherited: KeyClass) -> KeyClass | None:
    """What a sensitive key says of the members of its value: nothing when they are a JSON schema."""
    if inherited.weak or inherited.rule == "key:pin":  # a PIN has no members; the pins of a map have
        return None
    if any(key == "value" for key, _ in items):  # no word of JSON Schema: an output of Terraform
        return inherited
    for key, value in items:
        if key in _METHODS and type(value) is dict:
            return None  # a path of OpenAPI: `/secret`
        if key == "type" and (type(value) is list or (type(value) is str and value in SCHEMA_TYPES)):
            return None
        if key in _SCHEMA_MARKS:
            return None
    return inherited


def is_country(items: Iterable[tuple[Any, Any]]) -> bool:
    """Whether `PW` is one of several countries (ISO 3166) here: `{"PK": "Pakistan", "PW": "Palau", ...}`."""
    return sum(type(key) is str and len(key) == 2 and key.isalpha() and key.isupper() for key, _ in items) > 3


TELL_OTHER = frozenset({"PW", "token"})
"""Keys that name something else beside others."""
_OF_TOKENS = frozenset({"logprob", "start_offset"})


def names_other(key: str, items: Collection[tuple[Any, Any]]) -> bool:
    """Whether one of `TELL_OTHER` is none for a secret: a country, a piece of a text, a setting with its type."""
    if key == "token":
        record = {name: value for name, value in items if type(name) is str and type(value) is not dict}
        return not _OF_TOKENS.isdisjoint(record) or (
            record.get("type") in SCHEMA_TYPES and str(record["token"]).isalpha()  # what a theme calls a size, a colour
        )
    return is_country(items)


NamedBy = Callable[[Any], "KeyClass | None"]
"""What a text that stands where a name should says of the value beside it."""


def by_turns(out: list[Any], named_by: NamedBy) -> Iterator[tuple[int, KeyClass]]:
    """Index of each secret among names and values by turns, as Redis answers HGETALL."""
    names = out[::2]
    if not all(type(name) is str for name in names) or _NAMES_OF_FIELDS.isdisjoint(names):
        return
    for place, name in enumerate(names):
        found, value = named_by(name), out[2 * place + 1]
        if found is not None and type(value) is str and is_shown(value, found):
            yield 2 * place + 1, found


def of_redis(out: list[Any]) -> Iterator[tuple[int, KeyClass]]:
    """Index of the password of `["AUTH", "default", "x"]`, a command of Redis."""
    last = len(out) - 1
    if last not in (1, 2) or type(out[last]) is not str:
        return
    if is_shown(out[last], A_PASSWORD) and not out[last].isdigit():
        yield last, A_PASSWORD


def loosely_named(out: dict[str, Any], named_by: NamedBy) -> Iterator[tuple[str, KeyClass]]:
    """Key of each secret beside its name where anything may stand: `{"label": "Password", "text": x}`."""
    for value in PREFIXED.keys() & out.keys():
        for name in PREFIXED[value]:
            found = named_by(out[name]) if name in out else None
            if found is not None and type(out[value]) is str and is_shown(out[value], found):
                yield value, found
    held = [key for key in LOOSE_VALUE_KEYS if type(out.get(key)) is str]
    for name in [name for name in out if name in _NAMES] if held else ():
        found = named_by(out[name])
        for key in held if found is not None else ():
            chosen = found is not None and (found.rule == "key:password" or len(out[key]) > 8)  # `ERC-20`
            if key != name and found is not None and chosen and is_shown(out[key], found):
                yield key, found
