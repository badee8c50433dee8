"""Every question has the same answer over a log in PostgreSQL as over the log in files."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis import stored as stored_module
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.postgresql import PostgreSQLBackend
from agent_audit.errors import LogNotFoundError
from agent_audit.event import AuditEvent
from agent_audit.ship import Batch, Shipper
from agent_audit.ship.sinks.postgresql import PostgreSQLSink
from agent_audit.verify import verify
from tests.postgresql_server import PostgreSQLServer
from tests.ship.test_shipper import origin_of

from .logs import NOON, event
from .questions import QUESTIONS, answers, something_of_everything
from .strategies import logs

DAY = 86_400


def relation(log: Any) -> list[Any]:
    """What every answer is made of: all events, those of periods, and what is said of bad lines."""
    with AuditAnalyzer(log) as analyzer:
        found = [QUESTIONS[name](analyzer) for name in ("events", "bad_line_count", "bad_lines")]
        for start, end in ((NOON, None), (None, NOON), (NOON, NOON + timedelta(seconds=1))):
            found.append(analyzer.get_agent_activity(start=start, end=end).by_type)
        return found


def test_no_question_is_left_out() -> None:
    public = {name for name, _ in inspect.getmembers(AuditAnalyzer) if not name.startswith("_")}
    assert public - {"close"} == QUESTIONS.keys()


@pytest.fixture(scope="module")
def url(postgresql: PostgreSQLServer) -> str:
    return postgresql.tables()


def _in_both(url: str, root: Path, events: list[AuditEvent]) -> PostgreSQLBackend:
    """Record them in files and ship them; where they are then."""
    with AuditLogger(FileAuditBackend(root), durability="buffered") as logger:
        for one in events:
            logger.log(one)
    Shipper(root, PostgreSQLSink(url)).run(once=True)
    return PostgreSQLBackend(url, origin=origin_of(root))


@pytest.fixture(scope="module")
def both(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, PostgreSQLBackend]]:
    root = tmp_path_factory.mktemp("analysed") / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root.parent))
        yield root, _in_both(url, root, something_of_everything())


def test_every_question_has_the_answer_that_the_files_give(both: tuple[Path, PostgreSQLBackend]) -> None:
    root, backend = both
    there, here = answers(backend), answers(root)
    for name in QUESTIONS:
        assert there[name] == here[name], name
    assert {finding["rule"] for finding in here["detect_anomalies"]["findings"]} >= {"denials", "injected-action"}
    assert len(here["events"]) > 40


def test_the_url_alone_is_every_log_that_the_database_has(
    both: tuple[Path, PostgreSQLBackend], postgresql: PostgreSQLServer, tmp_path: Path
) -> None:
    url = postgresql.tables()
    for name in ("one", "two"):
        _in_both(url, tmp_path / name, something_of_everything())
    names = {str(tmp_path / name): origin_of(tmp_path / name) for name in ("one", "two")}
    ordered = sorted(names, key=lambda directory: names[directory])
    there, here = answers(url, {origin: origin for origin in names.values()}), answers(ordered, names)
    for name in QUESTIONS:
        assert there[name] == here[name], name


def test_what_is_verified_is_reported_alike(both: tuple[Path, PostgreSQLBackend]) -> None:
    root, backend = both
    verification = verify(root, remember=False)
    with AuditAnalyzer(backend) as there, AuditAnalyzer(root) as here:
        ours, theirs = (one.generate_compliance_report(verification=verification) for one in (there, here))
    assert ours == theirs


class _PieceByPiece(PostgreSQLBackend):
    """Every line is a batch."""

    def batches(self) -> Iterator[tuple[int, list[bytes]]]:
        return ((seq, [line]) for first, lines in super().batches() for seq, line in enumerate(lines, first))


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=logs(most=30))
def test_logs_by_chance_are_read_alike_however_the_lines_are_cut_into_files(
    url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, found: list[AuditEvent]
) -> None:
    root = tmp_path_factory.mktemp("chance") / "log"
    origin = _in_both(url, root, found).origin
    monkeypatch.setattr(stored_module, "_PIECE_BYTES", 2_000)
    assert relation(_PieceByPiece(url, origin=origin)) == relation(root)


def _line(seq: int) -> bytes:
    return b'{"seq":%d,%s' % (seq, event("tool.call", at=seq, span_id=f"s{seq}").to_json().encode()[1:])


def test_lines_that_are_no_events_are_named_by_their_place_and_the_others_count(url: str, tmp_path: Path) -> None:
    lines = [_line(seq) for seq in range(600)]
    lines[2], lines[550] = b"not json", _line(550)[:-1] + b'\n,"action":5}'
    sink = PostgreSQLSink(url)
    sink.append(Batch("bad lines", 0, lines))
    sink.close()
    layout = Layout(tmp_path / "log")
    layout.segments.mkdir(parents=True)
    layout.segment(0).write_bytes(b"".join(line.replace(b"\n", b" ") + b"\n" for line in lines))
    with AuditAnalyzer(PostgreSQLBackend(url, origin="bad lines")) as analyzer:
        named = [(str(line.path), line.number) for line in analyzer.bad_lines]
        assert analyzer.get_agent_activity().total_events == 598
    assert named == [("bad lines", 3), ("bad lines", 551)]
    assert relation(PostgreSQLBackend(url, origin="bad lines")) == relation(layout.root)


def test_places_are_right_behind_a_gap_and_the_gap_shows(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_module, "_PIECE_BYTES", 100)
    sink = PostgreSQLSink(url)
    sink.append(Batch("gap", 0, [_line(seq) for seq in range(3)]))
    for _ in range(2):
        sink.append(Batch("gap", 10, [_line(10), b"odd", _line(12)]))
    sink.close()
    with AuditAnalyzer(PostgreSQLBackend(url, origin="gap")) as analyzer:
        assert [line.number for line in analyzer.bad_lines] == [12]
        assert analyzer.positions() == [0, 1, 2, 10, 12]
        assert analyzer.generate_compliance_report().integrity.missing_seq_ranges == ((3, 9), (11, 11))


def test_logs_of_many_hosts_are_analysed_together(url: str) -> None:
    sink = PostgreSQLSink(url)
    for host in range(3):
        sink.append(Batch(f"host {host}", 0, [_line(seq) for seq in range(host + 1)]))
    sink.close()
    with AuditAnalyzer([PostgreSQLBackend(url, origin=f"host {host}") for host in range(3)]) as analyzer:
        assert analyzer.sql("SELECT log, count(*) FROM events GROUP BY 1 ORDER BY 1").rows == (
            ("host 0", 1), ("host 1", 2), ("host 2", 3),
        )  # fmt: skip
        assert analyzer.generate_compliance_report().integrity.missing_seq == 0


def test_a_logger_that_writes_there_is_analysed_with_what_it_has_just_logged(url: str) -> None:
    with AuditLogger(PostgreSQLBackend(url, origin="live"), durability="buffered") as logger:
        for n in range(20):
            logger.record(AuditEventType.TOOL_CALL, action=f"tool.{n}")
        with AuditAnalyzer(logger) as analyzer:
            assert analyzer.get_agent_activity().by_type["tool.call"] == 20


def test_a_log_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(LogNotFoundError, match="no log 'nobody'"):
        AuditAnalyzer(PostgreSQLBackend(url, origin="nobody"))
