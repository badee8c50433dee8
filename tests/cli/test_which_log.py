"""Which log a command reads, and what it says where there is none that it can."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from agent_audit import default
from agent_audit.backends.file.layout import Layout
from agent_audit.cli import directory
from agent_audit.cli.main import main
from tests.analysis.logs import event, write_log
from tests.unprivileged import run_unprivileged
from tests.verify.logs import make_log

from .running import run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log", [event("error")])


def test_the_default_log_is_found_here_and_in_parent_folders(tmp_path: Path) -> None:
    root = write_log(tmp_path / "agent-audit-log", [event("error")])
    (tmp_path / "a" / "b").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "a" / "b"):
        done = run("tail", cwd=folder)
        assert done.returncode == 0
        assert f"reading {root}" in done.stderr


def test_agent_audit_dir_names_the_log(log: Path, tmp_path: Path) -> None:
    assert f"reading {log}" in run("tail", env={"AGENT_AUDIT_DIR": str(log)}, cwd=tmp_path).stderr


def test_the_folder_that_holds_a_log_will_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_log(tmp_path / "agent-audit-log", [event("error")])
    assert main(["tail", str(tmp_path)]) == 0
    assert "1970" not in capsys.readouterr().out


def test_the_name_of_the_default_log_is_the_recorders() -> None:
    assert directory.DIRECTORY_NAME == default.DIRECTORY_NAME


@pytest.mark.skipif(sys.platform == "darwin", reason="every name there is UTF-8")
def test_a_log_whose_path_is_no_utf_8_can_be_read_like_any_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(tmp_path / os.fsdecode(b"l\xff"), [event("error")])
    target = str(tmp_path / "out")
    for words in ("tail", "activity", "columns", f"export --format parquet -o {target}", f"report -o {target}"):
        assert main([*words.split(), str(log)]) == 0, (words, capsys.readouterr().err)
    assert main(["sql", "SELECT log FROM events", "--dir", str(log), "--format", "json"]) == 0
    assert r"l\\udcff" in capsys.readouterr().out
    assert main(["verify", "--json", str(log)]) == 3
    assert json.loads(capsys.readouterr().out)["log"] == rf"{tmp_path}/l\udcff"


def test_a_file_in_the_place_of_a_log_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("{}\n")
    done = run("verify", tmp_path / "log.jsonl")
    assert done.returncode == 2
    assert done.stderr == f"agent-audit-log: no audit log in {tmp_path / 'log.jsonl'}: it is no directory\n"


@pytest.mark.parametrize("command", ["tail", "anomalies", "export --format json", "evidence"])
def test_a_period_that_ends_before_it_begins_is_wrong_usage(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(tmp_path / "log", [event("error")])
    assert main([*command.split(), str(log), "--since", "1h", "--until", "2h"]) == 2
    assert "before it begins" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["tail", "activity", "compliance"])
def test_a_log_that_does_not_exist_is_a_clear_message(tmp_path: Path, command: str) -> None:
    done = run(command, tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"agent-audit-log: no audit log in {tmp_path / 'nowhere'}: it does not exist\n"


@pytest.mark.parametrize(
    "command",
    [
        ["tail"],
        ["activity"],
        ["anomalies"],
        ["export", "--format", "json"],
        ["prune", "--max-age", "1d", "--dry-run"],
        ["ship", "--once", "--to", "file://{}/store"],
    ],
)
def test_a_log_whose_segments_cannot_be_read_is_not_taken_for_an_empty_one(
    log: Path, tmp_path: Path, command: list[str]
) -> None:
    segments = Layout(log).segments
    segments.chmod(0)
    done = run_unprivileged(*(word.format(tmp_path) for word in command), log)
    segments.chmod(0o700)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Permission denied" in done.stderr and str(segments) in done.stderr
    assert "empty" not in done.stderr


@pytest.mark.parametrize("command", [["tail"], ["activity"], ["export", "--format", "json"], ["prove", "1", "--dir"]])
def test_a_segment_that_cannot_be_read_is_named_where_it_is(tmp_path: Path, command: list[str]) -> None:
    segment = make_log(tmp_path / "log", 20).segment(0)
    segment.chmod(0)
    done = run_unprivileged(*command, tmp_path / "log")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Permission denied" in done.stderr and f"{segment}" in done.stderr


def test_who_can_only_read_a_log_is_told_of_its_copies_and_of_the_segment_that_cannot_be_read(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", [event("error", at=number) for number in range(300)])
    assert main(["columns", str(log)]) == 0
    (log / "columns" / "LOCK").chmod(0)  # as that of another user
    done = run_unprivileged("columns", log)
    assert (done.returncode, done.stderr) == (0, f"agent-audit-log: {log}: columns of 1 sealed segment\n")
    for path in Layout(log).column_files(0):
        path.unlink()
    segment = Layout(log).segment(0)
    segment.chmod(0)
    done = run_unprivileged("activity", log)
    assert done.returncode == 2
    assert f"cannot read {segment}: Permission denied" in done.stderr


def test_a_hold_that_cannot_be_written_is_no_log_that_cannot_be_read(log: Path) -> None:
    log.chmod(0o500)
    done = run_unprivileged("hold", log, "--reason", "case 42")
    log.chmod(0o700)
    assert done.returncode == 2
    assert done.stderr == f"agent-audit-log: cannot write to the log {log}: Permission denied\n"


def test_no_default_log_says_where_was_looked_and_what_to_do(tmp_path: Path) -> None:
    done = run("tail", cwd=tmp_path)
    assert done.returncode == 2
    assert "--dir" in done.stderr
    assert str(tmp_path) in done.stderr


@pytest.mark.parametrize("command", ["tail", "compliance", "report", "verify"])
def test_a_pattern_is_refused_by_what_reads_one_log(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_log(tmp_path / "one", [event("error")])
    assert main([command, str(tmp_path / "*")]) == 2
    assert "this command reads one log" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        *(["activity", option, "\udcff"] for option in ("--agent", "--session", "--user", "--where")),
        *(["timeline", "\udcff"], ["sql", "SELECT '\udcff'"]),
    ],
)
def test_what_is_no_utf_8_on_a_command_line_is_wrong_usage(
    log: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--dir", str(log)]) == 2
    assert "is no UTF-8" in capsys.readouterr().err


def test_two_different_logs_are_refused(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tail", str(log), "--dir", "other"]) == 2
    assert "name one" in capsys.readouterr().err
