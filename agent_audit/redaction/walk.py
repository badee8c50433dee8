"""One walk over a value: copies it into plain JSON form, masks by key, and collects the texts to scan.

The walk decides nothing about texts. It notes each one with the place it went to, and `redactor` writes back
what the scan changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Protocol

from agent_audit.redaction import marker, members
from agent_audit.redaction.argv import arguments_in, may_be_command, secret_arguments
from agent_audit.redaction.chat import Replaced, answer_in, answers, given_in, printed_in, text_key
from agent_audit.redaction.lines import are_lines, in_lines
from agent_audit.redaction.marker import Masker
from agent_audit.redaction.names.keys import (
    ANSWER_KEYS,
    BOUND_KEYS,
    CALL_KEYS,
    COMMAND_KEYS,
    FIELD_KEYS,
    GIVEN_KEYS,
    JOINT,
    LOOSELY,
    PHONE,
    ROW_KEYS,
    STATEMENT_KEYS,
    TAKEN_KEYS,
    USER_AND_PASSWORD,
    VALUE_KEYS,
    KeyClass,
    KeyClassifier,
)
from agent_audit.redaction.names.stores import STORE_KEYS, is_key_of_bytes, secret_members
from agent_audit.redaction.names.values import describes_in, enough_digits
from agent_audit.redaction.neighbours import NAME, below_header, beside_names, in_rows, typed_into
from agent_audit.redaction.objects import (
    Items,
    Members,
    free_name,
    is_secret_type,
    key_text,
    plain_float,
    plain_int,
    take_apart,
    text_of_bytes,
)
from agent_audit.redaction.remembered import Masked
from agent_audit.redaction.texts.bound import bound_values
from agent_audit.redaction.tool_calls import ids_of, in_documents, places_of, tool_of
from agent_audit.redaction.validators import is_card

MAX_DEPTH = 64
MAX_NODES = 250_000
MAX_TEXT = 64_000_000
MAX_NAMES = 1_000_000
"""Characters of names that were not met before: what a name says costs as much as a text to find out."""

_OPTION = re.compile(r"--?[A-Za-z][\w-]{1,40}\Z")
_OF_A_STORE = KeyClass("key:secret")
_CHOSEN = KeyClass("key:password", shown=True)
_USER_OPTIONS = frozenset(("-u", "--user", "--proxy-user"))
_MISSING: Any = object()
_VALUE_SET, _FIELD_SET, _ANSWER_SET, _ROW_SET, _COMMAND_SET = map(
    frozenset, (VALUE_KEYS, FIELD_KEYS, ANSWER_KEYS, ROW_KEYS, COMMAND_KEYS)
)
_CALL_SET = frozenset((*CALL_KEYS, *TAKEN_KEYS, *GIVEN_KEYS))
_SMALLEST_PASSWORD = 1000
_SMALL = 10**12
"""Whole numbers below have too few digits for a card's."""

_HELD = frozenset((*VALUE_KEYS, "string", "stringValue"))

Place = tuple[Any, Any]
"""A container of the output and the key or index in it."""


class OneText(Protocol):
    """What a walk needs of a scanner, for the names of keys."""

    def scan_one(self, text: str, action: str | None = None) -> Masked:
        """One text, masked."""
        ...


