from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent_audit.backends.file.layout import Layout
from agent_audit.cli.main import main
from tests.analysis.logs import event, numbered, operation, write_log

from .running import COMMAND, run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Thirty good calls of agent a, one of them open, and one failure of agent b."""
    events = [e for i in range(30) for e in operation("tool.call", "tool.response", f"s{i}", at=i * 5, action="tool.x")]
    events += operation("tool.call", "tool.response", "f", at=200, agent_id="b", outcome="failure", error="no \x1b[31m")
    events += [event("tool.call", at=300, span_id="open", action="tool.y", session_id="chat")]
    return write_log(tmp_path / "log", events, per_segment=40)


def break_line(log: Path, number: int = 3) -> Path:
    path = Layout(log).segment(0)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number - 1] = b'{"broken\x1b[31m": \n'
    path.write_bytes(b"".join(lines))
    return path


def test_ctrl_c_ends_a_command_that_is_still_being_loaded_without_a_word() -> None:
    code = (
        "import os, signal, sys\n"
        "class Loading:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'agent_audit.cli.tail': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Loading())\n"
        "from agent_audit.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "schema"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_a_terminal_without_unicode_shows_tables_in_ascii(log: Path, encoding: str) -> None:
    theirs, ours = pty.openpty()
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    command = [*COMMAND, "activity", str(log)]
    with subprocess.Popen(command, stdout=ours, stderr=subprocess.PIPE, env=environment) as process:
        os.close(ours)
        shown = b"".join(iter(lambda: read_until_closed(theirs), b"")).decode(encoding)
        assert process.wait() == 0
    os.close(theirs)
    assert "-----" in shown
    assert "u2500" not in shown


def read_until_closed(terminal: int) -> bytes:
    """Some bytes that were written to a terminal; none when it is closed at the other end."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


@pytest.mark.parametrize(
    "command", [["tail", "-n", "1"], ["sql", "SELECT 1", "--format", "json"], ["timeline", "chat", "--format", "csv"]]
)
def test_a_log_may_be_named_behind_the_options(log: Path, command: list[str]) -> None:
    assert run(*command, log).returncode == 0
    refused = run(*command, "--nope", log)
    assert refused.returncode == 2
    assert "unrecognized arguments: --nope" in refused.stderr


def test_a_log_that_is_named_twice_is_one_too_many(log: Path) -> None:
    refused = run("tail", log, "-n", "1", log)
    assert refused.returncode == 2
    assert refused.stderr.endswith(f"unrecognized arguments: {log}\n")


# -- the analysing commands --------------------------------------------------------------------------------


def test_activity_prints_data_on_stdout_and_the_log_it_reads_on_stderr(log: Path) -> None:
    done = run("activity", log)
    assert done.returncode == 0
    assert done.stdout.startswith("Activity of all agents, the whole log\n")
    assert done.stderr == f"agent-audit-log: reading {log}\n"


def test_activity_of_one_agent_as_json(log: Path) -> None:
    done = run("activity", "--dir", log, "--agent", "b", "--format", "json")
    found = json.loads(done.stdout)
    assert (found["total_events"], found["errors"]) == (2, 1)


def test_anomalies_exit_with_1_when_there_are_some_and_0_when_not(log: Path) -> None:
    assert run("anomalies", log).returncode == 1
    assert run("anomalies", log, "--agent", "b").returncode == 0


def test_anomalies_as_csv_has_a_row_per_finding(log: Path) -> None:
    header, *rows = csv.reader(io.StringIO(run("anomalies", log, "--format", "csv").stdout))
    assert header[:3] == ["level", "finding", "agent"]
    assert [row[1] for row in rows] == ["Operations without an outcome"]


def test_compliance_says_first_what_is_missing(log: Path) -> None:
    done = run("compliance", log, "--since", "2026-03-01", "--until", "2026-03-02")
    assert done.returncode == 0
    title, remark, blank, first_table = done.stdout.split("\n")[:4]
    assert title.startswith("Compliance report")
    assert "supports an audit" in remark
    assert (blank, first_table) == ("", "What this log cannot show")


