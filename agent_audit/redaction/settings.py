"""Redaction and content levels from a TOML file. What could not work is refused when read, with file and line."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent_audit.errors import ConfigurationError
from agent_audit.redaction.config import ExtraRule, RedactionConfig

_SETS = ("allow_keys", "allow_values", "disabled_rules")
_TABLES = {"outcomes": "outcomes", "keys": "extra_keys", "paths": "paths", "identity": "identity"}
_RULE_FIELDS = frozenset({"id", "literal", "pattern", "outcome", "actions", "validator"})


class _Fault(Exception):
    """What is wrong, and the names by which its line is found."""

    def __init__(self, problem: str, *names: str) -> None:
        super().__init__(problem)
        self.names = names


def load_settings(path: Path) -> dict[str, Any]:
    """The tables of a settings file.

    Raises:
        ConfigurationError: it cannot be read, is no TOML, or has a table nobody knows; names file and line.
    """
    # Loaded only by those who have such a file.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # says the line itself
        raise ConfigurationError(f"{path}: {error}") from error
    unknown = sorted(tables.keys() - {"redaction", "content"})
    if unknown:
        raise ConfigurationError(f"{path}, line {line_of(text, unknown[0])}: no such table: {unknown[0]}")
    return tables


def redaction_from(path: Path, fingerprint_key: bytes | None = None) -> RedactionConfig:
    """The `[redaction]` table of a settings file.

    Raises:
        ConfigurationError: something in it could not work; names file and line.
    """
    table = load_settings(path).get("redaction", {})
    try:
        return _config(table, fingerprint_key, callback_of=_named_callable)
    except (_Fault, ConfigurationError) as error:
        said = [name.strip(":.") for name in re.findall(r"[\w.:*-]+", str(error))]
        names = error.names if isinstance(error, _Fault) else said
        line = line_of(path.read_text(encoding="utf-8"), *names)
        raise ConfigurationError(f"{path}, line {line}: {error}") from error


def _config(
    table: Mapping[str, Any], key: bytes | None, callback_of: Callable[[str], Callable[..., Any]], inner: bool = False
) -> RedactionConfig:
    known = {*_SETS, *_TABLES, "rules", "callback"} | (set() if inner else {"actions"})
    for name in table:
        if name not in known:
            raise _Fault(f"no such setting: {name}; one of: {', '.join(sorted(known))}", name)
    given: dict[str, Any] = {"fingerprint_key": key}
    for name in _SETS:
        if name in table:
            given[name] = _texts(table[name], name)
    for name, field_name in _TABLES.items():
        if name in table:
            if not isinstance(table[name], dict):
                raise _Fault(f"{name}: a table of names and outcomes is needed", name)
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
        raise _Fault(f"{name}: a list of texts is needed", name)
    return frozenset(value)


def _rule(given: Any, callback_of: Callable[[str], Callable[..., Any]]) -> ExtraRule:
    if not isinstance(given, dict):
        raise _Fault("rules: write each as its own [[redaction.rules]]", "rules")
    unknown = sorted(given.keys() - _RULE_FIELDS)
    missing = sorted({"id", "literal", "pattern"} - given.keys())
    if unknown or missing:
        problem = f"unknown: {', '.join(unknown)}" if unknown else f"missing: {', '.join(missing)}"
        raise _Fault(f"rule {given.get('id', '?')}: {problem}", *unknown, str(given.get("id", "rules")))
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
        raise _Fault(f"{name}: cannot be imported: {error} (write package.module:function)", str(name)) from error
    if not callable(found):
        raise _Fault(f"{name}: is no function", str(name))
    return found  # type: ignore[no-any-return]


def line_of(text: str, *names: str) -> int:
    """The first line (from 1) that holds one of the names as a word, earlier names first; 1 when none does."""
    for name in names:
        pattern = re.compile(rf"(?<![\w.:-]){re.escape(name)}(?![\w:-])")
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line.split("#", 1)[0]):
                return number
    return 1
