"""Redaction and content levels from a TOML file. What could not work is refused when read, with file and line."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from agent_audit.errors import ConfigurationError, reason_of
from agent_audit.locks import unforked
from agent_audit.redaction.config import ExtraRule, RedactionConfig

_Made = TypeVar("_Made")

_QUOTED = re.compile(r"[\"']([^\"']*)[\"']")
_SETS = ("allow_keys", "allow_values", "disabled_rules")
_TABLES = {"outcomes": "outcomes", "keys": "extra_keys", "paths": "paths", "identity": "identity"}
_RULE_FIELDS = frozenset({"id", "literal", "pattern", "outcome", "actions", "validator"})


def load_settings(path: Path) -> dict[str, Any]:
    """The tables of a settings file.

    Raises:
        ConfigurationError: it cannot be read, is no TOML, or has a table nobody knows; names file and line.
    """
    try:
        text = _text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {reason_of(error)}") from error
    try:
        tables: dict[str, Any] = _toml().loads(text)
    except ValueError as error:  # TOMLDecodeError: says the line itself
        raise ConfigurationError(f"{path}: {error}") from error
    checked(path, tables, _only_known_tables)
    return tables


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")  # editors on Windows put a mark before it


def checked(path: Path, tables: dict[str, Any], check: Callable[[dict[str, Any]], _Made]) -> _Made:
    """What `check` makes of the tables of a settings file.

    Raises:
        ConfigurationError: that of `check`, with file and line.
    """

    def refusing(tables: dict[str, Any]) -> _Made:
        try:
            return check(tables)
        except ConfigurationError:
            raise
        except (TypeError, AttributeError, ValueError) as error:
            raise ConfigurationError(f"a value of the wrong kind: {error}") from error

    try:
        return refusing(tables)
    except ConfigurationError as error:
        line = line_of(_text(path), refusing, str(error))
        raise ConfigurationError(f"{path}, line {line}: {error}") from error


def _only_known_tables(tables: dict[str, Any]) -> None:
    for name in tables.keys() - {"redaction", "content"}:
        raise ConfigurationError(f"no such table: {name}")


def _toml() -> Any:
    # Loaded only by those who have such a file.
    with unforked:
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
    return tomllib


def redaction_from(path: Path, fingerprint_key: bytes | None = None) -> RedactionConfig:
    """The `[redaction]` table of a settings file.

    Raises:
        ConfigurationError: something in it could not work; names file and line.
    """
    return checked(
        path,
        load_settings(path),
        lambda tables: _config(tables.get("redaction", {}), fingerprint_key, callback_of=_named_callable),
    )


def _config(
    table: Mapping[str, Any], key: bytes | None, callback_of: Callable[[str], Callable[..., Any]], inner: bool = False
) -> RedactionConfig:
    known = {*_SETS, *_TABLES, "rules", "callback"} | (set() if inner else {"actions"})
    for name in table:
        if name not in known:
            raise ConfigurationError(f"no such setting: {name}; one of: {', '.join(sorted(known))}")
    given: dict[str, Any] = {"fingerprint_key": key}
    for name in _SETS:
        if name in table:
            given[name] = _texts(table[name], name)
    for name, field_name in _TABLES.items():
        if name in table:
            if not isinstance(table[name], dict):
                raise ConfigurationError(f"{name}: a table of names and outcomes is needed")
            given[field_name] = table[name]
    given["extra_rules"] = tuple(_rule(rule, callback_of) for rule in table.get("rules", ()))
    if "callback" in table:
        given["callback"] = callback_of(table["callback"])
    actions = table.get("actions", {})
    given["actions"] = {
        name: _config({**_without(table), **over}, key, callback_of, True) for name, over in actions.items()
    }
    return RedactionConfig(**given)


def _without(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != "actions"}


def _texts(value: Any, name: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f"{name}: a list of texts is needed")
    return frozenset(value)


def _rule(given: Any, callback_of: Callable[[str], Callable[..., Any]]) -> ExtraRule:
    if not isinstance(given, dict):
        raise ConfigurationError("rules: write each as its own [[redaction.rules]]")
    unknown = sorted(given.keys() - _RULE_FIELDS)
    missing = sorted({"id", "literal", "pattern"} - given.keys())
    if unknown or missing:
        problem = f"unknown: {', '.join(unknown)}" if unknown else f"missing: {', '.join(missing)}"
        raise ConfigurationError(f"rule {given.get('id', '?')}: {problem}")
    arguments = dict(given)
    if "actions" in arguments:
        arguments["actions"] = _texts(arguments["actions"], "actions")
    if "validator" in arguments:
        arguments["validator"] = callback_of(arguments["validator"])
    return ExtraRule(**arguments)


def _named_callable(name: Any) -> Callable[..., Any]:
    """The callable that `package.module:name` names."""
    module, _, attribute = str(name).partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{name}: cannot be imported: {error} (write package.module:function)") from error
    if not callable(found):
        raise ConfigurationError(f"{name}: is no function")
    return found  # type: ignore[no-any-return]


def line_of(text: str, check: Callable[[dict[str, Any]], object], problem: str) -> int:
    """The line (from 1) with which a file begins to be refused for that problem: no line before it is at fault.

    Args:
        text: a TOML document.
        check: raises ConfigurationError for the tables of a document that could not work.
        problem: what it says of the whole.
    """
    lines = text.split("\n")
    begin = count = 0
    for count in range(1, len(lines) + 1):
        try:
            check(_toml().loads("\n".join(lines[:count])))
        except ConfigurationError as error:
            if str(error) == problem:
                break
        except ValueError:  # in the middle of a value: TOMLDecodeError
            continue
        begin = count
    # A value over several lines is refused as a whole; the line with the text that the problem names is nearer.
    for number in range(begin, count):
        if number > begin and any(text and text in problem for text in _QUOTED.findall(lines[number])):
            return number + 1
    return begin + 1
