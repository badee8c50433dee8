"""Scripted models in the real framework, and the record of a run as short tuples."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agent_audit import AuditEvent, AuditLogger, MemoryAuditBackend
from agent_audit_langchain import AuditCallbackHandler

NEEDS_TASK_CONTEXT = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="before Python 3.11 LangGraph hands no callbacks to what async nodes call"
)

USAGE = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}


class Scripted(BaseChatModel):
    """Says its replies one after the other; an exception among them is raised."""

    replies: list[Any]
    said: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return {"ls_provider": "tests", "ls_model_name": "scripted-1", "ls_model_type": "chat"}

    def bind_tools(self, tools: Any, **kwargs: Any) -> Scripted:
        return self

    def _next(self) -> AIMessage:
        reply = self.replies[self.said]
        self.said += 1
        if isinstance(reply, BaseException):
            raise reply
        return reply if isinstance(reply, AIMessage) else AIMessage(reply)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next())])


class Streaming(Scripted):
    """The same, word by word."""

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Iterator[Any]:
        for word in str(self._next().content).split():
            yield ChatGenerationChunk(message=AIMessageChunk(content=word + " "))


def human_in_the_loop(mode: str = "batched") -> HumanInTheLoopMiddleware[Any, Any]:
    """In front of `send`. One question per call came with langchain 1.4.1; before, all are asked about at once."""
    options = {} if mode == "batched" else {"interrupt_mode": mode}
    try:
        return HumanInTheLoopMiddleware({"send": True}, **options)
    except TypeError:
        pytest.skip("this langchain asks about all calls at once")


def call(name: str, call_id: str, **args: Any) -> ToolCall:
    return ToolCall(name=name, args=args, id=call_id, type="tool_call")


def asks_for(*calls: ToolCall) -> AIMessage:
    return AIMessage("", tool_calls=list(calls), usage_metadata=USAGE)  # type: ignore[arg-type]


class Record:
    """What one logger has recorded."""

    def __init__(self, backend: MemoryAuditBackend | None = None) -> None:
        self.backend = backend or MemoryAuditBackend()
        self.logger = AuditLogger(self.backend)
        self.handler = AuditCallbackHandler(self.logger)

    @property
    def events(self) -> list[AuditEvent]:
        return self.backend.events()

    def of(self, *types: str) -> list[AuditEvent]:
        return [event for event in self.events if event.event_type in types]

    def one(self, event_type: str) -> AuditEvent:
        (event,) = self.of(event_type)
        return event

    def short(self, *without: str) -> list[tuple[Any, ...]]:
        """(type, outcome, action, call_id), the last ones left out when there is none."""
        return [short(event) for event in self.events if not event.event_type.startswith(without or ("-",))]

    def story(self) -> list[str]:
        return story(self.events)

    def check(self) -> None:
        """What must hold after every run: nothing open, every start has one end, every event says who."""
        assert not self.handler.recording.tracker._runs
        starts = {"agent.start", "tool.call", "llm.request"}
        ends = {"agent.stop", "tool.response", "llm.response", "data.access", "action.failed"}
        started = [e for e in self.events if e.event_type in starts or str(e.action).startswith("retrieve.")]
        for event in started:
            same = [e for e in self.events if e.span_id == event.span_id and e.event_type in ends]
            in_time = [e for e in same if e.outcome and not (e.metadata or {}).get("late")]
            assert len(in_time) == 1, f"{len(in_time)} ends of {short(event)}"
            is_hosted = (in_time[0].metadata or {}).get("hosted")  # then nobody knows how long it took
            assert (in_time[0].duration_ms is None) is bool(is_hosted)
        span_ids = {event.span_id for event in self.events}
        for event in self.events:
            assert event.source is not None
            assert event.source.framework == "langchain"
            assert event.parent_span_id is None or event.parent_span_id in span_ids
            assert event.trace_id
            assert not event.__pydantic_extra__, "events are made without validation: a field of that name is unknown"


def story(events: Sequence[AuditEvent]) -> list[str]:
    """Each event in one line: type, outcome, action, call id, parameters, who, and under which operation."""
    labels: dict[str | None, str] = {None: "-"}
    for event in events:
        labels.setdefault(event.span_id, f"{event.action}{f' {event.call_id}' if event.call_id else ''}")
    return [_line(event, labels[event.parent_span_id]) for event in events]


def _line(event: AuditEvent, under: str) -> str:
    parameters = "" if event.parameters is None else json.dumps(event.parameters, separators=(",", ":"))
    what = (event.event_type, event.outcome, event.action, event.call_id, parameters.replace('"', ""))
    who = "/".join(str(part or "-") for part in (event.agent_id, event.session_id, event.user_id))
    return " ".join([*(str(part) for part in what if part), f"({who})", f"< {under}"])


def short(event: AuditEvent) -> tuple[Any, ...]:
    parts: list[Any] = [str(event.event_type)]
    for part in (event.outcome and str(event.outcome), event.action, event.call_id):
        if part is not None:
            parts.append(part)
    return tuple(parts)


async def until(record: Record, count: int) -> None:
    """Wait until so many events are on record."""
    while len(record.events) < count:
        await asyncio.sleep(0.01)