def test_bad_lines_are_named_on_stderr_and_the_exit_code_is_4(log: Path) -> None:
    path = break_line(log)
    done = run("activity", log)
    assert done.returncode == 4
    assert "INCOMPLETE" in done.stdout
    assert f"{path}:3: " in done.stderr
    assert "\x1b" not in done.stderr


def test_a_finding_outweighs_a_bad_line(log: Path) -> None:
    break_line(log)
    assert run("anomalies", log).returncode == 1


def test_without_the_extra_the_message_says_what_to_install(log: Path, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "ibis.py").write_text("raise ImportError('not installed', name='ibis')")
    without = {"PYTHONPATH": str(tmp_path / "without")}
    done = run("activity", log, env=without)
    assert done.returncode == 2
    assert "pip install 'agent-audit-log[analysis]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert run("tail", log, env=without).returncode == 0


@pytest.mark.parametrize("command", ["tail", "activity", "anomalies", "compliance"])
def test_an_empty_log_is_no_error_and_is_said(tmp_path: Path, command: str) -> None:
    done = run(command, write_log(tmp_path / "log", []))
    assert done.returncode == 0
    assert "the log is empty" in done.stderr


# -- tail and show -----------------------------------------------------------------------------------------


def test_tail_prints_the_last_events_across_segments(log: Path) -> None:
    lines = run("tail", log, "-n", "30").stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(33, 63))


def test_tail_of_no_lines_does_not_say_that_there_are_none(log: Path) -> None:
    done = run("tail", log, "-n", "0")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no event" not in done.stderr


def test_tail_filters_before_it_counts(log: Path) -> None:
    lines = run("tail", log, "-n", "2", "--type", "tool.response", "--agent", "a", "--format", "json").stdout
    assert [json.loads(line)["seq"] for line in lines.splitlines()] == [57, 59]


def test_tail_as_json_prints_the_recorded_lines(log: Path) -> None:
    recorded = Layout(log).segment(40).read_bytes().splitlines()[-1].decode()
    assert run("tail", log, "-n", "1", "--format", "json").stdout == recorded + "\n"


def test_tail_as_csv_has_a_header_and_a_column_per_field(log: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("tail", log, "-n", "2", "--format", "csv").stdout)))
    assert [row["seq"] for row in rows] == ["61", "62"]
    assert rows[0]["error"] == "no \\x1b[31m"


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_escape_sequences_of_events_do_not_reach_the_terminal(log: Path, form: str) -> None:
    for command in (("tail", log, "-n", 5), ("show", 61, "--dir", log)):
        done = run(*command, "--format", form)
        assert "no " in done.stdout
        assert "\x1b" not in done.stdout


def test_tail_names_bad_lines_and_goes_on(log: Path) -> None:
    path = break_line(log)
    done = run("tail", log, "-n", "100")
    assert done.returncode == 4
    assert len(done.stdout.splitlines()) == 62
    assert f"skipped {path}:3: " in done.stderr


