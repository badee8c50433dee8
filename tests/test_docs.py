"""What README and docs say is so."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from agent_audit import AuditConfig, AuditedAgent, AuditEventType
from agent_audit.analysis import load_rules
from agent_audit.analysis.rules import RULES
from agent_audit.cli.exits import EXPLAINED
from agent_audit.cli.main import COMMANDS
from agent_audit.cli.main import _parser as parser
from agent_audit.redaction import redact

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMAND_LIST = (ROOT / "docs" / "commands.md").read_text()


DOCUMENTS = [
    *("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
]


def blocks(document: str, language: str) -> list[str]:
    """The samples of a document in one language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def headings(page: Path) -> set[str]:
    """What links name the parts of a page by."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def command_name(module: object) -> str:
    return module.__name__.rpartition(".")[2].replace("_", "-")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(map(command_name, COMMANDS)))
def test_every_command_is_in_the_list_of_commands(name: str) -> None:
    assert re.search(rf"^\$ agent-audit-log {name}(?![-\w])", COMMAND_LIST, re.MULTILINE)


def test_help_has_the_commands_in_the_order_of_the_list() -> None:
    listed = re.findall(r"^\$ agent-audit-log ([\w-]+)", COMMAND_LIST.split("## Many hosts")[0], re.MULTILINE)
    helped = [name for name in map(command_name, COMMANDS) if name in listed]
    assert helped == list(dict.fromkeys(listed))


def test_every_exit_code_is_in_the_list_of_commands() -> None:
    codes = re.findall(r"^  (\d+) ", EXPLAINED, re.MULTILINE)
    assert set(codes) <= set(re.findall(r"^\| (\d+) ", COMMAND_LIST, re.MULTILINE))


def test_every_setting_is_in_the_readme() -> None:
    for field in AuditConfig.model_fields:
        assert f"_{field.upper()}`" in README, field


def test_every_page_of_the_docs_can_be_found_from_the_readme() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert {page for page in pages if f"({page}" not in README} == set()


def test_every_event_type_is_in_the_readme_or_belongs_to_a_later_release() -> None:
    later = {"log.key"}
    assert {str(name) for name in AuditEventType if f"`{name}`" not in README} <= later


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_python_in_the_documents_compiles(document: str) -> None:
    for block in blocks(document, "python"):
        compile(block, document, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_line_in_the_documents_is_understood(document: str) -> None:
    for line in re.findall(r"^\$ (.*agent-audit-log .*)$", "".join(blocks(document, "console")), re.MULTILINE):
        words = shlex.split(line, comments=True)
        ends = [place for place, word in enumerate(words) if word in ("|", "&&", ">")] + [len(words)]
        for begin in (place for place, word in enumerate(words) if word == "agent-audit-log"):
            end = min(place for place in ends if place > begin)
            parser().parse_args(words[begin + 1 : end])  # ends the process when it does not


def test_the_settings_and_the_rules_in_the_documents_are_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings,) = blocks("docs/redaction.md", "toml")
    (tmp_path / "settings.toml").write_text(settings)
    (tmp_path / "myapp").mkdir()
    (tmp_path / "myapp" / "audit.py").write_text("def mask(path, text): ...")
    monkeypatch.syspath_prepend(tmp_path)
    config = AuditConfig(settings=tmp_path / "settings.toml")
    config.open(tmp_path / "log").close()
    (rules,) = blocks("docs/detections.md", "yaml")
    (tmp_path / "rules.yaml").write_text(rules)
    own = {"night-deletes", "last-errors", "busy-billing"}
    assert {rule.id for rule in load_rules(tmp_path / "rules.yaml").rules} == own | {rule.id for rule in RULES}


def test_the_settings_in_code_make_a_logger_that_keeps_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("docs/redaction.md", "python")
    names: dict[str, Any] = {}
    exec(code, names)
    agent = AuditedAgent("billing", logger=names["logger"])
    agent.log_tool_call("read_mail", {"to": "ann@example.com"})
    agent.log_tool_call("send_mail", {"to": "ann@example.com"})
    names["logger"].close()
    read, sent = (event for event in names["backend"].query() if event.event_type == "tool.call")
    assert read.parameters is None
    assert re.fullmatch(r"\[REDACTED:email:hmac=[0-9a-f]{16}\]", sent.parameters["to"])


def test_the_detections_are_those_in_the_documents() -> None:
    table = re.findall(
        r"^\| (`[a-z].*?) \| (low|medium|high) \|", (ROOT / "docs/detections.md").read_text(), re.MULTILINE
    )
    told = {rule: level for names, level in table for rule in re.findall(r"`(.*?)`", names)}
    assert told == {rule.id: str(rule.level) for rule in RULES}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_link_within_the_project_leads_nowhere(document: str) -> None:
    path = ROOT / document
    for target, _, heading in (
        link.partition("#") for link in re.findall(r"\]\(([^):]+)\)", path.read_text().replace("\n", ""))
    ):
        page = path.parent / target if target else path
        assert page.exists(), f"{document} links to {target}"
        assert not heading or heading in headings(page), f"{document} links to {target}#{heading}"


def test_every_dependency_has_its_reason_in_the_docs() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    section = (ROOT / "pyproject.toml").read_text().split("[project.scripts]")[0].split("dependencies = [", 1)[1]
    for name in re.findall(r'"([a-z][a-z0-9-]+)(?:\[[a-z]+\])?[<>=]', section):
        assert name in text, name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_line_of_prose_in_the_documents_is_longer_than_an_editor_is_wide(document: str) -> None:
    prose = re.sub(r"^```.*?^```$", "", (ROOT / document).read_text(), flags=re.MULTILINE | re.DOTALL)
    assert [line for line in prose.splitlines() if len(line) > 130 and not line.startswith("|")] == []


@pytest.mark.parametrize(
    ("shown", "payload", "masked"),
    [
        ("`dbPassword`", {"dbPassword": "x7"}, True),
        ("`X-Api-Key`", {"X-Api-Key": "abcd1234xyz"}, True),
        ("`client_secret`", {"client_secret": "zq81mmA"}, True),
        ("`max_tokens`", {"max_tokens": "500"}, False),
        ("`primary_key`", {"primary_key": "abc123x"}, False),
        ("`password_policy`", {"password_policy": "strong12"}, False),
        ("`None`, booleans and empty texts", {"password": [None, True, ""]}, False),
        ('`"password": "Passwort"`', {"password": "Passwort"}, False),
        ('`"密碼"`', {"password": "密碼"}, False),
        ("`${DB_PASSWORD}`", {"password": "${DB_PASSWORD}"}, False),
        ("`op://vault/item/field`", {"password": "op://vault/item/field"}, False),
        ('`{"name": "password", "value": "x"}`', {"name": "password", "value": "x"}, True),
        ("`export API_KEY=x`", "export API_KEY=abcd12", True),
        ("`postgresql://u:x@host`", "postgresql://u:abcd12@host", True),
        ("`--password x`", ["mysql", "--password", "x9"], True),
        ("`my PIN is 4711`", "my PIN is 4711", True),
        ("`482913 is your verification code`", "482913 is your verification code", True),
        ("`my password is hunter2`", "my password is hunter2", True),
        ("`use 482913 to sign in`", "use 482913 to sign in", True),
        ("four in quotes", "my password is 'q7k2'", True),
        ("`Wi-Fi: net, key x`", "Wi-Fi: net, key abc123de", True),
        ("`Bot: Please enter the password.`", "Bot: Please enter the password.\nUser: Sonne99x!", True),
        ("`question` and `answer`", {"question": "Wie lautet deine PIN?", "answer": "4711"}, True),
        ("`Mother's maiden name`", {"question": "Mother's maiden name?", "answer": "Kowalski"}, True),
        ("`her maiden name is X`", "her maiden name is Kowalski", True),
        ("`Qa$Winter24`", "about the password: I think Ann has it, Qa$Winter24, ask her", True),
        ("`the password was either x or y`", "the password was either Rosebud1 or Rosebud2", True),
        ("`Wie lautet deine PIN? 4711`", "Wie lautet deine PIN? 4711", True),
        ("`token=next_token`", "token=next_token", False),
        ("`key: Ed25519PrivateKey`", "key: Ed25519PrivateKey", False),
        ("`call me on`", "call me on 030 1234567", True),
        ("`acme_live_…`", "acme_live_8fJ2k3L4m5N6o7P8q9R0s1T2", True),
        ("IP addresses", "192.168.1.1", False),
        ("`open it with x1y2z3`", "open it with x1y2z3", False),
        ("`let yourself in, code 1958#`", "let yourself in, code 1958#", False),
    ],
    ids=str,
)
def test_what_the_page_on_redaction_says_of_its_examples_holds(shown: str, payload: Any, masked: bool) -> None:
    assert shown in " ".join((ROOT / "docs" / "redaction.md").read_text().split())
    assert (redact(payload) != payload) is masked
