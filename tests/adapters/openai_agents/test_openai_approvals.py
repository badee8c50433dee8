"""Questions to humans and their answers. Those that stand, and those of the provider, are in files of their own."""

from __future__ import annotations

from typing import Any

import pytest
from agents import (
    Agent,
    ModelBehaviorError,
    RunConfig,
    RunContextWrapper,
    Runner,
    RunState,
    ShellTool,
    SQLiteSession,
)
from openai_scripts import Record, add, agent, call, forget, lines, pay, payer, shell_call

import agent_audit_openai_agents
from agent_audit import identify

pytestmark = pytest.mark.usefixtures("traced_or_not")


ASKED = """
    agent.start - agent.A -
    action.request - tool.pay c1
    permission.check - tool.pay c1
    agent.stop suspended agent.A -
"""

CARRIED_OUT = """
    action.approved success tool.pay c1
    agent.start - agent.A -
    tool.call - tool.pay c1
    tool.response success tool.pay c1
    agent.stop success agent.A -
"""

REFUSED = """
    action.denied denied tool.pay c1
    agent.start - agent.A -
    agent.stop success agent.A -
"""


async def test_an_approved_call_is_asked_approved_and_carried_out(record: Record) -> None:
    one = payer("done")
    result = await Runner.run(one, "hi")
    assert record.without_models() == lines(ASKED)
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert record.without_models() == lines(ASKED + CARRIED_OUT)
    assert record.one("permission.check").parameters == {"amount": 5}
    approved = record.one("action.approved")
    assert approved.parameters == {"amount": 5}
    assert set(approved.metadata) == {"arguments"}, "with a digest of what was approved"
    assert (approved.trace_id, approved.agent_id) == (record.events()[0].trace_id, "A")


async def test_a_rejected_call_is_denied_and_has_no_tool_event(record: Record) -> None:
    one = payer("as you wish")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    with identify(user_id="boss"):
        state.reject(result.interruptions[0], rejection_message="too much", always_reject=True)
    await Runner.run(one, state)
    assert record.without_models() == lines(ASKED + REFUSED)
    denied = record.one("action.denied")
    assert (denied.metadata["message"], denied.metadata["always"]) == ("too much", True)
    assert denied.user_id == "boss"


async def test_a_serialised_run_is_decided_on_and_resumed(record: Record) -> None:
    result = await Runner.run(payer(), "hi")
    text = result.to_state().to_string()
    # As in another process: nothing is remembered but the text.
    forget(record)
    fresh = Agent(name="A", model=agent("done").model, tools=[pay, add])
    state: RunState[Any] = await RunState.from_string(fresh, text)
    state.approve(state.get_interruptions()[0])
    await Runner.run(fresh, state)
    assert record.without_models() == lines(ASKED + CARRIED_OUT)
    assert record.one("action.approved").agent_id == "A"


async def test_only_what_is_not_decided_is_asked_again(record: Record) -> None:
    asked = [call("pay", {"amount": 1}, "c1"), call("pay", {"amount": 2}, "c2")]
    one = payer("done", asked=asked)
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    second = await Runner.run(one, state)
    assert len(second.interruptions) == 1
    state = second.to_state()
    state.reject(second.interruptions[0])
    await Runner.run(one, state)
    assert record.told("permission.check", "action.approved", "action.denied", "tool.call") == lines("""
        permission.check - tool.pay c1
        permission.check - tool.pay c2
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.denied denied tool.pay c2
    """)


async def test_a_tool_that_runs_beside_one_that_waits_is_recorded_in_the_first_run(record: Record) -> None:
    one = payer("done", asked=[call("pay", {"amount": 1}, "c1"), call("add", {"a": 1, "b": 2}, "c2")])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert record.told("tool.call", "agent.stop") == lines("""
        tool.call - tool.add c2
        agent.stop suspended agent.A -
        tool.call - tool.pay c1
        agent.stop success agent.A -
    """)