def test_tail_follows_into_new_lines_and_new_segments_and_ends_quietly_on_ctrl_c(log: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "tail", "-f", "-n", "1", str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "tool.y" in process.stdout.readline()
    with Layout(log).segment(40).open("ab") as file:
        line = numbered(63, event("error", error="half"))
        file.write(line[:20])
        file.flush()
        time.sleep(0.5)
        file.write(line[20:])
    Layout(log).segment(64).write_bytes(numbered(64, event("log.closed")))
    assert process.stdout.readline().split()[0] == "63"
    assert process.stdout.readline().split()[0] == "64"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_show_finds_an_event_by_position_and_by_id(log: Path) -> None:
    by_seq = run("show", "61", "--dir", log)
    event_id = next(line.split()[1] for line in by_seq.stdout.splitlines() if line.startswith("event_id"))
    assert by_seq.returncode == 0
    assert run("show", event_id, "--dir", log).stdout == by_seq.stdout


@pytest.mark.parametrize("wanted", ["63", "99999999999999999999999", "nothing", "", "\udcff"])
def test_show_says_that_there_is_no_such_event(log: Path, wanted: str) -> None:
    done = run("show", wanted, "--dir", log)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no event " + wanted.encode(errors="backslashreplace").decode() in done.stderr


def test_show_of_a_line_that_cannot_be_read_names_it(log: Path) -> None:
    path = break_line(log)
    done = run("show", "2", "--dir", log)
    assert done.returncode == 4
    assert f"{path}:3: " in done.stderr


def test_show_takes_long_payloads_from_their_blobs_and_refuses_changed_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = b'{"long":"payload"}'
    digest = hashlib.sha256(whole).hexdigest()
    found = event("tool.call", parameters={"preview": "{…"}).to_json()
    root = write_log(tmp_path / "log", [])
    layout = Layout(root)
    blob = json.dumps({"sha256": digest, "bytes": 18, "field": "parameters"})
    layout.segment(0).write_text('{"seq":0,"blobs":[' + blob + "]," + found[1:] + "\n")
    layout.blob(digest).parent.mkdir(parents=True)
    layout.blob(digest).write_bytes(whole)
    assert main(["show", "0", "--dir", str(root), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == {"long": "payload"}
    layout.blob(digest).write_bytes(b'{"long":"changed"}')
    assert main(["show", "0", "--dir", str(root), "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["parameters"] == {"preview": "{…"}
    assert "was changed" in said.err


# -- everything else ------------------------------------------------------------------------------------


def test_schema_is_json_schema_of_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "event_type" in schema["properties"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["bogus"],
        ["tail", "-n", "-3"],
        ["tail", "-n", "9" * 30],
        ["failures", "--limit=-1"],
        ["tail", "--type", "tool.cal"],
        ["tail", "--since", "soon"],
        ["show"],
        ["checkpoint", "--timeout", "-1"],
        ["checkpoint", "--timeout", "nan"],
        ["checkpoint", "--timeout", "inf"],
        ["ship", "--to", "file:///x", "--give-up-after", "0"],
        ["verify", "--jobs", "0"],
        ["hold", "--reason", " "],
        ["finding", "dismiss", "denials/1", "--by", "", "--reason", "a test"],
        ["verify", "--examined-by", " "],
    ],
)
def test_wrong_usage_exits_with_2(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["tail"], ["show"], ["activity"], ["anomalies"], ["compliance"], ["schema"]])
def test_help_documents_the_exit_codes(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    assert "exit codes:" in capsys.readouterr().out


def test_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("agent-audit-log ")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("error", error="x" * 200) for _ in range(3000)])
    command = f"{sys.executable} -m agent_audit.cli.main tail -n 3000 {root} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=200, check=True)
    assert done.stdout.splitlines()[-1] == "0"
    assert "Broken" not in done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["tail"], 0),
        (["activity"], 0),
        (["export", "--format", "json"], 0),
        (["anomalies"], 1),
        (["verify", "--json"], 3),
    ],
)
def test_whoever_closes_standard_output_still_gets_the_exit_code(log: Path, command: list[str], code: int) -> None:
    words = shlex.join([*COMMAND, *command, str(log)])
    done = subprocess.run(["sh", "-c", f"{words} >&-"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    assert "internal error" not in done.stderr


def test_a_bug_is_one_line_and_exit_code_70(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("agent_audit.cli.lines.end_of", lambda layout: 1 / 0)
    assert main(["tail", str(log)]) == 70
    assert "internal error: ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(("env", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_is_for_terminals_that_want_it(log: Path, env: dict[str, str], colored: bool) -> None:
    ours, theirs = pty.openpty()
    outer = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    process = subprocess.Popen(
        [*COMMAND, "tail", "-n", "3", str(log)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**outer, "TERM": "xterm", **env},
    )
    os.close(theirs)
    text = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            text += os.read(ours, 4096)
        except OSError:
            break
    process.wait(timeout=200)
    os.close(ours)
    assert (b"\x1b[31m" in text) is colored


def test_tail_and_show_import_neither_ibis_nor_duckdb_nor_rich(log: Path) -> None:
    code = (
        "import sys; from agent_audit.cli.main import main; "
        f"main(['tail', {str(log)!r}]); main(['show', '1', '--dir', {str(log)!r}]); "
        "print([name for name in ('ibis', 'duckdb', 'rich', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
