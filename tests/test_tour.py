"""The tour, and what the README shows of it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_audit import AuditedAgent, AuditLogger, FileAuditBackend
from agent_audit.cli.main import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SHOWN = README.split("## What you get", 1)[1].split("\n## ", 1)[0]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """The log that the tour has made, and how the tour ended."""
    folder = tmp_path_factory.mktemp("tour")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        command = [sys.executable, str(ROOT / "examples" / "tour.py"), "--dir", str(folder / "log")]
        yield folder / "log", subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def denied(folder: Path) -> Path:
    """A log in which an agent is denied six payments in a row."""
    with AuditLogger(FileAuditBackend(folder)) as logger:
        agent = AuditedAgent("billing", logger=logger)
        for number in range(6):
            with contextlib.suppress(PermissionError), agent.audit_context("invoice.pay", resource=f"invoice/{number}"):
                raise PermissionError("above the limit")
    return folder


def plain(line: str) -> str:
    """A line of output without what differs from run to run: numbers, ids, widths of columns."""
    line = re.sub(r"\S*/[0-9a-f]{32}\b", "ORIGIN", line)
    line = re.sub(r"\([0-9a-f]{8}\)", "(KEY)", line)
    line = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID", line)
    return re.sub(r"[\s─]+", " ", re.sub(r"[\d,.:]*\d", "#", line)).strip()


def test_the_tour_records_real_agents_of_both_frameworks_and_leaves_no_intent_without_an_outcome(
    tour: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, result = tour
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert "yes: every position taken once, every intent with its outcome" in result.stdout
    for framework in ("weather-clerk", "cashier", "bookkeeper"):
        assert framework in result.stdout
    assert "Traceback" not in result.stderr


def test_what_the_readme_shows_of_commands_is_what_they_print(
    tour: tuple[Path, subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, _ = tour
    monkeypatch.setenv("XDG_STATE_HOME", str(log.parent / "state"))  # where the tour's key is
    logs = {"tour-log": str(log), "denied-log": str(denied(log.parent / "denied"))}
    shown = re.findall(r"^\$ agent-audit-log (.*)\n((?:(?!\$ |```).*\n)+)", SHOWN, re.MULTILINE)
    assert [line.split()[0] for line, _ in shown] == ["tail", "timeline", "verify", "anomalies", "anomalies"]
    for line, output in shown:
        words = [logs.get(word, word) for word in shlex.split(line)]
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert main(words) == ("denied-log" in line)
        real = [plain(one) for one in printed.getvalue().splitlines()]
        for one in map(plain, output.splitlines()):
            assert any(other.startswith(one.removesuffix("…")) for other in real), (line, one)


def test_the_event_that_the_readme_shows_is_one_of_the_tour(
    tour: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    log, _ = tour
    (block,) = re.findall(r"```json\n(.*?)```", SHOWN, re.DOTALL)
    (real,) = (
        event.model_dump(mode="json", exclude_none=True)
        for event in FileAuditBackend(log).query()
        if (event.event_type, event.action) == ("tool.call", "tool.pay")
    )
    assert without_chance(json.loads(block)) == without_chance(real)


def without_chance(value: Any, key: str = "") -> Any:
    """An event without what differs from run to run and from version to version; its form remains."""
    if isinstance(value, dict):
        return {name: without_chance(part, name) for name, part in value.items()}
    chance = re.search(r"^(seq|writer.*|timestamp|version|hmac_sha256|event_id|trace_id|span_id|parent_span_id)$", key)
    return type(value).__name__ if chance else value
