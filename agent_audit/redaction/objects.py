"""Takes objects apart: what a walk has to visit for a value that is no plain dict, list or str.

Runs as little of the object's own code as it can: attributes come from `__dict__` and slots, not from
serialisers.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections import deque
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import PurePath
from typing import Any, NamedTuple
from uuid import UUID

from agent_audit.redaction.marker import type_name

MAX_REPR = 8192
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_AS_TEXT = (UUID, PurePath, Decimal, Fraction, IPv4Address, IPv6Address, IPv4Network, IPv6Network, complex)
_CODE = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.GeneratorType,
)
_SECRET_TYPES = frozenset({"SecretStr", "SecretBytes", "Secret"})
_SLOT_MARKS = frozenset({"__dict__", "__weakref__"})


class Members(NamedTuple):
    """The value becomes a dict of these."""

    items: Iterable[tuple[Any, Any]]


class Items(NamedTuple):
    """The value becomes a list of these."""

    values: Iterable[Any]


def is_secret_type(value: object) -> bool:
    """Whether the type itself says that it holds a secret, as pydantic's SecretStr does."""
    return type(value).__name__ in _SECRET_TYPES and hasattr(type(value), "get_secret_value")


def plain_int(value: int) -> int | str:
    """The number, or its decimal digits when 64 bits are too few."""
    number = int(value)
    if INT_MIN <= number <= INT_MAX:
        return number
    # Above its digit limit Python refuses to print; the magnitude is what is left to say.
    return str(number) if number.bit_length() < 10_000 else f"[INTEGER:{number.bit_length()} bits]"


def plain_float(value: float) -> float | str:
    """The number, or its name when JSON has none for it."""
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def text_of_bytes(value: bytes) -> str:
    """The text the bytes hold, or a marker with their number."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"[BYTES:{len(value)}]"


def take_apart(value: Any) -> Any:  # noqa: PLR0911  # one line a type
    """`Members`, `Items`, or a plain scalar, not yet scanned. May raise what the object raises."""
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    if isinstance(value, dict):
        return Members(dict.items(value))
    if isinstance(value, tuple) and hasattr(type(value), "_fields"):
        return Members(zip(type(value)._fields, tuple.__iter__(value), strict=False))  # type: ignore[attr-defined]
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return Items(list(value))
    if isinstance(value, BaseException):
        return Members(_exception(value))
    if isinstance(value, _CODE):
        return _short_repr(value)
    if isinstance(value, Mapping):
        return Members(list(value.items()))
    if isinstance(value, AbstractSet):
        return Items(list(value))
    return _attributes_or_repr(value)


def _scalar(value: Any) -> Any:  # noqa: PLR0911  # one line a type
    if isinstance(value, Enum):
        return take_apart(value.value) if not isinstance(value.value, str) else str.__str__(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return text_of_bytes(bytes(value))
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return plain_int(int.__index__(value))
    if isinstance(value, float):
        return plain_float(float.__float__(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, _AS_TEXT) else None


def _exception(error: BaseException) -> Iterable[tuple[str, Any]]:
    yield "type", type(error).__name__
    try:
        yield "message", str(error)
    except Exception as failure:
        yield "message", f"[REDACTION-ERROR:{type(failure).__name__}]"
    yield "args", list(error.args)
    if error.__cause__ is not None:
        yield "cause", error.__cause__
    notes = getattr(error, "__notes__", None)
    if notes:
        yield "notes", notes
    group = getattr(error, "exceptions", None)
    if isinstance(group, tuple):
        yield "exceptions", list(group)


def _attributes_or_repr(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        names = [f.name for f in dataclasses.fields(value)]
        return Members([(name, getattr(value, name)) for name in names if hasattr(value, name)])
    found = _attributes(value)
    return Members(found.items()) if found else _short_repr(value)


def _attributes(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            if name not in _SLOT_MARKS and not name.startswith("__") and hasattr(value, name):
                found[name] = getattr(value, name)
    found.update(object.__getattribute__(value, "__dict__") if hasattr(value, "__dict__") else {})
    extra = found.pop("__pydantic_extra__", None) or _extra(value)
    if extra:
        found.update(extra)
    return {name: item for name, item in found.items() if not name.startswith("__")}


def _extra(value: Any) -> dict[str, Any]:
    # Pydantic keeps undeclared fields beside `__dict__`.
    if not hasattr(type(value), "__pydantic_fields__"):
        return {}
    extra = getattr(value, "__pydantic_extra__", None)
    return extra if isinstance(extra, dict) else {}


def _short_repr(value: Any) -> str:
    text = repr(value)
    # Cut between words: half a token is one that no rule knows.
    return text if len(text) <= MAX_REPR else (text[:MAX_REPR].rsplit(None, 1) or [""])[0]


def key_text(key: Any) -> str:  # noqa: PLR0911  # one line a type
    """The name that a key of a dict has in plain JSON form."""
    if type(key) is str:
        return key
    if key is None:
        return "null"
    if type(key) is bool:
        return "true" if key else "false"
    if type(key) is bytes:
        return text_of_bytes(key)
    if isinstance(key, tuple):
        return ",".join(key_text(part) for part in key)
    parts = take_apart(key)
    if isinstance(parts, (Members, Items)):
        return type_name(key)
    return parts if type(parts) is str else str(parts)


def free_name(out: dict[str, Any], key: str) -> str:
    """A name like `key` that `out` does not have."""
    number = 2
    while f"{key}#{number}" in out:
        number += 1
    return f"{key}#{number}"
