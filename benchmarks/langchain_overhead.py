"""What recording costs a LangChain program: `python benchmarks/langchain_overhead.py [--json]`

Each figure is CPU time of the whole process beside that of a do-nothing handler in the same run; rounds are interleaved
and the medians of the paired differences shown. `adapter alone` records into a logger that throws events away, so that
what remains is the way from the hook to `log()`. Bytes are counted in the log.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from agent_audit import AuditLogger, FileAuditBackend
from agent_audit_langchain import AuditCallbackHandler

CALLS = itertools.count()


def arguments(number: int) -> dict[str, Any]:
    """Other ones for each call: what a redactor has seen before costs less."""
    query = f"select * from orders where customer = {number * 7919 % 10_007}"
    return {"query": query, "limit": 10, "filters": {"region": "eu", "tags": ["a", "b"]}}


@tool
def lookup(query: str, limit: int = 10, filters: dict[str, Any] | None = None) -> str:
    """Look up rows."""
    return f"{query}: " + "row " * 50


class Scripted(BaseChatModel):
    """Asks for one tool call a turn."""

    turns: int

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Scripted:
        return self

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        turn = sum(isinstance(message, ToolMessage) for message in messages)
        asked = {"name": "lookup", "args": arguments(next(CALLS)), "id": f"call_{turn}", "type": "tool_call"}
        usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
        answer = AIMessage("done" if turn == self.turns else "", tool_calls=[asked] * (turn < self.turns))
        answer.usage_metadata = usage  # type: ignore[assignment]
        return ChatResult(generations=[ChatGeneration(message=answer)])


def tool_calls(count: int) -> Callable[[Any], None]:
    """Plain tool calls, one after the other, in one chain."""

    def body(question: str, config: Any) -> None:
        for number in range(count):
            call = {"name": "lookup", "args": arguments(next(CALLS)), "id": f"c{number}", "type": "tool_call"}
            lookup.invoke(call, config)

    chain = RunnableLambda(body)
    return lambda handlers: chain.invoke("x", {"callbacks": handlers} if handlers else {})


def agent_turns(turns: int) -> Callable[[Any], None]:
    """An agent that calls a tool in each of its turns."""
    agent = create_agent(Scripted(turns=turns), [lookup])
    question = {"messages": [("user", "go")]}
    limit = {"recursion_limit": 4 * turns + 10}
    return lambda handlers: agent.invoke(question, {"callbacks": handlers, **limit} if handlers else {**limit})


class DoNothing(BaseCallbackHandler):
    """Without this method LangChain would render the conversation for `on_llm_start`."""

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        pass


class DiscardingLogger(AuditLogger):
    """Takes events and forgets them: what is measured with it is the adapter alone."""

    def log(self, event: Any, **kwargs: Any) -> None:
        pass


@contextmanager
def handlers() -> Iterator[dict[str, list[Any]]]:
    """What is compared. The last one records as users do: to a file, `written`, with redaction."""
    with (
        tempfile.TemporaryDirectory() as directory,
        DiscardingLogger(FileAuditBackend(Path(directory) / "discarded")) as discarding,
        AuditLogger(FileAuditBackend(Path(directory) / "log")) as logger,
    ):
        yield {
            "none": [],
            "nothing": [DoNothing()],
            "adapter": [AuditCallbackHandler(discarding)],
            "audit": [AuditCallbackHandler(logger)],
        }


def cpu_times(run: Callable[[Any], None], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each run, for each set of handlers, interleaved."""
    with handlers() as compared:
        times: dict[str, list[float]] = {name: [] for name in compared}
        names = list(compared)
        for number in range(rounds + 3):
            for name in names[number % 4 :] + names[: number % 4]:
                given = compared[name]
                before = time.process_time()
                run(given)
                if number >= 3:  # the first ones warm up
                    times[name].append(time.process_time() - before)
        return times


def added(times: dict[str, list[float]], name: str, each: int) -> float:
    """Microseconds that handlers add to one of `each` operations."""
    return statistics.median(a - b for a, b in zip(times[name], times["none"], strict=True)) / each * 1e6


def overhead(rounds: int) -> dict[str, float]:
    """Ratios to the do-nothing handler, for a plain tool call, and to no handler, for a whole run."""
    count, turns = 100, 20
    calls = cpu_times(tool_calls(count), rounds)
    agent = cpu_times(agent_turns(turns), rounds)
    nothing = added(calls, "nothing", count)
    return {
        "tool call: do-nothing handler adds, us": nothing,
        "tool call: adapter alone adds, us": added(calls, "adapter", count),
        "tool call: recording adds, us": added(calls, "audit", count),
        "tool call: adapter alone / do-nothing handler": added(calls, "adapter", count) / nothing,
        "tool call: recording / do-nothing handler": added(calls, "audit", count) / nothing,
        f"agent of {turns} turns: adapter alone / no handler": _ratio(agent, "adapter"),
        f"agent of {turns} turns: recording / no handler": _ratio(agent, "audit"),
        f"agent of {turns} turns: do-nothing handler / no handler": _ratio(agent, "nothing"),
        f"agent of {turns} turns: recording adds per turn, us": added(agent, "audit", turns),
    }


def _ratio(times: dict[str, list[float]], name: str) -> float:
    return statistics.median(a / b for a, b in zip(times[name], times["none"], strict=True))


def bytes_per_turn(turns: int) -> float:
    """Bytes in the log for each turn of an agent."""
    with tempfile.TemporaryDirectory() as directory:
        with AuditLogger(FileAuditBackend(directory)) as logger:
            agent_turns(turns)([AuditCallbackHandler(logger)])
        lines = [line for path in Path(directory).rglob("*.jsonl") for line in path.read_bytes().splitlines(True)]
        return sum(len(line) for line in lines if b'"log.' not in line) / turns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=25)
    given = parser.parse_args()
    measured = overhead(given.rounds)
    measured.update({f"bytes per turn, {turns} turns": bytes_per_turn(turns) for turns in (10, 20, 40, 80)})
    if given.json:
        print(json.dumps(measured, indent=1))
    else:
        for name, value in measured.items():
            print(f"{name:52} {value:10.2f}")


if __name__ == "__main__":
    main()
