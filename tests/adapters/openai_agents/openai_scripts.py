"""Scripted models and short notation for the tests of the OpenAI Agents SDK adapter."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from agents import Agent, Runner, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call

from agent_audit import AuditEvent, AuditLogger, BoundedMap, MemoryAuditBackend
from agent_audit_openai_agents.recording import Recording

ENDS = {"agent.start": "agent.stop", "llm.request": "llm.response", "tool.call": "tool.response"}


class Record:
    """What was recorded, in short."""

    def __init__(self, logger: AuditLogger, backend: MemoryAuditBackend) -> None:
        self.logger = logger
        self.backend = backend

    def events(self, *types: str) -> list[AuditEvent]:
        self.logger.flush(sync=False)
        return [event for event in self.backend.events() if not types or event.event_type in types]

    def one(self, event_type: str, **fields: Any) -> AuditEvent:
        found = [e for e in self.events(event_type) if all(getattr(e, k) == v for k, v in fields.items())]
        assert len(found) == 1, found
        return found[0]

    def told(self, *types: str) -> list[str]:
        """`type outcome action call_id` of each event, `-` for what it does not have."""
        return [line(event) for event in self.events(*types)]

    def without_models(self) -> list[str]:
        return [text for text in self.told() if not text.startswith("llm.")]

    def check(self) -> None:
        """Every operation that was started has exactly one end, and nothing is open."""
        events = self.events()
        ends = Counter((event.span_id, event.event_type) for event in events)
        for event in events:
            if event.event_type in ENDS:
                assert ends[event.span_id, ENDS[event.event_type]] == 1, line(event)
        assert not Recording.of(self.logger).tracker._runs


def line(event: AuditEvent) -> str:
    parts = (event.event_type, event.outcome, event.action, event.call_id)
    return " ".join(str(part or "-") for part in parts)


def lines(text: str) -> list[str]:
    return [stripped for row in text.splitlines() if (stripped := row.strip())]


MODEL = ["llm.request - llm.ScriptedModel -", "llm.response success llm.ScriptedModel -"]


def story(text: str) -> list[str]:
    """The events of a text; `model` is a model call that succeeds."""
    told: list[str] = []
    for one in lines(text):
        told += MODEL if one == "model" else [one]
    return told


async def raises(record: Record, *args: Any, **options: Any) -> str:
    """Run what ends with an exception; returns the exception's name."""
    with pytest.raises(Exception) as raised:  # noqa: PT011  # the caller compares the type
        await Runner.run(*args, **options)
    return type(raised.value).__name__


def model(*steps: Any) -> ScriptedModel:
    """A text is an answer, a list of calls asks for them, an exception is raised."""
    return ScriptedModel([[assistant_message(step)] if isinstance(step, str) else step for step in steps])


def call(name: str, arguments: Any = None, call_id: str = "c1") -> Any:
    return function_call(name, arguments if arguments is not None else {}, call_id=call_id)


def shell_call(call_id: str, command: str) -> Any:
    action = {"commands": [command], "timeout_ms": 1000}
    return {"type": "shell_call", "id": call_id, "call_id": call_id, "status": "completed", "action": action}


def agent(*steps: Any, name: str = "A", **settings: Any) -> Agent[Any]:
    return Agent(name=name, model=model(*steps), **settings)


@function_tool
def add(a: int, b: int) -> int:
    return a + b


@function_tool
def fail() -> str:
    raise ValueError("no such account")


ASKED_TO_ADD = [call("add", {"a": 1, "b": 2})]


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"


def payer(*after: Any, asked: Any = None, **settings: Any) -> Agent[Any]:
    return agent(asked or [call("pay", {"amount": 5})], *after, tools=[pay, add], **settings)


def forget(record: Record) -> None:
    """As in another process: nothing is remembered but the text of a state."""
    recording = Recording.of(record.logger)
    recording.questions, recording.decided = BoundedMap(), BoundedMap()
