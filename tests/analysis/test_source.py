from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.complaints import pruning_told
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.memory import MemoryAuditBackend
from agent_audit.errors import ConfigurationError, FormatError, LogNotFoundError, StorageError
from agent_audit.event import AuditEvent

from .logs import NOON, event, numbered, write_log
from .strategies import logs

PAYLOADS: list[Any] = [None, {"q": "é\u0000\u001b", "n": [1, 2.5, None]}, "text", [1], 7, {"": {}}]


def _rows(analyzer: AuditAnalyzer) -> list[dict[str, Any]]:
    return analyzer.events.order_by("seq").to_pyarrow().to_pylist()


def _many(count: int) -> list[AuditEvent]:
    return [
        event("tool.call", at=i, span_id=f"s{i}", parameters=PAYLOADS[i % 6], result=PAYLOADS[(i + 1) % 6])
        for i in range(count)
    ]


def test_every_field_comes_back_as_it_was_written_from_sealed_and_active_segments(tmp_path: Path) -> None:
    written = _many(600)
    with AuditAnalyzer(write_log(tmp_path / "log", written)) as analyzer:
        rows = _rows(analyzer)
    assert [row["event_id"] for row in rows] == [found.event_id for found in written]
    assert [row["timestamp"].astimezone(timezone.utc) for row in rows] == [found.timestamp for found in written]
    for row, found in zip(rows, written, strict=True):
        for name in ("parameters", "result"):
            assert (row[name] and orjson.loads(row[name])) == getattr(found, name)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=logs(most=20))
def test_a_directory_and_the_same_events_in_memory_give_the_same_relation(
    tmp_path_factory: pytest.TempPathFactory, found: list[AuditEvent]
) -> None:
    root = write_log(tmp_path_factory.mktemp("log") / "log", found, per_segment=5)
    # Segments start at multiples of 256 in real logs; here the name is all that counts.
    with AuditAnalyzer(root) as from_files, AuditAnalyzer(found) as from_memory:
        in_memory = [{**row, "log": str(root)} for row in _rows(from_memory)]
        assert _rows(from_files) == in_memory
        assert from_files.bad_lines == ()


def test_a_backend_can_be_analysed() -> None:
    backend = MemoryAuditBackend()
    backend.append([event("tool.call", span_id="s").to_json().encode()])
    with AuditAnalyzer(backend) as analyzer:
        assert analyzer.get_agent_activity().total_events == 1


@pytest.mark.parametrize(
    "bad",
    [
        b"not json\n",
        b"null\n",
        b"[]\n",
        b"\n",
        b'{"seq":1}\n',
        b'{"seq":1,"event_id":"x","timestamp":"yesterday","event_type":"tool.call"}\n',
        b'{"seq":1,"event_id":"x","timestamp":"2026-03-01T12:00:00Z","event_type":"tool.call","action":"\xff"}\n',
        b'{"seq":99999999999999999999,"event_id":"x","timestamp":"2026-03-01T12:00:00Z","event_type":"error"}\n',
        b"\x00\x00\x00\n",
        b'{"seq":1,"event_id":"x","timestamp":"12026-03-01T12:00:00Z","event_type":"error"}\n',
        b'{"seq":1,"event_id":"x","timestamp":"0001-01-01T00:00:00+02:00","event_type":"error"}\n',
        b'{"seq":1,"event_id":"x","timestamp":"2026-03-01T12:00:00Z","event_type":"error","duration_ms":-1}\n',
    ],
)
@pytest.mark.parametrize("segment", [0, 256])
def test_a_bad_line_is_named_and_the_lines_around_it_count(tmp_path: Path, bad: bytes, segment: int) -> None:
    path = Layout(write_log(tmp_path / "log", _many(300))).segment(segment)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], bad, *lines[2:]]))
    with AuditAnalyzer(tmp_path / "log") as analyzer:
        assert analyzer.get_agent_activity().total_events == 299
        assert analyzer.events.count().to_pyarrow().as_py() == 299
        (line,) = analyzer.bad_lines
    assert (line.path, line.number) == (path, 2)
    assert str(line).startswith(f"{path}:2: ")


def test_a_line_that_is_still_being_written_is_not_counted_and_not_bad(tmp_path: Path) -> None:
    path = Layout(write_log(tmp_path / "log", _many(3))).segment(0)
    path.write_bytes(path.read_bytes() + b'{"seq":3,"event')
    with AuditAnalyzer(tmp_path / "log") as analyzer:
        assert analyzer.get_agent_activity().total_events == 3
        assert analyzer.bad_lines == ()


