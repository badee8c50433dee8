"""A store that drops old events by itself: what of a log can be proved afterwards."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file import Layout, Retention, Rotation
from agent_audit.backends.postgresql import PostgreSQLBackend, drop_days
from agent_audit.ship import Shipper, open_sink
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink
from agent_audit.verify import Dropped, Verdict
from agent_audit.verify.dropped import Excuses
from tests.postgresql_server import PostgreSQLServer
from tests.ship.stores import QUICK, lines_of
from tests.ship.test_fleet import fleet
from tests.ship.test_shipper import origin_of

NOW = datetime.now(timezone.utc)


def write(log_dir: Path, days_ago: list[int]) -> None:
    """An event for each number."""
    with AuditLogger(FileAuditBackend(log_dir, rotation=Rotation(max_events=256)), durability="buffered") as logger:
        for days in days_ago:
            moment = NOW - timedelta(days=days)
            logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL, action="tool.t", timestamp=moment))


def prune(log_dir: Path, segments: int) -> int:
    """Drop so many segments, on record; returns where the log begins then."""
    log = FileAuditBackend(log_dir, rotation=Rotation(max_events=256))
    starts = log.layout.segment_starts()
    rest = sum(log.layout.segment(start).stat().st_size for start in starts[segments:])
    assert len(log.prune(Retention(max_bytes=rest))) == segments
    log.close()
    return log.layout.segment_starts()[0]


def expire(store: Path, before: int) -> None:
    """What a rule of the bucket does: lines up to there go, and everything that was put when they were."""
    for path in [path for path in store.joinpath("logs").rglob("*") if path.is_file()]:
        oldest = {"tile", "keys"}.intersection(path.parts) or path.name == "log.json"
        if oldest or (path.parent.name == "lines" and int(path.name[:20]) < before):
            path.unlink()


def an_hour_later(log_dir: Path) -> None:
    """The shipper's note, as if its last look at the evidence had been an hour before."""
    for path in Layout(log_dir).shipments():
        note = orjson.loads(path.read_bytes())
        note["kept"]["looked"] -= 3601
        path.write_bytes(orjson.dumps(note))


@pytest.mark.parametrize(("more", "verdict"), [(0, Verdict.VALID), (60, Verdict.TAMPERED)])
def test_a_bucket_may_drop_lines_that_the_host_has_pruned_on_record_and_no_others(
    tmp_path: Path, log_dir: Path, more: int, verdict: Verdict
) -> None:
    store = tmp_path / "store"
    write(log_dir, [0] * 800)
    FileAuditBackend(log_dir).rotate_key()
    Shipper(log_dir, open_sink(f"file://{store}"), limits=QUICK).run(once=True)
    begin = prune(log_dir, 2)
    Shipper(log_dir, open_sink(f"file://{store}"), limits=QUICK).run(once=True)
    expire(store, begin - 50 + more)
    an_hour_later(log_dir)
    Shipper(log_dir, open_sink(f"file://{store}"), limits=QUICK).run(once=True)
    found = fleet(f"file://{store}")[origin_of(log_dir)]
    assert found.first_seq % 256  # its lines begin within a tile
    assert (found.verdict, found.proved) == (verdict, begin + len(lines_of(log_dir))), found


@pytest.fixture
def dropped(postgresql: PostgreSQLServer, log_dir: Path) -> tuple[str, Path]:
    """A shipped log of three days, with an event of the oldest among those of the last one; the oldest is dropped."""
    url = postgresql.tables()
    write(log_dir, [9] * 300 + [1] * 50 + [9] * 3 + [0] * 400)
    Shipper(log_dir, PostgreSQLSink(url)).run(once=True)
    assert fleet_of(url)[0] is Verdict.VALID
    assert len(drop_days(url, date.today() - timedelta(days=5))) == 1
    return url, log_dir


def fleet_of(url: str) -> tuple[Verdict, str, str]:
    (found,) = fleet(url).values()
    return found.verdict, " ".join(found.problems), " ".join(found.missing)


