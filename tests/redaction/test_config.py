"""Configuration: outcomes, own rules, allow lists; refused when built, not when used."""

from __future__ import annotations

import hashlib
import hmac

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
    assert redactor.redact("\ud800 BDG-123456", action="tool.door").value == "\ufffd [REDACTED:badge]"


def test_an_own_rule_holds_for_its_action_in_a_text_with_full_width_letters() -> None:
    own = ExtraRule("own", literal="zz", pattern=r"zz\d+", actions=frozenset({"tool.a"}))
    redactor = DefaultRedactor(RedactionConfig(extra_rules=(own,)))
    assert redactor.redact("\uff58 zz12", action="tool.a").value == "\uff58 [REDACTED:own]"
    assert redactor.redact("\uff58 zz12", action="tool.b").value == "\uff58 zz12"


def test_own_keys_and_allowed_keys_replace_the_judgement_of_names() -> None:
    config = RedactionConfig(extra_keys={"badge-number": "mask"}, allow_keys=frozenset({"token"}))
    out = DefaultRedactor(config).redact({"badgeNumber": 17, "token": "visible"}).value
    assert out == {"badgeNumber": "[REDACTED:key:badge-number]", "token": "visible"}


def test_own_keys_go_before_names_that_are_harmless_by_default() -> None:
    given = {"SignatureValue": "not for others"}
    assert DefaultRedactor().redact(given).value == given
    config = RedactionConfig(extra_keys={"SignatureValue": "mask"})
    assert DefaultRedactor(config).redact(given).value == {"SignatureValue": "[REDACTED:key:signaturevalue]"}


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


def test_names_may_be_given_as_any_collection() -> None:
    names = ["token"]
    config = RedactionConfig(allow_keys=names, allow_values=[MAIL], disabled_rules=["card"], extra_rules=[])  # type: ignore[arg-type]
    names.clear()
    assert config.allow_keys == {"token"}
    assert (config.allow_values, config.disabled_rules, config.extra_rules) == ({MAIL}, {"card"}, ())


def digest(purpose: str, value: str) -> str:
    return hmac.new(KEY, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()[:16]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (f"<{MAIL}>", [("email", MAIL, 1)]),
        ("Jane.Doe@Example.ORG", [("email", MAIL, 0)]),
        (f"{MAIL}, joe@example.org", [("email", MAIL, 0), ("email", "joe@example.org", 18)]),
        (f"{MAIL} {MAIL} {MAIL} {MAIL}", [("email", MAIL, 0), ("email", MAIL, 17), ("email", MAIL, 34)]),
        ("call +1 (415) 555-0132 now", [("phone", "14155550132", 5)]),
        ("call 415-555-0132 x17", [("phone", "4155550132", 5)]),
        ("call 415-555-0132 ext. 17", [("phone", "4155550132", 5)]),
        ("IBAN de89 3704 0044 0532 0130 00", [("account", "DE89370400440532013000", 5)]),
        ("see https://Files.Example./x", [("url-host", "files.example", 12)]),
        ("https://u:pw1234x@files.example/x", [("url-host", "files.example", 37)]),
        ("http://[::1]:80/ ftp://b.example", [("url-host", "[::1]", 7), ("url-host", "b.example", 23)]),
        ("/etc/hosts", [("path", "/etc/hosts", 0)]),
        ("~/x", [("path", "~/x", 0)]),
        ("C:\\Users\\x", [("path", "C:\\Users\\x", 0)]),
        ("//host/share", []),
        ("see /etc/hosts", []),
        ("a:b", []),
        ("nothing", []),
        ("4111111111111111", []),
    ],
)
def test_a_fingerprint_is_a_keyed_digest_with_its_place(given: str, found: list[tuple[str, str, int]]) -> None:
    redactor = DefaultRedactor(RedactionConfig(fingerprint_key=KEY))
    made = redactor.redact({"a": ["skipped", given]}, path="result").fingerprints
    assert [tuple(mark) for mark in made] == [(kind, digest(kind, text), "result.a.1", at) for kind, text, at in found]


def test_the_fingerprint_of_what_is_dropped_has_no_place_in_the_text() -> None:
    config = RedactionConfig(fingerprint_key=KEY, outcomes={"email": "drop"})
    made = DefaultRedactor(config).redact(f"to {MAIL} or {MAIL}").fingerprints
    assert [tuple(mark) for mark in made] == [("email", digest("email", MAIL), "", None)]


def test_an_id_with_a_lone_surrogate_stays_an_id_of_its_own() -> None:
    record: dict[str, object] = {"agent_id": "a\ud800", "user_id": "b\ud800", "session_id": f"{MAIL}\ud800"}
    DefaultRedactor().mask_identity(record)
    assert record == {"agent_id": "a\ufffd", "user_id": "b\ufffd", "session_id": f"{MAIL}\ufffd"}


def test_a_pseudonym_is_a_keyed_digest_of_its_rule_and_value() -> None:
    config = RedactionConfig(fingerprint_key=KEY, outcomes={"email": "pseudonym"}, identity={"user_id": "pseudonym"})
    redactor = DefaultRedactor(config)
    assert redactor.redact(MAIL).value == f"[REDACTED:email:hmac={digest('pseudonym:email', MAIL)}]"
    record: dict[str, object] = {"user_id": "\ud800", "agent_id": None}
    redactor.mask_identity(record)
    assert record == {"user_id": f"[REDACTED:user-id:hmac={digest('pseudonym:user-id', '?')}]", "agent_id": None}


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("abc123xyz78", ""),
        ("abc123xyz789", ":last4=z789"),
        ("abc123xyz7!\u00e4", ":last4=z7**"),
        ("ab1/cd2/ef3]", ":last4=ef3*"),
    ],
)
def test_of_twelve_characters_four_are_shown_without_what_could_break_a_marker(secret: str, shown: str) -> None:
    config = RedactionConfig(outcomes={"key:password": "keep_last_4"})
    assert DefaultRedactor(config).redact({"password": secret}).value == {"password": f"[REDACTED:key:password{shown}]"}


def test_the_validator_of_an_own_rule_is_asked_about_its_first_group() -> None:
    asked: list[str] = []

    def validator(text: str) -> bool:
        asked.append(text)
        if text == "333":
            raise RuntimeError(text)
        return text != "222"

    rule = ExtraRule("badge", "bdg-", r"bdg-(\d{3})(x)?", validator=validator)
    redactor = DefaultRedactor(RedactionConfig(extra_rules=(rule,)))
    outcome = redactor.redact("BDG-111x bdg-222x bdg-333")
    assert outcome.value == "BDG-[REDACTED:badge]x bdg-222x bdg-[REDACTED:badge]"
    assert set(asked) == {"111", "222", "333"}
