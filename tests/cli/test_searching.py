from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from agent_audit.analysis import AuditAnalyzer
from agent_audit.backends.file.layout import Layout
from agent_audit.cli.main import main
from agent_audit.cli.searching import find_event
from agent_audit.event import AuditEvent
from tests.analysis.logs import NOON, event, write_log

_HOOK = """
import sys
opened = []
sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == "open" else None)
from agent_audit.cli.main import main
code = main(sys.argv[1:])
print(len({path for path in opened if path.endswith(".jsonl")}), code)
"""
SEGMENTS = 20


def uuid7(at: int, number: int = 0) -> str:
    """An id of the millisecond `at`."""
    digits = f"{at:012x}7000{0x8000000000000000 + number:016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Twenty segments of sixteen events, a minute apart, whose ids tell their time."""
    events = [
        AuditEvent(event_type="tool.call", event_id=uuid7(at), agent_id="a", timestamp=NOON + timedelta(minutes=at))
        for at in range(SEGMENTS * 16)
    ]
    return write_log(tmp_path / "log", events, per_segment=16)


def answered(log: Path, *command: str) -> tuple[str, int, int]:
    """What a command prints, how many segments it opens, and its exit code; in a process that sees files opened."""
    done = subprocess.run(
        [sys.executable, "-c", _HOOK, *command, "--dir", str(log), "--format", "json"],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    text, _, last = done.stdout.rstrip().rpartition("\n")
    count, code = last.split()
    return text, int(count), int(code)


def opened(log: Path, wanted: str) -> tuple[int, int]:
    """How many segments `show` opens, and its exit code."""
    text, count, code = answered(log, "show", wanted)
    assert code != 0 or f'"event_id": "{wanted}"' in text
    return count, code


PERIOD = [
    "--since",
    f"{NOON + timedelta(minutes=40):%Y-%m-%dT%H:%MZ}",
    "--until",
    f"{NOON + timedelta(minutes=65):%FT%RZ}",
]


@pytest.mark.parametrize("command", [["export"], ["tail", "-n", "900"]])
def test_a_period_is_read_from_the_segments_of_its_time_where_there_are_columns_with_the_same_answer(
    log: Path, command: list[str]
) -> None:
    text, *rest = answered(log, *command, *PERIOD)
    assert (len(text.splitlines()), rest) == (25, [SEGMENTS, 0])
    AuditAnalyzer(log).close()
    make_old(log)
    assert answered(log, *command, *PERIOD) == (text, 4, 0)  # 32-47, 48-63, 64-79, and the active one


def test_a_line_that_is_no_event_is_named_whatever_the_period_for_nobody_knows_when_it_was(log: Path) -> None:
    segment = Layout(log).segment(0)
    segment.write_bytes(segment.read_bytes().replace(b'"event_id"', b'"event_xx"', 1))
    AuditAnalyzer(log).close()
    make_old(log)
    text, count, code = answered(log, "export", *PERIOD)
    assert (len(text.splitlines()), count, code) == (25, 5, 4)


@pytest.mark.parametrize("command", [["show", "3"], ["prove", "3"], ["finding", "acknowledge", "x/3"]])
def test_commands_about_one_thing_take_the_log_behind_it_as_others_do(
    log: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--by", "ann", "--reason", "x"] if command[0] == "finding" else []
    answers = []
    for named in ([str(log)], ["--dir", str(log)]):
        code = main([*command, *named, *more])
        answers.append((code, *capsys.readouterr()))
    assert answers[0] == answers[1]


def test_with_columns_an_event_is_looked_for_only_in_segments_that_can_hold_its_id(log: Path) -> None:
    """One sealed segment, and the active one, which has no columns."""
    AuditAnalyzer(log).close()
    make_old(log)
    for at in (0, 100, SEGMENTS * 16 - 17):
        count, code = opened(log, uuid7(at))
        assert (code, count) == (0, 2)
    assert opened(log, uuid7(5, number=9)) == (2, 2)


def test_without_columns_the_segment_of_the_ids_time_comes_first_and_all_are_searched_before_saying_no(
    log: Path,
) -> None:
    told: list[tuple[int, int]] = []
    found = find_event(Layout(log), uuid7(100), lambda done, total: told.append((done, total)))
    assert found is not None
    assert (found.seq, found.number) == (100, 5)
    assert told == [(0, SEGMENTS)]
    told.clear()
    assert find_event(Layout(log), uuid7(100, number=9), lambda done, total: told.append((done, total))) is None
    assert told == [(done, SEGMENTS) for done in range(SEGMENTS)]


def test_an_event_recorded_out_of_the_order_of_ids_is_found_with_and_without_columns(tmp_path: Path) -> None:
    """An event that waited is recorded long after its time."""
    ids = [uuid7(at) for at in range(64)]
    ids[3], ids[60] = ids[60], ids[3]
    found = [event("error", event_id=one) for one in ids]
    log = write_log(tmp_path / "log", found, per_segment=16)
    for _ in range(2):
        line = find_event(Layout(log), uuid7(3), lambda done, total: None)
        assert line is not None
        assert line.seq == 60
        AuditAnalyzer(log).close()
        make_old(log)


@pytest.mark.parametrize("command", [["tail", "-n", "900"], ["show", "3"], ["show", "an-id"], ["prove", "an-id"]])
def test_events_that_are_pruned_while_they_are_looked_for_are_not_said_to_be_unreadable(
    log: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = Layout.segment_starts

    def pruned_behind_it(layout: Layout) -> list[int]:
        found = starts(layout)
        layout.segment(found[0]).unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Layout, "segment_starts", pruned_behind_it)
    assert main([*command, "--dir", str(log)]) == 2
    assert f"events of {log} went while it was read" in capsys.readouterr().err


def test_columns_that_no_longer_belong_to_their_segment_do_not_hide_an_event(log: Path) -> None:
    AuditAnalyzer(log).close()
    make_old(log)
    path = Layout(log).segment(0)
    path.write_bytes(path.read_bytes().replace(uuid7(3).encode(), uuid7(3, number=77).encode()))
    line = find_event(Layout(log), uuid7(3, number=77), lambda done, total: None)
    assert line is not None
    assert json.loads(line.data)["seq"] == 3


def test_an_id_that_other_events_only_mention_is_not_taken_for_theirs(tmp_path: Path) -> None:
    events = [event("error", event_id=uuid7(1), metadata={"cause": uuid7(2)}), event("error", event_id=uuid7(2))]
    line = find_event(Layout(write_log(tmp_path / "log", events)), uuid7(2), lambda done, total: None)
    assert line is not None
    assert line.seq == 1


def make_old(log: Path) -> None:
    """As if the segments had been written long before their columns were made: only then do times decide."""
    layout = Layout(log)
    for start in layout.segment_starts()[:-1]:
        card = layout.column_files(start)[1]
        found = json.loads(card.read_bytes())
        found["segment"]["looked_ns"] += 3_600_000_000_000
        card.write_text(json.dumps(found))
