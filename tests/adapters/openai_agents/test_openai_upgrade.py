"""A version of the SDK without a name that recording leans on: the rest goes on, and a warning says what is missed."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from agents import RunContextWrapper, Runner, ShellTool, function_tool, set_tracing_disabled
from agents.mcp.util import MCPUtil
from agents.tracing import get_trace_provider
from openai_scripts import ASKED_TO_ADD, Record, add, agent, call, fail, lines, shell_call

import agent_audit_openai_agents
from agent_audit_openai_agents import AuditRunHooks, install, tools
from agent_audit_openai_agents.approvals import DECISIONS
from agent_audit_openai_agents.failures import FAILURES, NATIVE_FAILURES, PATCHES
from agent_audit_openai_agents.guardrails import VERDICTS
from agent_audit_openai_agents.install import RUNNER
from agent_audit_openai_agents.invocations import INVOCATIONS
from agent_audit_openai_agents.mcp import RESULTS
from agent_audit_openai_agents.tools import MARKS

SEAMS = (RUNNER, DECISIONS, RESULTS, INVOCATIONS, *FAILURES, NATIVE_FAILURES, PATCHES, *VERDICTS.values(), MARKS)


@pytest.fixture(autouse=True)
def _fresh_warnings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for seam in SEAMS:
        monkeypatch.setattr(seam, "_warned", False)
    yield
    agent_audit_openai_agents.disable()


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"


@function_tool(failure_error_function=lambda context, error: f"oh: {error}")
def broken() -> str:
    raise ValueError("bad")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_this_version_has_every_name(silent: Record, caplog: pytest.LogCaptureFixture) -> None:
    assert [seam.path for seam in SEAMS if not seam.exists] == []
    agent_audit_openai_agents.enable(silent.logger)
    assert all(seam.is_wrapped for seam in SEAMS if seam not in (RUNNER, MARKS))
    assert not warnings(caplog)


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: seam.path)
def test_a_name_that_is_gone_is_warned_about_once(
    silent: Record, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, seam: Any
) -> None:
    module, _, names = seam.path.partition(":")
    monkeypatch.delattr(f"{module}.{names}")
    agent_audit_openai_agents.enable(silent.logger)
    agent_audit_openai_agents.enable(silent.logger)
    (text,) = warnings(caplog)
    assert seam.path in text
    assert seam.unseen in text


async def test_without_a_place_for_decisions_they_are_seen_when_the_run_is_resumed(
    silent: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = RunContextWrapper._apply_approval_decision
    monkeypatch.delattr(RunContextWrapper, "_apply_approval_decision")
    agent_audit_openai_agents.enable(silent.logger)
    one = agent([call("pay", {"amount": 5})], "done", tools=[pay])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    with monkeypatch.context() as patch:  # the SDK of this test still needs it
        patch.setattr(RunContextWrapper, "_apply_approval_decision", original, raising=False)
        state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert silent.told("permission.check", "action.approved", "tool.call", "tool.response") == lines("""
        permission.check - tool.pay c1
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        tool.response success tool.pay c1
    """)
    assert silent.one("action.approved").source.hook == "resume"


@pytest.mark.parametrize("untraced", [False, True])
async def test_without_the_place_for_failures_the_default_text_and_the_spans_tell(
    silent: Record, monkeypatch: pytest.MonkeyPatch, untraced: bool
) -> None:
    for seam in FAILURES:
        monkeypatch.setattr(seam, "path", "agents.tool:no_such_function")
    agent_audit_openai_agents.enable(silent.logger)
    set_tracing_disabled(untraced)
    try:
        asked = [call("fail", call_id="c1"), call("broken", call_id="c2")]
        await Runner.run(agent(asked, "sorry", tools=[fail, broken]), "hi")
    finally:
        set_tracing_disabled(False)
    told = {event.call_id: (event.outcome, event.error_type) for event in silent.events("tool.response")}
    assert told["c1"] == ("failure", "ValueError")
    # This is what the warning says is not seen.
    assert told["c2"] == (("success", None) if untraced else ("failure", "ToolError"))


@pytest.mark.parametrize("may_wait", [False, True])
async def test_without_marks_a_native_call_has_an_id_only_where_it_can_be_no_other(
    record: Record, monkeypatch: pytest.MonkeyPatch, may_wait: bool
) -> None:
    monkeypatch.setattr(tools, "_MARKED", "no_such_field")

    async def removes(context: Any, action: Any, call_id: str) -> bool:
        return "rm" in action.commands[0]

    asked = [shell_call("s1", "rm -rf /data"), shell_call("s2", "ls")]
    tool = ShellTool(executor=lambda request: "ran", needs_approval=removes if may_wait else False)
    await Runner.run(agent(asked, "done", tools=[tool]), "hi")
    ran = [event.call_id for event in record.events("tool.call")]
    assert ran == ([None] if may_wait else ["s1", "s2"])


async def test_without_a_place_for_mcp_results_everything_else_is_seen(
    silent: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(MCPUtil, "_extract_custom_data")
    agent_audit_openai_agents.enable(silent.logger)
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi")
    assert len(silent.events()) == 9


async def test_without_a_default_runner_spans_tell_and_hooks_can_be_passed(
    silent: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("agents.run.set_default_agent_runner")
    agent_audit_openai_agents.enable(silent.logger)
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi")
    assert silent.told("tool.call", "tool.response") == lines("""
        tool.call - tool.add -
        tool.response success tool.add -
    """)
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi", hooks=AuditRunHooks(silent.logger))
    assert silent.told("tool.call", "tool.response")[2:] == lines("""
        tool.call - tool.add c1
        tool.response success tool.add c1
    """)


async def test_where_trace_processors_cannot_be_seen_ours_is_added_once_and_rests_when_disabled(
    silent: Record, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    provider: Any = get_trace_provider()
    real, added = provider._multi_processor, []
    monkeypatch.setattr(provider, "_multi_processor", object())
    monkeypatch.setattr(install, "add_trace_processor", added.append)
    monkeypatch.setattr(install, "_added_blindly", False)
    agent_audit_openai_agents.enable(silent.logger)
    agent_audit_openai_agents.enable(silent.logger)
    (ours,) = added
    assert ["does not show its trace processors" in text for text in warnings(caplog)] == [True]
    agent_audit_openai_agents.disable()
    assert not ours.enabled
    monkeypatch.setattr(provider, "_multi_processor", real)


def test_the_adapter_can_be_imported_without_the_runner_s_class(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = importlib.import_module("agent_audit_openai_agents.runner")
    spec: Any = runner.__spec__
    monkeypatch.delattr("agents.run.AgentRunner")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert fresh.AuditRunner.__mro__[1] is object
