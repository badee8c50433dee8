"""Forked workers, many runs, full executors: what is shared, what is bounded, what nobody waits for."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tools import tool
from langchain_record import NEEDS_TASK_CONTEXT, Record, call
from langchain_stories import QUESTION, clerk
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt

from agent_audit import AuditLogger, MemoryAuditBackend
from agent_audit.backends import FileAuditBackend
from agent_audit_langchain import AuditCallbackHandler

WORKERS = """
import os, sys, threading
sys.path.insert(0, sys.argv[2])
from langgraph.types import Command, interrupt
from langchain_core.tools import tool
from langchain_record import call
from langchain_stories import QUESTION, clerk
from agent_audit import AuditLogger, FileAuditBackend
import agent_audit_langchain
from agent_audit_langchain import install

@tool
def ask() -> str:
    "Ask."
    return interrupt("sure?")

def conversation(name):
    config = {"configurable": {"thread_id": name}}
    agent = clerk(call("ask", name), tools=[ask])
    agent.invoke(QUESTION, config)
    agent.invoke(Command(resume="yes"), config)

logger = AuditLogger(FileAuditBackend(sys.argv[1]))
agent_audit_langchain.enable(logger)
conversation("parent")

held, forked = threading.Event(), threading.Event()

def hold():
    # Another thread is in the middle of everything when the fork comes.
    recording = install._handler.recording
    with recording.approvals._lock, recording.tracker._lock, install._lock:
        held.set()
        forked.wait(200)

holder = threading.Thread(target=hold)
holder.start()
held.wait()
children = []
for n in range(2):
    pid = os.fork()
    if pid == 0:
        agent_audit_langchain.enable(logger)
        conversation(f"child{n}")
        logger.close()
        os._exit(0)
    children.append(pid)
forked.set()
holder.join()
failed = [pid for pid in children if os.waitpid(pid, 0)[1] != 0]
conversation("parent again")
logger.close()
sys.exit(len(failed))
"""


@pytest.mark.skipif(not hasattr(sys.modules["os"], "fork"), reason="needs fork")
def test_forked_workers_record_though_another_thread_held_every_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", WORKERS, str(tmp_path / "log"), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with AuditLogger(FileAuditBackend(tmp_path / "log")) as logger:
        events = [event for event in logger.query() if event.session_id]
    told = Counter((str(event.session_id), str(event.event_type)) for event in events)
    for name in ("parent", "child0", "child1", "parent again"):
        assert {kind: count for (session, kind), count in told.items() if session == name} == {
            "agent.start": 2,
            "llm.request": 2,
            "llm.response": 2,
            "action.request": 1,
            "tool.call": 2,
            "permission.check": 1,
            "tool.response": 2,
            "action.approved": 1,
            "agent.stop": 2,
        }


class Forgetful(AuditLogger):
    """Counts events and keeps none."""

    def log(self, event: Any, **options: Any) -> None:
        self.counted = getattr(self, "counted", 0) + 1


def a_run(handler: AuditCallbackHandler, number: int) -> int:
    """One of all that leaves something behind: an error, a question, a late end, an end alone. Returns its events."""
    root, node, tool_run = uuid4(), uuid4(), uuid4()
    names = {"langgraph_node": "n", "langgraph_checkpoint_ns": f"n:{number}"}
    handler.on_chain_start(None, {"x": 1}, run_id=root, name="g", metadata={"thread_id": str(number)})
    handler.on_chain_start(None, {"x": 1}, run_id=node, parent_run_id=root, name="n", metadata=names)
    call_id = str(number)
    handler.on_tool_start({"name": "t"}, "", run_id=tool_run, parent_run_id=node, inputs={}, tool_call_id=call_id)
    if number % 3 == 0:
        asks = GraphInterrupt((Interrupt("sure?", id=uuid4().hex),))
        handler.on_tool_error(asks, run_id=tool_run)
        handler.on_chain_error(asks, run_id=node)
    elif number % 3 == 1:
        handler.on_chain_error(ValueError(number), run_id=node)
    handler.on_chain_end({"x": 2}, run_id=root)
    handler.on_tool_end("late, or of a run that nobody knows", run_id=tool_run)
    return (5, 6, 5)[number % 3]


def test_nothing_grows_over_100_000_runs() -> None:
    with Forgetful(MemoryAuditBackend()) as logger:
        handler = AuditCallbackHandler(logger)
        sizes, expected = [], 0
        for number in range(1, 100_001):
            expected += a_run(handler, number)
            if number in (40_000, 100_000):  # every bound has been reached by the first
                gc.collect()
                sizes.append(sys.getallocatedblocks())
        assert not handler.recording.tracker._runs
        assert logger.counted == expected  # type: ignore[attr-defined]
    assert sizes[1] - sizes[0] < 6_000, "a block for every ten runs"


class Counting(ThreadPoolExecutor):
    """Knows how often it was asked."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.asked = 0

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked += 1
        return super().submit(*args, **kwargs)


class DoNothing(BaseCallbackHandler):
    """What recording is compared with; a chat model's start would else be told in another way."""

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        pass


@tool
def slow(n: int) -> str:
    """Slow."""
    import time

    time.sleep(0.02)
    return str(n)


def times_asked(handler: BaseCallbackHandler, workers: int) -> int:
    """How often eight agents at once, each with a blocking tool, ask for a thread of an executor that is full."""
    executor = Counting(workers)

    async def eight_at_once() -> None:
        asyncio.get_running_loop().set_default_executor(executor)
        agents = [clerk(call("slow", "c1", n=n), tools=[slow]) for n in range(8)]
        given: Any = [{"callbacks": [handler], "configurable": {"thread_id": str(n)}} for n in range(8)]
        await asyncio.gather(*(agent.ainvoke(QUESTION, config) for agent, config in zip(agents, given, strict=True)))

    asyncio.run(asyncio.wait_for(eight_at_once(), 60))
    return executor.asked


@NEEDS_TASK_CONTEXT
@pytest.mark.parametrize("workers", [1, 2])
def test_no_wait_is_added_to_a_do_nothing_handlers_when_the_executor_is_full(record: Record, workers: int) -> None:
    """A wait is a turn in the executor's queue: there are as many, and each is one hook's, that waits for no other."""
    assert times_asked(record.handler, workers) == times_asked(DoNothing(), workers)
    assert len(record.of("tool.response")) == 8
