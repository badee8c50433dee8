"""Hooks alone, spans alone, and both, without `enable`."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from agents import (
    Agent,
    FunctionToolResult,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    Runner,
    UserError,
    add_trace_processor,
    agent_span,
    custom_span,
    function_span,
    function_tool,
    input_guardrail,
    set_trace_processors,
    trace,
)
from agents.testing import ScriptedModel
from agents.tracing import get_trace_provider
from openai_scripts import ASKED_TO_ADD, Record, add, agent, assistant_message, call, fail, lines

from agent_audit import AuditLogger, MemoryAuditBackend
from agent_audit_openai_agents import AuditRunHooks, AuditTracingProcessor


@pytest.fixture
def hooks(silent: Record) -> AuditRunHooks:
    return AuditRunHooks(silent.logger)


@pytest.fixture
def processor(silent: Record) -> Iterator[AuditTracingProcessor]:
    before = get_trace_provider()._multi_processor._processors  # type: ignore[attr-defined]
    ours = AuditTracingProcessor(silent.logger)
    add_trace_processor(ours)
    yield ours
    set_trace_processors(list(before))


@function_tool(failure_error_function=None)
def broken() -> str:
    raise ValueError("bad")


TOOL_USE = """
    agent.start - agent.A -
    llm.request - llm.ScriptedModel -
    llm.response success llm.ScriptedModel -
    action.request - tool.add c1
    tool.call - tool.add c1
    tool.response success tool.add c1
    llm.request - llm.ScriptedModel -
    llm.response success llm.ScriptedModel -
    agent.stop success agent.A -
"""


async def test_hooks_alone_record_a_run(silent: Record, hooks: AuditRunHooks) -> None:
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi", hooks=hooks)
    assert silent.told() == lines(TOOL_USE)


async def test_one_hooks_object_serves_runs_at_the_same_time(silent: Record, hooks: AuditRunHooks) -> None:
    async def one(number: int) -> None:
        named = agent([call("add", {"a": number, "b": 0})], "ok", name=f"A{number}", tools=[add])
        await Runner.run(named, "hi", hooks=hooks)

    await asyncio.gather(*(one(number) for number in range(10)))
    runs: dict[str | None, set[str | None]] = {}
    for event in silent.events():
        runs.setdefault(event.trace_id, set()).add(event.agent_id)
    assert sorted(runs.values(), key=str) == [{f"A{number}"} for number in range(10)]


async def test_a_run_that_failed_unseen_is_unknown_when_its_context_is_gone(
    silent: Record, hooks: AuditRunHooks
) -> None:
    async def run() -> None:
        try:
            await Runner.run(agent([call("broken")], tools=[broken]), "hi", hooks=hooks)
        except UserError:
            pass

    await run()
    gc.collect()
    assert silent.told("tool.response", "agent.stop") == lines("""
        tool.response unknown tool.broken c1
        agent.stop unknown agent.A -
    """)


async def test_with_spans_hooks_know_of_failures(
    silent: Record, hooks: AuditRunHooks, processor: AuditTracingProcessor
) -> None:
    with pytest.raises(UserError):
        await Runner.run(agent([call("broken")], tools=[broken]), "hi", hooks=hooks)
    assert silent.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.broken c1
        tool.call - tool.broken c1
        tool.response failure tool.broken c1
        agent.stop failure agent.A -
    """)
    assert silent.one("tool.response").error_type == "ValueError"


async def test_with_spans_hooks_know_of_endless_runs_and_failing_models(
    silent: Record, hooks: AuditRunHooks, processor: AuditTracingProcessor
) -> None:
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(agent(ASKED_TO_ADD, ASKED_TO_ADD, tools=[add]), "hi", hooks=hooks, max_turns=1)
    with pytest.raises(RuntimeError):
        await Runner.run(agent(RuntimeError("overloaded"), name="B"), "hi", hooks=hooks)
    assert silent.told("agent.stop") == ["agent.stop failure agent.A -", "agent.stop failure agent.B -"]
    assert silent.told("llm.response")[-1] == "llm.response failure llm.ScriptedModel -"


