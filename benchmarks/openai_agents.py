"""What recording costs a run of the OpenAI Agents SDK: CPU ratios to the bare run. `python benchmarks/openai_agents.py`

A run of 20 turns, each with one call of a tool that returns 240 bytes, and a model that answers at once: with a real
model, which takes a second, nothing here would show. CPU time of the whole process, through to the sync; rounds are
interleaved and the median of the per-round ratios is shown. Beside it the SDK's own trace exporter, sending to a server
on the loopback interface, and the parts of the cost: without redaction, and without a log at all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.server
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, generation_span, set_trace_processors
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

import agent_audit_openai_agents
from agent_audit import AuditLogger, FileAuditBackend, MemoryAuditBackend
from agent_audit.redaction import Redacted

Mode = Callable[[Callable[[], None]], None]


class Prompt(Model):
    """Asks for the tool as often as it is told, then answers."""

    def __init__(self, turns: int) -> None:
        self.turns = turns

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any) -> ModelResponse:
        tracing = kwargs.get("tracing") or args[4]
        with generation_span(model="fake", disabled=tracing.is_disabled()) as span:
            said = self._say(input if isinstance(input, list) else [])
            if tracing.include_data():
                span.span_data.input = list(input) if isinstance(input, list) else [{"role": "user", "content": input}]
                span.span_data.output = [item.model_dump() for item in said]
            usage = Usage(requests=1, input_tokens=10, output_tokens=5, total_tokens=15)
            return ModelResponse(output=said, usage=usage, response_id=None)

    def _say(self, items: list[Any]) -> list[Any]:
        done = sum(item.get("type") == "function_call_output" for item in items)
        if done < self.turns:
            arguments = json.dumps({"query": f"select * from orders where id = {done}", "limit": 10, "region": "eu"})
            name, call_id = "look_up", f"call_{done}"
            return [ResponseFunctionToolCall(type="function_call", name=name, call_id=call_id, arguments=arguments)]
        text = ResponseOutputText(type="output_text", text="done", annotations=[])
        return [
            ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text]),
        ]

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


@function_tool
def look_up(query: str, limit: int, region: str) -> str:
    """Look up rows."""
    return "row " * 60


def make_run(turns: int) -> Callable[[], None]:
    agent = Agent(name="helper", instructions="help", tools=[look_up], model=Prompt(turns))
    loop = asyncio.new_event_loop()
    return lambda: loop.run_until_complete(Runner.run(agent, "go", max_turns=turns + 2)) and None


class NoRedactor:
    def redact(self, value: Any, *, path: str = "", action: str | None = None) -> Redacted:
        return Redacted(dict(value))


class NoLog(AuditLogger):
    """What the adapter does is done, nothing of it is recorded."""

    def log(self, *args: Any, **kwargs: Any) -> None:
        pass


def recorded(logger: AuditLogger) -> Mode:
    def mode(run: Callable[[], None]) -> None:
        agent_audit_openai_agents.enable(logger)
        run()
        agent_audit_openai_agents.disable()
        logger.flush()

    return mode


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes whatever the SDK's exporter sends."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@contextlib.contextmanager
def exported() -> Iterator[Mode]:
    """The SDK's own tracing, as it is without this project. The server's share of the CPU is in it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}/traces"
    processor = BatchTraceProcessor(BackendSpanExporter(api_key="none", endpoint=endpoint))

    def mode(run: Callable[[], None]) -> None:
        set_trace_processors([processor])
        run()
        set_trace_processors([])
        processor.force_flush()

    yield mode
    server.shutdown()


def measure(modes: dict[str, Mode], run: Callable[[], None], rounds: int) -> dict[str, float]:
    """Median over the rounds of CPU time as a ratio to the bare run of the same round."""
    ratios: dict[str, list[float]] = {name: [] for name in modes}
    for number in range(rounds + 2):
        bare = _cpu(run)
        for name, mode in modes.items():
            spent = _cpu(lambda mode=mode: mode(run))
            if number >= 2:
                ratios[name].append(spent / bare)
    return {name: statistics.median(values) for name, values in ratios.items()}


def _cpu(call: Callable[[], None]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


GOALS = {"recorded": "<= 1.05"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    set_trace_processors([])
    run = make_run(options.turns)
    with tempfile.TemporaryDirectory() as root, exported() as exporter, contextlib.ExitStack() as stack:

        def logger(name: str, **settings: Any) -> AuditLogger:
            return stack.enter_context(AuditLogger(FileAuditBackend(Path(root) / name), **settings))

        modes = {
            "a second bare run": lambda run: run(),
            "recorded": recorded(logger("log")),
            "recorded, without redaction": recorded(logger("raw", redactor=NoRedactor())),
            "the adapter alone, without a log": recorded(stack.enter_context(NoLog(MemoryAuditBackend()))),
            "the SDK's own exporter": exporter,
        }
        found = measure(modes, run, options.rounds)
    if options.json:
        print(json.dumps(found))
        return 0
    print(f"Python {sys.version.split()[0]}, {options.turns} turns a run; CPU as a ratio to the bare run")
    for name, value in found.items():
        print(f"{name:40s} {value:6.3f}   {GOALS.get(name, '')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
