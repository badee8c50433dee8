"""Temporary directories hold copies of events: none of them outlives its process for long."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_audit import scratch
from agent_audit.scratch import Scratch
from tests.interrupting import interrupted_at_each_step

HOLDS_ONE = """
import sys
from agent_audit.scratch import Scratch
held = Scratch()
(held.path / "events.parquet").write_text("an event")
print(held.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What `tempfile` makes is made here, and nothing was swept yet."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    scratch._remove_abandoned.cache_clear()
    yield tmp_path
    scratch._remove_abandoned.cache_clear()


def another_process() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def age(folder: Path) -> None:
    then = time.time() - 3600
    os.utime(folder, (then, then))


def test_it_is_its_owners_alone_and_gone_afterwards(temporary: Path) -> None:
    with Scratch() as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "below").mkdir()
        (folder / "below" / "events.parquet").write_text("an event")
    assert list(temporary.iterdir()) == []


def test_one_that_nobody_closed_goes_when_it_is_collected(temporary: Path) -> None:
    one = Scratch()
    assert one.path.is_dir()
    del one
    gc.collect()
    assert list(temporary.iterdir()) == []


def test_one_that_nobody_closed_goes_when_its_process_ends(temporary: Path) -> None:
    process, folder = another_process()
    assert folder.is_dir()
    process.communicate("", timeout=200)
    assert list(temporary.iterdir()) == []


def test_a_signal_leaves_nothing_behind_wherever_it_comes(temporary: Path) -> None:
    for step in interrupted_at_each_step(Scratch.__init__.__code__, lambda: Scratch().close()):
        assert list(temporary.iterdir()) == [], f"at step {step}"
    assert step > 50


def test_one_whose_process_was_killed_before_it_held_it_goes(temporary: Path) -> None:
    folder = temporary / "agent-audit-scratch-0123456789abcdef"
    folder.mkdir()
    age(folder)
    with Scratch() as mine:
        assert list(temporary.iterdir()) == [mine]


def test_that_of_a_killed_process_goes_with_the_next_one(temporary: Path) -> None:
    process, folder = another_process()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=200)
    assert (folder / "events.parquet").is_file()
    age(folder)
    with Scratch() as mine:
        assert list(temporary.iterdir()) == [mine]


def test_that_of_a_running_process_stays_however_old_it_is(temporary: Path) -> None:
    process, folder = another_process()
    age(folder)
    with Scratch():
        assert (folder / "events.parquet").is_file()
    process.communicate("", timeout=200)


def test_one_that_was_made_just_now_stays(temporary: Path) -> None:
    process, folder = another_process()
    process.kill()
    process.wait(timeout=200)
    with Scratch():
        assert folder.is_dir()


def test_what_only_has_such_a_name_stays(temporary: Path) -> None:
    named = temporary / "agent-audit-scratch-of-mine"
    named.mkdir()
    (named / "events.jsonl").write_text("my copy")
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "IN_USE").write_text("")
    (elsewhere / "events.jsonl").write_text("my copy")
    link = temporary / "agent-audit-scratch-link"
    link.symlink_to(elsewhere)
    age(named)
    age(elsewhere)
    with Scratch():
        pass
    assert (named / "events.jsonl").is_file()
    assert (link / "events.jsonl").is_file()


def test_a_forked_child_that_ends_takes_nothing_from_its_parent(temporary: Path) -> None:
    with Scratch() as folder:
        program = "import os, sys; from agent_audit.scratch import Scratch; one = Scratch(); pid = os.fork()\n"
        program += "if not pid: sys.exit()\nos.waitpid(pid, 0); print(one.path.is_dir()); one.close()"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=200)
        assert done.stdout == "True\n"
        assert list(temporary.iterdir()) == [folder]
