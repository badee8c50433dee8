"""A log is verified while others write it, and after they were killed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from agent_audit.verify import Verdict
from tests.backends.test_checkpoints import end, writer

from .logs import check


def test_a_log_that_two_processes_write_is_valid_at_any_moment_and_at_the_end(log_dir: Path) -> None:
    writers = [writer(log_dir) for _ in range(2)]
    until = time.monotonic() + float(os.environ.get("AUDIT_SECONDS", "3"))
    sealed, looks = 0, 0
    while looks < 2 or not sealed or time.monotonic() < until:
        found = check(log_dir, intents=False)
        assert found.verdict in (Verdict.VALID, Verdict.NOT_PROVABLE), found
        assert found.verdict is Verdict.VALID or not found.size, found
        sealed, looks = max(sealed, found.size), looks + 1
    for process in writers:
        end(process)
    found = check(log_dir)
    assert (found.verdict, found.later) == (Verdict.VALID, 0), found


def test_a_log_whose_writer_was_killed_at_any_moment_verifies_before_and_after_it_is_opened_again(
    log_dir: Path,
) -> None:
    rng = random.Random(5)
    for _ in range(8):
        process = writer(log_dir)
        time.sleep(rng.uniform(0.05, 1.3))
        process.send_signal(signal.SIGKILL)
        process.wait(200)
        found = check(log_dir)
        assert found.verdict in (Verdict.VALID, Verdict.NOT_PROVABLE), found
        assert found.verdict is Verdict.VALID or found.root is None, found
    end(writer(log_dir))
    found = check(log_dir)
    assert (found.verdict, found.later) == (Verdict.VALID, 0), found
