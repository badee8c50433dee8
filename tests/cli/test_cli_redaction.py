"""`redaction rules` and `redaction test`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from agent_audit.cli.main import main
from agent_audit.redaction.rules import BUILT_IN, rule_ids
from agent_audit.redaction.rules.sources import OTHERWISE


def test_every_rule_is_listed_with_the_document_it_follows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redaction", "rules", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["id"] for row in rows} > rule_ids()
    assert all(row["source"] and row["outcome"] == "mask" for row in rows)


def test_a_settings_file_is_refused_for_what_a_logger_would_refuse_it_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text('[content.types]\n"llm.request" = "digst"\n')
    for command in (["rules"], ["test", str(tmp_path / "settings.toml")]):
        assert main(["redaction", *command, "--settings", str(tmp_path / "settings.toml")]) == 2
        assert "settings.toml, line 2: " in capsys.readouterr().err


def test_there_are_at_least_150_rules_for_what_services_issue() -> None:
    generic = {"named-token", "bearer", "jwt", "email-encoded"}
    issued = [rule.id for rule in BUILT_IN if not rule.id.endswith("password") and rule.id not in generic]
    assert len(issued) >= 150


def test_a_file_is_shown_masked_and_the_reasons_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"to": "jane@example.org", "password": "hunter2", "n": 5}))
    assert main(["redaction", "test", str(path)]) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"to": "[REDACTED:email]", "password": "[REDACTED:key:password]", "n": 5}
    assert "to: email (RFC 5322" in shown.err
    assert "password: key:password (the name of the key)" in shown.err
    assert "hunter2" not in shown.err + shown.out


CALLBACK = """
def mask(path, text):
    if "fail" in text:
        raise ValueError
    return 5 if "number" in text else None
"""


def test_what_no_rule_has_masked_has_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own_mask.py").write_text(CALLBACK)
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = tmp_path / "s.toml"
    settings.write_text(
        '[redaction]\ncallback = "own_mask:mask"\n[redaction.paths]\n"customer.name" = "mask"\n'
        '[[redaction.actions."tool.x".rules]]\nid = "badge"\nliteral = "bdg-"\npattern = \'bdg-\\d+\'\n'
    )
    path = tmp_path / "event.json"
    long = "token " * 40_000
    path.write_text(json.dumps({"customer": {"name": "Ann"}, "a": "fail", "b": "number", "c": "bdg-7", "d": long}))
    assert main(["redaction", "test", "--settings", str(settings), "--action", "tool.x", str(path)]) == 1
    shown = capsys.readouterr().err.splitlines()
    assert shown[-1].startswith("masked: ")
    assert sorted(shown[:-1]) == [
        "a: error (the redactor or your callback failed on it)",
        "b: error (the redactor or your callback failed on it)",
        "c: badge (own rule)",
        "customer.name: path (your setting for this path)",
        "d: size (more places where a secret may begin than are looked at)",
    ]


def test_every_reason_without_a_rule_has_no_rule() -> None:
    assert not OTHERWISE.keys() & rule_ids()


def test_text_and_json_lines_come_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for text, shown in (
        ("nothing here\n", "nothing here\n"),
        ('{"token": "x9y8z7"}\n{"a": 1}\n', '{"token": "[REDACTED:key:token]"}\n{"a": 1}\n'),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert main(["redaction", "test", "-"]) == int(shown != text)
        assert capsys.readouterr().out == shown


def test_own_settings_are_listed_and_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "s.toml"
    settings.write_text(
        '[redaction]\ndisabled_rules = ["email"]\n[[redaction.rules]]\nid = "badge"\nliteral = "bdg-"\n'
        "pattern = 'bdg-\\d+'\n"
    )
    path = tmp_path / "t.txt"
    path.write_text("jane@example.org wears bdg-77")
    assert main(["redaction", "test", "--settings", str(settings), str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == "jane@example.org wears [REDACTED:badge]\n"
    assert "badge (own rule)" in shown.err
    assert main(["redaction", "rules", "--settings", str(settings)]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert any(line.split()[:2] == ["email", "off"] for line in listed)
    settings.write_text('[redaction]\ndisabled_rules = ["emial"]\n')
    assert main(["redaction", "rules", "--settings", str(settings)]) == 2
    assert "line 2: no such rule: emial" in capsys.readouterr().err
