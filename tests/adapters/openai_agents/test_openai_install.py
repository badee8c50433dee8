"""`enable` and `disable`, and whoever else uses the SDK's hooks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from agents import (
    Agent,
    AgentHooks,
    RunConfig,
    RunContextWrapper,
    RunHooks,
    Runner,
    UserError,
    add_trace_processor,
    function_tool,
)
from agents.mcp.util import MCPUtil
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
from agents.tracing import TracingProcessor, get_trace_provider, set_trace_processors
from openai_scripts import ASKED_TO_ADD, Record, add, agent, call, fail, line, lines

import agent_audit_openai_agents
from agent_audit import AuditLogger, MemoryAuditBackend, get_logger
from agent_audit.testing import capture
from agent_audit_openai_agents import AuditRunHooks, AuditTracingProcessor
from agent_audit_openai_agents.recorder import HookedRuns
from agent_audit_openai_agents.recording import Recording

SHORT = """
    agent.start - agent.A -
    llm.request - llm.ScriptedModel -
    llm.response success llm.ScriptedModel -
    agent.stop success agent.A -
"""


def processors() -> tuple[Any, ...]:
    return tuple(get_trace_provider()._multi_processor._processors)  # type: ignore[attr-defined]


class Listening(RunHooks[Any]):
    def __init__(self) -> None:
        self.heard: list[str] = []


def _hears(name: str) -> Any:
    async def hook(self: Listening, *args: Any, **kwargs: Any) -> None:
        self.heard.append(name)

    return hook


for _name in ("on_agent_start", "on_agent_end", "on_llm_start", "on_llm_end", "on_tool_start", "on_tool_end"):
    setattr(Listening, _name, _hears(_name))


class Counting(TracingProcessor):
    spans = 0

    def on_trace_start(self, trace: Any) -> None: ...
    def on_trace_end(self, trace: Any) -> None: ...
    def on_span_start(self, span: Any) -> None: ...
    def on_span_end(self, span: Any) -> None:
        self.spans += 1

    def shutdown(self) -> None: ...
    def force_flush(self) -> None: ...


async def test_enabling_twice_records_once(record: Record) -> None:
    agent_audit_openai_agents.enable(record.logger)
    await Runner.run(agent("hello"), "hi")
    assert record.told() == lines(SHORT)
    assert sum(isinstance(processor, AuditTracingProcessor) for processor in processors()) == 1


async def test_enabling_again_changes_the_settings(record: Record) -> None:
    agent_audit_openai_agents.enable(record.logger, user_id="alice")
    await Runner.run(agent("hello"), "hi")
    assert {event.user_id for event in record.events()} == {"alice"}


async def test_disabling_restores_what_was_there(silent: Record) -> None:
    other = Counting()
    before = (processors(), get_default_agent_runner())
    decide, result = RunContextWrapper._apply_approval_decision, MCPUtil.__dict__["_extract_custom_data"]
    add_trace_processor(other)
    agent_audit_openai_agents.enable(silent.logger)
    agent_audit_openai_agents.disable()
    agent_audit_openai_agents.disable()
    assert processors() == (*before[0], other)
    assert get_default_agent_runner() is before[1]
    assert RunContextWrapper._apply_approval_decision is decide
    assert MCPUtil.__dict__["_extract_custom_data"] is result
    await Runner.run(agent("hello"), "hi")
    assert not silent.events()
    set_trace_processors(list(before[0]))


async def test_the_sdk_s_exporter_and_other_processors_stay(record: Record) -> None:
    kinds = [type(processor).__name__ for processor in processors()]
    assert kinds[0] == "BatchTraceProcessor"
    other = Counting()
    add_trace_processor(other)
    await Runner.run(agent("hello"), "hi")
    assert other.spans > 0
    set_trace_processors([processor for processor in processors() if processor is not other])


async def test_a_run_without_our_processor_is_recorded_all_the_same(record: Record) -> None:
    before = processors()
    set_trace_processors([])  # as other libraries do
    try:
        await Runner.run(agent([call("fail")], "sorry", tools=[fail]), "hi")
    finally:
        set_trace_processors(list(before))
    assert record.told("tool.response", "agent.stop") == lines("""
        tool.response failure tool.fail c1
        agent.stop success agent.A -
    """)


async def test_the_user_s_hooks_hear_what_they_heard_before(silent: Record) -> None:
    alone, beside, own = Listening(), Listening(), AgentHooks[Any]()
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add], hooks=own), "hi", hooks=alone)
    agent_audit_openai_agents.enable(silent.logger)
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add], hooks=own), "hi", hooks=beside)
    assert alone.heard == beside.heard != []
    assert len(silent.events()) == 9


async def test_what_is_no_hooks_object_is_refused_by_the_sdk(record: Record) -> None:
    with pytest.raises(TypeError, match="RunHooks"):
        await Runner.run(agent("never"), "hi", hooks=AgentHooks())  # type: ignore[arg-type]
    assert record.told() == ["error failure - -"]


async def test_a_runner_set_before_still_does_the_work(silent: Record) -> None:
    class Own(AgentRunner):
        runs = 0

        async def run(self, *args: Any, **kwargs: Any) -> Any:
            self.runs += 1
            return await super().run(*args, **kwargs)

    before, own = get_default_agent_runner(), Own()
    set_default_agent_runner(own)
    try:
        agent_audit_openai_agents.enable(silent.logger)
        await Runner.run(agent("hello"), "hi")
        agent_audit_openai_agents.disable()
        assert get_default_agent_runner() is own
    finally:
        set_default_agent_runner(before)
    assert own.runs == 1
    assert silent.told() == lines(SHORT)


async def test_a_runner_set_in_front_of_ours_does_not_make_it_record_after_disable(silent: Record) -> None:
    before = get_default_agent_runner()
    agent_audit_openai_agents.enable(silent.logger)
    ours = get_default_agent_runner()

    class Front(AgentRunner):
        async def run(self, *args: Any, **kwargs: Any) -> Any:
            return await ours.run(*args, **kwargs)

    set_default_agent_runner(Front())
    try:
        await Runner.run(agent("hello"), "hi")
        agent_audit_openai_agents.disable()
        await Runner.run(agent("hello"), "hi")
    finally:
        set_default_agent_runner(before)
    assert silent.told() == lines(SHORT)


async def test_enabling_again_finds_its_place_when_another_runner_was_set(silent: Record) -> None:
    before = get_default_agent_runner()
    agent_audit_openai_agents.enable(silent.logger)
    ours = get_default_agent_runner()

    class Front(AgentRunner):
        async def run(self, *args: Any, **kwargs: Any) -> Any:
            return await ours.run(*args, **kwargs)

    try:
        for other in (AgentRunner(), Front()):
            set_default_agent_runner(other)
            agent_audit_openai_agents.enable(silent.logger)
            await Runner.run(agent("hello"), "hi")
    finally:
        set_default_agent_runner(before)
    assert silent.told() == lines(SHORT) * 2


async def test_audit_hooks_passed_as_well_record_nothing_twice_and_bring_their_settings(record: Record) -> None:
    mine = AuditRunHooks(record.logger, user_id="alice", modifies={"add"})
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi", hooks=mine)
    assert len(record.events()) == 10
    assert {event.user_id for event in record.events()} == {"alice"}
    assert record.told("data.modify") == ["data.modify success tool.add c1"]


async def test_audit_hooks_inside_other_hooks_record_nothing_twice(record: Record) -> None:
    class Both(RunHooks[Any]):
        inner = AuditRunHooks(record.logger)

        async def on_llm_start(self, *args: Any) -> None:
            await self.inner.on_llm_start(*args)

    await Runner.run(agent("hello"), "hi", hooks=Both())
    assert record.told() == lines(SHORT)


async def test_audit_hooks_with_another_logger_record_there_only(record: Record) -> None:
    backend = MemoryAuditBackend()
    await Runner.run(agent("hello"), "hi", hooks=AuditRunHooks(AuditLogger(backend)))
    assert [line(event) for event in backend.events()] == lines(SHORT)
    assert not record.events()


async def test_without_a_logger_the_default_one_of_the_moment_is_used() -> None:
    agent_audit_openai_agents.enable()
    with capture() as backend:
        await Runner.run(agent("hello"), "hi")
    assert [line(event) for event in backend.events()] == lines(SHORT)
    await Runner.run(agent("hello"), "hi")
    assert [line(event) for event in get_logger().query(action="agent.A")]


async def test_sensitive_data_is_left_out_of_spans_but_not_of_the_record(record: Record) -> None:
    config = RunConfig(trace_include_sensitive_data=False)
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi", run_config=config)
    assert (record.one("tool.call").parameters, record.one("tool.response").result) == ({"a": 1, "b": 2}, 3)


async def test_what_goes_wrong_in_recording_an_end_does_not_reach_the_run(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("agent_audit_openai_agents.ending.Ending._note_guardrails", broken)
    assert (await Runner.run(agent("hello"), "hi")).final_output == "hello"
    assert record.told("agent.stop") == ["agent.stop unknown agent.A -"]


@pytest.mark.parametrize(
    "place",
    [
        "runner._told",
        "run.AgentRun.agent_started",
        "models.ModelCalls.started",
        "models.ModelCalls.ended",
        "tools.ToolCalls.started",
        "tools.ToolCalls.ended",
    ],
)
async def test_what_goes_wrong_in_recording_does_not_reach_the_agent(
    silent: Record, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise KeyError("ours")

    agent_audit_openai_agents.enable(silent.logger)
    monkeypatch.setattr(f"agent_audit_openai_agents.{place}", broken)
    assert (await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi")).final_output == "3"
    assert "ours" in caplog.text


async def test_what_goes_wrong_before_an_effect_stops_it_where_nothing_may_go_unrecorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []

    @function_tool
    def pay() -> str:
        ran.append("paid")
        return "paid"

    def broken(*args: Any, **kwargs: Any) -> None:
        raise KeyError("ours")

    with AuditLogger(MemoryAuditBackend(), on_failure="raise") as logger:
        agent_audit_openai_agents.enable(logger)
        monkeypatch.setattr("agent_audit_openai_agents.tools.ToolCalls.started", broken)
        with pytest.raises(UserError, match="ours"):
            await Runner.run(agent([call("pay")], "paid", tools=[pay]), "hi")
    assert not ran


async def test_the_agent_and_its_tools_are_not_changed(record: Record) -> None:
    one: Agent[Any] = agent([call("fail")], "sorry", tools=[fail])
    before = (list(one.tools), one.hooks, one.mcp_servers, dict(vars(fail)))
    config = RunConfig()
    fields = dict(vars(config))
    await Runner.run(one, "hi", run_config=config)
    assert (list(one.tools), one.hooks, one.mcp_servers, dict(vars(fail))) == before
    assert vars(config) == fields


@pytest.mark.parametrize("enabled", [True, False])
async def test_nothing_is_remembered_of_runs_that_are_over(silent: Record, enabled: bool) -> None:
    options: dict[str, Any] = {}
    if enabled:
        agent_audit_openai_agents.enable(silent.logger)
    else:
        options["hooks"] = AuditRunHooks(silent.logger)
    inner = agent(ASKED_TO_ADD, "3", name="Inner", tools=[add])
    asked = [call("ask", {"input": "?"}, "o1"), call("fail", call_id="o2")]
    await Runner.run(agent(asked, "3", tools=[inner.as_tool("ask", ""), fail]), "hi", **options)
    recording = Recording.of(silent.logger)
    hooked = HookedRuns.of(recording)
    remembered = (hooked.by_context, hooked.claims, recording.tools, recording.parents, recording.agents)
    assert [len(entries) for entries in remembered] == [0, 0, 0, 0, 0]


WITHOUT_NETWORK = """
import asyncio, sys
import agent_audit_openai_agents
from agents import Agent, Runner, set_trace_processors
from agents.testing import ScriptedModel, assistant_message
from agent_audit import AuditLogger, MemoryAuditBackend

reached = []
sys.addaudithook(lambda name, args: reached.append(args) if name in ("socket.connect", "socket.getaddrinfo") else None)
set_trace_processors([])  # without the SDK's exporter; whatever is said now, we say
backend = MemoryAuditBackend()
logger = AuditLogger(backend)
agent_audit_openai_agents.enable(logger)
asyncio.run(Runner.run(Agent(name="A", model=ScriptedModel([[assistant_message("hi")]])), "hi"))
agent_audit_openai_agents.disable()
logger.close()
print(len(backend.events()), reached)
"""


def test_nothing_is_said_to_anybody_over_the_network(tmp_path: Path) -> None:
    # A key in this process would have the SDK's own exporter send what other tests have left in its queue.
    environment = {**os.environ, "OPENAI_API_KEY": "sk-not-a-real-one"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.stdout.split(maxsplit=1) == ["4", "[]\n"]