async def test_a_stream_that_waits_is_suspended(record: Record) -> None:
    one = payer("done")
    result = Runner.run_streamed(one, "hi")
    async for _ in result.stream_events():
        pass
    assert record.without_models() == lines(ASKED)
    state = result.to_state()
    state.approve(result.interruptions[0])
    resumed = Runner.run_streamed(one, state)
    async for _ in resumed.stream_events():
        pass
    assert record.without_models() == lines(ASKED + CARRIED_OUT)


async def test_an_agent_as_a_tool_that_waits_is_suspended_and_goes_on(record: Record) -> None:
    inner = payer("paid", name="Inner")
    outer = agent([call("ask", {"input": "pay"}, "o1")], "done", name="Outer", tools=[inner.as_tool("ask", "")])
    result = await Runner.run(outer, "hi", context={"user_id": "ann"})
    assert record.without_models() == lines("""
        agent.start - agent.Outer -
        action.request - tool.ask o1
        tool.call - tool.ask o1
        agent.start - agent.Inner -
        action.request - tool.pay c1
        permission.check - tool.pay c1
        agent.stop suspended agent.Inner -
        tool.response suspended tool.ask o1
        agent.stop suspended agent.Outer -
    """)
    before = len(record.without_models())
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(outer, state)
    assert record.without_models()[before:] == lines("""
        action.approved success tool.pay c1
        agent.start - agent.Outer -
        agent.start - agent.Inner -
        tool.call - tool.pay c1
        tool.response success tool.pay c1
        agent.stop success agent.Inner -
        tool.response success tool.ask o1
        agent.stop success agent.Outer -
    """)
    going_on, within = record.events("agent.start")[2:]
    answer = record.events("tool.response")[-1]
    assert (within.parent_span_id, answer.parent_span_id) == (going_on.span_id, going_on.span_id)
    assert (answer.agent_id, answer.user_id, within.user_id) == ("Outer", "ann", "ann")


async def test_a_decision_taken_where_nothing_was_recorded_is_seen_when_the_run_is_resumed(
    record: Record,
) -> None:
    one = payer("done")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    agent_audit_openai_agents.disable()
    state.approve(result.interruptions[0])
    agent_audit_openai_agents.enable(record.logger)
    await Runner.run(one, state)
    assert record.without_models() == lines(ASKED + CARRIED_OUT)
    approved = record.one("action.approved")
    assert (approved.source.hook, approved.metadata["seen"]) == ("resume", "when resumed")


@pytest.mark.parametrize("approve", [True, False])
async def test_a_callback_that_decides_at_once_is_on_record(record: Record, approve: bool) -> None:
    ran: list[Any] = []
    shell = ShellTool(
        executor=lambda request: ran.append(request) or "listed",
        needs_approval=True,
        on_approval=lambda context, item: {"approve": approve, "reason": "house rule"},
    )
    await Runner.run(agent([shell_call("s1", "ls")], "done", tools=[shell]), "hi")
    carried_out = "action.approved success tool.shell s1\ntool.call - tool.shell s1"
    assert record.told("action.approved", "action.denied", "tool.call", "permission.denied", "action.failed") == lines(
        carried_out if approve else "action.denied denied tool.shell s1"
    )
    assert bool(ran) is approve


async def test_a_tool_may_be_approved_through_the_run_s_context(record: Record) -> None:
    context: RunContextWrapper[Any] = RunContextWrapper(context=None)
    result = await Runner.run(payer("done"), "hi")
    context.approve_tool(result.interruptions[0])
    assert record.told("action.approved") == ["action.approved success tool.pay c1"]


async def test_a_decision_that_the_sdk_does_not_accept_says_so(record: Record) -> None:
    result = await Runner.run(payer(), "hi")
    item = result.interruptions[0]
    item.raw_item = {"type": "function_call", "name": "pay", "arguments": '{"amount": 5}', "call_id": ""}
    with pytest.raises(ModelBehaviorError):
        RunContextWrapper(context=None).approve_tool(item)
    assert record.told("action.approved", "error") == lines("""
        action.approved success tool.pay -
        error failure tool.pay -
    """)