def test_a_sealed_segment_that_was_cut_off_is_a_bad_line(tmp_path: Path) -> None:
    path = Layout(write_log(tmp_path / "log", _many(300))).segment(0)
    path.write_bytes(path.read_bytes()[:-10])
    with AuditAnalyzer(tmp_path / "log") as analyzer:
        assert analyzer.get_agent_activity().total_events == 299
        assert [line.number for line in analyzer.bad_lines] == [256]


def test_removed_and_repeated_lines_are_still_events_and_show_as_gaps(tmp_path: Path) -> None:
    path = Layout(write_log(tmp_path / "log", _many(300))).segment(0)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:10], lines[9], *lines[14:]]))
    with AuditAnalyzer(tmp_path / "log") as analyzer:
        integrity = analyzer.generate_compliance_report().integrity
    assert integrity.missing_seq == 4
    assert integrity.missing_seq_ranges == ((10, 13),)
    assert integrity.repeated_seq == 1
    assert not integrity.sound


def test_types_and_fields_of_newer_versions_are_read(tmp_path: Path) -> None:
    line = b'{"seq":0,"event_id":"x","timestamp":"2026-03-01T12:00:00Z","event_type":"mind.read",'
    line += b'"aura":{"hue":3}}\n'
    layout = Layout(write_log(tmp_path / "log", _many(300)))
    layout.segment(0).write_bytes(line + b"".join(layout.segment(0).read_bytes().splitlines(keepends=True)[1:]))
    with AuditAnalyzer(tmp_path / "log") as analyzer:
        assert analyzer.get_agent_activity().by_type["mind.read"] == 1
        assert analyzer.bad_lines == ()


