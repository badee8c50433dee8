"""A pytest plugin for test suites of others: a handler for the whole process, and a report of what became of the tests.

CONFORMANCE_HANDLER: `audit`, `nothing` for a handler that does nothing, `slow` for one that takes a millisecond for it.
CONFORMANCE_REPORT: where the report goes.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

import agent_audit_langchain
from agent_audit import AuditEvent, AuditLogger, MemoryAuditBackend

_passed: set[str] = set()
_failed: set[str] = set()
_backend = MemoryAuditBackend()


class DoNothing(BaseCallbackHandler):
    """Without this method LangChain would render each conversation for `on_llm_start`."""

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        pass


class Slow(DoNothing):
    """Takes its time, but does nothing either."""

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        time.sleep(0.001)

    on_llm_start = on_llm_end = on_chain_start = on_chain_end = on_tool_start = on_tool_end = on_chat_model_start


def pytest_configure() -> None:
    if os.environ["CONFORMANCE_HANDLER"] == "audit":
        agent_audit_langchain.enable(AuditLogger(_backend))
    else:
        slow = os.environ["CONFORMANCE_HANDLER"] == "slow"
        handler = ContextVar("do_nothing", default=Slow() if slow else DoNothing())
        register_configure_hook(handler, inheritable=True)  # type: ignore[arg-type]  # a default is not None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _failed.add(report.nodeid)
    elif report.when == "call" and report.passed:
        _passed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    agent_audit_langchain.disable()
    events = _backend.events()
    _close_what_is_open()
    report = {
        "passed": sorted(_passed - _failed),
        "failed": sorted(_failed),
        "events": len(events),
        "tool_calls": sum(event.event_type == "tool.call" for event in events),
        "model_calls": sum(event.event_type == "llm.request" for event in events),
        "faults": _faults(_backend.events()),
    }
    Path(os.environ["CONFORMANCE_REPORT"]).write_text(json.dumps(report))


def _close_what_is_open() -> None:
    from agent_audit_langchain.install import _handler

    _handler.recording.tracker.close_all()


def _faults(events: list[AuditEvent]) -> list[str]:
    """Tool calls without exactly one end in time."""
    in_time = [event for event in events if not (event.metadata or {}).get("late")]
    ends = Counter(event.span_id for event in in_time if event.event_type in ("tool.response", "action.failed"))
    calls = [event for event in events if event.event_type == "tool.call"]
    return [f"{ends[call.span_id]} ends of {call.to_json()}" for call in calls if ends[call.span_id] != 1]
