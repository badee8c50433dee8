"""What happens to logged events when a process ends, forks, is killed or interrupted: each in a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest

from agent_audit.backends.file import Layout

PRELUDE = """
import asyncio, atexit, os, signal, sys, threading, time
from agent_audit import AuditLogger, AuditEventType, FileAuditBackend, CommitLimits, get_logger

def log(n, logger=None):
    (logger or LOGGER).record(AuditEventType.TOOL_CALL, action="tool.t", parameters={"n": n})

LOGGER = AuditLogger(FileAuditBackend(sys.argv[1]), durability=LEVEL)
"""


def run(log_dir: Path, level: str, body: str, *, timeout: float = 200) -> subprocess.CompletedProcess[str]:
    code = f"LEVEL = {level!r}\n{PRELUDE}\n{body}"
    # Python 3.12+ warns of a fork while threads run, ours among them; what comes of it is what is tested here.
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", code, str(log_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def numbers(log_dir: Path) -> list[int]:
    """The numbers logged, in order of the log; every line must parse and stand at its seq."""
    layout, found, position = Layout(log_dir), [], 0
    for start in layout.segment_starts():
        assert start == position
        for raw in layout.segment(start).read_bytes().splitlines(keepends=True):
            assert raw.endswith(b"\n")
            event = orjson.loads(raw)
            assert event["seq"] == position
            position += 1
            if event["event_type"] == "tool.call":
                assert isinstance(event["parameters"], dict), event
                found.append(event["parameters"]["n"])
    return found


ENDINGS = {
    "normal exit without close": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "unhandled exception": ("raise RuntimeError('boom')", 1),
    "SIGINT": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", -signal.SIGINT),
    "exception in asyncio.run": ("async def main(): raise RuntimeError\nasyncio.run(main())", 1),
}


@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_lost_however_the_process_ends_in_order(log_dir: Path, level: str, ending: str) -> None:
    code, expected = ENDINGS[ending]
    result = run(log_dir, level, f"for n in range(200): log(n)\n{code}")
    assert result.returncode == expected, result.stderr
    assert numbers(log_dir) == list(range(200))


def test_a_process_that_ends_in_order_says_so_in_the_log(log_dir: Path) -> None:
    run(log_dir, "written", "log(0)")
    run(log_dir, "written", "log(1); os._exit(0)")
    run(log_dir, "buffered", "atexit._run_exitfuncs(); log(2)")
    types = [orjson.loads(line)["event_type"] for line in Layout(log_dir).segment(0).read_bytes().splitlines()]
    called = "tool.call"
    assert types == [
        *("log.opened", called, "log.closed"),
        *("log.opened", called),
        *("log.opened", called),
    ]


SUDDEN = {
    "os._exit": ("os._exit(7)", 7),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV),
}


@pytest.mark.parametrize("level", ["written", "synced"])
@pytest.mark.parametrize("ending", SUDDEN)
def test_nothing_written_is_lost_however_suddenly_the_process_ends(log_dir: Path, level: str, ending: str) -> None:
    code, expected = SUDDEN[ending]
    result = run(log_dir, level, f"for n in range(200): log(n)\n{code}")
    assert result.returncode == expected, result.stderr
    assert numbers(log_dir) == list(range(200))


def test_a_handler_that_runs_after_ours_at_exit_can_still_log(log_dir: Path) -> None:
    # atexit runs in reverse order of registration: what was registered before the import runs after our handler.
    code = f"import atexit\natexit.register(lambda: log(1))\nLEVEL = 'buffered'\n{PRELUDE}\nlog(0)"
    result = subprocess.run(
        [sys.executable, "-c", code, str(log_dir)], capture_output=True, text=True, timeout=200, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert numbers(log_dir) == [0, 1]


def test_a_thread_that_outlives_main_can_log(log_dir: Path) -> None:
    body = """
def late():
    threading.main_thread().join()
    for n in range(50): log(n)
threading.Thread(target=late).start()
"""
    assert run(log_dir, "buffered", body).returncode == 0
    assert numbers(log_dir) == list(range(50))


def test_a_logger_made_by_the_very_last_handler_works(log_dir: Path) -> None:
    body = """
