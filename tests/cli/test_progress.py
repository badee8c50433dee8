from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.analysis.logs import event, write_log

_SLOW = "SELECT count(*) FROM range(200000) a, range(100) b WHERE hash(a.range, b.range) % 7 = 1"
_IMPATIENT = """
import sys
from agent_audit.cli import progress
progress._PATIENCE = 0.01
from agent_audit.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
_WAITING = """
import sys
from agent_audit.cli import progress
progress._PATIENCE = 0.01
with progress.progress("reading", "answering") as tell:
    for step in sys.argv[1].split():
        tell(int(step), 2)
        assert sys.stdin.readline()
print("done")
"""
_TOLD_OFTEN = """
import sys, threading
from agent_audit.cli import progress
progress._PATIENCE = 0.0
with progress.progress("verifying", "judging", told_often=True) as tell:
    assert threading.active_count() == 1
    tell(1, 2)
    assert sys.stdin.readline()
"""


def seen_on_a_terminal(command: list[str], expected: list[bytes]) -> tuple[bytes, bytes]:
    """What a command writes to stderr, a terminal, and to stdout. A line on stdin answers each expected text."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    assert process.stdin is not None and process.stdout is not None
    giving_up = threading.Timer(60, process.kill)
    giving_up.start()
    text, waiting = b"", list(expected)
    try:
        while True:
            try:
                text += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            while waiting and waiting[0] in text:
                waiting.pop(0)
                with suppress(BrokenPipeError):  # it did not wait for an answer
                    process.stdin.write(b"\n")
                    process.stdin.flush()
        out = process.stdout.read()
        assert process.wait() == 0, text
    finally:
        giving_up.cancel()
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        os.close(ours)
    assert not waiting
    return text, out


def test_the_bar_comes_by_itself_while_nothing_is_told_and_says_when_all_is_done_and_it_goes_on() -> None:
    text, out = seen_on_a_terminal([_WAITING, "1 2"], [b"reading", b"answering"])
    assert text.index(b"reading") < text.index(b"answering")
    assert out == b"done\n"


def test_the_bar_of_what_is_told_often_needs_no_thread_until_it_is_there() -> None:
    text, _ = seen_on_a_terminal([_TOLD_OFTEN], [b"verifying"])
    assert b"verifying" in text


_STRUCK = """
import os, signal, sys
from rich.progress import Progress
from agent_audit.cli import progress
progress._PATIENCE = 0.0
start = Progress.start
def struck(self):
    start(self)
    os.kill(os.getpid(), signal.SIGINT)
Progress.start = struck
try:
    with progress.progress("verifying", told_often=True) as tell:
        tell(1, 2)
except KeyboardInterrupt:
    pass
"""


def test_a_bar_that_ctrl_c_meets_as_soon_as_it_is_there_gives_the_cursor_back() -> None:
    text, _ = seen_on_a_terminal([_STRUCK], [])
    assert text.rfind(b"\x1b[?25h") > text.rfind(b"\x1b[?25l") >= 0


def test_a_slow_query_shows_that_it_goes_on_and_its_answer_is_clean(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", [event("error", at=i) for i in range(300)])
    text, out = seen_on_a_terminal([_IMPATIENT, "sql", _SLOW, "--dir", str(log), "--format", "csv"], [b"answering"])
    assert b"0:00:0" in text
    assert out.splitlines()[-1].isdigit()


@pytest.mark.parametrize("command", ["activity", "compliance", "verify"])
def test_nothing_is_shown_where_nobody_looks(tmp_path: Path, command: str) -> None:
    log = write_log(tmp_path / "log", [event("error", at=i) for i in range(300)])
    done = subprocess.run(
        [sys.executable, "-c", _IMPATIENT, command, str(log)], capture_output=True, text=True, timeout=200, check=False
    )
    assert "reading segments" not in done.stderr
    assert "verifying" not in done.stderr
    assert "\x1b" not in done.stderr
