"""A large log as agents would have written it: made fast, and the same for the same seed.

Sessions of some agents for some users run beside one another; a session is a run with model calls, tool calls that
fail now and then, data access, and now and then a question to a person. About 700 bytes an event.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson

from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.segments import Rotation
from agent_audit.event import format_timestamp

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
AGENTS = [f"agent-{name}" for name in ("billing", "support", "research", "sales", "ops", "legal", "hr", "coder")]
TOOLS = [f"tool.{name}" for name in ("search", "fetch", "read_file", "send_email", "query_db", "create_ticket", "run")]
MODELS = ["gpt-5", "gpt-5-mini", "claude-sonnet-4-5", "llama-4"]
ERRORS = [("TimeoutError", "no answer from host {} within 30 s"), ("HTTPError", "status 503 for request {}")]
_TEXT = "invoice customer contract revenue summary please find attached the report for quarter region total"
WORDS = _TEXT.split(" ")


class _Session:
    """One session; `events` yields when each happens and its fields."""

    def __init__(self, rng: random.Random, number: int) -> None:
        self._rng = rng
        self._who = {
            "agent_id": rng.choice(AGENTS),
            "session_id": f"session-{number:08d}",
            "user_id": f"user-{int(rng.paretovariate(1.2)) % 2000}",
            "trace_id": f"{rng.getrandbits(128):032x}",
        }

    def events(self, at: float) -> Iterator[tuple[float, dict[str, Any]]]:
        run = self._span()
        yield at, self._event("agent.start", span_id=run, action="run", parameters={"input": self._text(20)})
        for _ in range(self._rng.randint(1, 8)):
            for event in (self._model, self._tool)[self._rng.random() < 0.6](run):
                at += self._rng.expovariate(0.8)
                yield at, event
        yield at + 0.1, self._event("agent.stop", span_id=run, action="run", outcome="success", duration_ms=at % 9e4)

    def _model(self, run: str) -> Iterator[dict[str, Any]]:
        shared = {"span_id": self._span(), "parent_span_id": run, "action": "llm.chat"}
        model = self._rng.choice(MODELS)
        yield self._event("llm.request", **shared, parameters={"messages": self._text(60)}, metadata={"model": model})
        tokens = {"input_tokens": self._rng.randint(100, 9000), "output_tokens": self._rng.randint(5, 900)}
        yield self._event(
            "llm.response",
            **shared,
            outcome="success",
            result={"text": self._text(60)},
            duration_ms=self._rng.lognormvariate(6.5, 0.8),
            metadata={"model": model, **tokens},
        )

    def _tool(self, run: str) -> Iterator[dict[str, Any]]:
        call, action = f"call_{self._rng.getrandbits(64):016x}", self._rng.choice(TOOLS)
        shared = {"parent_span_id": run, "call_id": call, "action": action}
        arguments = {"query": self._text(12), "top_k": self._rng.randint(1, 20)}
        yield self._event("action.request", **shared, span_id=None, parameters=arguments)
        if self._rng.random() < 0.1:
            yield self._event("permission.check", **shared, parameters=arguments)
            denied = self._rng.random() < 0.15
            decided_by = {"decided_by": f"approver-{self._rng.randint(1, 9)}"}
            yield self._event("action.denied" if denied else "action.approved", **shared, metadata=decided_by)
            if denied:
                return
        span = self._span()
        yield self._event("tool.call", **shared, span_id=span, parameters=arguments)
        if action == "tool.query_db":
            table = f"db/table-{int(self._rng.paretovariate(1)) % 500}"
            yield self._event("data.access", span_id=self._span(), parent_span_id=span, action="read", resource=table)
        yield self._event("tool.response", **shared, span_id=span, **self._ended())

    def _ended(self) -> dict[str, Any]:
        took = self._rng.lognormvariate(5, 1)
        if self._rng.random() < 0.06:
            kind, text = self._rng.choice(ERRORS)
            return {"outcome": "failure", "error_type": kind, "error": text.format(self._span()), "duration_ms": took}
        return {"outcome": "success", "result": {"content": self._text(70)}, "duration_ms": took}

    def _event(self, event_type: str, **fields: Any) -> dict[str, Any]:
        return {"event_type": event_type, **self._who, **{k: v for k, v in fields.items() if v is not None}}

    def _span(self) -> str:
        return f"{self._rng.getrandbits(64):016x}"

    def _text(self, words: int) -> str:
        return " ".join(self._rng.choices(WORDS, k=words))


def lines(count: int, seed: int = 1) -> Iterator[bytes]:
    """So many recorded lines."""
    rng = random.Random(seed)
    waiting: list[tuple[float, int, dict[str, Any], Iterator[tuple[float, dict[str, Any]]]]] = []
    begun, clock = 0, 0.0
    for seq in range(count):
        while len(waiting) < 40:
            events = _Session(rng, begun).events(clock + rng.expovariate(0.05))
            at, event = next(events)
            heapq.heappush(waiting, (at, begun, event, events))
            begun += 1
        clock, number, event, events = heapq.heappop(waiting)
        yield _line(seq, clock, event, rng)
        if (following := next(events, None)) is not None:
            heapq.heappush(waiting, (following[0], number, following[1], events))


def _line(seq: int, clock: float, event: dict[str, Any], rng: random.Random) -> bytes:
    milliseconds = int(START.timestamp() * 1000 + clock * 1000)
    tail = (2 << 62) | rng.getrandbits(62)
    digits = f"{milliseconds:012x}7{rng.getrandbits(12):03x}{tail:016x}"
    event_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    record = {
        "seq": seq,
        "event_id": event_id,
        "timestamp": format_timestamp(START + timedelta(seconds=clock)),
        **event,
        "source": {"framework": "langchain", "version": "1.4.2", "hook": "on_tool_start"},
        "writer": f"w{seq % 4}",
        "writer_seq": seq // 4,
    }
    return orjson.dumps(record) + b"\n"


def write_log(root: Path, count: int, seed: int = 1) -> Path:
    """A log directory with so many events, in segments as the library cuts them."""
    layout, most = Layout(root), Rotation().max_events
    layout.segments.mkdir(parents=True)
    layout.header.write_bytes(b'{"format":1,"origin":"benchmark"}\n')
    size, file = 0, None
    for seq, line in enumerate(lines(count, seed)):
        if seq % 256 == 0 and (file is None or seq % most == 0 or size >= Rotation().max_bytes):
            if file is not None:
                file.close()
            file, size = layout.segment(seq).open("wb"), 0
        assert file is not None
        file.write(line)
        size += len(line)
    if file is not None:
        file.close()
    return root