def last():
    logger = AuditLogger(FileAuditBackend(sys.argv[1]), durability="buffered")
    log(0, logger)
    logger.close()
atexit.register(last)
"""
    result = run(log_dir, "buffered", body)
    assert (result.returncode, result.stderr) == (0, "")
    assert numbers(log_dir) == [0]


@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
def test_a_forked_child_logs_on_its_own_and_writes_nothing_of_its_parent_again(log_dir: Path, level: str) -> None:
    body = """
for n in range(10): log(n)
pid = os.fork()
if pid == 0:
    for n in range(100, 110): log(n)
    sys.exit(0)
os.waitpid(pid, 0)
for n in range(10, 20): log(n)
"""
    result = run(log_dir, level, body)
    assert (result.returncode, result.stderr) == (0, "")
    assert Counter(numbers(log_dir)) == Counter([*range(20), *range(100, 110)])


def test_twenty_forks_while_four_threads_log_lose_and_duplicate_nothing(log_dir: Path) -> None:
    body = """
stop = threading.Event()
counts = [0] * 4
def work(thread):
    while not stop.is_set() or counts[thread] < 50:
        log(thread * 1_000_000 + counts[thread]); counts[thread] += 1
threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
for thread in threads: thread.start()
children = []
for child in range(20):
    pid = os.fork()
    if pid == 0:
        for n in range(20): log(10_000_000 + child * 1_000 + n)
        os._exit(0 if LOGGER.flush(10) else 9)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
stop.set()
for thread in threads: thread.join()
print(sum(counts)); sys.exit(any(codes))
"""
    result = run(log_dir, "written", body)
    assert result.returncode == 0, result.stderr
    found = numbers(log_dir)
    assert len(found) == len(set(found)) == int(result.stdout) + 400


@pytest.mark.parametrize("level", ["buffered", "written"])
def test_a_signal_handler_and_a_finalizer_may_log_while_the_same_thread_logs(log_dir: Path, level: str) -> None:
    body = """
import itertools
tickets = itertools.count()  # one C call: a handler may be interrupted by itself
def on_alarm(*_): log(1_000_000 + next(tickets))
signal.signal(signal.SIGPROF, on_alarm)
# A handler that takes longer than this is interrupted by the next one, and so on without end: so it is a time of the
# processor, which a busy machine does not take away, and not shorter.
signal.setitimer(signal.ITIMER_PROF, 0.002, 0.002)
class Finalized:
    def __init__(self, n): self.n = n
    def __del__(self): log(2_000_000 + self.n)
for n in range(5_000):
    log(n)
    cycle = Finalized(n); cycle.me = cycle
signal.setitimer(signal.ITIMER_PROF, 0)
del cycle
import gc; gc.collect()
print(next(tickets))
"""
    result = run(log_dir, level, body)
    assert result.returncode == 0, result.stderr
    handled = int(result.stdout)
    assert handled > 0
    expected = {*range(5_000), *range(1_000_000, 1_000_000 + handled), *range(2_000_000, 2_005_000)}
    found = numbers(log_dir)
    assert len(found) == len(expected)
    assert set(found) == expected


@pytest.mark.parametrize("level", ["written", "synced"])
@pytest.mark.parametrize("call", ["lock", "size", "append", "unlock", "duplicate", "fsync"])
def test_a_signal_handler_that_logs_flushes_and_closes_ends_whatever_it_has_interrupted(
    log_dir: Path, level: str, call: str
) -> None:
    body = f"""
from agent_audit.backends.file.fs import PosixFileSystem
main, struck = threading.get_ident(), []
class Striking(PosixFileSystem):
    def {call}(self, *args):
        if armed and not struck and threading.get_ident() == main:
            struck.append(True)
            os.kill(os.getpid(), signal.SIGUSR1)
        return super().{call}(*args)
def handle(*_):
    log(100); LOGGER.flush(); LOGGER.close(); log(101)
signal.signal(signal.SIGUSR1, handle)
armed = False
LOGGER = AuditLogger(FileAuditBackend(sys.argv[1], fs=Striking()), durability=LEVEL)
log(0)
armed = True
for n in range(1, 50): log(n)
LOGGER.flush()
print(len(struck))
"""
    result = run(log_dir, level, body)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "1\n"
    assert sorted(numbers(log_dir)) == [*range(50), 100, 101]


def test_a_signal_handler_may_log_at_synced_while_the_same_thread_syncs(log_dir: Path) -> None:
    body = """
