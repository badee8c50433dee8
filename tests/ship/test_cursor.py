from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file import Rotation
from agent_audit.backends.file.layout import Layout
from agent_audit.errors import StoreRefusedError
from agent_audit.ship.cursor import Cursor, MissingError
from tests.ship.stores import lines_of


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of several segments."""
    log_dir = tmp_path_factory.mktemp("cursor") / "log"
    with AuditLogger(FileAuditBackend(log_dir, signer=False, rotation=Rotation(max_bytes=1))) as logger:
        for number in range(900):
            logger.record(AuditEventType.TOOL_CALL, action="tool.t", parameters={"n": "x" * (number % 97)})
    assert len(Layout(log_dir).segment_starts()) > 2
    return log_dir


@given(st.data())
def test_whatever_the_pieces_a_cursor_reads_every_line_from_any_position_on(
    segmented: Path, data: st.DataObject
) -> None:
    lines = lines_of(segmented)
    start = data.draw(st.integers(0, len(lines)))
    cursor = Cursor(Layout(segmented), start)
    found: list[bytes] = []
    while True:
        piece = cursor.read(data.draw(st.integers(1, 400)), data.draw(st.integers(1, 100_000)))
        if not piece:
            break
        found += piece
        assert cursor.seq == start + len(found)
    cursor.close()
    assert found == lines[start:]


def test_what_is_behind_is_counted_in_bytes(segmented: Path) -> None:
    lines = lines_of(segmented)
    cursor = Cursor(Layout(segmented), 0)
    total = sum(map(len, lines)) + len(lines)
    assert cursor.behind_bytes == total
    read = cursor.read(500, 50_000)
    assert cursor.behind_bytes == total - sum(map(len, read)) - len(read)
    cursor.close()


def test_a_position_that_the_log_never_had_is_refused(segmented: Path) -> None:
    with pytest.raises(StoreRefusedError, match="has only"):
        Cursor(Layout(segmented), len(lines_of(segmented)) + 1).read(1, 1)


def test_a_pruned_beginning_is_named_with_where_to_go_on(segmented: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "segments").mkdir(parents=True)
    start = Layout(segmented).segment_starts()[1]
    Layout(copy).segment(start).write_bytes(Layout(segmented).segment(start).read_bytes())
    with pytest.raises(MissingError, match="pruned") as caught:
        Cursor(Layout(copy), 3).read(1, 1)
    assert caught.value.next_start == start


def test_while_processes_write_a_cursor_sees_every_line_once_and_in_order(log_dir: Path) -> None:
    program = (
        "import sys\nfrom agent_audit import AuditEventType, AuditLogger, FileAuditBackend\n"
        "from agent_audit.backends.file import Rotation\n"
        "with AuditLogger(FileAuditBackend(sys.argv[1], signer=False, rotation=Rotation(max_bytes=1))) as logger:\n"
        "    for n in range(1500): logger.record(AuditEventType.TOOL_CALL, action='tool.t', parameters={'n': n})\n"
    )
    AuditLogger(FileAuditBackend(log_dir, signer=False)).close()
    writers = [subprocess.Popen([sys.executable, "-c", program, str(log_dir)]) for _ in range(2)]
    try:
        cursor = Cursor(Layout(log_dir), 0)
        found: list[bytes] = []
        ended = False
        while not ended:
            ended = all(writer.poll() is not None for writer in writers)
            while piece := cursor.read(100, 1 << 16):
                found += piece
        cursor.close()
    finally:
        for writer in writers:
            writer.kill()
            writer.wait(200)
    assert found == lines_of(log_dir)
    assert len(found) >= 3000


def test_a_child_forked_while_a_cursor_looks_does_not_keep_the_log_locked(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child has the descriptor, too: all writers would wait until it ends."""
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.record(AuditEventType.TOOL_CALL, action="tool.t")
    layout, look, children = Layout(log_dir), os.fstat, []
    told, tell = os.pipe()

    def fork_and_look(handle: int) -> os.stat_result:
        children.append(os.fork())
        if not children[-1]:
            os.write(tell, b".")
            signal.pause()
        assert os.read(told, 1)  # the child runs: until then it still holds what was open
        return look(handle)

    cursor = Cursor(layout, 0)
    monkeypatch.setattr("agent_audit.ship.cursor.os.fstat", fork_and_look)
    try:
        assert cursor.read(100, 100_000)
        monkeypatch.undo()
        with layout.lock.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        cursor.close()
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(told)
        os.close(tell)
    assert children