async def test_a_shell_that_waits_keeps_its_call_id_when_it_is_approved(record: Record) -> None:
    shell = ShellTool(executor=lambda request: "listed", needs_approval=True, name="safe_shell")
    one = agent([shell_call("s1", "ls")], "done", tools=[shell])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.shell s1
        permission.check - tool.shell s1
        agent.stop suspended agent.A -
        action.approved success tool.shell s1
        agent.start - agent.A -
        tool.call - tool.shell s1
        tool.response success tool.shell s1
        agent.stop success agent.A -
    """)


async def test_the_context_callable_may_say_who_decided(silent: Record) -> None:
    agent_audit_openai_agents.enable(silent.logger, context=lambda wrapper: wrapper.context)
    context = {"user_id": "ann"}
    result = await Runner.run(payer(), "hi", context=context)
    state = result.to_state()
    context["decided_by"] = "boss"
    state.approve(result.interruptions[0])
    approved = silent.one("action.approved")
    assert (approved.user_id, approved.metadata["decided_by"]) == ("ann", "boss")


@pytest.mark.parametrize("saved", [False, True])
async def test_questions_of_two_conversations_never_mix_though_their_models_number_calls_alike(
    record: Record, saved: bool
) -> None:
    states = {}
    agents = {"ann": payer("done"), "bob": payer("done")}
    for user, one in agents.items():
        config = RunConfig(group_id=f"talk of {user}")
        result = await Runner.run(one, "hi", context={"user_id": user}, run_config=config)
        state = result.to_state()
        states[user] = await RunState.from_string(one, state.to_string()) if saved else state
    states["bob"].approve(states["bob"].get_interruptions()[0])
    states["ann"].reject(states["ann"].get_interruptions()[0])
    await Runner.run(agents["bob"], states["bob"])
    types = ("permission.check", "action.approved", "action.denied", "tool.call")
    assert [(e.event_type, e.user_id, e.session_id) for e in record.events(*types)][:4] == [
        ("permission.check", "ann", "talk of ann"),
        ("permission.check", "bob", "talk of bob"),
        ("action.approved", "bob", "talk of bob"),
        ("action.denied", "ann", "talk of ann"),
    ]
    assert len(record.events(*types)) == 5, "and the call of bob"


async def test_the_same_question_of_two_saved_conversations_without_users_is_nobody_s(record: Record) -> None:
    one, other = payer("done"), payer("done")
    texts = []
    for each in (one, other):
        result = await Runner.run(each, "hi", run_config=RunConfig(group_id=f"talk {len(texts)}"))
        texts.append(result.to_state().to_string())
    state: RunState[Any] = await RunState.from_string(other, texts[1])
    state.approve(state.get_interruptions()[0])
    assert record.one("action.approved").session_id is None, "better unknown than another one's"


async def test_a_decision_seen_when_its_run_is_resumed_names_the_session_and_nobody_who_decided(
    silent: Record,
) -> None:
    agent_audit_openai_agents.enable(silent.logger, context=lambda wrapper: {"decided_by": "who resumes"})
    one, session = payer("done"), SQLiteSession("talk")
    result = await Runner.run(one, "hi", session=session, context={"user_id": "ann"})
    state: RunState[Any] = await RunState.from_string(one, result.to_state().to_string())
    state.approve(state.get_interruptions()[0])
    forget(silent)
    state = await RunState.from_string(one, state.to_string())
    await Runner.run(one, state, session=session)
    taken, seen = silent.events("action.approved")
    assert (taken.metadata["decided_by"], taken.session_id) == ("who resumes", "talk")
    assert (seen.metadata["seen"], seen.session_id, seen.user_id) == ("when resumed", "talk", "ann")
    assert "decided_by" not in seen.metadata


async def test_all_decisions_on_a_state_of_json_are_in_the_conversation_that_asked(record: Record) -> None:
    asked = [call("pay", {"amount": 1}, "c1"), call("pay", {"amount": 2}, "c2")]
    one = payer("done", asked=asked)
    result = await Runner.run(one, "hi", run_config=RunConfig(group_id="talk"))
    state = await RunState.from_json(one, result.to_state().to_json())
    for item in state.get_interruptions():
        state.approve(item)
    first, *_ = record.events()
    approved = [(event.call_id, event.session_id, event.trace_id) for event in record.events("action.approved")]
    assert approved == [("c1", "talk", first.trace_id), ("c2", "talk", first.trace_id)]
