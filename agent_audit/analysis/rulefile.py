"""A user's rules: a YAML file, checked when it is loaded; every complaint names the file and the line.

rules:
  - id: rapid-actions            # a built-in rule: other parameters, another level, or `enabled: false`
    parameters: {actions: 50}
  - id: night-deletes            # one of your own: a condition in SQL over the columns of an event
    title: Deletions at night
    level: high
    where: event_type = 'tool.call' AND action LIKE '%delete%' AND hour(timestamp) < 5
    more_than: 0                 # per agent; `by: [agent_id, session_id]` and `within: 600` (seconds) if wanted
    references: [T2]
  - id: busy-billing             # the query of a built-in rule under another name, with parameters of its own
    query: rapid-actions
    title: Billing in a hurry
    parameters: {actions: 5}
allow:
  - rules: [rapid-actions]
    agent_id: nightly-*
    reason: imports a batch every night
"""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent_audit.analysis.finding import Level
from agent_audit.analysis.rehearsal import rehearse
from agent_audit.analysis.rule import ALLOWED_BY, Allowed, Limits, Rule
from agent_audit.analysis.rules.own import GROUPS, Own, check_condition, check_query, own_rule
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.checked import plain
from agent_audit.errors import ConfigurationError, reason_of, require

_ID = r"^[a-z0-9][a-z0-9-]{0,63}$"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    id: str = Field(pattern=_ID)
    title: str | None = None
    level: Level | None = None
    means: str | None = None
    references: tuple[str, ...] | None = None
    enabled: bool = True
    parameters: dict[str, Any] = {}
    query: str | None = None
    where: str | None = None
    sql: str | None = None
    by: tuple[str, ...] = ("agent_id",)
    more_than: int = Field(0, ge=0)
    within: float | None = Field(None, gt=0, description="Seconds.")

    @model_validator(mode="after")
    def _one_form(self) -> _Entry:
        if sum(form is not None for form in (self.query, self.where, self.sql)) > 1:
            raise ValueError("give one of query, where and sql")
        if unknown := set(self.by) - set(GROUPS):
            raise ValueError(f"by: no column {', '.join(sorted(unknown))}; use: {', '.join(GROUPS)}")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[_Entry] = []
    allow: list[Allowed] = []
    limits: Limits = Field(default_factory=Limits)


