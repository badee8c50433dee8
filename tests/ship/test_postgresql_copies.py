"""What comes back of a log from PostgreSQL is the log: its files, and the verdict on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file import Layout, Rotation
from agent_audit.backends.postgresql import PostgreSQLBackend
from agent_audit.errors import ShipError
from agent_audit.ship import Shipper
from agent_audit.ship.fleet import Liveness, verify_fleet
from agent_audit.ship.restore import restore
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink
from agent_audit.verify import Verdict, verify
from tests.postgresql_server import PostgreSQLServer
from tests.ship.stores import lines_of, write
from tests.ship.test_shipper import origin_of


def files(root: Path) -> dict[str, bytes]:
    """What proves a log: its lines in one piece, header, heads, blobs and tiles."""
    layout = Layout(root)
    found = {"lines": b"".join(layout.segment(start).read_bytes() for start in layout.segment_starts())}
    for folder in ("tile", "blobs"):
        for path in (root / folder).rglob("*"):
            if path.is_file():
                found[str(path.relative_to(root))] = path.read_bytes()
    return {**found, "log.json": layout.header.read_bytes(), "checkpoint": layout.checkpoint.read_bytes()}


@pytest.fixture
def shipped(postgresql: PostgreSQLServer, tmp_path: Path) -> tuple[str, Path]:
    """A signed log of some segments with a blob, and its copy."""
    url, root = postgresql.tables(), tmp_path / "log"
    with AuditLogger(FileAuditBackend(root, rotation=Rotation(max_events=256)), durability="buffered") as logger:
        for n in range(700):
            logger.record(AuditEventType.TOOL_CALL, action=f"tool.{n}")
        logger.record(AuditEventType.TOOL_RESPONSE, result="long " * 30_000)
    Shipper(root, PostgreSQLSink(url)).run(once=True)
    return url, root


def test_a_log_comes_back_whole_and_verifies_as_before(shipped: tuple[str, Path], tmp_path: Path) -> None:
    url, root = shipped
    copies = PostgreSQLCopies(url)
    (origin,) = copies.origins()
    restore(copies, origin, tmp_path / "again")
    assert files(tmp_path / "again") == files(root)
    assert verify(tmp_path / "again", remember=False).verdict is verify(root, remember=False).verdict is Verdict.VALID


def test_an_event_that_the_database_s_owner_has_changed_shows(
    postgresql: PostgreSQLServer, shipped: tuple[str, Path]
) -> None:
    url, _ = shipped
    (before,) = verify_fleet(PostgreSQLCopies(url))
    assert (before.verdict, before.liveness, before.problems) == (Verdict.VALID, Liveness.CLOSED, ())
    postgresql.run(url, "ALTER TABLE {schema}.event DISABLE TRIGGER USER")
    postgresql.run(url, "UPDATE {schema}.event SET line = set_byte(line, 80, 88) WHERE seq = 300")
    (after,) = verify_fleet(PostgreSQLCopies(url))
    assert after.verdict is Verdict.TAMPERED
    assert any("300" in problem for problem in after.problems)


def test_a_log_that_was_written_directly_is_sound_but_not_provable(postgresql: PostgreSQLServer) -> None:
    url = postgresql.tables()
    with AuditLogger(PostgreSQLBackend(url, origin="prod/billing")) as logger:
        for n in range(300):
            logger.record(AuditEventType.TOOL_CALL, action=f"tool.{n}")
    (found,) = verify_fleet(PostgreSQLCopies(url))
    assert (found.origin, found.verdict, found.events, found.problems) == (
        "prod/billing",
        Verdict.NOT_PROVABLE,
        302,
        (),
    )


def test_a_gap_of_pruned_events_is_skipped_when_asked_for_and_noted(
    postgresql: PostgreSQLServer, log_dir: Path
) -> None:
    url = postgresql.tables()
    write(log_dir, 300)
    lines, layout = lines_of(log_dir), Layout(log_dir)
    layout.segment(256).write_bytes(b"".join(line + b"\n" for line in lines[256:]))
    layout.segment(0).unlink()
    with pytest.raises(ShipError, match="events 0 to 255 are no longer in"):
        Shipper(log_dir, PostgreSQLSink(url)).run(once=True)
    Shipper(log_dir, PostgreSQLSink(url), skip_missing=True).run(once=True)
    (batch,) = PostgreSQLCopies(url).batches(origin_of(log_dir))
    assert (batch.first_seq, batch.lines) == (256, lines[256:])
    assert postgresql.run(url, "SELECT first_seq, end_seq FROM {schema}.gap") == [(0, 256)]


PROGRAM = """
import os, sys
from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
logger = AuditLogger(FileAuditBackend(sys.argv[1]), ship_to=[sys.argv[2]])
def record(count):
    for n in range(count):
        logger.record(AuditEventType.TOOL_CALL, action="tool.t", parameters={"n": n})
record(30)
while not logger.shipped or next(iter(logger.shipped.values())).position < 30:
    pass
child = os.fork()  # while the parent is connected
record(30)
if child:
    os.waitpid(child, 0)
"""


def test_a_process_that_logs_and_forks_ships_to_it(postgresql: PostgreSQLServer, log_dir: Path) -> None:
    url = postgresql.tables()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(log_dir), url], stderr=subprocess.PIPE, check=True, timeout=200
    )
    assert b"tried again" not in done.stderr
    (batch,) = PostgreSQLCopies(url).batches(origin_of(log_dir))
    assert (batch.first_seq, batch.lines) == (0, lines_of(log_dir))
    assert sum(b'"tool.call"' in line for line in batch.lines) == 90
