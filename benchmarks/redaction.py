"""What redaction costs, as multiples of `json.dumps` of the same payload, CPU time, best of several rounds.

    python benchmarks/redaction.py

Other redactors are measured where they are installed: scrubbers, fastscrub, logfire, langchain's detectors.
They are no dependencies of this project: `pip install scrubbers fastscrub logfire langchain` by whoever runs it.
"""

from __future__ import annotations

import importlib
import itertools
import json
import random
import smtplib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent_audit import AuditEvent, AuditEventType, AuditLogger, MemoryAuditBackend
from agent_audit.redaction import DefaultRedactor, Redacted

TEXT = (
    "the quarterly report shows revenue growth driven by demand for cloud services and customers kept their "
    "subscriptions while teams improved search planning tooling with fewer incidents"
)
PROSE = " ".join(random.Random(1).choices(TEXT.split(), k=3200))[:20_000]
TOKEN = "ghp_" + "a1B2" * 9
EVENT = {
    "action": "tool.search",
    "resource": "web",
    "parameters": {"query": "weather in Berlin", "limit": 10, "filters": {"lang": "en", "region": "eu"}},
    "metadata": {"model": "gpt-4o-mini", "temperature": 0.2, "tags": ["forecast", "daily"], "input_tokens": 812},
}
PAYLOADS: dict[str, Any] = {
    "event, benign": EVENT,
    "prose, 20 KB": PROSE,
    "rows, 20 KB": [
        {"id": n, "name": f"item {n}", "price": n * 1.25, "updated_at": f"2026-11-23T08:{n % 60:02}:00Z"}
        for n in range(230)
    ],
    "log, 13 KB": "\n".join(f"2026-11-23T08:00:{n % 60:02}Z INFO worker={n} processed {n} tokens" for n in range(230)),
    "source code, 45 KB": Path(smtplib.__file__).read_text(encoding="utf-8"),
    "headers": {"headers": {"Authorization": f"Bearer {TOKEN}", "Cookie": "sid=q8W2e7R5", "Accept": "text/html"}},
    "customer": {"email": "jane@example.org", "card": "4111 1111 1111 1111", "iban": "DE89370400440532013000"},
    "connection string": {"url": "postgres://app:x8Kq2vLp@db.example:5432/app", "query": "SELECT 1"},
    "JSON in a text": json.dumps({"user": "bob", "password": "q8W2e7R5", "config": {"token": TOKEN}}),
}


ENOUGH = 300_000
"""Characters after which no redactor remembers what it has seen."""


def new_ones(payload: Any) -> Iterator[Any]:
    """Payloads of that cost, whose texts have not been seen before, or long ago."""
    count = max(16, ENOUGH // len(json.dumps(payload)))
    return itertools.cycle([_longer(payload, number) for number in range(count)])


def _longer(payload: Any, number: int) -> Any:
    if isinstance(payload, dict):
        return {key: _longer(value, number) for key, value in payload.items()}
    if isinstance(payload, list):
        return [_longer(value, number) for value in payload]
    return payload + _BLANKS[number % 64] + _BLANKS[number // 64] if isinstance(payload, str) else payload


_BLANKS = [f"{number:06b}".translate(str.maketrans("01", " \n")) for number in range(64)]


def cost(act: Callable[[Any], Any], payloads: Iterator[Any], rounds: int = 9) -> float:
    """CPU seconds of one call, the best of several rounds of enough calls to be measured."""
    act(next(payloads))
    calls, best = 1, float("inf")
    while True:
        start = time.process_time()
        for _ in range(calls):
            act(next(payloads))
        if time.process_time() - start > 0.01:
            break
        calls *= 2
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(calls):
            act(next(payloads))
        best = min(best, (time.process_time() - start) / calls)
    return best


def others() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What is installed of the other redactors, as functions of one payload."""
    for name, make in (
        ("scrubbers", lambda m: m.scrub),
        ("fastscrub", lambda m: m.scrub),
        ("logfire", _logfire),
        ("langchain", _langchain),
    ):
        try:
            yield name, make(importlib.import_module(name))
        except Exception as error:
            print(f"{name}: not measured: {type(error).__name__}: {error}")


def _logfire(_: Any) -> Callable[[Any], Any]:
    scrubbing = importlib.import_module("logfire._internal.scrubbing")
    scrubber = scrubbing.Scrubber([])
    return lambda payload: scrubber.scrub_value(("attributes", "x"), payload)


def _langchain(_: Any) -> Callable[[Any], Any]:
    pii = importlib.import_module("langchain.agents.middleware._redaction")
    detectors = [pii.BUILTIN_DETECTORS[name] for name in ("email", "credit_card", "ip", "mac_address", "url")]
    return lambda payload: [detect(json.dumps(payload)) for detect in detectors]


class _Nothing:
    """A redactor that masks nothing, for what `log()` costs without one."""

    def redact(self, value: Any, *, path: str = "", action: str | None = None) -> Redacted:
        return Redacted(value)


def logged(redactor: Any) -> float:
    """CPU seconds of one `log()` of a typical event, the store in memory."""
    payloads = new_ones(EVENT)
    count = ENOUGH // len(json.dumps(EVENT))
    events = [AuditEvent(event_type=AuditEventType.TOOL_CALL, **next(payloads)) for _ in range(count)]
    with AuditLogger(MemoryAuditBackend(), redactor=redactor) as logger:
        return cost(logger.log, itertools.cycle(events))


def main() -> None:
    redactor = DefaultRedactor()
    columns = [("agent_audit", redactor.redact), *others()]
    print(f"{'x json.dumps':20}" + "".join(f"{name:>14}" for name, _ in columns))
    for name, payload in PAYLOADS.items():
        anchor = cost(json.dumps, new_ones(payload))
        shown = "".join(f"{cost(act, new_ones(payload)) / anchor:14.1f}" for _, act in columns)
        print(f"{name:20}{shown}   ({anchor * 1e6:.1f} us)")
    known = cost(redactor.redact, itertools.repeat(EVENT)) / cost(json.dumps, itertools.repeat(EVENT))
    print(f"{'event, seen before':20}{known:14.1f}")
    with_it, without = logged(redactor), logged(_Nothing())
    print(f"log() of the benign event: {with_it * 1e6:.1f} CPU us, of which redaction {(with_it - without) * 1e6:.1f}")
    big = PROSE * 500
    print(f"a text of {len(big) / 1e6:.0f} MB: {cost(redactor.redact, itertools.repeat(big), 1):.2f} CPU s")


if __name__ == "__main__":
    main()
