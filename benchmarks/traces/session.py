"""One session as an adapter would record it: prompt, model call, tool call and response, end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import uuid4

from agent_audit import AuditEventType as T
from agent_audit import AuditLogger, Outcome


class Label(NamedTuple):
    """What a session is known to be."""

    session_id: str
    source: str
    """Benchmark and suite, e.g. `agentdojo/banking`."""
    kind: str
    """`attacked` (the benchmark's own checker says the attack succeeded), `failed attack` (the agent obeyed and the
    checker disagrees), `resisted`, `never attacked`, `benign`."""
    variant: str = ""
    """Name of the attack."""


class Recorder:
    """Writes one session to a log."""

    _now = datetime.now(timezone.utc)
    """One clock for all sessions: they follow each other."""

    def __init__(self, logger: AuditLogger, label: Label) -> None:
        self._logger = logger
        self._shared: dict[str, Any] = {
            # One agent a session, so that what is counted per agent is counted per session.
            "agent_id": label.session_id,
            "session_id": label.session_id,
            "user_id": "benchmark",
            "trace_id": uuid4().hex,
        }
        self._new: list[dict[str, str]] = []

    def _record(self, event_type: T, **fields: Any) -> None:
        """At the pace of an agent with a real model, not of a script."""
        Recorder._now += timedelta(seconds=1.5)
        self._logger.record(event_type, timestamp=self._now, **fields)

    def start(self, prompt: str, system: str | None = None) -> None:
        self._shared["parent_span_id"] = None
        self._root = uuid4().hex
        self._record(T.AGENT_START, span_id=self._root, parameters={"input": prompt}, **self._who)
        self._new = [{"role": "system", "content": system}] if system else []
        self.say(prompt)

    def say(self, prompt: str) -> None:
        """The user speaks."""
        self._new.append({"role": "user", "content": prompt})

    def call(self, name: str, arguments: dict[str, Any], run: Callable[[], tuple[str, str | None]]) -> str:
        """The model asks for a tool and the tool runs; `run` returns its output and its error."""
        call_id = f"call_{uuid4().hex[:12]}"
        asked = {"tool_calls": [{"id": call_id, "name": name, "args": arguments}]}
        self._think(asked)
        span = {"span_id": uuid4().hex, "call_id": call_id, "action": f"tool.{name}", **self._who}
        self._record(T.TOOL_CALL, parameters=arguments, **span)
        output, error = run()
        self._record(
            T.TOOL_RESPONSE,
            outcome=Outcome.FAILURE if error else Outcome.SUCCESS,
            result=output,
            error=error or None,
            **span,
        )
        self._new.append({"role": "tool", "content": output})
        return output

    def stop(self, answer: str) -> None:
        self._think({"content": answer})
        self._record(T.AGENT_STOP, span_id=self._root, outcome=Outcome.SUCCESS, result={"output": answer}, **self._who)

    @property
    def _who(self) -> dict[str, Any]:
        return {name: value for name, value in self._shared.items() if value is not None}

    def _think(self, answer: dict[str, Any]) -> None:
        span = {"span_id": uuid4().hex, "action": "llm.scripted", **self._who}
        self._record(T.LLM_REQUEST, parameters={"messages": self._new}, **span)
        self._record(T.LLM_RESPONSE, outcome=Outcome.SUCCESS, result=answer, **span)
        self._new = []
