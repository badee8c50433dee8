"""What a user may change about redaction; checked when the configuration is built, not when used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from agent_audit.errors import ConfigurationError, require
from agent_audit.redaction.names.keys import KEY_RULES, extra_key_rule
from agent_audit.redaction.rules import rule_ids

Treatment = Literal["mask", "keep_last_4", "drop", "pseudonym"]
"""What happens to a secret: a marker, a marker with its last four characters, nothing left, or a marker with
a keyed digest that is equal for equal secrets."""

_RULE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_MIN_KEY_BYTES = 16
IDENTITY_FIELDS = ("agent_id", "session_id", "user_id")


@dataclass(frozen=True)
class ExtraRule:
    """A user's own rule: `pattern` is tried wherever `literal` stands, and must begin with it."""

    id: str
    """Lower case letters, digits, `-`, `_`; appears in markers and hits."""
    literal: str
    """Text that every match begins with, at least two characters, in any case."""
    pattern: str
    """Python regular expression. Group 1, if there is one, is what gets masked; else the whole match."""
    outcome: Treatment = "mask"
    """What happens to what the rule finds."""
    actions: frozenset[str] | None = None
    """The actions (`tool.search`) the rule holds for; None for all."""
    validator: Callable[[str], bool] | None = None
    """Further check of the text to be masked; an exception counts as yes."""

    def __post_init__(self) -> None:
        if _RULE_ID.fullmatch(self.id) is None:
            raise ConfigurationError(f"rule id {self.id!r}: use 1 to 48 of a-z, 0-9, '-', '_'")
        if len(self.literal) < 2 or not self.literal.isascii():
            raise ConfigurationError(f"rule {self.id}: the literal needs at least two ASCII characters")
        _check_outcome(self.id, self.outcome)
        self._check_pattern()

    def _check_pattern(self) -> None:
        try:
            compiled = re.compile(self.pattern)
        except re.error as error:
            raise ConfigurationError(f"rule {self.id}: the pattern does not compile: {error}") from error
        if compiled.match("") is not None:
            raise ConfigurationError(f"rule {self.id}: the pattern matches the empty text")


