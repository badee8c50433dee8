"""Configuration: outcomes, own rules, allow lists; refused when built, not when used."""

from __future__ import annotations

import pytest

from agent_audit.errors import ConfigurationError
from agent_audit.redaction import DefaultRedactor, ExtraRule, RedactionConfig

KEY = b"k" * 32
MAIL = "jane.doe@example.org"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"outcomes": {"email": "pseudonym"}}, "email: outcome 'pseudonym' needs a fingerprint_key"),
        ({"extra_keys": {"badge": "pseudonym"}}, "key:badge: outcome 'pseudonym' needs"),
        ({"paths": {"a.b": "pseudonym"}}, "path a.b: outcome 'pseudonym' needs"),
        ({"identity": {"user_id": "pseudonym"}}, "user_id: outcome 'pseudonym' needs"),
        ({"extra_rules": (ExtraRule("own", "ab", "ab+", outcome="pseudonym"),)}, "own: outcome 'pseudonym' needs"),
        ({"outcomes": {"no-such-rule": "mask"}}, "no such rule: no-such-rule"),
        ({"outcomes": {"b": "mask", "a": "mask"}}, "no such rule: a, b"),
        ({"outcomes": {"email": "burn"}}, "email: unknown treatment 'burn'; one of: mask, "),
        ({"paths": {"a": "burn"}}, "path a: unknown treatment 'burn'"),
        ({"paths": {"a..b": "keep"}}, "path a..b: write names joined by dots"),
        ({"paths": {"a.**.b": "keep"}}, "path a.[*][*].b: write names"),
        ({"identity": {"name": "mask"}}, "identity: name is none of agent_id, session_id, user_id"),
        ({"disabled_rules": {"no-such-rule"}}, "no such rule: no-such-rule"),
        ({"fingerprint_key": b"short"}, "at least 16 bytes"),
        ({"fingerprint_key": b"k" * 15}, "at least 16 bytes"),
        ({"fingerprint_key": "k" * 16}, "at least 16 bytes"),
        ({"allow_keys": "password"}, "allow_keys: a set of names"),
        ({"disabled_rules": "email"}, "disabled_rules: a set of names"),
        ({"allow_values": "a@b.co"}, "allow_values: a set of names"),
        ({"extra_keys": {"--": "mask"}}, "extra_keys: '--' is no key name"),
        ({"extra_rules": (ExtraRule("email", "ab", "ab+"),)}, "ids are taken: email"),
        ({"extra_rules": (ExtraRule("own", "ab", "ab+"), ExtraRule("own", "cd", "cd+"))}, "ids are taken: own"),
        ({"actions": {"tool.x": "mask"}}, "actions: tool.x needs a configuration"),
        (
            {"actions": {"tool.x": RedactionConfig(actions={"tool.y": RedactionConfig()})}},
            "actions: tool.x needs a configuration that names no actions",
        ),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        RedactionConfig(**arguments)  # type: ignore[arg-type]


def test_a_key_of_16_bytes_and_outcomes_of_own_rules_are_accepted() -> None:
    own = ExtraRule("own", "ab", "ab+")
    config = RedactionConfig(fingerprint_key=b"k" * 16, extra_rules=(own,), outcomes={"own": "drop"})
    assert config.all_outcomes() == {"own": "drop"}
    assert RedactionConfig(disabled_rules=frozenset({"email"})).disabled_rules == {"email"}


def test_a_configuration_does_not_change_with_what_it_was_built_from() -> None:
    tables: dict[str, dict[str, object]] = {
        "extra_keys": {"badge": "mask"},
        "outcomes": {"email": "drop"},
        "paths": {"a": "keep"},
        "identity": {"user_id": "mask"},
        "actions": {"tool.x": RedactionConfig()},
    }
    config = RedactionConfig(**tables)  # type: ignore[arg-type]
    for name, table in tables.items():
        was = dict(table)
        table.clear()
        assert getattr(config, name) == was
        with pytest.raises(TypeError):
            getattr(config, name)["new"] = 1


