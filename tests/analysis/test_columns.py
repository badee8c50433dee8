from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_audit.analysis import AuditAnalyzer, freshness
from agent_audit.analysis.columns import Card, known, remove_orphans
from agent_audit.analysis.convert import Converter
from agent_audit.analysis.scope import count
from agent_audit.analysis.source import Log, load_ibis
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.retention import SealedSegment, drop
from agent_audit.event import AuditEvent

from .logs import NOON, event, write_log
from .strategies import logs


def answers(root: Path) -> list[object]:
    """Everything that is asked of a log, and its rows."""
    with AuditAnalyzer(root) as analyzer:
        return [
            analyzer.events.order_by(["seq", "event_id"]).to_pyarrow().to_pylist(),
            analyzer.get_sessions(),
            analyzer.get_timeline("x"),
            analyzer.get_failures(start=NOON + timedelta(seconds=1), end=NOON + timedelta(seconds=2)),
            analyzer.bad_lines,
        ]


def remove(path: Path) -> None:
    path.unlink()


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def swap(path: Path) -> None:
    """With the copy of another segment."""
    for other in sorted(path.parent.glob("*" + path.suffix)):
        if other != path:
            shutil.copy(other, path)


DAMAGE: list[Callable[[Path], None]] = [remove, flip_a_byte, cut, empty, swap]


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=logs(most=20), data=st.data())
def test_answers_are_the_same_with_without_with_stale_and_with_damaged_columns(
    tmp_path_factory: pytest.TempPathFactory, found: list[AuditEvent], data: st.DataObject
) -> None:
    root = write_log(tmp_path_factory.mktemp("log") / "log", found, per_segment=8)
    without = answers(root)
    assert answers(root) == without
    for path in sorted((root / "columns").glob("0*")):
        if harm := data.draw(st.sampled_from([None, *DAMAGE])):
            harm(path)
    assert answers(root) == without


def test_a_segment_changed_after_its_columns_were_made_is_read_anew_even_with_its_old_size_and_time(
    tmp_path: Path,
) -> None:
    root = write_log(tmp_path / "log", [event("tool.call", at=i, agent_id="aaa") for i in range(300)])
    answers(root)
    path = Layout(root).segment(0)
    times = path.stat()
    path.write_bytes(path.read_bytes().replace(b'"agent_id":"aaa"', b'"agent_id":"bbb"', 1))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with AuditAnalyzer(root) as analyzer:
        assert {item.name: item.count for item in analyzer.get_agent_activity().by_agent} == {"aaa": 299, "bbb": 1}


def test_bad_lines_are_named_from_columns_too(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("error", at=i) for i in range(300)])
    path = Layout(root).segment(0)
    path.write_bytes(path.read_bytes().replace(b'"seq":7,', b'"seq":"seven",', 1))
    for _ in range(2):
        with AuditAnalyzer(root) as analyzer:
            (line,) = analyzer.bad_lines
            assert (line.path, line.number) == (path, 8)
            assert analyzer.get_agent_activity().total_events == 299


def test_a_log_that_cannot_be_written_to_is_analysed_all_the_same(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("error", at=i) for i in range(300)])
    (root / "columns").write_bytes(b"a file in the way of the folder, which stops root too")
    with AuditAnalyzer(root) as analyzer:
        assert analyzer.get_agent_activity().total_events == 300


def test_columns_of_a_copied_log_are_used_and_not_made_again(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("error", at=i) for i in range(300)])
    before = answers(root)
    moved = Path(shutil.copytree(root, tmp_path / "moved"))
    assert known(Layout(moved), 0) is not None
    inode = Layout(moved).column_files(0)[0].stat().st_ino
    assert answers(moved)[1:-1] == before[1:-1]
    assert Layout(moved).column_files(0)[0].stat().st_ino == inode


def test_a_copy_that_is_too_young_is_read_again_without_its_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "_CLOCK", 0)  # instead of waiting until the segment is old enough
    root = write_log(tmp_path / "log", [event("tool.call", session_id="x")] * 600)
    layout = Layout(root)
    AuditAnalyzer(root).close()
    columns, card_path = layout.column_files(0)
    before = Card.model_validate_json(card_path.read_bytes())
    os.utime(columns, ns=(0, 0))
    assert known(layout, 0) == before.contents
    after = Card.model_validate_json(card_path.read_bytes())
    assert (after.segment, after.columns.sha256) == (before.segment, before.columns.sha256)
    assert after.columns.looked_ns > before.columns.looked_ns