async def test_with_spans_hooks_know_of_guardrails(
    silent: Record, hooks: AuditRunHooks, processor: AuditTracingProcessor
) -> None:
    @input_guardrail
    async def no_shouting(context: Any, agent: Any, input: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(None, input == "HELP")

    one = agent("hello", "hello", input_guardrails=[no_shouting])
    await Runner.run(one, "hi", hooks=hooks)
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(one, "HELP", hooks=hooks)
    assert silent.told("guardrail.passed", "guardrail.tripped") == lines("""
        guardrail.passed success guardrail.no_shouting -
        guardrail.tripped denied guardrail.no_shouting -
    """)


async def test_with_spans_an_agent_as_a_tool_without_hooks_is_recorded_under_its_call(
    silent: Record, hooks: AuditRunHooks, processor: AuditTracingProcessor
) -> None:
    inner = agent([call("add", {"a": 1, "b": 2}, "i1")], "3", name="Inner", tools=[add])
    outer = agent([call("ask", {"input": "?"}, "o1")], "ok", name="Outer", tools=[inner.as_tool("ask", "")])
    await Runner.run(outer, "hi", hooks=hooks)
    assert silent.without_models() == lines("""
        agent.start - agent.Outer -
        action.request - tool.ask o1
        tool.call - tool.ask o1
        agent.start - agent.Inner -
        tool.call - tool.add -
        tool.response success tool.add -
        agent.stop success agent.Inner -
        tool.response success tool.ask o1
        agent.stop success agent.Outer -
    """)
    assert silent.one("agent.start", agent_id="Inner").parent_span_id == silent.one("tool.call", call_id="o1").span_id


async def test_spans_alone_record_a_run(silent: Record, processor: AuditTracingProcessor) -> None:
    asked = [call("add", {"a": 1, "b": 2}), call("fail", call_id="c2")]
    two_turns = ScriptedModel([asked, [call("transfer_to_b", call_id="c3")]], emit_traces=True)
    second: Agent[Any] = Agent(name="B", model=ScriptedModel([[assistant_message("done")]], emit_traces=True))
    first: Agent[Any] = Agent(name="A", model=two_turns, tools=[add, fail], handoffs=[second])
    await Runner.run(first, "hi")
    told = silent.without_models()
    assert told[0] == "agent.start - agent.A -"
    assert sorted(told[1:5]) == lines("""
        tool.call - tool.add -
        tool.call - tool.fail -
        tool.response failure tool.fail -
        tool.response success tool.add -
    """)
    assert told[5:] == lines("""
        agent.handoff success handoff -
        agent.stop success agent.A -
        agent.start - agent.B -
        agent.stop success agent.B -
    """)
    assert silent.told("llm.response") == ["llm.response success llm.unknown -"] * 3
    assert len({event.trace_id for event in silent.events()}) == 1


async def test_a_run_that_succeeds_while_an_exception_is_handled_has_succeeded(
    silent: Record, processor: AuditTracingProcessor
) -> None:
    try:
        raise KeyError("outer")
    except KeyError:
        model = ScriptedModel([ASKED_TO_ADD, [assistant_message("done")]], emit_traces=True)
        await Runner.run(Agent(name="A", model=model, tools=[add]), "hi")
    assert {event.outcome for event in silent.events("agent.stop", "tool.response", "llm.response")} == {"success"}


async def test_a_call_that_waits_for_approval_is_no_call_to_spans(
    silent: Record, processor: AuditTracingProcessor
) -> None:
    @function_tool(needs_approval=True)
    def pay() -> str:
        return "paid"

    waits = (await Runner.run(agent([call("pay")], tools=[pay]), "hi")).interruptions[0]
    assert not silent.events("tool.call")
    with trace("below 0.22"), agent_span("A"), function_span("pay") as span:
        span.span_data.output = FunctionToolResult(pay, None, waits)
    assert not silent.events("tool.call")


async def test_spans_of_the_application_are_left_alone(silent: Record, processor: AuditTracingProcessor) -> None:
    with trace("mine"), custom_span("work"):
        pass
    assert not silent.events()


async def test_a_group_names_the_conversation(silent: Record, hooks: AuditRunHooks) -> None:
    with trace("chat", group_id="chat-7"):
        await Runner.run(agent("hello"), "hi", hooks=hooks)
    assert {event.session_id for event in silent.events()} == {"chat-7"}


class Stuck(MemoryAuditBackend):
    """Takes nothing for as long as it is stuck."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.waited_in: list[str] = []

    def append(self, records: Any, *, timeout: float = 1.0) -> int:
        if not self.free.is_set():
            self.waited_in.append(threading.current_thread().name)
            self.free.wait(200)
        return super().append(records, timeout=timeout)


async def test_a_trace_processor_never_makes_the_event_loop_wait_for_the_store() -> None:
    backend = Stuck()
    with AuditLogger(backend) as logger:
        before = get_trace_provider()._multi_processor._processors  # type: ignore[attr-defined]
        add_trace_processor(AuditTracingProcessor(logger))
        try:
            model = ScriptedModel([ASKED_TO_ADD, [assistant_message("3")]], emit_traces=True)
            await Runner.run(Agent(name="A", model=model, tools=[add]), "hi")
        finally:
            set_trace_processors(list(before))
        assert threading.current_thread().name not in backend.waited_in
        backend.free.set()
        logger.flush()
    assert [event.event_type for event in backend.events()].count("tool.response") == 1
