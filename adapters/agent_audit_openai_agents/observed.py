"""Runs without a wrapped runner, as spans tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agents import ToolApprovalItem
from agents.tracing import Span

from agent_audit import AuditEventType, BoundedMap, Outcome, outcome_of
from agent_audit_openai_agents.items import field_of, parse_arguments, tokens_of
from agent_audit_openai_agents.recorder import HookedRuns, RunRecorder
from agent_audit_openai_agents.recording import Recording

T = AuditEventType

_MODEL_SPANS = ("generation", "response")


class Observer:
    """Follows spans from their start to their end.

    Whether hooks tell of a run is known only after its agent span has started. So an agent that has none is
    recorded when the first model call under it starts.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._claims = HookedRuns.of(recording).claims
        self._spans: BoundedMap[Span[Any]] = BoundedMap()
        self._agents: BoundedMap[bool] = BoundedMap()
        """Agent spans that are recorded here."""

    def started(self, span: Span[Any]) -> None:
        """A span has started."""
        kind = _kind(span)
        self._spans[span.span_id] = span
        if (agent := self._agent_of(span)) is not None:
            self.recording.agents[span.span_id] = agent.span_id
        if kind in _MODEL_SPANS and self._hooked(span) is None:
            parent = self._start_agent(span)
            model = getattr(span.span_data, "model", None) or "unknown"
            self.recording.tracker.start(
                T.LLM_REQUEST,
                ("span", span.span_id),
                parent=parent,
                trace_id=span.trace_id,
                hook="on_span_start",
                action=f"llm.{model}",
                parameters={"input": getattr(span.span_data, "input", None)},
                metadata={"model": model},
            )

    def ended(self, span: Span[Any], exception: BaseException | None) -> None:
        """A span is over."""
        kind, hooked = _kind(span), self._hooked(span)
        if kind == "agent":
            self._agent_ended(span, hooked, exception)
        elif kind in _MODEL_SPANS:
            self._model_ended(span, exception)
        elif kind == "function" and hooked is None:
            self._tool_ended(span, exception)
        elif kind == "guardrail":
            self._guardrail_ended(span, hooked, exception)
        elif kind == "handoff" and hooked is None:
            target = span.span_data.to_agent
            self._note(span, T.AGENT_HANDOFF, action="handoff", resource=target, outcome=Outcome.SUCCESS)
        self._spans.pop(span.span_id)
        self.recording.agents.pop(span.span_id)

    # -- where a span belongs --------------------------------------------------------------------------

    def _hooked(self, span: Span[Any]) -> RunRecorder | None:
        """The run of the nearest agent, where hooks tell of it."""
        agent = self._agent_of(span)
        return self._claims.get(agent.span_id) if agent is not None else None

    def _agent_of(self, span: Span[Any]) -> Span[Any] | None:
        around: Span[Any] | None = span
        while around is not None and _kind(around) != "agent":
            around = self._spans.get(around.parent_id) if around.parent_id else None
        return around

    def _start_agent(self, span: Span[Any]) -> Any:
        """Record the agent around a span, once; returns its key."""
        agent = self._agent_of(span)
        if agent is None:
            return None
        key = ("span", agent.span_id)
        if self._agents.get(agent.span_id) is None:
            self._agents[agent.span_id] = True
            self.recording.tracker.start(
                T.AGENT_START,
                key,
                parent=self._parent_key(agent),
                trace_id=agent.trace_id,
                hook="on_span_start",
                action=f"agent.{agent.span_data.name}",
                agent_id=agent.span_data.name,
                timestamp=_time(agent.started_at),
            )
        return key

    def _parent_key(self, agent: Span[Any]) -> Any:
        tool = self.recording.tool_around(agent.parent_id)
        if tool is not None:
            return tool
        above = self._spans.get(agent.parent_id) if agent.parent_id else None
        outer = self._agent_of(above) if above is not None else None
        return ("span", outer.span_id) if outer is not None else None

    # -- ends ------------------------------------------------------------------------------------------

    def _agent_ended(self, span: Span[Any], hooked: RunRecorder | None, exception: BaseException | None) -> None:
        error = span.error
        fields: dict[str, Any] = {"error": error["message"]} if error else {}
        if exception is not None:
            fields = {"exception": exception}
        outcome = outcome_of(exception) if exception is not None else Outcome.FAILURE if error else None
        if hooked is not None:
            self._claims.pop(span.span_id)
            if hooked.run.agent_key is not None:
                hooked.models.failed(outcome or Outcome.CANCELLED, exception)
                hooked.run.agent_stopped(outcome or Outcome.SUSPENDED, hook="on_span_end", **fields)
                hooked.leave()
            return
        key = self._start_agent(span)
        self._agents.pop(span.span_id)
        self.recording.tracker.end(key, outcome or Outcome.SUCCESS, hook="on_span_end", **fields)

    def _model_ended(self, span: Span[Any], exception: BaseException | None) -> None:
        key = ("span", span.span_id)
        if self.recording.tracker.get(key) is None:
            return
        data = span.span_data
        response = getattr(data, "response", None)
        usage = tokens_of(getattr(data, "usage", None) or getattr(response, "usage", None))
        model = getattr(response, "model", None) or getattr(data, "model", None)
        failed = exception is not None or span.error is not None
        fields: dict[str, Any] = {"exception": exception} if exception is not None else {}
        if span.error is not None and exception is None:
            fields["error"] = span.error["message"]
        self.recording.tracker.end(
            key,
            (outcome_of(exception) if exception is not None else Outcome.FAILURE) if failed else Outcome.SUCCESS,
            hook="on_span_end",
            result=getattr(data, "output", None) or getattr(response, "output_text", None),
            metadata={"model": model, **usage} if model else usage,
            **fields,
        )

    def _tool_ended(self, span: Span[Any], exception: BaseException | None) -> None:
        """Only now is it known that it ran: a call that waits for approval has a span too."""
        data = span.span_data
        waits = isinstance(getattr(data.output, "run_item", None), ToolApprovalItem)  # below 0.22
        if waits or (data.output is None and span.error is None and exception is None):
            return
        fields: dict[str, Any] = {"outcome": Outcome.SUCCESS, "result": data.output}
        if exception is not None:
            fields = {"outcome": outcome_of(exception), "exception": exception}
        elif span.error is not None:
            fields = {"outcome": Outcome.FAILURE, "error": str(data.output or span.error["message"])}
        shared = {"action": f"tool.{data.name}", "span_id": span.span_id}
        server = field_of(data.mcp_data or {}, "server")
        facts = {"mcp_server": server} if server else None
        started, ended = _time(span.started_at), _time(span.ended_at)
        arguments = parse_arguments(data.input)
        self._note(span, T.TOOL_CALL, parameters=arguments, metadata=facts, timestamp=started, **shared)
        duration = max(0.0, (ended - started).total_seconds() * 1000)
        self._note(span, T.TOOL_RESPONSE, timestamp=ended, duration_ms=duration, **shared, **fields)

    def _guardrail_ended(self, span: Span[Any], hooked: RunRecorder | None, exception: BaseException | None) -> None:
        tripped = bool(span.span_data.triggered)
        event_type = T.GUARDRAIL_TRIPPED if tripped else T.GUARDRAIL_PASSED
        outcome = Outcome.DENIED if tripped else Outcome.SUCCESS
        facts: dict[str, Any] = {"outcome": outcome, "action": f"guardrail.{span.span_data.name}"}
        if exception is not None:
            if not isinstance(exception, Exception):
                return  # it was cancelled: there is no verdict
            event_type = T.ERROR
            facts |= {"outcome": Outcome.FAILURE, "exception": exception}
        if hooked is not None:
            hooked.run.note(event_type, "on_span_end", after_effect=True, **facts)
        else:
            self._note(span, event_type, **facts)

    def _note(self, span: Span[Any], event_type: AuditEventType, **fields: Any) -> None:
        agent = self._agent_of(span)
        under = None
        if agent is not None:
            under = self._start_agent(span)
        else:
            fields.setdefault("trace_id", span.trace_id)
        self.recording.tracker.note(event_type, under=under, hook="on_span_end", after_effect=True, **fields)


def _kind(span: Span[Any]) -> Any:
    return getattr(span.span_data, "type", None)


def _time(stamp: str | None) -> datetime:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")) if stamp else datetime.now().astimezone()
