"""What README and docs say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent_audit import AuditConfig, AuditEventType
from agent_audit.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def command_name(module: object) -> str:
    return module.__name__.rpartition(".")[2].replace("_", "-")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(map(command_name, COMMANDS)))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"^\$ agent-audit-log {name}\b", README, re.MULTILINE)


def test_every_setting_is_in_the_readme() -> None:
    for field in AuditConfig.model_fields:
        assert f"_{field.upper()}`" in README, field


def test_every_page_of_the_docs_can_be_found_from_the_readme() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert {page for page in pages if f"({page}" not in README} == set()


def test_every_event_type_is_in_the_readme_or_belongs_to_a_later_release() -> None:
    later = {"log.key"}
    assert {str(name) for name in AuditEventType if f"`{name}`" not in README} <= later


def test_the_python_in_the_readme_compiles() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        compile(block, "README.md", "exec")


@pytest.mark.parametrize(
    "document", ["README.md", "SECURITY.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_no_link_within_the_project_leads_nowhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), f"{document} links to {target}"


def test_every_dependency_has_its_reason_in_the_docs() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    section = (ROOT / "pyproject.toml").read_text().split("[project.scripts]")[0].split("dependencies = [", 1)[1]
    for name in re.findall(r'"([a-z][a-z0-9-]+)(?:\[[a-z]+\])?[<>=]', section):
        assert name in text, name