import itertools
tickets = itertools.count()
def on_alarm(*_): log(1_000_000 + next(tickets))
signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
threads = [threading.Thread(target=lambda base=base: [log(base + n) for n in range(100)]) for base in (10_000, 20_000)]
for thread in threads: thread.start()
for n in range(300): log(n)
signal.setitimer(signal.ITIMER_REAL, 0)
for thread in threads: thread.join()
print(next(tickets))
"""
    result = run(log_dir, "synced", body)
    assert result.returncode == 0, result.stderr
    handled = int(result.stdout)
    assert handled > 0
    expected = {*range(300), *range(10_000, 10_100), *range(20_000, 20_100), *range(1_000_000, 1_000_000 + handled)}
    assert sorted(numbers(log_dir)) == sorted(expected)


def test_a_finalizer_that_runs_when_the_interpreter_ends_still_logs(log_dir: Path) -> None:
    body = """
class Session:
    def __del__(self): log(1)
session = Session()
log(0)
"""
    result = run(log_dir, "written", body)
    assert (result.returncode, result.stderr) == (0, "")
    assert numbers(log_dir) == [0, 1]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("made", ["by the parent", "by the child"])
def test_what_a_child_of_multiprocessing_left_buffered_is_written_when_it_ends(
    log_dir: Path, tmp_path: Path, method: str, made: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"""
import multiprocessing, sys
from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
def logger(): return AuditLogger(FileAuditBackend({str(log_dir)!r}), durability="buffered")
LOGGER = logger() if {made == "by the parent"} else None
def work():
    used = LOGGER or logger()
    for n in range(20): used.record(AuditEventType.TOOL_CALL, action="tool.t", parameters={{"n": n}})
if __name__ == "__main__":
    child = multiprocessing.get_context({method!r}).Process(target=work)
    child.start()
    child.join()
    sys.exit(child.exitcode)
""")
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", str(script)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert numbers(log_dir) == list(range(20))


def test_a_closed_event_loop_does_not_matter(log_dir: Path) -> None:
    body = """
from agent_audit import AuditEvent
async def main():
    for n in range(20):
        await LOGGER.alog(AuditEvent(event_type="tool.call", parameters={"n": n}))
asyncio.run(main())
asyncio.run(main())
log(99)
"""
    result = run(log_dir, "synced", body)
    assert (result.returncode, result.stderr) == (0, "")
    assert numbers(log_dir) == [*range(20), *range(20), 99]


def test_the_default_logger_announces_a_new_log_once_and_records_to_it(tmp_path: Path) -> None:
    code = "from agent_audit import AuditedAgent\nAuditedAgent('a').log_data_access('file.txt')"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    environment.pop("AGENT_AUDIT_DIR")
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    )
    where = tmp_path / "agent-audit-log"
    assert first.stderr == f"agent-audit-log: recording to a new audit log in {where}\n"
    assert second.stderr == ""
    assert len(Layout(where).segment(0).read_bytes().splitlines()) >= 2


def test_a_fork_in_c_that_runs_no_python_hooks_is_noticed(log_dir: Path) -> None:
    body = """
import ctypes
for n in range(10): log(n)
time.sleep(0.5)  # the background thread is at rest: a fork in C while it takes the GIL leaves the GIL taken for ever
pid = ctypes.PyDLL(None).fork()
if pid == 0:
    for n in range(100, 110): log(n)
    os._exit(0)
os.waitpid(pid, 0)
log(10)
"""
    result = run(log_dir, "written", body)
    assert (result.returncode, result.stderr) == (0, "")
    assert Counter(numbers(log_dir)) == Counter([*range(11), *range(100, 110)])


def test_a_fork_is_noticed_where_the_kernel_takes_the_advice_to_wipe_a_page_and_does_nothing(log_dir: Path) -> None:
    program = """
import mmap, os, sys

class Emulated(mmap.mmap):
    def madvise(self, *advice):
        pass

mmap.mmap = Emulated
from agent_audit import *

