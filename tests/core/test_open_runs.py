"""What adapters have open when a process or a logger ends: each in a real process."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from agent_audit.backends.file import Layout

BEGIN = """
import multiprocessing, os, sys
from agent_audit import AuditEventType, AuditLogger, FileAuditBackend, Outcome, RunTracker

logger = AuditLogger(FileAuditBackend(sys.argv[1]))
tracker = RunTracker.shared(logger, "test", None)
tracker.start(AuditEventType.AGENT_START, "agent", action="agent")
tracker.start(AuditEventType.TOOL_CALL, "outer", parent="agent", action="outer")
"""


def told(log_dir: Path, body: str) -> list[str]:
    """`type action outcome` of the events that a script has left."""
    # Python 3.12+ warns of a fork while threads run, ours among them; what comes of it is what is tested here.
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", BEGIN + body, str(log_dir)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert not result.stderr
    layout = Layout(log_dir)
    lines = [line for start in layout.segment_starts() for line in layout.segment(start).read_bytes().splitlines()]
    events = [event for line in lines if (event := orjson.loads(line))["event_type"] not in ("log.opened", "log.key")]
    return [" ".join(str(e[name]) for name in ("event_type", "action", "outcome") if name in e) for e in events]


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "logger.close()"])
def test_what_is_open_at_the_end_is_closed_as_unknown_before_the_log_is(log_dir: Path, end: str) -> None:
    assert told(log_dir, end) == [
        "agent.start agent",
        "tool.call outer",
        "tool.response outer unknown",
        "agent.stop agent unknown",
        "log.closed log.closed",
    ]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.parametrize("end", ["", "logger.close()"])
def test_a_child_closes_what_it_has_begun_and_nothing_of_its_parent(log_dir: Path, end: str) -> None:
    body = f"""
def work():
    tracker.start(AuditEventType.TOOL_CALL, "inner", parent="outer", action="inner")
    {end}

child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
tracker.end("outer", Outcome.SUCCESS)
tracker.end("agent", Outcome.SUCCESS)
"""
    assert [line for line in told(log_dir, body) if not line.startswith("log.")] == [
        "agent.start agent",
        "tool.call outer",
        "tool.call inner",
        "tool.response inner unknown",
        "tool.response outer success",
        "agent.stop agent success",
    ]