@dataclass(frozen=True)
class RedactionConfig:
    """How to redact. Frozen; raises ConfigurationError for anything that could not work later."""

    fingerprint_key: bytes | None = field(default=None, repr=False)
    """Key of fingerprints and pseudonyms, at least 16 bytes. Without it there are no fingerprints."""
    allow_keys: frozenset[str] = frozenset()
    """Key names (any case and separators) that do not make their value a secret. Values are still scanned."""
    extra_keys: Mapping[str, Treatment] = field(default_factory=dict)
    """More key names (any case and separators) whose value is a secret, with the outcome."""
    extra_rules: tuple[ExtraRule, ...] = ()
    """Own rules, tried together with the built-in ones."""
    outcomes: Mapping[str, Treatment] = field(default_factory=dict)
    """What is done, by rule id (`email`, `aws-access-key`, `key:password`), where it is not to be `mask`."""
    disabled_rules: frozenset[str] = frozenset()
    """Ids of value rules that are switched off."""
    allow_values: frozenset[str] = frozenset()
    """Texts that a value rule may find and that are no secret all the same: `support@example.com`."""
    paths: Mapping[str, Treatment | Literal["keep"]] = field(default_factory=dict)
    """What is done with everything at a path (`parameters.customer.*`; `*` one name, `**` at the end: all below).
    `keep` leaves it as it was given, whatever rules say; it goes before all other outcomes."""
    identity: Mapping[str, Treatment] = field(default_factory=dict)
    """`agent_id`, `session_id`, `user_id` -> outcome. Ids that are not named here are recorded as given."""
    callback: Callable[[str, str], str | None] | None = None
    """Called with the path and the masked text of every text; returns another text, or None to leave it. What it
    raises costs the text: a marker is recorded."""
    actions: Mapping[str, RedactionConfig] = field(default_factory=dict)
    """Action (`tool.crm`; `*` and `?` as in shells) -> the configuration used for its events instead."""

    def __post_init__(self) -> None:
        _set(self, "allow_keys", _names(self.allow_keys, "allow_keys"))
        _set(self, "disabled_rules", _names(self.disabled_rules, "disabled_rules"))
        _set(self, "allow_values", _names(self.allow_values, "allow_values"))
        for name in ("paths", "identity", "actions"):
            _set(self, name, MappingProxyType(dict(getattr(self, name))))
        _set(self, "extra_keys", MappingProxyType(dict(self.extra_keys)))
        _set(self, "outcomes", MappingProxyType(dict(self.outcomes)))
        _set(self, "extra_rules", tuple(self.extra_rules))
        self._check_key()
        self._check_names()
        for name, outcome in self.all_outcomes().items():
            _check_outcome(name, outcome)
            if outcome == "pseudonym" and self.fingerprint_key is None:
                raise ConfigurationError(f"{name}: outcome 'pseudonym' needs a fingerprint_key")
        self._check_places()

    def _check_places(self) -> None:
        function = (Callable, type(None))
        require("callback", self.callback, function, "a function of a path and a text, or None")  # type: ignore[arg-type]
        for name in self.identity.keys() - set(IDENTITY_FIELDS):
            raise ConfigurationError(f"identity: {name} is none of {', '.join(IDENTITY_FIELDS)}")
        for path in self.paths:
            parts = path.split(".")
            if "" in parts or "**" in parts[:-1]:
                raise ConfigurationError(f"path {path}: write names joined by dots; '**' only at the end")
        for name, config in self.actions.items():
            if not isinstance(config, RedactionConfig) or config.actions:
                raise ConfigurationError(f"actions: {name} needs a configuration that names no actions itself")

    def _check_key(self) -> None:
        key = self.fingerprint_key
        if key is not None and (not isinstance(key, bytes) or len(key) < _MIN_KEY_BYTES):
            raise ConfigurationError(f"fingerprint_key: needs at least {_MIN_KEY_BYTES} bytes")

    def _check_names(self) -> None:
        known = rule_ids() | KEY_RULES
        own = [rule.id for rule in self.extra_rules]
        clashes = {name for name in own if name in known or own.count(name) > 1}
        if clashes:
            raise ConfigurationError(f"extra_rules: these ids are taken: {', '.join(sorted(clashes))}")
        unknown = (set(self.outcomes) | self.disabled_rules) - known - set(own)
        if unknown:
            raise ConfigurationError(f"no such rule: {', '.join(sorted(unknown))}")
        for name in self.extra_keys:
            if not any(c.isalnum() for c in name):
                raise ConfigurationError(f"extra_keys: {name!r} is no key name")

    def all_outcomes(self) -> dict[str, Treatment]:
        """What is done, by rule id, own rules and keys included."""
        found: dict[str, Treatment] = {rule.id: rule.outcome for rule in self.extra_rules}
        found.update({extra_key_rule(name): outcome for name, outcome in self.extra_keys.items()})
        found.update(self.outcomes)
        found.update({place_rule(path): outcome for path, outcome in self.paths.items() if outcome != "keep"})
        found.update(self.identity)
        return found


def place_rule(path: str) -> str:
    """What stands for a path where outcomes are named by rule: no rule's id has a blank."""
    return f"path {path}"


def _set(config: RedactionConfig, name: str, value: object) -> None:
    object.__setattr__(config, name, value)


def _names(names: object, field_name: str) -> frozenset[str]:
    if isinstance(names, str):  # ValueError like all refusals of a configuration
        raise ConfigurationError(f"{field_name}: a set of names is needed, not one text")  # one class for every refusal
    return frozenset(names)  # type: ignore[call-overload, no-any-return]  # any iterable will do


def _check_outcome(name: str, outcome: object) -> None:
    if outcome not in get_args(Treatment):
        raise ConfigurationError(f"{name}: unknown treatment {outcome!r}; one of: {', '.join(get_args(Treatment))}")
