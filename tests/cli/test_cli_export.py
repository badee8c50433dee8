from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from agent_audit.cli.exits import INCOMPLETE
from agent_audit.cli.main import main
from tests.analysis.logs import event, numbered, operation, write_log

Captured = pytest.CaptureFixture[str]
LINES = ["json", "ocsf", "cloudevents", "otel"]
"""Formats with one JSON object for each event."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    events = operation("tool.call", "tool.response", "t", action="tool.x", result={"rows": 2}, duration_ms=5.0)
    events += [event("data.access", at=6, agent_id="b", resource="db/1", user_id="ü")]
    return write_log(tmp_path / "log", events)


def export(capsys: Captured, *args: object, code: int = 0) -> str:
    assert main(["export", *map(str, args)]) == code
    return capsys.readouterr().out


@pytest.mark.parametrize("form", LINES)
def test_every_event_is_one_json_line(log: Path, form: str, capsys: Captured) -> None:
    lines = export(capsys, log, "--format", form).splitlines()
    assert len([json.loads(line) for line in lines]) == 3


def test_json_is_the_recorded_lines_to_the_byte(log: Path, tmp_path: Path) -> None:
    assert main(["export", str(log), "--format", "json", "-o", str(tmp_path / "out")]) == 0
    (segment,) = log.glob("segments/*")
    assert (tmp_path / "out").read_bytes() == segment.read_bytes()


TRICKY = (
    "\U0001f468\u200d\U0001f469 ad\u200dmin C1 \x85 soft\u00adhyphen \u202e DEL \x7f tag \U000e0041 ESC \x1b[31m"
    " M\u00fcller \u2713"
)
"""Characters that act on a terminal, hide, or are in no 8-bit encoding."""


@pytest.fixture
def tricky(tmp_path: Path) -> Path:
    return write_log(
        tmp_path / "tricky", [event("tool.call", action="tool.x", user_id=TRICKY, parameters={"text": TRICKY})]
    )


def run(*args: object, **env: str) -> subprocess.CompletedProcess[bytes]:
    """The command with its standard output in a pipe."""
    command = [sys.executable, "-m", "agent_audit.cli.main", *map(str, args)]
    return subprocess.run(command, capture_output=True, env={**os.environ, **env}, timeout=120, check=True)


def test_a_pipe_gets_the_recorded_bytes_whatever_characters_are_in_them(tricky: Path, tmp_path: Path) -> None:
    (segment,) = tricky.glob("segments/*")
    lines = run("export", tricky, "--format", "json").stdout
    assert lines == segment.read_bytes()
    (tmp_path / "lines").write_bytes(lines)
    hashes = [
        json.loads(run("export", "--format", "ocsf", *source).stdout)["raw_data_hash"]["value"]
        for source in ((tricky,), ("--from", tmp_path / "lines"))
    ]
    assert hashes[0] == hashes[1] == hashlib.sha256(segment.read_bytes().rstrip(b"\n")).hexdigest()


@pytest.mark.parametrize("form", [*LINES, "csv"])
def test_what_goes_into_a_pipe_is_utf_8_whatever_the_locale_is(tricky: Path, form: str) -> None:
    expected = run("export", tricky, "--format", form).stdout
    assert "M\u00fcller" in expected.decode()
    assert run("export", tricky, "--format", form, PYTHONIOENCODING="iso-8859-1").stdout == expected
    plain = run("export", tricky, "--format", form, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert plain.stdout == expected


@pytest.mark.parametrize("place", ["pipe", "file"])
def test_csv_has_texts_as_they_are_and_objects_as_json(tricky: Path, tmp_path: Path, place: str) -> None:
    target = tmp_path / "out.csv"
    if place == "pipe":
        target.write_bytes(run("export", tricky, "--format", "csv").stdout)
    else:
        assert main(["export", str(tricky), "--format", "csv", "-o", str(target)]) == 0
    with target.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["user_id"] == TRICKY
    assert json.loads(row["parameters"]) == {"text": TRICKY}


@pytest.mark.parametrize("form", [*LINES, "csv"])
def test_a_terminal_gets_no_character_that_acts_on_it_and_json_stays_json(tricky: Path, form: str) -> None:
    shown = on_terminal("export", tricky, "--format", form)
    assert "M\u00fcller" in shown
    assert "ad\u200dmin" not in shown  # the joiner between two emojis belongs to them
    assert not set(shown) & set("\x1b\x85\u00ad\u202e\x7f\U000e0041")
    if form == "csv":
        (row,) = csv.DictReader(io.StringIO(shown))
        assert json.loads(row["parameters"]) == {"text": TRICKY}
    else:
        assert json.loads(shown)


def on_terminal(*args: object) -> str:
    """What a command prints where its standard output is a terminal."""
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "agent_audit.cli.main", *map(str, args)]
    environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(command, stdout=inner, stderr=subprocess.DEVNULL, env=environ) as process:
        os.close(inner)
        found = b""
        with contextlib.suppress(OSError):  # how the end of a terminal is told
            while data := os.read(outer, 65536):
                found += data
    os.close(outer)
    assert process.returncode == 0
    return found.decode().replace("\r\n", "\n")


def test_csv_has_a_header_and_a_row_for_each_event(log: Path, capsys: Captured) -> None:
    rows = list(csv.DictReader(io.StringIO(export(capsys, log, "--format", "csv"))))
    assert [row["event_type"] for row in rows] == ["tool.call", "tool.response", "data.access"]
    assert (rows[2]["user_id"], rows[2]["resource"]) == ("ü", "db/1")


def test_parquet_has_the_analyzers_columns_and_is_not_for_the_terminal(
    log: Path, tmp_path: Path, capsys: Captured
) -> None:
    export(capsys, log, "--format", "parquet", "-o", tmp_path / "e.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "e.parquet")  # type: ignore[no-untyped-call]
    assert table.column("event_type").to_pylist() == ["tool.call", "tool.response", "data.access"]
    assert table.column("duration_ms").to_pylist() == [None, 5.0, None]
    assert main(["export", str(log), "--format", "parquet"]) == 2
    assert "-o FILE" in capsys.readouterr().err


@pytest.mark.parametrize("form", [*LINES, "csv", "parquet"])
def test_filters_choose_what_is_exported(log: Path, form: str, tmp_path: Path, capsys: Captured) -> None:
    export(capsys, log, "--format", form, "--agent", "b", "-o", tmp_path / "out")
    if form == "parquet":
        count = pyarrow.parquet.read_table(tmp_path / "out").num_rows  # type: ignore[no-untyped-call]
    else:
        count = len((tmp_path / "out").read_text().splitlines()) - (form == "csv")
    assert count == 1


def test_parquet_ends_at_the_moment_that_was_named_in_another_time_zone(
    log: Path, tmp_path: Path, capsys: Captured
) -> None:
    export(capsys, log, "--format", "parquet", "--until", "2026-03-01T17:30:06+05:30", "-o", tmp_path / "out")
    assert pyarrow.parquet.read_table(tmp_path / "out").num_rows == 2  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("form", [*LINES, "csv", "parquet"])
def test_lines_that_are_no_events_are_named_and_the_others_exported(
    form: str, tmp_path: Path, capsys: Captured
) -> None:
    good = [numbered(seq, event("error", error="x")) for seq in range(2)]
    source = tmp_path / "given.jsonl"
    source.write_bytes(good[0] + b"not json\n" + b'{"no":"event"}\n' + b"\n" + good[1])
    export(capsys, "--format", form, "--from", source, "-o", tmp_path / "out", code=INCOMPLETE)
    export(capsys, "--format", "json", "--from", source, "-o", tmp_path / "lines", code=INCOMPLETE)
    assert (tmp_path / "lines").read_bytes() == b"".join(good)
    if form == "parquet":
        assert pyarrow.parquet.read_table(tmp_path / "out").num_rows == 2  # type: ignore[no-untyped-call]


def test_a_bad_line_is_said_with_its_place(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "given.jsonl").write_bytes(b"\nnot json\n")
    assert main(["export", "--format", "ocsf", "--from", str(tmp_path / "given.jsonl")]) == INCOMPLETE
    assert "given.jsonl:2: not JSON" in capsys.readouterr().err


def test_an_output_file_is_there_as_a_whole_or_as_it_was(log: Path, tmp_path: Path, capsys: Captured) -> None:
    target = tmp_path / "out"
    target.write_text("before")
    assert main(["export", "--format", "json", "--from", str(tmp_path / "missing"), "-o", str(target)]) == 2
    assert "missing" in capsys.readouterr().err
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []
    assert main(["export", str(log), "--format", "json", "-o", str(tmp_path / "no" / "dir")]) == 2


@pytest.mark.parametrize("source", [["--from", "missing.jsonl"], ["no-such-log"]])
@pytest.mark.parametrize("form", [*LINES, "csv"])
def test_nothing_is_written_of_what_is_not_there(form: str, source: list[str], capsys: Captured) -> None:
    assert main(["export", "--format", form, *source]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert source[-1] in said.err


def test_a_file_to_read_beside_a_log_is_refused(log: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "given.jsonl").touch()
    assert main(["export", str(log), "--format", "csv", "--from", str(tmp_path / "given.jsonl")]) == 2
    assert "name only one" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--since", "1h"], ["--agent", "a"], ["-o", "x"], ["--from", "x"]])
def test_static_files_are_of_the_whole_log_and_anything_less_is_refused(
    log: Path, tmp_path: Path, option: list[str], capsys: Captured
) -> None:
    assert main(["export", str(log), "--tlog", str(tmp_path / "tlog"), *option]) == 2
    assert "--tlog takes the whole log" in capsys.readouterr().err
    assert not (tmp_path / "tlog").exists()


def test_an_exported_file_is_its_owners_alone(log: Path, tmp_path: Path, capsys: Captured) -> None:
    export(capsys, log, "--format", "csv", "-o", tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_lines_go_through_a_pipe_while_more_are_to_come() -> None:
    """Reads the first events' output while standard input is still open: nothing waits for the end."""
    command = [sys.executable, "-m", "agent_audit.cli.main", "export", "--format", "cloudevents", "--from", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(b"".join(numbered(seq, event("error")) for seq in range(200)))
            process.stdin.flush()
            first = json.loads(process.stdout.readline())
            assert first["data"]["seq"] == 0
            process.stdin.close()
            assert len(process.stdout.readlines()) == 199
        finally:
            process.kill()
