"""Where memory, stack or handles end in the midst of recording: nothing is lost in silence, nothing is there twice."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.errors import WriteError
from agent_audit.logger import OnFailure
from agent_audit.verify import Verdict, verify
from tests.interrupting import without_memory_after_each_call

ROOM = 70
"""Frames; more than recording takes at its deepest."""


def event(action: str = "x") -> AuditEvent:
    return AuditEvent(event_type=AuditEventType.TOOL_RESPONSE, action=action, result="the password is hunter2hunter2")


def recorded(backend: FileAuditBackend) -> Counter[str]:
    return Counter(found.event_id for found in backend.query())


def told_as_lost(backend: FileAuditBackend) -> int:
    return sum(found.metadata["lost"] for found in backend.query(event_type="log.gap") if found.metadata)


@pytest.mark.parametrize(("level", "on_failure"), [("written", "warn"), ("written", "raise"), ("synced", "raise")])
def test_without_memory_what_is_accepted_is_recorded_once_or_told_as_lost(
    log_dir: Path, level: str, on_failure: OnFailure
) -> None:
    backend = FileAuditBackend(log_dir)
    logger = AuditLogger(backend, durability=level, on_failure=on_failure)
    logger.log(event())
    accepted, refused = set[str](), set[str]()
    one = event()

    def log() -> None:
        nonlocal one
        one = event()
        try:
            logger.log(one)
        except WriteError:
            refused.add(one.event_id)
        else:
            accepted.add(one.event_id)

    log()
    places = 0
    for places, raised in enumerate(without_memory_after_each_call(log), 1):
        if raised is None and one.event_id not in accepted | refused:
            accepted.add(one.event_id)  # struck before or behind the call
        thread = threading.Thread(target=logger.log, args=(event("thread"),), daemon=True)
        thread.start()
        thread.join(20)
        assert not thread.is_alive(), f"another thread waits, after {places}"
    assert places > 100
    assert logger.flush(10)
    logger.close()
    there = recorded(backend)
    assert set(there.values()) == {1}, "something was recorded twice"
    assert len(accepted - there.keys()) == logger.lost == told_as_lost(backend)
    if on_failure == "raise":
        assert logger.lost == 0
    if level == "written":
        assert not refused & there.keys()
    assert verify(log_dir).verdict is Verdict.VALID


def at_depth(depth: int, work: Callable[[], Any]) -> Any:
    return at_depth(depth - 1, work) if depth else work()


@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
def test_at_the_end_of_the_stack_what_was_accepted_is_recorded_once(log_dir: Path, level: str) -> None:
    backend = FileAuditBackend(log_dir)
    logger = AuditLogger(backend, durability=level)
    logger.log(event())
    end = sys.getrecursionlimit() - len(inspect.stack())
    accepted, raised = set[str](), 0
    for depth in range(end - ROOM, end):
        one = event()
        try:
            at_depth(depth, lambda one=one: logger.log(one))
        except RecursionError:
            raised += 1
        else:
            accepted.add(one.event_id)
    assert raised > 2
    assert len(accepted) > ROOM // 2
    assert logger.flush(10)
    logger.close()
    there = recorded(backend)
    assert set(there.values()) == {1}, "something was recorded twice"
    assert len(accepted - there.keys()) == logger.lost == told_as_lost(backend)
    assert verify(log_dir).verdict is Verdict.VALID


def test_a_background_thread_without_memory_goes_on(log_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = AuditLogger(FileAuditBackend(log_dir), durability="buffered")
    met = threading.Event()

    def without_memory(*_: Any) -> None:
        met.set()
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(logger._committer, "_commit_once", without_memory)
        logger.log(event())
        assert met.wait(20)
    for _ in range(200):
        if not logger._committer.queued:
            break
        threading.Event().wait(0.1)
    assert not logger._committer.queued
    logger.close()


WITHOUT_FILES = """
import os, resource, sys
from agent_audit import *
from agent_audit.backends.file.segments import Rotation

resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
backend = FileAuditBackend(sys.argv[1], rotation=Rotation(max_events=256), heartbeat=0.1)
logger = AuditLogger(backend, durability=sys.argv[2])

def log(count):
    for _ in range(count):
        logger.record(AuditEventType.TOOL_CALL, action="x")

log(10 if sys.argv[3] == "in the middle" else 0)
logger.flush()
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
log(600)
assert not logger.flush(1.5)
for handle in held:
    os.close(handle)
assert logger.flush(60)
log(1)
logger.close()
assert logger.lost == 0
"""


@pytest.mark.parametrize("moment", ["at the start", "in the middle"])
@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
def test_while_no_file_can_be_opened_events_wait_and_none_is_lost(log_dir: Path, level: str, moment: str) -> None:
    command = [sys.executable, "-c", WITHOUT_FILES, str(log_dir), level, moment]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "Too many open files" in done.stderr or level == "buffered"
    assert "Traceback" not in done.stderr
    found = [one.event_id for one in FileAuditBackend(log_dir).query(event_type="tool.call")]
    assert len(found) == len(set(found)) == (601 if moment == "at the start" else 611)
    assert verify(log_dir).verdict is Verdict.VALID
