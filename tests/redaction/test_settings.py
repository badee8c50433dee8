"""Settings from a TOML file: the same as arguments; what could not work is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_audit.config import AuditConfig
from agent_audit.content import content_from
from agent_audit.errors import ConfigurationError
from agent_audit.redaction import DefaultRedactor, RedactionConfig
from agent_audit.redaction.settings import redaction_from

KEY = b"k" * 32
GOOD = """\
[redaction]
allow_keys = ["token"]
allow_values = ["support@example.com"]

[redaction.outcomes]
email = "pseudonym"
card = "keep_last_4"

[redaction.keys]
badge = "drop"

[redaction.paths]
"parameters.customer.*" = "mask"
"metadata.build" = "keep"

[redaction.identity]
user_id = "pseudonym"

[[redaction.rules]]
id = "ticket"
literal = "tkt-"
pattern = 'tkt-\\d{6}'

[redaction.actions."tool.crm*"]
disabled_rules = ["email"]

[content.types]
"llm.request" = "digest"
"""


def settings(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "audit.toml"
    path.write_text(text)
    return path


def test_a_file_says_what_arguments_say(tmp_path: Path) -> None:
    redactor = DefaultRedactor(redaction_from(settings(tmp_path, GOOD), KEY))
    event = {
        "parameters": {"customer": {"name": "Jane", "orders": [5, True]}, "badge": "x1", "token": "seen"},
        "result": "TKT-123456 for support@example.com, card 4111111111111111",
        "metadata": {"build": "password=abc123x"},
    }
    assert redactor.redact(event, action="tool.x").value == {
        "parameters": {"customer": {"name": "[REDACTED:path]", "orders": ["[REDACTED:path]", True]}, "token": "seen"},
        "result": "[REDACTED:ticket] for support@example.com, card [REDACTED:card:last4=1111]",
        "metadata": {"build": "password=abc123x"},
    }


def test_a_file_may_begin_with_the_mark_that_editors_put_there(tmp_path: Path) -> None:
    text = '\ufeff[redaction]\nallow_keys = ["token"]\n'
    assert redaction_from(settings(tmp_path, text), KEY).allow_keys == {"token"}
    with pytest.raises(ConfigurationError, match="line 2: no such setting"):
        redaction_from(settings(tmp_path, "\ufeff[redaction]\nalow_keys = []\n"), KEY)


def test_an_action_has_settings_of_its_own(tmp_path: Path) -> None:
    redactor = DefaultRedactor(redaction_from(settings(tmp_path, GOOD), KEY))
    text = "jane@example.org has TKT-123456"
    assert redactor.redact(text, action="tool.crm_read").value == "jane@example.org has [REDACTED:ticket]"
    assert "jane" not in redactor.redact(text, action="tool.search").value


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[redaction\n", 1, "line 1"),
        ("[redaktion]\n", 1, "no such table"),
        ("\n[redaction]\nalow_keys = []\n", 3, "no such setting: alow_keys"),
        ('[redaction]\nallow_keys = "token"\n', 2, "a list of texts"),
        ('[redaction.outcomes]\ncard = "mask"\nemail = "burn"\n', 3, "unknown treatment"),
        ('[redaction]\ndisabled_rules = [\n  "email",\n  "no-such-rule",\n]\n', 4, "no such rule"),
        ('[redaction.paths]\n"a..b" = "mask"\n', 2, "joined by dots"),
        ('[redaction.identity]\nname = "mask"\n', 2, "none of agent_id"),
        ("[[redaction.rules]]\nid = 'own'\nliteral = 'ab'\npattern = 'a('\n", 4, "does not compile"),
        ("[[redaction.rules]]\nid = 'own'\nliteral = 'ab'\npatern = 'ab'\n", 4, "unknown: patern"),
        (
            '[redaction]\ndisabled_rules = ["email"]\n[redaction.outcomes]\n# email\nemail = "burn"\n',
            5,
            "email: unknown",
        ),
        ("[[redaction.rules]]\nid='a'\nliteral='ab'\npattern='ab'\n[[redaction.rules]]\nid='b'\n", 6, "missing: lit"),
        ("[[redaction.rules]]\nid='a'\nliteral='ab'\npattern=5\n", 4, "wrong kind"),
        ("[redaction]\nrules = 5\n", 2, "wrong kind"),
        ("[redaction]\nactions = 5\n", 2, "wrong kind"),
        ("\nredaction = 5\n", 2, "wrong kind"),
        ('[redaction]\ncallback = "no.such:thing"\n', 2, "cannot be imported"),
        ('[redaction]\n\n# note\ncallback = "no.such:thing"', 4, "cannot be imported"),
        ('[redaction]\ncallback = "os"\n', 2, "os: cannot be imported"),
        ('[redaction]\ncallback = "os:none_such"\n', 2, "cannot be imported"),
        ('[redaction]\ncallback = "os:sep"\n', 2, "os:sep: is no function"),
        ("[redaction]\ncallback = 5\n", 2, "5: cannot be imported"),
        ("[redaction]\nkeys = 5\n", 2, "keys: a table"),
        ("[redaction]\nallow_values = [1]\n", 2, "allow_values: a list of texts"),
        ("[redaction]\nrules = [5]\n", 2, "write each as its own"),
        ("[redaction.actions.a.actions.b]\nallow_keys = []\n", 1, "no such setting: actions"),
        ("[redaction]\nzzz = 1\n", 2, "one of: actions, allow_keys, allow_values, callback"),
        ("[[redaction.rules]]\npattern='ab'\n", 2, "rule [?]: missing: id, literal"),
        ("[[redaction.rules]]\nid='a'\nliteral='ab'\npattern='ab'\nb=1\nc=2\n", 6, "rule a: unknown: b, c"),
        ("[[redaction.rules]]\nid='a'\nliteral='ab'\npattern='ab'\nactions='x'\n", 5, "actions: a list of texts"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        redaction_from(settings(tmp_path, text), KEY)
    assert f"line {line}" in str(refused.value)
    assert "audit.toml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[content.types]\n"llm.request" = "full"\n"tool.cal" = "none"\n', 3, "no such event type"),
        ('[content.actions]\n"tool.x" = "some"\n', 2, "is 'some'"),
        ("content = 5\n", 1, "wrong kind"),
        ("[content]\ntypes = 5\n", 2, "wrong kind"),
        ("[content.kinds]\n", 1, "no such table"),
    ],
)
def test_content_levels_that_cannot_work_are_refused_with_their_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        content_from(settings(tmp_path, text))
    assert f"line {line}" in str(refused.value)


def test_a_variable_names_the_file(tmp_path: Path) -> None:
    path = settings(tmp_path, GOOD)
    config = AuditConfig.from_env({"AGENT_AUDIT_SETTINGS": str(path)})
    with config.open(tmp_path / "log") as logger:
        logger.record("llm.request", parameters={"prompt": "hello"}, user_id="jane@example.org")  # type: ignore[arg-type]
        (event,) = logger.query(event_type="llm.request")
    assert event.parameters is None
    assert event.metadata is not None
    assert event.metadata["shortened"]["parameters"]["level"] == "digest"
    assert str(event.user_id).startswith("[REDACTED:user-id:hmac=")


def test_callables_are_named_by_module_and_function(tmp_path: Path) -> None:
    text = """\