def test_days_that_were_dropped_are_named_and_the_rest_is_held_against_the_checkpoints(
    postgresql: PostgreSQLServer, dropped: tuple[str, Path]
) -> None:
    url, _ = dropped
    verdict, problems, missing = fleet_of(url)
    assert (verdict, problems) == (Verdict.NOT_PROVABLE, "")
    day = f"{NOW - timedelta(days=9):%Y-%m-%d}"
    told = f"seq 1-300 is not in the store: dropped there (the day {day}, by auditadmin on "
    # Midnight may have passed since these tests began.
    assert any(f"{told}{on:%Y-%m-%d})" in missing for on in (NOW, datetime.now(timezone.utc)))
    assert "seq 351-353 is not in the store" in missing
    postgresql.run(url, "ALTER TABLE {schema}.event DISABLE TRIGGER USER")
    postgresql.run(url, "UPDATE {schema}.event SET line = set_byte(line, 80, 88) WHERE seq = 400")
    verdict, problems, _ = fleet_of(url)
    assert verdict is Verdict.TAMPERED
    assert "400" in problems


@pytest.mark.parametrize("seq", [0, 301, 350, 354, 500])
def test_an_event_that_went_beside_the_dropped_ones_is_missed(
    postgresql: PostgreSQLServer, dropped: tuple[str, Path], seq: int
) -> None:
    url, _ = dropped
    postgresql.run(url, "ALTER TABLE {schema}.event DISABLE TRIGGER USER")
    postgresql.run(url, "DELETE FROM {schema}.event WHERE seq = %s", seq)
    assert fleet_of(url)[0] is Verdict.TAMPERED


def test_a_log_that_was_written_directly_is_as_little_provable_when_days_were_dropped(
    postgresql: PostgreSQLServer,
) -> None:
    url = postgresql.tables()
    with AuditLogger(PostgreSQLBackend(url, origin="direct")) as logger:
        for days in (0, 9, 0):
            moment = NOW - timedelta(days=days)
            logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL, action="tool.t", timestamp=moment))
    drop_days(url, date.today() - timedelta(days=5))
    verdict, problems, missing = fleet_of(url)
    assert (verdict, problems) == (Verdict.NOT_PROVABLE, "")
    assert "seq 2-2 is not in the store" in missing


@pytest.mark.parametrize("signed", [True, False])
def test_a_log_that_has_ended_may_be_dropped_as_a_whole(
    postgresql: PostgreSQLServer, log_dir: Path, signed: bool
) -> None:
    url = postgresql.tables()
    if signed:
        write(log_dir, [9] * 300)
        Shipper(log_dir, PostgreSQLSink(url)).run(once=True)
    else:
        with AuditLogger(PostgreSQLBackend(url, origin="direct")) as logger:
            logger.record(AuditEventType.ERROR)
    drop_days(url, date.today() + timedelta(days=2))
    verdict, problems, missing = fleet_of(url)
    assert (verdict, problems) == (Verdict.NOT_PROVABLE, "")
    assert "dropped" in missing
    if signed:  # a head that says that there was more
        postgresql.run(url, "UPDATE {schema}.dropped SET events = events - 1 WHERE events > 100")
        assert fleet_of(url)[0] is Verdict.TAMPERED


def test_days_that_the_host_had_pruned_on_record_before_may_be_dropped(
    postgresql: PostgreSQLServer, log_dir: Path
) -> None:
    url = postgresql.tables()
    write(log_dir, [9] * 400 + [0] * 400)
    Shipper(log_dir, PostgreSQLSink(url)).run(once=True)
    prune(log_dir, 2)
    Shipper(log_dir, PostgreSQLSink(url)).run(once=True)
    assert len(drop_days(url, date.today() - timedelta(days=5))) == 1
    assert PostgreSQLCopies(url).dropped(origin_of(log_dir))[0].last_seq == 400
    assert fleet_of(url) == (Verdict.VALID, "", "")


def test_what_a_store_says_that_it_dropped_explains_no_more_events_than_went() -> None:
    excuses = Excuses([Dropped(0, 9, 8, "a"), Dropped(8, 19, 10, "b")])
    assert not excuses.explain(0, 18)
    assert excuses.explain(0, 11)
    assert not excuses.explain(20, 20)
    assert not excuses.explain(13, 19)
    assert excuses.explain(13, 18)
    assert len(excuses.used) == 2


def test_what_was_dropped_is_told_of_one_log_alone(postgresql: PostgreSQLServer, dropped: tuple[str, Path]) -> None:
    url, log_dir = dropped
    copies = PostgreSQLCopies(url)
    (one,) = copies.dropped(origin_of(log_dir))
    assert (one.first_seq, one.last_seq, one.events) == (1, 353, 303)
    assert copies.dropped("another") == []
