from __future__ import annotations

import csv
import io
import json
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
