"""A long log is read by several processes, and what is found is what one finds."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.backends.file import Layout
from agent_audit.backends.file.layout import SEGMENT_MULTIPLE
from agent_audit.event import AuditEvent, encode_record
from agent_audit.verify import Verdict, Verification, ahead
from agent_audit.verify.intents import OpenIntents

from .logs import check, open_log, record
from .test_intents import events, feed, once_per_span
from .test_mutations import byte_change, line_change

_NO_PROC = not Path("/proc/self/task").exists()
SEGMENTS = ahead.WORTH_IT + 2


@pytest.fixture(autouse=True)
def read_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pass waits until a process is up, or it would have read these short segments by itself."""

    def started(pool: ProcessPoolExecutor, jobs: int) -> Future[None]:
        up = start(pool, jobs)
        up.result()
        return up

    start = ahead.started
    monkeypatch.setattr(ahead, "started", started)


@pytest.fixture
def layout(log_dir: Path) -> Layout:
    """A log of enough segments, with a blob, intents without an outcome, and a tail behind the last seal."""
    log = open_log(log_dir)
    for start in range(0, SEGMENTS * SEGMENT_MULTIPLE, 64):
        blob = "y" * 70_000 if start == 640 else None
        log.append([record(number, result=blob if number == start else None) for number in range(start, start + 64)])
    log.close()
    return log.layout


def first_byte_lost(layout: Layout, path: Path) -> None:
    path.write_bytes(path.read_bytes()[1:])


def cut(layout: Layout, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def lost(layout: Layout, path: Path) -> None:
    path.unlink()


def byte_changed(layout: Layout, path: Path) -> None:
    byte_change(random.Random(1), layout, path, None)


def line_moved(layout: Layout, path: Path) -> None:
    line_change(random.Random(2), path)


def blob_changed(layout: Layout, path: Path) -> None:
    (blob,) = (one for one in layout.blobs.rglob("*") if one.is_file())
    blob.write_bytes(blob.read_bytes() + b" ")


DAMAGES = [first_byte_lost, cut, lost, byte_changed, line_moved, blob_changed]


def test_a_sound_log_is_valid_whoever_reads_it(layout: Layout) -> None:
    found = check(layout, jobs=2)
    assert found.verdict is Verdict.VALID
    assert found.hashed == found.size == SEGMENTS * SEGMENT_MULTIPLE + 2
    assert found == check(layout)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_told_in_the_same_words_whoever_reads_the_segment(
    damage: Callable[[Layout, Path], None], layout: Layout
) -> None:
    damage(layout, layout.segment(3 * SEGMENT_MULTIPLE))
    found = check(layout, jobs=2)
    assert found.verdict is Verdict.TAMPERED
    assert found == check(layout)


def die(*args: object, **settings: object) -> None:
    os._exit(9)


def test_a_process_that_is_killed_leaves_its_segments_to_the_pass_itself(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "read_whole", die)
    assert check(layout, jobs=2) == check(layout)


_IN_A_FRESH_PROCESS = """
import sys, threading
from agent_audit.verify import ahead, verify

if __name__ == "__main__":
    if sys.argv[2] == "spawn":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    assert ahead.how_to_start() == sys.argv[2]
    print(verify(sys.argv[1], remember=False, jobs=2).model_dump_json())
"""


@pytest.mark.parametrize("how", ["spawn", pytest.param("fork", marks=pytest.mark.skipif(_NO_PROC, reason="no /proc"))])
def test_processes_are_forked_where_no_thread_forbids_it_and_find_the_same(
    layout: Layout, tmp_path: Path, how: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(_IN_A_FRESH_PROCESS)
    done = subprocess.run(
        [sys.executable, str(script), str(layout.root), how], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Verification.model_validate_json(done.stdout) == check(layout)


_READING_FOR_EVER = """
import os, sys, threading, time
from agent_audit.verify import ahead, verify

def read(*args, **settings):
    os.write(1, b"reading\\n")  # at once: two processes write to the same pipe
    time.sleep(600)

def up(pool, jobs, start=ahead.started):
    found = start(pool, jobs)
    found.result()
    return found

if __name__ == "__main__":
    if sys.argv[2] == "spawn":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    ahead.read_whole, ahead.started = read, up
    verify(sys.argv[1], remember=False, jobs=2)
"""


@pytest.mark.parametrize("how", ["spawn", pytest.param("fork", marks=pytest.mark.skipif(_NO_PROC, reason="no /proc"))])
def test_processes_end_with_the_one_that_has_started_them_when_that_is_killed(
    layout: Layout, tmp_path: Path, how: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(_READING_FOR_EVER)
    command = [sys.executable, str(script), str(layout.root), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["reading\n"] * 2
        process.kill()
        process.communicate(timeout=200)  # until nobody is left who could write to it


@given(st.lists(events(), max_size=60).map(once_per_span), st.integers(0, 60), st.integers(0, 60))
def test_intents_counted_in_parts_and_joined_are_those_counted_in_one(
    found: list[AuditEvent], one: int, other: int
) -> None:
    lines = [b'{"seq":%d,' % seq + encode_record(event.to_record())[1:] for seq, event in enumerate(found)]
    whole, joined = OpenIntents(), OpenIntents()
    feed(whole, lines, 0)
    for start, end in ((0, min(one, other)), (min(one, other), max(one, other)), (max(one, other), len(lines))):
        part = OpenIntents(part=True)
        feed(part, lines[start:end], start)
        joined.join(part)
    assert joined.count == whole.count
