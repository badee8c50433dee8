from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.analysis import AuditAnalyzer, Result
from agent_audit.analysis.document import Document, Table, show_cell
from agent_audit.analysis.printable import printable, printable_json
from agent_audit.errors import ConfigurationError
from agent_audit.report import FORMATS, reporter
from agent_audit.report.csv import csv_cell
from tests.analysis.logs import event

ATTACK = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\r\nnew line\x00"


class _Fake(Result):
    text: str = ATTACK

    def document(self) -> Document:
        moment = datetime(2026, 3, 1, tzinfo=timezone.utc)
        rows = ((self.text, 3, None, moment, 1.5),)
        return Document(self.text, (self.text,), (Table("T", ("text", "n", "none", "when", "x"), rows, self.text),))


@pytest.mark.parametrize("name", FORMATS)
def test_control_characters_of_recorded_text_never_reach_the_output(name: str) -> None:
    text = reporter(name).render(_Fake())
    assert not set(text) & set("\x1b\x07\x9b\u202e\r\x00")


def test_colour_is_the_only_escape_sequence_in_a_coloured_table() -> None:
    text = reporter("table", color=True, width=80).render(_Fake())
    assert "\x1b[1m" in text
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text


def test_a_row_that_a_narrow_screen_has_no_room_for_is_a_line_for_each_column() -> None:
    narrow = reporter("table", width=30).render(_Fake(text="agent"))
    assert "\nwhen  2026-03-01 00:00:00.000Z\n" in narrow
    assert max(map(len, narrow.splitlines())) <= 30
    assert " text    n   none   when " in reporter("table", width=80).render(_Fake(text="agent"))


def test_rich_markup_in_recorded_text_is_text() -> None:
    assert "[red]hi[/red] :smile:" in reporter("table").render(_Fake(text="[red]hi[/red] :smile:"))


@pytest.mark.parametrize("width", [20, 80])
def test_a_narrow_terminal_loses_nothing(width: int) -> None:
    text = reporter("table", width=width).render(_Fake(text="x" * 100))
    assert text.count("x") >= 400
    assert max(map(len, text.split("\n"))) <= width


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.0, "0.00"), (0.00041237, "0.00041"), (0.0099, "0.0099"), (0.01, "0.01"), (1234.5, "1,234.50")],
)
def test_what_little_costs_is_not_shown_as_nothing(number: float, shown: str) -> None:
    assert show_cell(number) == shown


def test_a_table_that_is_not_for_a_screen_is_not_wrapped() -> None:
    assert "x" * 300 in reporter("table").render(_Fake(text="x" * 300))


def test_one_table_becomes_the_csv_table_itself() -> None:
    rows = list(csv.reader(io.StringIO(reporter("csv").render(_Fake(text='a,b"c')))))
    assert rows == [["text", "n", "none", "when", "x"], ['a,b"c', "3", "", "2026-03-01T00:00:00Z", "1.5"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_spreadsheet_does_not_run_recorded_text(text: str) -> None:
    rows = list(csv.reader(io.StringIO(reporter("csv").render(_Fake(text=text)))))
    assert rows[1][0] == "'" + text


@pytest.mark.parametrize("text", ["\t=1+1", "\r=1+1", "\n@SUM(A1)"])
def test_nor_does_it_where_the_formula_stands_behind_white_space(text: str) -> None:
    assert csv_cell(text, raw=True) == "'" + text


def test_several_tables_become_one_csv_row_per_value() -> None:
    with AuditAnalyzer([event("tool.call", action="x")]) as analyzer:
        rows = list(csv.reader(io.StringIO(reporter("csv").render(analyzer.get_agent_activity()))))
    assert rows[0] == ["table", "row", "column", "value"]
    assert ["Actions", "1", "action", "x"] in rows


@pytest.mark.parametrize("name", FORMATS)
def test_every_result_renders_in_every_format(name: str) -> None:
    with AuditAnalyzer([event("permission.denied", at=i, error=ATTACK) for i in range(6)]) as analyzer:
        results = [
            analyzer.get_agent_activity(),
            analyzer.detect_anomalies(),
            analyzer.generate_compliance_report(),
        ]
    for result in results:
        text = reporter(name).render(result)
        assert text.endswith("\n")
        assert "\x1b" not in text
        if name == "json":
            assert type(result).model_validate_json(text) == result


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="table, json, csv"):
        reporter("xml")


@given(st.text())
def test_escaped_json_is_another_spelling_of_the_same_value(text: str) -> None:
    dumped = json.dumps({text: text}, ensure_ascii=False)
    assert json.loads(printable_json(dumped)) == {text: text}


@pytest.mark.parametrize(
    "text",
    [
        "👨\u200d👩\u200d👧",
        "🏳\ufe0f\u200d🌈",
        "👩🏽\u200d💻",
        "🧑\u200d✈\ufe0f",
        "1\ufe0f\u20e3",
        "葛\U000e0100城市",
        "می\u200cخواهم",
        "क्\u200dष",
        "ക്\u200cഷ",
    ],
)
def test_what_a_script_or_an_emoji_needs_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "ad\u200dmin",
        "ad\u200cmin",
        "\u200dadmin",
        "admin\u200d",
        "admin\ufe0f",
        "葛\U000e0100\U000e0101",
        "😀\ufe0f\ufe0e",
        "a\u3164b",
        "a\u034fb",
        "a\u206ab",
        "x\U000e0041",
        "می\u200bخواهم",
    ],
)
def test_what_shows_nothing_and_is_not_needed_there_is_an_escape(text: str) -> None:
    assert "\\u" in printable(text).lower()


@given(st.text())
def test_printable_text_has_no_control_character(text: str) -> None:
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in printable(text))
