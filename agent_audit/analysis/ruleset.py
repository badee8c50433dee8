"""Which rules are run: the built-in ones, a user's changes to them, and rules of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from agent_audit.analysis.rule import Allowed, Limits, Rule
from agent_audit.analysis.rules import RULES
from agent_audit.checked import plain
from agent_audit.errors import ConfigurationError


@dataclass(frozen=True)
class Ruleset:
    """The rules of one run. Immutable: each change makes another."""

    rules: tuple[Rule, ...] = RULES
    limits: Limits = field(default_factory=Limits)
    allowed: tuple[Allowed, ...] = ()
    """What was left out of sight; the rules concerned hold it too."""

    def __getitem__(self, rule_id: str) -> Rule:
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        known = ", ".join(rule.id for rule in self.rules)
        raise ConfigurationError(f"no rule {rule_id!r}; there are: {known}")

    def only(self, *rule_ids: str) -> Ruleset:
        """These rules alone.

        Raises:
            ConfigurationError: no such rule.
        """
        return replace(self, rules=tuple(self[rule_id] for rule_id in rule_ids))

    def without(self, *rule_ids: str) -> Ruleset:
        """All but these rules.

        Raises:
            ConfigurationError: no such rule.
        """
        gone = {self[rule_id].id for rule_id in rule_ids}
        return replace(self, rules=tuple(rule for rule in self.rules if rule.id not in gone))

    def adjusted(self, parameters: Mapping[str, Mapping[str, Any]]) -> Ruleset:
        """With other parameters: rule id -> parameter -> value.

        Raises:
            ConfigurationError: no such rule or parameter, or a value that makes no sense.
        """
        changed = self
        for rule_id, values in parameters.items():
            try:
                changed = changed.with_rule(changed[rule_id].with_parameters(**values))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"]))
                raise ConfigurationError(f"rule {rule_id}: parameter {where}: {plain(first)}") from error
        return changed

    def with_rule(self, rule: Rule) -> Ruleset:
        """With this rule, in the place of the one with the same id, or after the others."""
        if any(known.id == rule.id for known in self.rules):
            return replace(self, rules=tuple(rule if known.id == rule.id else known for known in self.rules))
        return replace(self, rules=(*self.rules, rule))

    def allowing(self, entries: Iterable[Allowed]) -> Ruleset:
        """With these events out of sight of the rules they name.

        Raises:
            ConfigurationError: an entry names no such rule.
        """
        entries = tuple(entries)
        for entry in entries:
            for rule_id in entry.rules:
                self[rule_id]  # must exist
        rules = tuple(
            replace(rule, allowed=(*rule.allowed, *(e for e in entries if not e.rules or rule.id in e.rules)))
            for rule in self.rules
        )
        return replace(self, rules=rules, allowed=(*self.allowed, *entries))