def test_later_events_are_not_seen_by_an_analyzer_that_is_open(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", _many(3))
    with AuditAnalyzer(root) as analyzer:
        with Layout(root).segment(0).open("ab") as file:
            file.write(numbered(3, event("error")))
        assert analyzer.events.count().to_pyarrow().as_py() == 3
        assert analyzer.get_agent_activity().total_events == 3


def test_an_answer_that_needs_too_much_memory_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_log(tmp_path / "log", [event("tool.call", span_id=f"s{n}" * 20) for n in range(20_000)])
    with AuditAnalyzer(root) as analyzer:
        assert analyzer.get_agent_activity().total_events == 20_000
    monkeypatch.setenv("AGENT_AUDIT_MEMORY_BYTES", "4000000")
    with pytest.raises(ConfigurationError, match=r"more than the 4 MB of memory .* set AGENT_AUDIT_MEMORY_BYTES"):
        AuditAnalyzer(root).sql("SELECT list(event_id || span_id) FROM events")
    monkeypatch.setenv("AGENT_AUDIT_MEMORY_BYTES", "lots")
    with pytest.raises(ConfigurationError, match="AGENT_AUDIT_MEMORY_BYTES is 'lots': a number of bytes"):
        AuditAnalyzer(root)
    monkeypatch.setenv("AGENT_AUDIT_MEMORY_BYTES", "")  # as all settings: not set
    with AuditAnalyzer(root) as analyzer:
        assert analyzer.get_agent_activity().total_events == 20_000


def test_an_answer_whose_events_were_pruned_meanwhile_says_so(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", _many(600))
    layout = Layout(root)
    with AuditAnalyzer(root) as analyzer:
        for path in (*layout.column_files(0), layout.segment(0)):  # as `prune` does
            path.unlink()
        for ask in (
            analyzer.get_agent_activity,
            analyzer.get_sessions,
            lambda: analyzer.sql("FROM events"),
            lambda: analyzer.is_empty,
        ):
            with pytest.raises(StorageError, match=r"pruned, or removed .* read it again"):
                ask()


def test_a_segment_that_is_pruned_while_a_log_is_opened_is_told(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", _many(600))

    def prune(done: int, total: int) -> None:
        Layout(root).segment(256).unlink(missing_ok=True)

    with pytest.raises(StorageError, match=r"of .*log went while it was read: .* read it again"):
        AuditAnalyzer(root, progress=prune)


FORGETTING = """
import sys
from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.complaints import pruning_told
analyzer = AuditAnalyzer(sys.argv[1])
assert analyzer.get_agent_activity().total_events == 300
"""


def test_an_analyzer_that_nobody_closes_leaves_no_copy_of_the_events_behind(tmp_path: Path) -> None:
    root, temporary = write_log(tmp_path / "log", _many(300)), tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-c", FORGETTING, str(root)], env=environment, check=True, timeout=200)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["it's", "a[b]", "a*"])
def test_a_folder_for_temporary_files_that_duckdb_cannot_read_is_refused_with_what_to_do(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / name
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(ConfigurationError, match="set TMPDIR to another folder"):
        AuditAnalyzer([])
    assert list(temporary.iterdir()) == []


def test_an_analyzer_that_was_closed_says_so_and_may_be_closed_again() -> None:
    analyzer = AuditAnalyzer([])
    analyzer.close()
    analyzer.close()
    for ask in (analyzer.get_sessions, analyzer.generate_compliance_report, lambda: analyzer.sql("SELECT 1")):
        with pytest.raises(ConfigurationError, match="this AuditAnalyzer was closed; make a new one to go on"):
            ask()
    assert (analyzer.bad_lines, analyzer.bad_line_count) == ((), 0)  # they were counted when it was opened


@pytest.mark.parametrize("name", ["a'b", "a[b]c", "a*b", "a b", "ä"])
def test_a_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "abc").mkdir()
    with AuditAnalyzer(write_log(tmp_path / name, _many(300))) as analyzer:
        assert analyzer.events.count().to_pyarrow().as_py() == 300


def test_a_missing_log_is_an_error_that_names_the_directory(tmp_path: Path) -> None:
    with pytest.raises(LogNotFoundError, match="nowhere"):
        AuditAnalyzer(tmp_path / "nowhere")


def test_a_log_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [])
    Layout(root).header.write_bytes(b'{"format":99,"origin":"x"}\n')
    with pytest.raises(FormatError, match="upgrade"):
        AuditAnalyzer(root)


def test_an_empty_log_gives_empty_results(tmp_path: Path) -> None:
    with AuditAnalyzer(write_log(tmp_path / "log", [])) as analyzer:
        activity = analyzer.get_agent_activity()
        assert (activity.total_events, activity.errors, activity.duration.p95_ms) == (0, 0, None)
        assert analyzer.detect_anomalies().findings == ()
        report = analyzer.generate_compliance_report()
        assert (report.total_events, report.oldest_event) == (0, None)
        assert analyzer.is_empty


def test_the_period_includes_its_start_and_excludes_its_end(tmp_path: Path) -> None:
    found = [event("error", at=at) for at in (0, 1, 2)]
    with AuditAnalyzer(found) as analyzer:
        one = analyzer.get_agent_activity(start=found[1].timestamp, end=found[2].timestamp)
    assert one.total_events == 1
    assert one.first_event == found[1].timestamp


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=3, minutes=30))])
def test_a_period_is_the_same_in_every_time_zone(zone: timezone) -> None:
    with AuditAnalyzer([event("error", at=at) for at in (-3600, 0, 3600)]) as analyzer:
        start, end = NOON.astimezone(zone), (NOON + timedelta(seconds=1)).astimezone(zone)
        one = analyzer.get_agent_activity(start=start, end=end)
    assert (one.total_events, one.first_event) == (1, NOON)


def test_a_moment_that_no_time_in_utc_is_equal_to_is_refused() -> None:
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
    with AuditAnalyzer([]) as analyzer, pytest.raises(ConfigurationError, match="years 1 to 9999"):
        analyzer.get_agent_activity(start=first)


def test_a_period_that_ends_before_it_begins_is_refused_and_not_found_to_be_fine() -> None:
    with AuditAnalyzer([event("error")]) as analyzer, pytest.raises(ConfigurationError, match="before it begins"):
        analyzer.detect_anomalies(start=NOON, end=NOON - timedelta(seconds=1))


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with AuditAnalyzer([]) as analyzer, pytest.raises(ConfigurationError, match="time zone"):
        analyzer.get_agent_activity(start=NOON.replace(tzinfo=None))


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'agent-audit-log\[analysis\]'"):
        AuditAnalyzer([])


def test_a_file_that_fails_under_a_question_is_named_and_no_bug(tmp_path: Path) -> None:
    path = tmp_path / "gone.parquet"
    with pytest.raises(StorageError, match=f"a file cannot be read or written: .*{path}"), pruning_told(lambda: None):
        duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
