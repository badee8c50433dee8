"""`-o`: what is written where, and how it stands there afterwards."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from agent_audit.cli.main import main
from tests.verify.logs import make_log

COMMANDS = {
    "checkpoint": ["checkpoint"],
    "export": ["export", "--format", "json"],
    "parquet": ["export", "--format", "parquet"],
    "evidence": ["evidence"],
    "report": ["report"],
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make_log(tmp_path / "log", 20).root


def into_pipe(pipe: Path, *args: object) -> bytes:
    """What somebody reads at the other end of a pipe that a command writes to."""
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        try:
            code = main([*map(str, args), "-o", str(pipe)])
            assert stat.S_ISFIFO(pipe.lstat().st_mode)
            assert code in (0, 3)
            return reader.communicate(timeout=200)[0]
        finally:
            reader.kill()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe_gets_what_a_file_gets_and_stays_a_pipe(log: Path, tmp_path: Path, name: str) -> None:
    piped = into_pipe(tmp_path / "pipe", *COMMANDS[name], log)
    assert main([*COMMANDS[name], str(log), "-o", str(tmp_path / "file")]) in (0, 3)
    expected = (tmp_path / "file").read_bytes()
    assert piped[:4] == expected[:4]
    if name in ("checkpoint", "export"):
        assert piped == expected
    if name == "evidence":
        assert zipfile.ZipFile(io.BytesIO(piped)).testzip() is None


def test_an_examination_whose_output_went_into_a_pipe_is_on_record_without_waiting_for_it(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert into_pipe(tmp_path / "pipe", "report", log, "--examined-by", "ann")
    assert "recorded: report by ann" in capsys.readouterr().err


def test_a_link_stays_and_what_it_leads_to_is_written(log: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("heads")
    assert main(["checkpoint", str(log), "-o", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "heads").read_bytes() == (log / "checkpoint").read_bytes()


def test_what_cannot_be_written_to_is_named(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checkpoint", str(log), "-o", str(tmp_path)]) == 2
    assert f"cannot write {tmp_path}: Is a directory" in capsys.readouterr().err
    assert main(["report", str(log), "-o", str(tmp_path / "no" / "file")]) == 2
    assert f"cannot write {tmp_path}/no/file: No such file" in capsys.readouterr().err


def test_what_holds_events_is_its_owners_alone_whatever_the_umask_and_a_head_is_for_all_to_read(
    log: Path, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        for name, command in COMMANDS.items():
            assert main([*command, str(log), "-o", str(tmp_path / name)]) in (0, 3)
        assert main(["prove", "3", "--dir", str(log), "-o", str(tmp_path / "proof")]) == 0
    finally:
        os.umask(before)
    for name in (*COMMANDS, "proof", "proof.json"):
        wanted = 0o644 if name == "checkpoint" else 0o600
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == wanted, name


@pytest.mark.parametrize("command", ["anomalies", "verify", "verify --json"])
def test_a_finding_is_told_by_the_exit_code_also_to_a_reader_that_has_seen_enough(log: Path, command: str) -> None:
    segment = log / "segments" / f"{0:020}.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"n":3}', b'"n":4}') + b'{"seq":20}\n' * 300)
    line = f"{sys.executable} -m agent_audit.cli.main {command} {log} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=200, check=True)
    assert done.stdout.splitlines()[-1] == "1"
    assert "Broken" not in done.stderr


@pytest.mark.parametrize("command", ["activity", "verify", "tail", "export --format json", "schema"])
def test_output_that_finds_no_room_is_no_log_that_cannot_be_read(log: Path, command: str) -> None:
    named = "" if command == "schema" else log
    line = f"{sys.executable} -m agent_audit.cli.main {command} {named} > /dev/full"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "agent-audit-log: cannot write: [Errno 28] No space left on device; make room where the output"
    )
    assert "(TMPDIR)" in last


@pytest.mark.parametrize("form", ["csv", "parquet"])  # half made: a draft of the file, copies of the events
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_command_that_a_signal_ends_leaves_nothing_behind_that_is_half_made(
    tmp_path: Path, number: signal.Signals, form: str
) -> None:
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    command = [sys.executable, "-m", "agent_audit.cli.main", "export", "--format", form, "--from", "-"]
    with subprocess.Popen(
        [*command, "-o", str(out / "events")],
        stdin=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
        # Under `nohup` it would be ignored, as it should be.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509  # the test has one thread
    ) as process:
        while not any((*out.iterdir(), *scratch.iterdir())):  # then it waits for events
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(200) == 128 + number
    assert [*out.iterdir(), *scratch.iterdir()] == []


def test_what_a_killed_export_left_goes_a_day_later_with_the_next_one(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    left, young, others = (out / f".{name}.{'0' * 15}{n}" for n, name in enumerate(["e.csv", "e.csv", "other.csv"]))
    for path in (left, young, others):
        path.touch()
    for path in (left, others):
        os.utime(path, (1, 1))
    assert main(["export", "--format", "csv", str(log), "-o", str(out / "e.csv")]) == 0
    assert sorted(out.iterdir()) == sorted([young, others, out / "e.csv"])


def test_tiles_are_not_put_into_the_log_itself(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(log.rglob("*"))
    (tmp_path / "link").symlink_to(log)
    for target in (log, log / "public", tmp_path / "link" / "tile"):
        assert main(["export", str(log), "--tlog", str(target)]) == 2
        assert f"{target} is in the log's own directory" in capsys.readouterr().err
    assert sorted(log.rglob("*")) == before
    assert main(["export", str(log), "--tlog", str(tmp_path)]) == 0


def test_a_directory_of_tiles_that_cannot_be_made_is_named(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = log.parent / "file"
    file.touch()
    assert main(["export", str(log), "--tlog", str(file)]) == 2
    assert f"cannot write {file}" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["redaction", "test"], ["verify-proof"], ["export", "--format", "csv", "--from"]])
def test_a_file_that_is_not_there_is_named_and_not_taken_for_the_log(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, str(tmp_path / "missing")]) == 2
    assert capsys.readouterr().err == f"agent-audit-log: cannot read {tmp_path}/missing: No such file or directory\n"
