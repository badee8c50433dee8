"""Forked workers."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from agents import Runner, set_tracing_disabled
from openai_scripts import ASKED_TO_ADD, add, agent

import agent_audit_openai_agents
from agent_audit import AuditLogger, FileAuditBackend
from agent_audit_openai_agents import install
from agent_audit_openai_agents.recording import Recording


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_records_whatever_its_parent_s_threads_were_doing(tmp_path: Path) -> None:
    set_tracing_disabled(True)  # the SDK's own exporter has threads of its own
    with AuditLogger(FileAuditBackend(tmp_path / "log")) as logger:
        agent_audit_openai_agents.enable(logger)
        recording = Recording.of(logger)
        maps = (recording.runs, recording.questions, recording.tools, recording.decided)
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with install._lock, maps[0]._lock, maps[1]._lock, maps[2]._lock, maps[3]._lock:
                held.set()
                done.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(60)
        child = os.fork()
        if child == 0:
            try:
                agent_audit_openai_agents.enable(logger, user_id="child")
                recording.questions["q"] = {}
                Runner.run_sync(agent(ASKED_TO_ADD, "3", tools=[add]), "hi")
                logger.flush()
                os._exit(0)
            finally:
                os._exit(1)
        status = _wait(child)
        done.set()
        thread.join()
        set_tracing_disabled(False)
        assert status == 0
        assert [str(event.event_type) for event in logger.query(user_id="child")].count("tool.response") == 1


def _wait(child: int, seconds: float = 60) -> int | None:
    """Its exit code; a child that hangs is killed and None."""
    waited = threading.Event()
    for _ in range(int(seconds * 20)):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        waited.wait(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None
