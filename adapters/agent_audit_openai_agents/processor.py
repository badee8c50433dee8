"""What only the SDK's spans tell, and whole runs that nothing else tells of."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from agents.tracing import Span, Trace, TracingProcessor

from agent_audit import AuditLogger, BoundedMap, get_logger
from agent_audit_openai_agents.observed import Observer
from agent_audit_openai_agents.recording import Recording, never_waiting
from agent_audit_openai_agents.run import AgentRun, active

log = logging.getLogger(__name__)

_TOLD_BY_HOOKS = frozenset({"task", "agent", "turn", "generation", "response", "handoff", "mcp_tools"})
"""Spans that tell nothing new of a run that a wrapped runner has recorded."""


class AuditTracingProcessor(TracingProcessor):
    """Records from spans: register it with `agents.add_trace_processor`; `enable()` does.

    Beside `AuditRunHooks` it adds failures of agents and tools, guardrails, and agents as tools. Runs without hooks are
    recorded from spans only: without call ids, and tool calls only when they are over. If sensitive data is left out of
    spans, their tool calls are not recorded, because a call that waits for approval looks the same then. It queues
    events. It never makes a run wait and cannot stop one: fail-closed recording needs hooks.

    Args:
        logger: the default logger when left out.
    """

    def __init__(self, logger: AuditLogger | None = None) -> None:
        self._logger = logger
        self.enabled = True
        self._observers: dict[Recording, Observer] = {}
        self._runs: BoundedMap[AgentRun] = BoundedMap()
        """Span id -> the run that a wrapped runner executes there: the span may end in another context."""
        self._handled_before: BoundedMap[BaseException] = BoundedMap()
        """Span id -> what was being handled when it started: a run may stand in an `except` block."""

    def use(self, logger: AuditLogger | None) -> None:
        """Record to another logger from now on."""
        self._logger = logger
        self._observers.clear()

    def on_trace_start(self, trace: Trace) -> None:
        pass

    def on_trace_end(self, trace: Trace) -> None:
        pass

    def on_span_start(self, span: Span[Any]) -> None:
        if not self.enabled:
            return
        run = active.get()
        if run is None:
            self._quietly(self._started, span)
            return
        self._runs[span.span_id] = run
        if span.span_data.type not in _TOLD_BY_HOOKS:
            self._remember_exception(span)
            if span.parent_id is not None and span.span_data.type != "function":
                run.recording.parents[span.span_id] = span.parent_id

    def on_span_end(self, span: Span[Any]) -> None:
        if not self.enabled:
            return
        run = self._runs.pop(span.span_id) or active.get()
        if run is None:
            self._quietly(self._ended, span)
        elif span.span_data.type not in _TOLD_BY_HOOKS:
            self._ended_in(run, span)

    def shutdown(self, timeout: float | None = None) -> None:
        """Nothing to do: events are the logger's, which outlives the SDK's tracing."""

    def force_flush(self) -> None:
        (self._logger or get_logger()).flush(sync=False)

    def _quietly(self, react: Callable[[Any], None], told: Any) -> None:
        with never_waiting():
            try:
                react(told)
            except Exception:
                log.warning("a span could not be recorded", exc_info=True)

    def _observer(self) -> Observer:
        recording = Recording.of(self._logger or get_logger())
        if recording not in self._observers:
            self._observers = {recording: Observer(recording)}  # one: the default logger may have been exchanged
        return self._observers[recording]

    def _remember_exception(self, span: Span[Any]) -> None:
        if (outer := sys.exc_info()[1]) is not None:
            self._handled_before[span.span_id] = outer

    def _exception(self, span: Span[Any]) -> BaseException | None:
        """Most spans end in a `with` block of the SDK: the exception that ends one is the one being handled."""
        exception, before = sys.exc_info()[1], self._handled_before.pop(span.span_id)
        return None if exception is before else exception

    def _started(self, span: Span[Any]) -> None:
        self._remember_exception(span)
        observer = self._observer()
        if span.parent_id is not None:
            observer.recording.parents[span.span_id] = span.parent_id
        observer.started(span)

    def _ended(self, span: Span[Any]) -> None:
        exception, observer = self._exception(span), self._observer()
        if (tool := observer.recording.tools.pop(span.span_id)) is not None:
            tool.ended(exception)
        observer.ended(span, exception)
        observer.recording.parents.pop(span.span_id)

    def _ended_in(self, run: AgentRun, span: Span[Any]) -> None:
        """A span of a run that a wrapped runner has recorded, here or to another log."""
        exception = self._exception(span)
        run.recording.parents.pop(span.span_id)
        if (tool := run.recording.tools.pop(span.span_id)) is not None:
            self._quietly(tool.ended, exception)
        elif span.span_data.type == "guardrail":
            run.guardrails_seen.append((span.span_data.name, bool(span.span_data.triggered), exception))