[redaction]
callback = "operator:concat"
rules = [
  { id = "all", literal = "tkt-", pattern = 'tkt-\\d+', validator = "builtins:len" },
  { id = "none", literal = "num-", pattern = 'num-\\d+', validator = "operator:not_" },
  { id = "some", literal = "doc-", pattern = 'doc-\\d+', actions = ["tool.x"] },
]
"""
    redactor = DefaultRedactor(redaction_from(settings(tmp_path, text)))
    given = {"a": "tkt-1 num-1 doc-1"}
    assert redactor.redact(given, action="tool.x").value == {"a": "a[REDACTED:all] num-1 [REDACTED:some]"}
    assert redactor.redact(given, action="tool.y").value == {"a": "a[REDACTED:all] num-1 doc-1"}


def test_the_settings_of_an_action_may_name_callables(tmp_path: Path) -> None:
    text = '[redaction.actions."tool.x"]\ncallback = "operator:concat"\n'
    redactor = DefaultRedactor(redaction_from(settings(tmp_path, text)))
    assert redactor.redact({"a": "b"}, action="tool.x").value == {"a": "ab"}
    assert redactor.redact({"a": "b"}, action="tool.y").value == {"a": "b"}


def test_a_file_without_the_table_changes_nothing(tmp_path: Path) -> None:
    assert redaction_from(settings(tmp_path, "")) == RedactionConfig()


def test_a_callable_sees_every_text_after_the_rules_and_may_change_it() -> None:
    seen = []

    def callback(path: str, text: str) -> str | None:
        seen.append((path, text))
        return text.replace("Jane", "J.") if path == "a.0" else None

    out = DefaultRedactor(RedactionConfig(callback=callback)).redact({"a": ["Jane, password=x1y2z3"], "b": "Jane"})
    assert out.value == {"a": ["J., password=[REDACTED:key:password]"], "b": "Jane"}
    assert seen == [("a.0", "Jane, password=[REDACTED:key:password]"), ("b", "Jane")]


def test_a_callable_that_fails_costs_the_text_it_was_given() -> None:
    def callback(path: str, text: str) -> str | None:
        if path == "a":
            raise RuntimeError(text)
        return 5 if path == "b" else None  # type: ignore[return-value]

    out = DefaultRedactor(RedactionConfig(callback=callback)).redact({"a": "x", "b": "y", "c": "z"})
    assert out.value == {"a": "[REDACTION-ERROR:str]", "b": "[REDACTION-ERROR:int]", "c": "z"}


def test_a_dropped_path_is_gone_and_named() -> None:
    out = DefaultRedactor(RedactionConfig(paths={"a.*.b": "drop"})).redact({"a": {"x": {"b": 1, "c": 2}}})
    assert out.value == {"a": {"x": {"c": 2}}}
    assert [tuple(hit) for hit in out.hits] == [("a.x.b", "path")]


def test_pseudonyms_and_last_characters_of_a_path_are_those_of_the_value_though_a_rule_knows_it() -> None:
    def mail_of(name: str) -> str:
        config = RedactionConfig(fingerprint_key=KEY, paths={"mail": "pseudonym", "card": "keep_last_4"})
        event = {"mail": f"to {name}@example.org", "card": "4111111111111111"}
        out = DefaultRedactor(config).redact(event).value
        assert out["card"] == "[REDACTED:path:last4=1111]"
        return str(out["mail"])

    assert mail_of("jane") == mail_of("jane") != mail_of("joe")
    assert "jane" not in mail_of("jane")


def test_what_a_path_gives_back_is_not_among_the_hits() -> None:
    config = RedactionConfig(paths={"a.**": "keep"})
    out = DefaultRedactor(config).redact({"a": {"mail": "jane@example.org"}, "b": "jane@example.org"})
    assert out.value == {"a": {"mail": "jane@example.org"}, "b": "[REDACTED:email]"}
    assert [tuple(hit) for hit in out.hits] == [("b", "email")]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("jane@example.org", "jane@example.org"),
        ("4111111111111111", "4111111111111111"),
        ("+1 415 555 0132", "+1 415 555 0132"),
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        ("sk-ant-api03-" + "a1B2c3D4" * 11 + "a1B2cAA", "[REDACTED:anthropic-key]"),
        ("https://x.example/?api_key=a1B2c3D4e5F6", "https://x.example/?api_key=[REDACTED:key:api-key]"),
    ],
)
def test_an_id_is_recorded_as_given_unless_it_is_a_secret(given: str, stored: str) -> None:
    redactor = DefaultRedactor()
    for _ in range(2):
        record = {"user_id": given, "session_id": given, "agent_id": "a", "result": given}
        redactor.mask_identity(record)
        assert record == {"user_id": stored, "session_id": stored, "agent_id": "a", "result": given}


def test_ids_have_the_outcome_that_is_configured() -> None:
    record: dict[str, object] = {"user_id": "jane@example.org", "agent_id": "a", "session_id": "s"}
    redactor = DefaultRedactor(
        RedactionConfig(fingerprint_key=KEY, identity={"user_id": "pseudonym", "session_id": "drop"})
    )
    redactor.mask_identity(record)
    again = dict(record)
    redactor.mask_identity(again)
    assert again == record
    assert record.keys() == {"user_id", "agent_id"}
    assert "jane" not in str(record["user_id"])
