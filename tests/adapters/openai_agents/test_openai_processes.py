"""More than one process: forked workers, and runs that go on in another one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from agents import Agent, Runner, function_tool, set_tracing_disabled
from openai_scripts import ASKED_TO_ADD, add, agent, call, line, lines

import agent_audit_openai_agents
from agent_audit import AuditEvent, AuditLogger, FileAuditBackend
from agent_audit_openai_agents import install
from agent_audit_openai_agents.recorder import HookedRuns
from agent_audit_openai_agents.recording import Recording


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_records_whatever_its_parent_s_threads_were_doing(tmp_path: Path) -> None:
    set_tracing_disabled(True)  # the SDK's own exporter has threads of its own
    with AuditLogger(FileAuditBackend(tmp_path / "log")) as logger:
        agent_audit_openai_agents.enable(logger)
        recording = Recording.of(logger)
        maps = (HookedRuns.of(recording).by_context, recording.questions, recording.tools, recording.decided)
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with install._lock, maps[0]._lock, maps[1]._lock, maps[2]._lock, maps[3]._lock:
                held.set()
                done.wait(200)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(200)
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


RESUME = """
import asyncio, sys
import agent_audit_openai_agents
from agents import Agent, Runner, RunState, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call
from agent_audit import AuditEvent, AuditLogger, FileAuditBackend

@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"

async def main(directory, approve):
    with AuditLogger(FileAuditBackend(directory)) as logger:
        agent_audit_openai_agents.enable(logger)
        model = ScriptedModel([[function_call("pay", {"amount": 6}, call_id="c2")], [assistant_message("done")]])
        agent = Agent(name="A", model=model, tools=[pay])
        state = await RunState.from_string(agent, sys.stdin.read())
        (question,) = state.get_interruptions()
        if approve:
            state.approve(question, always_approve=True)
        else:
            state.reject(question, rejection_message="no", always_reject=True)
        await Runner.run(agent, state)

asyncio.run(main(sys.argv[1], sys.argv[2] == "approve"))
"""
ASKED = """
    agent.start - agent.A -
    action.request - tool.pay c1
    permission.check - tool.pay c1
    agent.stop suspended agent.A -
"""
GOES_ON = {
    "approve": """
        action.approved success tool.pay c1
        agent.start - agent.A -
        tool.call - tool.pay c1
        tool.response success tool.pay c1
        action.request - tool.pay c2
        action.approved success tool.pay c2
        tool.call - tool.pay c2
        tool.response success tool.pay c2
        agent.stop success agent.A -
    """,
    "reject": """
        action.denied denied tool.pay c1
        agent.start - agent.A -
        action.request - tool.pay c2
        action.denied denied tool.pay c2
        agent.stop success agent.A -
    """,
}


@pytest.mark.parametrize("decision", GOES_ON)
async def test_a_run_that_is_decided_on_in_another_process_goes_on_in_the_same_log(
    tmp_path: Path, decision: str
) -> None:
    @function_tool(needs_approval=True)
    def pay(amount: int) -> str:
        raise AssertionError("not in this process")

    directory = tmp_path / "log"
    with AuditLogger(FileAuditBackend(directory)) as logger:
        agent_audit_openai_agents.enable(logger)
        asks: Agent[None] = agent([call("pay", {"amount": 5})], tools=[pay])
        state = (await Runner.run(asks, "hi")).to_state().to_string()
        command = [sys.executable, "-c", RESUME, str(directory), decision]
        subprocess.run(command, input=state, text=True, check=True, cwd=tmp_path)
        events = [event for event in logger.query() if not str(event.event_type).startswith(("llm.", "log."))]
        told = [line(event) for event in events]
        digests = {event.event_type: event.metadata["arguments"] for event in events if _about(event, "c1")}
    assert told == lines(ASKED + GOES_ON[decision])
    assert set(digests) == {"permission.check", f"action.{DECIDED[decision]}"} | CALLED[decision]
    assert len({str(digest) for digest in digests.values()}) == 1, "what was asked, decided and done is the same"
    assert "hmac_sha256" in next(iter(digests.values()))


DECIDED = {"approve": "approved", "reject": "denied"}
CALLED = {"approve": {"tool.call"}, "reject": set()}


def _about(event: AuditEvent, call_id: str) -> bool:
    return event.call_id == call_id and "arguments" in (event.metadata or {})


LEAVES = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from agents import Runner, function_tool, set_tracing_disabled
from openai_scripts import agent, call
from agent_audit import AuditLogger, FileAuditBackend
import agent_audit_openai_agents

set_tracing_disabled(sys.argv[4] == "untraced")
agent_audit_openai_agents.enable(AuditLogger(FileAuditBackend(sys.argv[1])))

@function_tool
async def leave() -> str:
    sys.exit(3)

A = agent([call("leave")], tools=[leave])

async def read():
    async for _ in Runner.run_streamed(A, "hi").stream_events():
        pass

if sys.argv[3] == "run_sync":
    Runner.run_sync(A, "hi")
else:
    asyncio.run(Runner.run(A, "hi") if sys.argv[3] == "run" else read())
"""


@pytest.mark.parametrize("tracing", ["traced", "untraced"])
@pytest.mark.parametrize("way", ["run", "run_sync", "run_streamed"])
def test_a_tool_that_ends_the_process_was_cancelled_and_so_all_around_it_has_an_end(
    tmp_path: Path, way: str, tracing: str
) -> None:
    command = [sys.executable, "-c", LEAVES, str(tmp_path / "log"), str(Path(__file__).parent), way, tracing]
    left = subprocess.run(command, capture_output=True, check=False, timeout=200)
    assert left.returncode == 3
    with AuditLogger(FileAuditBackend(tmp_path / "log")) as logger:
        events = list(logger.query())
    in_time = [event for event in events if event.outcome and not (event.metadata or {}).get("late")]
    ends = [(str(event.event_type), str(event.outcome)) for event in in_time]
    tool, stop = ends[-2:]
    # Where asyncio gives up on the run, nothing tells of its end before that of the process, and of the tool's a span.
    assert tool == ("tool.response", "cancelled") or (tracing == "untraced" and tool == ("tool.response", "unknown"))
    assert stop == ("agent.stop", "cancelled") or (way != "run_sync" and stop == ("agent.stop", "unknown"))
    assert [kind for kind, _ in ends].count("agent.stop") == 1