def load_rules(path: str | Path, base: Ruleset | None = None) -> Ruleset:
    """The rules of `base` (the built-in ones when left out) with those of a file.

    Raises:
        ConfigurationError: the file cannot be read, or something in it is wrong; names the line.
    """
    require("path", path, (str, PathLike), "the path of a YAML file")
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"rules cannot be read from {path}: {reason_of(error)}") from error
    root = _Tree.parse(path, text)
    try:
        content = _File.model_validate(root.value if root.value is not None else {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise root.complaint(first["loc"], plain(first)) from error
    ruleset = replace(base or Ruleset(), limits=content.limits)
    ruleset = _with_entries(ruleset, content.rules, root)
    return _allowing(ruleset, content.allow, root)


def _with_entries(ruleset: Ruleset, entries: list[_Entry], root: _Tree) -> Ruleset:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        if entry.id in seen:
            raise root.complaint(("rules", number, "id"), f"rule {entry.id} is there twice")
        seen.add(entry.id)
        try:
            ruleset = _with_entry(ruleset, entry)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ("rules", number, "parameters", *first["loc"])
            raise root.complaint(where, plain(first)) from error
        except ConfigurationError as error:
            raise root.complaint(("rules", number, _form(entry) or "id"), str(error)) from error
        _try_out(ruleset, entry, ("rules", number), root)
    return ruleset


def _form(entry: _Entry) -> str | None:
    return next((name for name in ("where", "sql", "query") if getattr(entry, name) is not None), None)


def _try_out(ruleset: Ruleset, entry: _Entry, where: tuple[Any, ...], root: _Tree) -> None:
    """Have DuckDB say what it has against the rule; one with parameters that were there already is left alone."""
    form = "parameters" if entry.parameters else _form(entry)
    if not entry.enabled or form in (None, "query"):
        return
    try:
        rehearse(ruleset[entry.id])
    except ConfigurationError as error:
        raise root.complaint((*where, form), str(error)) from error


def _with_entry(ruleset: Ruleset, entry: _Entry) -> Ruleset:
    known = {rule.id for rule in ruleset.rules}
    own = entry.where is not None or entry.sql is not None
    if own or entry.query is not None:
        if entry.id in known:
            raise ConfigurationError(f"{entry.id} is a built-in rule; give yours another id")
        if not entry.title or entry.level is None:
            raise ConfigurationError(f"rule {entry.id} needs a title and a level")
        rule = _own(entry) if own else replace(ruleset[entry.query or ""], id=entry.id)
    elif entry.id in known:
        rule = ruleset[entry.id]
    else:
        raise ConfigurationError(
            f"{entry.id} is no built-in rule; one of your own needs where, sql or query. "
            f"Built-in: {', '.join(sorted(known))}"
        )
    rule = _labelled(rule.with_parameters(**entry.parameters), entry)
    ruleset = ruleset.with_rule(rule)
    return ruleset if entry.enabled else ruleset.without(rule.id)


def _own(entry: _Entry) -> Rule:
    if entry.where is not None:
        check_condition(entry.where)
    else:
        check_query(entry.sql or "")
    own = Own(where=entry.where, sql=entry.sql, by=entry.by, more_than=entry.more_than, within=entry.within)
    return own_rule(entry.id, own)


def _labelled(rule: Rule, entry: _Entry) -> Rule:
    given = {name: getattr(entry, name) for name in ("title", "level", "means", "references")}
    return replace(rule, **{name: value for name, value in given.items() if value is not None})


def _allowing(ruleset: Ruleset, entries: list[Allowed], root: _Tree) -> Ruleset:
    for number, entry in enumerate(entries):
        if all(getattr(entry, name) is None for name in ALLOWED_BY):
            raise root.complaint(
                ("allow", number), f"does not say what is allowed; give one of: {', '.join(ALLOWED_BY)}"
            )
        try:
            ruleset = ruleset.allowing([entry])
        except ConfigurationError as error:
            raise root.complaint(("allow", number, "rules"), str(error)) from error
    return ruleset


class _Tree:
    """A parsed YAML file that knows the line of everything in it."""

    def __init__(self, path: Path, node: Any, value: Any) -> None:
        self._path, self._node, self.value = path, node, value

    @classmethod
    def parse(cls, path: Path, text: str) -> _Tree:
        """Raises ConfigurationError where the text is no YAML."""
        try:
            import yaml  # type: ignore[import-untyped,unused-ignore]  # comes with the extra `analysis`
        except ImportError as error:
            raise ConfigurationError(
                "rules of your own need an extra that is not installed: pip install 'agent-audit-log[analysis]'"
            ) from error
        try:
            return cls(path, yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ConfigurationError(f"{path}:{line}: no YAML: {error.problem}") from error
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{path}: no YAML: {error}") from error

    def complaint(self, where: tuple[Any, ...], what: str) -> ConfigurationError:
        """`what` is wrong at `where`: keys and numbers from the root down."""
        name = ".".join(str(part) for part in where)
        return ConfigurationError(f"{self._path}:{self._line(where)}: {name + ': ' if name else ''}{what}")

    def _line(self, where: tuple[Any, ...]) -> int:
        node = self._node
        line = 0 if node is None else node.start_mark.line
        for part in where:
            if isinstance(part, int) and node.id == "sequence":
                node = node.value[part]
                line = node.start_mark.line
            elif node.id == "mapping":
                pairs = [(key, value) for key, value in node.value if key.value == part]
                if not pairs:
                    break
                line, node = pairs[-1][0].start_mark.line, pairs[-1][1]
            else:
                break
        return int(line) + 1