def test_columns_are_no_more_open_to_others_than_the_segments(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("error", at=i) for i in range(300)])
    (root / "segments").chmod(0o750)
    answers(root)
    assert (root / "columns").stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in (root / "columns").glob("0*")} == {0o640}


def test_a_pruned_segment_takes_its_columns_along(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("error", at=i) for i in range(600)])
    answers(root)
    layout = Layout(root)
    drop(layout, [SealedSegment(0, 255, layout.segment(0), 1)], lambda work: work())
    assert sorted(path.name for path in layout.columns.glob("0*")) == [p.name for p in sorted(layout.column_files(256))]


def test_what_belongs_to_no_segment_is_removed_on_request(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("error", at=i) for i in range(600)])
    answers(root)
    Layout(root).segment(0).unlink()
    assert remove_orphans(Layout(root)) == 2
    assert known(Layout(root), 256) is not None


def test_many_logs_are_one_relation_and_do_not_answer_for_each_other(tmp_path: Path) -> None:
    ask = [event("action.request", call_id="c", at=0)]
    answer = [event("error", at=1), event("tool.call", call_id="c", span_id="t", at=2)]
    one, two = write_log(tmp_path / "one", ask), write_log(tmp_path / "two", answer)
    with AuditAnalyzer([one, two]) as analyzer:
        assert analyzer.get_agent_activity().total_events == 3
        assert {row["log"] for row in analyzer.events.to_pyarrow().to_pylist()} == {str(one), str(two)}
        open_types = {f.explanation.split()[4] for f in analyzer.detect_anomalies().findings}
        assert open_types == {"action.request", "tool.call"}


def test_a_session_is_looked_for_only_in_segments_between_whose_session_ids_its_id_is(tmp_path: Path) -> None:
    """Two sealed segments have part of it; the active one has no session at all."""
    found = [event("tool.call", at=i, session_id=f"s{i // 100:03}") for i in range(2304)]
    found += [event("error", at=2304)]
    with Log(write_log(tmp_path / "log", found)) as log:
        assert count(log.between(None, None, "s002")) == 512
        assert count(log.between(None, None, "s003")) == 256
        assert count(log.between(None, None, "zzz")) == 0
        assert count(log.between(None, None)) == 2305
    with AuditAnalyzer(tmp_path / "log", session_id="s002") as analyzer:
        assert analyzer.get_timeline("s002").event_count == 100
        assert analyzer.get_agent_activity().total_events == 100
        assert analyzer.get_timeline("s003").event_count == 0


def test_within_a_segment_a_session_is_read_from_no_more_row_groups_than_have_it(tmp_path: Path) -> None:
    """Also for ids without any order: there is a Bloom filter for each row group. Ids of events are in order."""
    sessions = [hashlib.sha256(b"%d" % number).hexdigest()[:32] for number in range(3 * 1024)]
    lines = (
        b'{"seq":%d,"event_id":"%032d","timestamp":"2026-03-01T12:00:00Z","event_type":"error","session_id":"%s"}\n'
        % (seq, seq, sessions[seq // 20].encode())
        for seq in range(3 * 20_480)
    )
    source, target = tmp_path / "lines", tmp_path / "copy.parquet"
    source.write_bytes(b"".join(lines))
    duckdb = load_ibis().duckdb.connect().con
    assert Converter(duckdb).lines(source, target, 0).events == 3 * 20_480
    for number, session in [(0, sessions[5]), (1, sessions[1024]), (2, sessions[-1])]:
        asked = f"SELECT row_group_id, bloom_filter_excludes FROM parquet_bloom_probe('{target}', 'session_id', ?)"
        assert [row for row, excluded in duckdb.execute(asked, [session]).fetchall() if not excluded] == [number]
    ids = "SELECT stats_min, stats_max FROM parquet_metadata(?) WHERE path_in_schema = 'event_id' ORDER BY row_group_id"
    bounds = duckdb.execute(ids, [str(target)]).fetchall()
    assert [(int(first), int(last)) for first, last in bounds] == [(n * 20_480, n * 20_480 + 20_479) for n in range(3)]
