"""`AuditLogger(ship_to=[…])`: the store follows, the agent never waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend, MemoryAuditBackend
from agent_audit import logger as logger_module
from agent_audit.config import AuditConfig
from agent_audit.errors import ConfigurationError, StoreRefusedError
from agent_audit.ship import Batch, open_copies
from agent_audit.ship.note import Note
from tests.ship.stores import FlakySink, lines_of
from tests.ship.test_objects import stored
from tests.ship.test_shipper import origin_of


@pytest.fixture(autouse=True)
def _the_end_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a busy machine does not ship in two seconds is left to the next process."""
    monkeypatch.setattr(logger_module, "_LAST_SHIPMENT", 200.0)


class HeldSink(FlakySink):
    """Answers nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__(url="held://")
        self.asked = threading.Event()
        self.free = threading.Event()

    def append(self, batch: Batch) -> int:
        self.asked.set()
        assert self.free.wait(200)
        return super().append(batch)


class RefusingSink(FlakySink):
    """Takes nothing."""

    def append(self, batch: Batch) -> int:
        raise StoreRefusedError("this role may not insert")


def record(logger: AuditLogger, count: int) -> None:
    for number in range(count):
        logger.record(AuditEventType.TOOL_CALL, action="tool.t", parameters={"n": number})


def test_what_is_logged_is_in_the_store_when_the_logger_is_closed(log_dir: Path, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    with AuditLogger(FileAuditBackend(log_dir), ship_to=[url]) as logger:
        record(logger, 50)
    assert stored(url, origin_of(log_dir)) == lines_of(log_dir)


def test_a_store_that_does_not_answer_holds_no_event_up(log_dir: Path) -> None:
    sink = HeldSink()
    with AuditLogger(FileAuditBackend(log_dir), ship_to=[sink]) as logger:
        record(logger, 1)
        assert sink.asked.wait(200)
        record(logger, 500)  # would never return
        assert len(lines_of(log_dir)) >= 501
        assert not sink.logs[origin_of(log_dir)]
        sink.free.set()
    assert sink.logs[origin_of(log_dir)] == lines_of(log_dir)


def test_a_store_that_refuses_is_warned_about_and_the_events_are_in_the_log(
    log_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with AuditLogger(FileAuditBackend(log_dir), ship_to=[RefusingSink(url="refusing://")]) as logger:
        record(logger, 20)
        assert logger.lost == 0
    assert len(lines_of(log_dir)) == 22
    assert "may not insert" in capfd.readouterr().err


def test_progress_tells_how_far_each_store_is(log_dir: Path) -> None:
    first, second = FlakySink(url="one://"), FlakySink(url="two://")
    logger = AuditLogger(FileAuditBackend(log_dir), ship_to=[first, second])
    record(logger, 5)
    logger.close()
    assert {url: progress.position for url, progress in logger.shipped.items()} == {"one://": 7, "two://": 7}


def test_only_a_log_on_disk_can_be_followed_and_the_stores_are_a_list(log_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs a log in a directory"):
        AuditLogger(MemoryAuditBackend(), ship_to=[FlakySink()])
    with pytest.raises(ConfigurationError, match="is a list of stores"):
        AuditLogger(FileAuditBackend(log_dir), ship_to="file:///tmp/x")
    with pytest.raises(ConfigurationError, match="no store"):
        AuditLogger(FileAuditBackend(log_dir), ship_to=["ftp://x"])


def test_the_environment_can_name_the_stores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENT_AUDIT_SHIP_TO", f"file://{tmp_path}/a, file://{tmp_path}/b")
    with AuditConfig.from_env().open(tmp_path / "log") as logger:
        record(logger, 3)
    for name in "ab":
        assert stored(f"file://{tmp_path}/{name}", origin_of(tmp_path / "log")) == lines_of(tmp_path / "log")


PROGRAM = """
import os, sys
from agent_audit import AuditEventType, AuditLogger, FileAuditBackend, logger
logger._LAST_SHIPMENT = 200.0
logger = AuditLogger(FileAuditBackend(sys.argv[1]), ship_to=["file://" + sys.argv[2]])
def record(count):
    for n in range(count):
        logger.record(AuditEventType.TOOL_CALL, action="tool.t", parameters={"n": n})
record(30)
if sys.argv[3] == "fork":
    child = os.fork()
    record(30)
    if child:
        os.waitpid(child, 0)
elif sys.argv[3] == "exit":
    sys.exit(0)
elif sys.argv[3] == "_exit":
    os._exit(0)
"""


@pytest.mark.parametrize("end", ["plain", "exit", "fork", "_exit"])
def test_however_a_process_ends_its_events_reach_the_store_by_it_or_by_the_next(
    log_dir: Path, tmp_path: Path, end: str
) -> None:
    store = tmp_path / "store"
    subprocess.run([sys.executable, "-c", PROGRAM, str(log_dir), str(store), end], check=True, timeout=200)
    recorded = lines_of(log_dir)
    assert sum(b'"tool.call"' in line for line in recorded) == (90 if end == "fork" else 30)
    if end != "_exit":
        assert open_copies(f"file://{store}").origins() == [origin_of(log_dir)]
    with AuditLogger(FileAuditBackend(log_dir), ship_to=[f"file://{store}"]):
        pass
    assert stored(f"file://{store}", origin_of(log_dir)) == lines_of(log_dir)


def test_a_killed_process_leaves_what_it_logged_to_the_next_shipper(log_dir: Path, tmp_path: Path) -> None:
    store = f"file://{tmp_path}/store"
    program = PROGRAM.replace("os._exit(0)", "os.kill(os.getpid(), 9)")
    command = [sys.executable, "-c", program, str(log_dir), store.removeprefix("file://"), "_exit"]
    assert subprocess.run(command, check=False, timeout=200).returncode == -9
    assert sum(b'"tool.call"' in line for line in lines_of(log_dir)) == 30
    with AuditLogger(FileAuditBackend(log_dir), ship_to=[store]):
        pass
    assert stored(store, origin_of(log_dir)) == lines_of(log_dir)


HOLDING = """
import os, signal, sys
from pathlib import Path
from agent_audit.ship.note import Note
note = Note(Path(sys.argv[1]), "store://")
assert note.hold()
parent = os.getpid()
if not os.fork():
    print(os.getpid(), flush=True)
    os.kill(parent, signal.SIGKILL)  # not before the child runs: until then it still holds what was open
while True:
    signal.pause()
"""


def test_a_forked_child_that_lives_on_does_not_keep_others_from_shipping(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    try:
        assert parent.wait(200) == -signal.SIGKILL
        note = Note(tmp_path, "store://")
        assert note.hold()
        note.free()
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_process_that_ships_nothing_loads_nothing_of_it() -> None:
    program = "import sys, agent_audit; print([name for name in sys.modules if 'ship' in name or 'obstore' in name])"
    ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, timeout=200)
    assert ended.stdout.strip() == b"[]"