logger = AuditLogger(FileAuditBackend(sys.argv[1]))
logger.record(AuditEventType.TOOL_CALL, action="parent")
pid = os.fork()
if pid == 0:
    logger.record(AuditEventType.TOOL_CALL, action="child")
    os._exit(0)
os.waitpid(pid, 0)
logger.record(AuditEventType.TOOL_CALL, action="parent")
"""
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", program, str(log_dir)]
    subprocess.run(command, check=True, timeout=200)
    events = list(map(orjson.loads, Layout(log_dir).segment(0).read_bytes().splitlines()))
    writers = {event["action"]: event["writer"] for event in events if event["event_type"] == "tool.call"}
    assert writers["parent"] != writers["child"]
    assert len({event["metadata"]["pid"] for event in events if event["event_type"] == "log.opened"}) == 2


def test_children_that_are_forked_in_c_give_their_events_ids_of_their_own(log_dir: Path) -> None:
    body = """
import ctypes
log(0)
LOGGER.flush()
time.sleep(0.5)
children = []
for child in range(1, 4):
    pid = ctypes.PyDLL(None).fork()
    if pid == 0:
        log(child)
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
"""
    assert run(log_dir, "written", body).returncode == 0
    layout = Layout(log_dir)
    events = map(orjson.loads, layout.segment(0).read_bytes().splitlines())
    ids = [event["event_id"] for event in events if event["event_type"] == "tool.call"]
    assert len({one.split("-", 3)[3] for one in ids}) == 4  # without the time, which tells them apart only by chance


def test_what_is_recorded_when_c_ends_the_process_is_on_record(log_dir: Path) -> None:
    body = """
import ctypes
log(0)
libc = ctypes.PyDLL(None)

@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def end(_):  # as where Python is embedded, in uWSGI for instance: the values of C's thread are gone by then
    log(1)
    LOGGER.close()

libc.__cxa_atexit(end, None, None)
libc.exit(0)
"""
    assert run(log_dir, "buffered", body).returncode == 0
    assert numbers(log_dir) == [0, 1]
    assert orjson.loads(Layout(log_dir).segment(0).read_bytes().splitlines()[-1])["event_type"] == "log.closed"


def test_every_process_knows_its_own_id_after_a_fork_in_python_or_in_c(log_dir: Path) -> None:
    body = """
import ctypes
from agent_audit.process import current_pid
forks = os.fork, ctypes.PyDLL(None).fork, os.fork
for fork in forks:
    assert current_pid() == os.getpid()
    if pid := fork():
        assert os.waitpid(pid, 0)[1] == 0
        assert current_pid() == os.getpid()
        os._exit(0)
assert current_pid() == os.getpid()
os._exit(0)
"""
    result = run(log_dir, "written", body)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("level", ["buffered", "written"])
def test_keyboard_interrupts_at_any_moment_lose_nothing_that_log_returned_for(log_dir: Path, level: str) -> None:
    body = """
armed = False
def interrupt(*_):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
returned, interrupted = [], 0
signal.setitimer(signal.ITIMER_REAL, 0.0007, 0.0007)
for n in range(6_000):
    try:
        armed = True; log(n); armed = False
    except KeyboardInterrupt:
        interrupted += 1
    else:
        returned.append(n)
signal.setitimer(signal.ITIMER_REAL, 0)
assert LOGGER.flush(20)
print(interrupted, *returned)
"""
    result = run(log_dir, level, body)
    assert result.returncode == 0, result.stderr
    interrupted, *returned = map(int, result.stdout.split())
    assert interrupted > 10
    assert not set(returned) - set(numbers(log_dir))


def test_a_child_forked_while_another_thread_tracks_runs_is_not_stuck(log_dir: Path) -> None:
    body = """
from agent_audit import Outcome, RunTracker
tracker = RunTracker.shared(LOGGER, "test", None)
stop = threading.Event()
def work():
    n = 0
    while not stop.is_set():
        tracker.enter(n); tracker.end(n, Outcome.SUCCESS); n += 1
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for child in range(30):
    pid = os.fork()
    if pid == 0:
        tracker.start(AuditEventType.TOOL_CALL, "mine", action="tool.t", parameters={"n": child})
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
"""
    result = run(log_dir, "written", body)
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(numbers(log_dir)) == list(range(30))
