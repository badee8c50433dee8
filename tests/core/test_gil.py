"""`log()` keeps the GIL: beside a thread that computes, giving it up costs up to the switch interval (5 ms)."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file import fs

pytestmark = pytest.mark.skipif(fs._statx is None, reason="needs the C library of Linux")


@pytest.fixture
def never_switched() -> Iterator[None]:
    """No thread is made to give up the GIL."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("never_switched")
def test_no_other_thread_runs_while_events_are_logged(log_dir: Path) -> None:
    ran, go = [], threading.Lock()
    go.acquire()

    def wait_for_the_gil() -> None:
        go.acquire()
        ran.append(True)

    with AuditLogger(FileAuditBackend(log_dir)) as logger:

        def record(count: int) -> None:
            parameters = {"question": "What is the weather in Paris?", "password": "q8W2e7R5"}
            for _ in range(count):
                logger.record(AuditEventType.TOOL_CALL, action="tool.t", parameters=parameters, result="mild " * 50)

        record(10)
        thread = threading.Thread(target=wait_for_the_gil)
        thread.start()
        go.release()
        record(600)  # through a multiple of 256, where a segment may end, and through several looks at the path
        assert not ran
        thread.join()
        assert ran
