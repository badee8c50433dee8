from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROCESSES = 16
"""The race is rare: without what this tests, about one process in ten left a child that hung."""

PROGRAM = """
import faulthandler, os, sys, threading
from datetime import datetime, timezone
from agent_audit import AuditEvent, AuditEventType

def make_the_first_event():
    AuditEvent(
        event_type=AuditEventType.TOOL_CALL, timestamp=datetime(2026, 1, 1, tzinfo=timezone.utc), duration_ms=1.5,
        metadata={"a": 1}, parameters={"x": [1]}, outcome="success", seq=3,
    ).to_json()

sys.setswitchinterval(1e-6)
go = threading.Event()
def work():
    go.wait()
    make_the_first_event()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
go.set()
children = []
for _ in range(16):
    pid = os.fork()
    if pid == 0:
        faulthandler.dump_traceback_later(100, exit=True)
        make_the_first_event()
        os._exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
for thread in threads: thread.join()
sys.exit(any(codes))
"""


def test_a_child_that_is_forked_while_other_threads_make_their_first_events_makes_its_own() -> None:
    for _ in range(PROCESSES):
        command = [sys.executable, "-c", PROGRAM]
        result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        assert result.returncode == 0, result.stderr


WHILE_A_LIMIT_IS_ROUNDED = """
import faulthandler, os, sys, threading
from agent_audit.backends.file.segments import Rotation

reached = threading.Event()
class Slow(int):
    def __neg__(self):
        reached.set()
        threading.Event().wait()

threading.Thread(target=lambda: Rotation(max_events=Slow(1)).lines, daemon=True).start()
reached.wait()
pid = os.fork()
if pid == 0:
    faulthandler.dump_traceback_later(100, exit=True)
    os._exit(Rotation().lines != 65_536)
os._exit(os.waitpid(pid, 0)[1] != 0)
"""


def test_a_child_that_is_forked_while_a_thread_begins_its_first_segment_begins_its_own() -> None:
    command = [sys.executable, "-c", WHILE_A_LIMIT_IS_ROUNDED]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert result.returncode == 0, result.stderr


WHILE_SOMETHING_IS_IMPORTED = """
import faulthandler, os, sys, threading, time
from importlib.abc import MetaPathFinder
from agent_audit import AuditLogger, FileAuditBackend

LAST = "cryptography.hazmat.primitives.asymmetric.ed25519"  # of what a log that is signed needs
reached = threading.Event()
class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == LAST and not reached.is_set():
            reached.set()
            time.sleep(0.5)  # longer than the other thread needs to fork, unless it waits

assert LAST not in sys.modules
sys.meta_path.insert(0, Slow())
first = threading.Thread(target=FileAuditBackend, args=(sys.argv[1],))
first.start()
reached.wait()
pid = os.fork()
if pid == 0:
    faulthandler.dump_traceback_later(100, exit=True)
    AuditLogger(FileAuditBackend(sys.argv[1])).record("tool.call", action="tool.child")
    os._exit(0)
first.join()
os._exit(os.waitpid(pid, 0)[1] != 0)
"""


def test_a_child_that_is_forked_while_a_thread_imports_what_its_first_event_needs_records_its_own(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", WHILE_SOMETHING_IS_IMPORTED, str(tmp_path / "log")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert result.returncode == 0, result.stderr