class Walk:
    """State of one walk. Used once, by one thread."""

    __slots__ = (
        "_active",
        "_called",
        "_cards",
        "_drops",
        "_keys",
        "_known",
        "_masker",
        "_names",
        "_nodes",
        "_scanner",
        "key_lines",
        "masked",
        "parents",
        "places",
        "texts",
    )

    def __init__(
        self,
        keys: KeyClassifier,
        known: dict[str, KeyClass | None],
        scanner: OneText,
        masker: Masker,
        *,
        cards: bool = True,
    ) -> None:
        self._cards = cards  # whether a number that is a card's is masked
        self._keys, self._known, self._scanner, self._masker = keys, known, scanner, masker
        self._drops = False  # whether something is left out: it stands there until its container is whole
        self._active: set[int] = set()
        self._called: dict[str, str] = {}  # by id of the call, the tools whose names tell something
        self._nodes, self._names = MAX_NODES, MAX_NAMES
        self.texts: list[str] = []
        self.places: list[Place] = []
        self.parents: dict[int, Place] = {}
        """Where each container of the output stands, by its id."""
        self.key_lines: list[tuple[list[Any], int]] = []
        """List and index of lines with which a private key may begin that is given line by line."""
        self.masked: list[tuple[Any, Any, str]] = []
        """Container, key and rule of everything masked without being scanned."""

    def put(self, holder: Any, slot: Any, value: Any, depth: int, rule: KeyClass | None) -> None:
        """Put the plain form of `value` into `holder[slot]`; never raises, never leaves it raw."""
        kind = type(value)
        try:
            if rule is None and (kind is dict or kind is list):
                plain = self._container(value, depth, None)
            else:
                plain = self._plain(value, depth, rule, holder, slot)
        except Exception:
            plain = marker.error_marker(value)
        holder[slot] = plain
        kind = type(plain)
        if kind is dict or kind is list:
            self.parents[id(plain)] = (holder, slot)
        elif kind is str:
            self._text(holder, slot, plain, rule)
        elif kind is int or kind is float:
            secret = rule is not None and rule.numeric and rule is not PHONE and enough_digits(str(plain), rule.rule)
            # `{"pass": 12, "fail": 3}`
            if rule is not None and secret and not (rule.rule == "key:password" and plain < _SMALLEST_PASSWORD):
                self._mask(holder, slot, str(plain), rule.rule)
            elif kind is int and plain > _SMALL and self._cards and is_card(str(plain)):
                self._mask(holder, slot, str(plain), "card")

    def leave_out_what_is_beyond(self) -> None:
        """Put a marker in the place of every text with which there are more characters than are scanned."""
        if sum(map(len, self.texts)) <= MAX_TEXT:
            return
        room = MAX_TEXT
        for index, text in enumerate(self.texts):
            room -= len(text)
            if room < 0:
                self.put_text(index, marker.SIZE)

    def put_text(self, index: int, text: str) -> None:
        """Put another text in the place of one that is scanned, where that was not masked whole meanwhile."""
        holder, slot = self.places[index]
        if self.stands(index):
            holder[slot] = text
        self.texts[index] = text

    def stands(self, index: int) -> bool:
        """Whether a text that is scanned is still in its place: a name beside it may have masked all of it, or more."""
        holder, slot = self.places[index]
        return (holder.get(slot) if type(holder) is dict else holder[slot]) is self.texts[index]

    def _plain(  # noqa: PLR0911  # one line a type
        self, value: Any, depth: int, rule: KeyClass | None, holder: Any, slot: Any
    ) -> Any:
        kind = type(value)
        if kind is str or value is None or kind is bool:
            return value
        if kind is dict or kind is list:
            if rule is not None and not rule.weak and is_key_of_bytes(value):
                self.masked.append((holder, slot, rule.rule))
                return self._masker.mask(rule.rule, str(value))
            return self._container(value, depth, rule)
        if kind is int:
            return plain_int(value)
        if kind is float:
            return plain_float(value)
        if kind is bytes:
            return text_of_bytes(value)
        if is_secret_type(value):
            self.masked.append((holder, slot, "secret-type"))
            return self._masker.mask("secret-type", "")  # no outcome that needs the value can be given
        return self._container(value, depth, rule)

    def _container(self, value: Any, depth: int, rule: KeyClass | None) -> Any:
        identity = id(value)
        if identity in self._active:
            return marker.CYCLE
        if depth >= MAX_DEPTH:
            return marker.DEPTH
        self._active.add(identity)
        try:
            kind = type(value)
            if kind is dict:
                return self._members(value.items(), depth + 1, rule)
            if kind is list or kind is tuple:
                return self._items(value, depth + 1, rule)
            parts = take_apart(value)
            if isinstance(parts, Members):
                return self._members(list(parts.items), depth + 1, rule)
            return self._items(list(parts.values), depth + 1, rule) if isinstance(parts, Items) else parts
        finally:
            self._active.discard(identity)

    def _members(  # noqa: PLR0912  # a call for each member would cost as much as its work
        self, items: Collection[tuple[Any, Any]], depth: int, inherited: KeyClass | None
    ) -> dict[str, Any]:
        """A dict in plain form. The branch for a harmless key with a plain value is the hot path of all."""
        out: dict[str, Any] = {}
        known, texts, places = self._known, self.texts, self.places
        joint = changed = False
        self._nodes -= len(items)
        if self._nodes < 0:
            return {marker.SIZE: marker.SIZE}
        if inherited is not None:
            items = list(items)
            inherited = members.inherited_by(items, inherited)
        for raw_key, value in items:
            key = raw_key
            rule = known.get(key, _MISSING) if type(key) is str else _MISSING
            if rule is _MISSING:
                if self._names < 0:
                    out[marker.SIZE] = marker.SIZE
                    break
                key, rule, altered = self._learn(key)
                changed = changed or altered
            if changed and key in out:
                key = free_name(out, key)
            if rule is None and inherited is None:
                kind = type(value)
                if kind is str:
                    out[key] = value
                    texts.append(value)
                    places.append((out, key))
                    continue
                if (
                    value is None
                    or kind is bool
                    or (kind is int and _SMALL > value > -_SMALL)
                    or (kind is float and value - value == 0)
                ):
                    out[key] = value
                    continue
            if rule is JOINT:
                joint, rule = True, None
            elif rule is not None and key in members.TELL_OTHER and members.names_other(key, items):
                rule = None
            if inherited is not None and (rule is None or rule.weak) and not describes_in(key, value, inherited):
                rule = inherited
            self.put(out, key, value, depth, rule)
        if joint:
            self._read_together(out)
        for slot in [k for k, v in out.items() if v is _MISSING] if self._drops else ():
            del out[slot]
        return out

    def _items(self, values: Collection[Any], depth: int, rule: KeyClass | None) -> list[Any]:
        out: list[Any] = []
        texts, places = self.texts, self.places
        rule = None if rule is not None and members.are_rules(values) else rule
        option: KeyClass | None = None
        self._nodes -= len(values)
        if self._nodes < 0:
            return [marker.SIZE]
        for value in values:
            kind = type(value)
            if rule is None and option is None:
                if kind is str:
                    places.append((out, len(out)))
                    out.append(value)
                    texts.append(value)
                    if value[:1] == "-":
                        option = self._option(value)
                        if value.startswith("-----BEGIN"):
                            self.key_lines.append((out, len(out) - 1))
                    continue
                if (
                    (kind is float and value - value == 0)
                    or value is None
                    or kind is bool
                    or (kind is int and _SMALL > value > -_SMALL)
                ):
                    out.append(value)
                    continue
            slot = len(out)
            out.append(None)
            if option is not None and kind is str and not value.startswith("-"):
                self.put(out, slot, value, depth, option)
            elif rule is None and (kind is tuple or kind is list) and len(value) == 2:
                self._pair(out, slot, value, depth)
            else:
                self.put(out, slot, value, depth, rule)
            option = None
        if rule is not None and members.is_user_and_password(rule, values):
            self._mask_again(out, 1, _CHOSEN)
        elif rule is None and len(out) > 1:
            self._read_in_order(out)
        return out

    def _read_in_order(self, out: list[Any]) -> None:
        """Rows under the names of their columns, answers in a message behind the question, arguments of a command."""
        kind = type(out[0])
        if kind is str:
            if out[0] in ("AUTH", "auth"):
                self._mask_all(out, members.of_redis(out))
            if are_lines(out):
                self._replace(in_lines(out, self._scan))
            if may_be_command(out[0]):
                self._replace(secret_arguments(out, self._scan))
            if len(out) % 2 == 0 and len(out) > 2:
                self._mask_all(out, members.by_turns(out, self._named_by))
        if kind is list:
            self._mask_places(below_header(out, self._named_by))
        if (kind is dict or kind is list) and (key := text_key(out[0])) is not None:
            self._replace(answers(out, key, self._scan))

    def _scan(self, text: str) -> Masked:
        return self._scanner.scan_one(_encodable(text))

    def _replace(self, found: Iterable[Replaced]) -> None:
        """Texts that only their neighbours tell; the scan goes on with what is left of them."""
        wanted = {(id(holder), slot): (text, rule) for holder, slot, text, rule in found}
        index = len(self.places)
        while wanted and index:
            index -= 1
            holder, slot = self.places[index]
            text, rule = wanted.pop((id(holder), slot), (None, ""))
            if text is not None:
                self._masker.note(rule, self.texts[index], text)
                holder[slot] = self.texts[index] = text
                self.masked.append((holder, slot, rule))

    def _option(self, value: str) -> KeyClass | None:
        """What `--password` says of the argument after it."""
        if value in _USER_OPTIONS:
            return USER_AND_PASSWORD
        return self._keys.secret(value) if _OPTION.match(value) is not None else None

    def _named_by(self, name: Any) -> KeyClass | None:
        """What a text that stands where a name should says of the value beside it."""
        # Only what the scan will leave as it is; else the second redaction would judge another name.
        if type(name) is not str or NAME.match(name) is None:
            return None
        found = self._keys.beside(name)
        if found is None or found.weak or name[:1] == "/" or "/" not in name:
            return found
        return found._replace(shown=True)  # a key of Consul, or a file

    def _pair(self, out: list[Any], slot: int, pair: Any, depth: int) -> None:
        """`("authorization", "Basic x")` in a list: headers, form fields, rows of settings."""
        name = pair[0]
        if type(name) is bytes and len(name) <= 64:
            name = text_of_bytes(name)
        found = self._named_by(name)
        if found is None or id(pair) in self._active or depth >= MAX_DEPTH:
            self.put(out, slot, pair, depth, None)
            return
        inner: list[Any] = [None, None]
        out[slot] = inner
        self.parents[id(inner)] = (out, slot)
        self.put(inner, 0, pair[0], depth + 1, None)
        self.put(inner, 1, pair[1], depth + 1, found)

    def _learn(self, key: Any) -> tuple[str, KeyClass | None, bool]:
        """The key as text without secrets, what it says of its value, and whether it was changed."""
        try:
            name = key_text(key)
            self._names -= len(name)
            clean = self._scan(name)
            rule = self._keys.classify(clean.text)
        except Exception:
            return marker.error_marker(key), None, True
        if clean.rules:
            self.masked.append((None, clean.text, clean.rules[0]))
        elif name is key and clean.text == name and len(name) <= 64:
            if len(self._known) >= 4096:
                self._known.clear()
            self._known[name] = rule
            return name, rule, False
        return clean.text, rule, True

    def _text(self, holder: Any, slot: Any, text: str, rule: KeyClass | None) -> None:
        if rule is not None and members.is_secret_member(text, rule):
            self._mask(holder, slot, text, rule.rule)
            return
        self.texts.append(text)
        self.places.append((holder, slot))

    def _mask(self, holder: Any, slot: Any, text: str, rule: str) -> None:
        self.masked.append((holder, slot, rule))
        drop = self._masker.drops(rule) and type(holder) is dict
        self._drops = self._drops or drop
        holder[slot] = _MISSING if drop else self._masker.mask(rule, text)

    def _read_together(self, out: dict[str, Any]) -> None:  # one line a partnership
        """`{"name": "password", "value": x}`, and rows under the names of their columns."""
        if not _VALUE_SET.isdisjoint(out) or "values" in out:
            self._mask_places(beside_names(out, self._named_by))
        if not (LOOSELY.isdisjoint(out) or members.ANYTHING.isdisjoint(out)):
            self._mask_all(out, members.loosely_named(out, self._named_by))
        if not STORE_KEYS.isdisjoint(out):
            for holder, slot in secret_members(out):
                self._mask_again(holder, slot, _OF_A_STORE)
        if not (STATEMENT_KEYS.isdisjoint(out) or BOUND_KEYS.isdisjoint(out)):
            for values, index, column in bound_values(out):
                if (found := self._named_by(column)) is not None:
                    self._mask_again(values, index, found)
        if not _ROW_SET.isdisjoint(out):
            self._mask_places(in_rows(out, self._named_by))
        if not _ANSWER_SET.isdisjoint(out):
            self._replace(answer_in(out, self._scan))
        if not _CALL_SET.isdisjoint(out):
            self._read_call(out)
        if not _COMMAND_SET.isdisjoint(out):
            self._replace(arguments_in(out, self._scan))
            self._replace(printed_in(out, self._scan))
            self._replace(given_in(out, self._scan))
        if not _FIELD_SET.isdisjoint(out):
            self._mask_places(typed_into(out, self._named_by))

    def read_operation(self, record: dict[str, Any], name: str) -> bool:
        """Read what a tool is given and gives back; False when its name does not say that it deals with secrets."""
        operation = self._keys.operation(name)
        if operation is None:
            return False
        places = list(places_of(record, operation))
        self._mask_places((holder, slot, operation.secret) for holder, slot in places)
        self._replace(in_documents(places, name, self._scan))
        return True

    def _read_call(self, record: dict[str, Any]) -> None:
        """The same of a call in a message, and of the message with its result, which has the id of the call."""
        name = tool_of(record)
        if name is not None and self.read_operation(record, name):
            self._called.update(dict.fromkeys(ids_of(record), name))
        elif self._called and (name := next(filter(None, map(self._called.get, ids_of(record))), None)) is not None:
            self.read_operation(record, name)

    def _mask_places(self, named: Iterable[tuple[Any, Any, KeyClass]]) -> None:
        for holder, slot, found in named:
            self._mask_again(holder, slot, found)

    def _mask_all(self, holder: Any, named: Iterable[tuple[Any, KeyClass]]) -> None:
        for slot, found in named:
            self._mask_again(holder, slot, found)

    def _mask_again(self, holder: Any, slot: Any, found: KeyClass) -> None:
        """Judge a value that was already placed by a name that only now is known."""
        if found.rule in self._keys.disabled:
            return
        value = holder[slot]
        if type(value) is str and members.is_secret_member(value, found):
            self._mask(holder, slot, value, found.rule)
        elif (
            type(value) in (int, float)
            and found.numeric
            and found is not PHONE
            and enough_digits(str(value), found.rule)
        ):
            self._mask(holder, slot, str(value), found.rule)
        elif type(value) is list and not found.weak:
            for index in range(len(value)):
                self._mask_again(value, index, found)
        elif type(value) is dict and not found.weak:  # `{"key": "password", "value": {"string": x}}`
            for key in _HELD & value.keys():
                self._mask_again(value, key, found)


def _encodable(text: str) -> str:
    if text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text):
        return text
    return text.encode("utf-8", "replace").decode()
