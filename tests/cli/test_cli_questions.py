from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_audit.cli.main import main
from tests.analysis.logs import event, operation, write_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    tokens = {"model": "m-1", "input_tokens": 1_000_000, "output_tokens": 500_000}
    events = operation("tool.call", "tool.response", "t", action="tool.x", session_id="chat", duration_ms=5.0)
    events += operation("llm.request", "llm.response", "m", at=1, session_id="chat", metadata=tokens)
    events += operation("tool.call", "tool.response", "f", at=2, action="tool.y", outcome="failure", error="no 7")
    events += [event("permission.check", at=3, call_id="c"), event("action.denied", at=5, call_id="c")]
    events += [event("data.access", at=6, resource="db/1", user_id="u")]
    return write_log(tmp_path / "logs" / "one", events)


def asked(capsys: pytest.CaptureFixture[str], *args: object) -> dict[str, object]:
    assert main([*map(str, args), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_every_question_has_its_command(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (session,) = asked(capsys, "sessions", log)["sessions"]  # type: ignore[misc]
    assert (session["session_id"], session["events"], session["tool_calls"]) == ("chat", 4, 1)  # type: ignore[index]
    assert [step["kind"] for step in asked(capsys, "timeline", "chat", log)["steps"]] == ["tool", "llm"]  # type: ignore[attr-defined,index]
    assert [tool["failed"] for tool in asked(capsys, "tools", log)["tools"]] == [0, 1]  # type: ignore[attr-defined,index]
    assert asked(capsys, "models", log)["models"][0]["output_tokens"] == 500_000  # type: ignore[index]
    assert asked(capsys, "cost", log, "--price", "m-1=2,10")["cost"] == 7.0
    assert asked(capsys, "data", log)["uses"][0]["resource"] == "db/1"  # type: ignore[index]
    assert asked(capsys, "decisions", log)["median_wait_seconds"] == 2.0
    assert asked(capsys, "failures", log)["groups"][0]["cause"] == "no <n>"  # type: ignore[index]
    assert asked(capsys, "sql", "SELECT count(*) FROM events", log)["rows"] == [[9]]


def test_a_pattern_names_many_logs(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_log(log.parent / "two", [event("error")])
    assert asked(capsys, "activity", log.parent / "*")["total_events"] == 10


def test_a_condition_chooses_events(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "activity", log, "--where", "duration_ms > 1 OR resource LIKE 'db/%'")["total_events"] == 2


@pytest.mark.parametrize(
    "where",
    [
        *("nonsense = 1", "1 = 1) UNION (SELECT 2", "seq IN (SELECT 1)", "1; DROP TABLE x", "action"),
        *("duration_ms > '1s'", "event_type = 'x' AND duration_ms > '1s'", "metadata.model = 'gpt-5'"),
        "CAST(action AS INTEGER) > 3",
    ],
)
def test_what_is_no_condition_is_refused_with_a_word(log: Path, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["activity", str(log), "--where", where]) == 2
    assert "condition" in capsys.readouterr().err


@pytest.mark.parametrize(
    "query",
    [
        "DROP VIEW events",
        "SELECT 1; SELECT 2",
        "COPY events TO '/tmp/stolen'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT nonsense FROM events",
        "SELEC",
        "/* \u00e9 */ -- é\n PRAGMA table_info('events')",
    ],
)
def test_sql_can_only_read_the_log(log: Path, query: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", query, str(log)]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("query", ["DESCRIBE events", "SUMMARIZE events", "-- é\n(SELECT 'PRAGMA')", "FROM events"])
def test_sql_takes_what_only_asks(log: Path, query: str) -> None:
    assert main(["sql", query, str(log)]) == 0


@pytest.mark.parametrize(
    ("value", "shown", "written"),
    [
        ("'12:00'::TIME", "12:00:00", "12:00:00"),
        ("'2020-03-01'::DATE", "2020-03-01", "2020-03-01"),
        ("'2020-03-01 00:00:00.123456789'::TIMESTAMP_NS", "2020-03-01 00:00:00.123Z", "2020-03-01T00:00:00.123456Z"),
        ("'\\xFF'::BLOB", "b'\\xff'", "ff"),
    ],
)
def test_sql_shows_values_of_every_kind(
    log: Path, value: str, shown: str, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sql", f"SELECT {value}", str(log)]) == 0
    assert shown in capsys.readouterr().out
    assert asked(capsys, "sql", f"SELECT {value}", log)["rows"] == [[written]]


@pytest.mark.parametrize("value", ["'290000-01-01'::DATE", "'infinity'::TIMESTAMPTZ", "['0044-03-15 (BC)'::DATE]"])
def test_sql_says_so_where_a_value_has_no_form(log: Path, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", f"SELECT {value}", str(log)]) == 2
    assert "ask for it as text: CAST(" in capsys.readouterr().err


def test_a_condition_that_breaks_off_is_told_with_the_place(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["activity", str(log), "--where", "duration_ms >"]) == 2
    said = capsys.readouterr().err
    assert "'duration_ms >' is no SQL condition: it is not understood at '>', character 13" in said
    assert "sqlglot" not in said


def test_columns_are_made_ahead_and_a_session_that_is_not_there_is_said(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["columns", str(log)]) == 0
    assert "columns of 0 sealed segments" in capsys.readouterr().err
    assert main(["timeline", "nobody", str(log)]) == 2
    assert "no session nobody" in capsys.readouterr().err
    (session, *_) = json.loads(_out(capsys, "sessions", str(log)))["sessions"]
    assert main(["timeline", session["session_id"], str(log), "--limit", "0"]) == 0
    assert "no session" not in capsys.readouterr().err


def test_columns_that_cannot_be_made_are_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_log(tmp_path / "log", [event("error", at=number) for number in range(600)])
    (root / "columns").write_text("in the way of the folder")
    assert main(["columns", str(root)]) == 2
    said = capsys.readouterr().err
    assert "columns of 0 sealed segments" in said
    assert f"{root / 'columns'} cannot be written to, or its disk is full: every analysis will read 2 segments" in said
    (root / "columns").unlink()
    assert main(["columns", str(root)]) == 0
    assert "columns of 2 sealed segments" in capsys.readouterr().err


def test_a_list_of_rules_is_to_be_read_and_whole_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anomalies", "--rules"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) < 400
    (injected,) = [
        rule for rule in json.loads(_out(capsys, "anomalies", "--rules"))["rules"] if "injected" in rule["id"]
    ]
    assert len(injected["parameters"]["instruction"]) > 1000


def test_only_the_rules_that_are_named_are_looked_for(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--only", "long-silence", "--only", "denials", "--only", "long-silence"]
    found = json.loads(_out(capsys, "anomalies", str(log), *named))
    assert found["rules"] == ["long-silence", "denials"]
    listed = json.loads(_out(capsys, "anomalies", "--rules", "--only", "denials"))["rules"]
    assert [rule["id"] for rule in listed] == ["denials"]
    assert main(["anomalies", str(log), "--only", "denial"]) == 2
    said = capsys.readouterr().err
    assert "no rule 'denial'; there are: " in said
    assert "denials" in said


def _out(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main([*command, "--format", "json"]) == 0
    return capsys.readouterr().out