@pytest.mark.parametrize(("literal", "pattern"), [("ab", "a("), ("a", "a"), ("ab", "x*")])
def test_a_rule_that_cannot_work_is_refused(literal: str, pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ExtraRule("own", literal, pattern)


def test_an_own_rule_masks_and_holds_for_its_action_only() -> None:
    rule = ExtraRule("badge", "bdg-", r"bdg-\d{6}", actions=frozenset({"tool.door"}))
    redactor = DefaultRedactor(RedactionConfig(extra_rules=(rule,)))
    assert redactor.redact("open BDG-123456", action="tool.door").value == "open [REDACTED:badge]"
    assert redactor.redact("open BDG-123456", action="tool.search").value == "open BDG-123456"


def test_own_keys_and_allowed_keys_replace_the_judgement_of_names() -> None:
    config = RedactionConfig(extra_keys={"badge-number": "mask"}, allow_keys=frozenset({"token"}))
    out = DefaultRedactor(config).redact({"badgeNumber": 17, "token": "visible"}).value
    assert out == {"badgeNumber": "[REDACTED:key:badge-number]", "token": "visible"}


def test_keep_last_4_shows_four_characters_of_long_secrets_only() -> None:
    config = RedactionConfig(outcomes={"card": "keep_last_4", "key:pin": "keep_last_4"})
    out = DefaultRedactor(config).redact({"c": "4111111111111111", "pin": "4711"}).value
    assert out == {"c": "[REDACTED:card:last4=1111]", "pin": "[REDACTED:key:pin]"}


def test_drop_leaves_the_member_out() -> None:
    config = RedactionConfig(outcomes={"key:password": "drop", "email": "drop"})
    out = DefaultRedactor(config).redact({"password": "x1", "mail": MAIL, "t": f"to {MAIL}!"}).value
    assert out == {"t": "to !"}


def test_a_pseudonym_joins_equal_values_and_depends_on_the_key() -> None:
    def pseudonym(key: bytes) -> str:
        config = RedactionConfig(fingerprint_key=key, outcomes={"email": "pseudonym"})
        value = DefaultRedactor(config).redact([MAIL, f"<{MAIL}>"]).value
        assert value[1] == f"<{value[0]}>"
        return str(value[0])

    assert pseudonym(KEY) == pseudonym(KEY)
    assert pseudonym(KEY) != pseudonym(b"q" * 32)
    assert MAIL not in pseudonym(KEY)


def test_hits_name_the_path_and_the_rule_and_never_the_value() -> None:
    payload = {"headers": [{"name": "authorization", "value": "Basic xyz"}], "to": [MAIL]}
    out = DefaultRedactor().redact(payload, path="parameters")
    assert {tuple(hit) for hit in out.hits} == {
        ("parameters.headers.0.value", "key:authorization"),
        ("parameters.to.0", "email"),
    }


def test_fingerprints_exist_only_with_a_key_and_never_for_secrets() -> None:
    payload = {
        "a": MAIL,
        "b": "see https://u:pw1234x@Files.example/x",
        "c": "/etc/hosts",
        "d": "DE89370400440532013000",
        "e": "+1 415 555 0132",
        "password": "hunter2",
        "t": "ghp_" + "a1B2" * 9,
    }
    assert not DefaultRedactor().redact(payload).fingerprints
    found = DefaultRedactor(RedactionConfig(fingerprint_key=KEY)).redact(payload).fingerprints
    assert {(f.kind, f.path) for f in found} == {
        ("email", "a"),
        ("url-host", "b"),
        ("path", "c"),
        ("account", "d"),
        ("phone", "e"),
    }
    assert all(len(f.digest) == 16 for f in found)


def test_an_event_has_at_most_64_fingerprints() -> None:
    redactor = DefaultRedactor(RedactionConfig(fingerprint_key=KEY))
    assert len(redactor.redact([f"user{n}@example.org" for n in range(100)]).fingerprints) == 64


def test_equal_destinations_have_equal_fingerprints_however_they_are_written() -> None:
    redactor = DefaultRedactor(RedactionConfig(fingerprint_key=KEY))
    found = redactor.redact(["Jane@Example.org", "write jane@example.org now"]).fingerprints
    assert len({f.digest for f in found}) == 1
