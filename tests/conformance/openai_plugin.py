"""pytest plugin for openai_agents_sdk.py: records outcomes, and with AUDIT_CONFORMANCE=on everything that runs.

Loaded into the SDK's own test suite with `-p openai_plugin`; writes what it saw to AUDIT_CONFORMANCE_REPORT.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ON = os.environ.get("AUDIT_CONFORMANCE") == "on"
REPORT = Path(os.environ["AUDIT_CONFORMANCE_REPORT"])

BACKEND, LOGGER, SPANS = pytest.StashKey[Any](), pytest.StashKey[Any](), pytest.StashKey[Any]()

outcomes: dict[str, str] = {}
problems: dict[str, list[str]] = {}
totals: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    REPORT.write_text(json.dumps({"outcomes": outcomes, "problems": problems, "totals": totals}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Compare when the test and its event loop are done: what was cancelled ends then."""
    if not ON:
        return (yield)
    from agent_audit import AuditLogger, MemoryAuditBackend

    item.stash[BACKEND] = backend = MemoryAuditBackend()
    item.stash[SPANS] = spans = _spans_of_functions()
    with AuditLogger(backend) as logger:
        item.stash[LOGGER] = logger
        try:
            return (yield)
        finally:
            logger.flush()
            found = _compare(spans, backend.events())
            if found:
                problems[item.nodeid] = found
            for key in (BACKEND, SPANS, LOGGER):  # pytest keeps every item, and so all events, to the end
                del item.stash[key]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[Any]:
    """Record the test itself: the suite's fixtures have put the SDK's own runner back by then."""
    if not ON:
        return (yield)
    from agents import add_trace_processor

    import agent_audit_openai_agents

    agent_audit_openai_agents.enable(item.stash[LOGGER])
    add_trace_processor(item.stash[SPANS])
    try:
        return (yield)
    finally:
        agent_audit_openai_agents.disable()
        _remove(item.stash[SPANS])


def _spans_of_functions() -> Any:
    from agents.tracing import TracingProcessor

    class Spans(TracingProcessor):
        """An observer of its own, beside the adapter's: which tools have run."""

        def __init__(self) -> None:
            self.ended: list[Any] = []
            self.open: set[str] = set()
            """Ids of spans, of whatever kind, that have not ended: some tests leave a stream where it is."""

        def on_trace_start(self, trace: Any) -> None: ...
        def on_trace_end(self, trace: Any) -> None: ...
        def on_span_start(self, span: Any) -> None:
            self.open.add(span.span_id)

        def on_span_end(self, span: Any) -> None:
            self.open.discard(span.span_id)
            if getattr(span.span_data, "type", None) == "function":
                self.ended.append(span)

        def shutdown(self) -> None: ...
        def force_flush(self) -> None: ...

    return Spans()


def _remove(processor: Any) -> None:
    from agents import set_trace_processors
    from agents.tracing import get_trace_provider

    provider = get_trace_provider()  # some tests have one of their own
    registered = getattr(getattr(provider, "_multi_processor", None), "_processors", ())
    if processor in registered:
        set_trace_processors([one for one in registered if one is not processor])


def _compare(seen: Any, events: list[Any]) -> list[str]:
    """Every function span is one call and one response, or one refusal; every start has one end."""
    spans = seen.ended
    told = [f"{event.event_type} {event.outcome} {event.action} {event.call_id}" for event in events]
    found = []
    ends = {"agent.start": "agent.stop", "llm.request": "llm.response", "tool.call": "tool.response"}
    count = Counter((event.span_id, str(event.event_type)) for event in events)
    for event in events:
        totals[str(event.event_type)] += 1
        end = ends.get(event.event_type)
        never_ended = seen.open and event.source.hook == "on_span_start"
        if end and count[event.span_id, end] != 1 and not never_ended:
            found.append(f"{count[event.span_id, end]} ends of {event.event_type} {event.action}")
    totals["function spans"] += len(spans)
    for name in {span.span_data.name for span in spans}:
        same = [span for span in spans if span.span_data.name == name]
        spoke = sum(span.span_data.output is not None or span.error is not None for span in same)
        mine = [event for event in events if _is_of(event, name)]
        # An agent as a tool that goes on after an approval has begun in the run before.
        calls = sum(event.event_type == "tool.call" or "resumed" in (event.metadata or {}) for event in mine)
        refused = sum(event.event_type in ("permission.denied", "action.denied", "action.failed") for event in mine)
        # A span without output or error is one that waits for somebody, or was cancelled, or may not say.
        if not spoke <= calls + refused or calls > len(same):
            found.append(f"{name}: {len(same)} spans, {spoke} with a result, but {calls} calls, {refused} refused")
    return [*found, *told] if found else []


def _is_of(event: Any, name: str) -> bool:
    """Whether an event is of that tool. The SDK's own shell may be called anything; the model asks for `shell`."""
    action = str(event.action)
    return action == f"tool.{name}" or action.endswith(f".{name}") or (action == "tool.shell" and "shell" in name)
