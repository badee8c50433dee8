"""Questions to humans and their answers."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from agents import (
    Agent,
    HostedMCPTool,
    ModelBehaviorError,
    RunConfig,
    RunContextWrapper,
    Runner,
    RunState,
    ShellTool,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
    tool_namespace,
)
from agents.testing import assistant_message
from openai.types.responses.response_output_item import McpApprovalRequest, McpCall
from openai_scripts import Record, add, agent, call, lines, shell_call

import agent_audit_openai_agents
from agent_audit import BoundedMap, identify
from agent_audit_openai_agents import AuditRunHooks
from agent_audit_openai_agents.recording import Recording


@pytest.fixture(params=["traced", "untraced"], autouse=True)
def _tracing(request: pytest.FixtureRequest) -> Any:
    """Everything here holds with tracing disabled as well."""
    set_tracing_disabled(request.param == "untraced")
    yield
    set_tracing_disabled(False)


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"


def payer(*after: Any, asked: Any = None, **settings: Any) -> Agent[Any]:
    return agent(asked or [call("pay", {"amount": 5})], *after, tools=[pay, add], **settings)


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


async def test_a_standing_refusal_is_a_denial_each_time(record: Record) -> None:
    again = [call("pay", {"amount": 6}, "c2")]
    one = payer(again, "as you wish")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.reject(result.interruptions[0], always_reject=True)
    await Runner.run(one, state)
    assert record.told("action.denied", "permission.denied") == lines("""
        action.denied denied tool.pay c1
        action.denied denied tool.pay c2
    """)


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


async def test_a_standing_approval_is_an_approval_of_each_call_that_follows(record: Record) -> None:
    one = payer([call("pay", {"amount": 6}, "c2"), call("add", {"a": 1, "b": 2}, "c3")], "done")
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(one, state)
    assert record.told("permission.check", "action.approved", "tool.call") == lines("""
        permission.check - tool.pay c1
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.approved success tool.pay c2
        tool.call - tool.pay c2
        tool.call - tool.add c3
    """)
    first, second = record.events("action.approved")
    assert (first.metadata["always"], "standing" in first.metadata) == (True, False)
    assert (second.metadata["standing"], second.parameters) == (True, {"amount": 6})
    assert "arguments" in second.metadata


async def test_a_standing_approval_also_answers_the_other_questions_that_are_open(record: Record) -> None:
    one = payer("done", asked=[call("pay", {"amount": 1}, "c1"), call("pay", {"amount": 2}, "c2")])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(one, state)
    assert sorted(record.told("action.approved", "action.denied")) == lines("""
        action.approved success tool.pay c1
        action.approved success tool.pay c2
    """)
    assert record.one("action.approved", call_id="c2").metadata["standing"] is True


async def test_a_standing_approval_in_a_saved_run_holds_in_a_new_process_on_record(record: Record) -> None:
    result = await Runner.run(payer(), "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    text = state.to_string()
    forget(record)
    fresh = Agent(name="A", model=agent([call("pay", {"amount": 6}, "c2")], "done").model, tools=[pay, add])
    await Runner.run(fresh, await RunState.from_string(fresh, text))
    assert record.told("action.approved", "tool.call")[1:] == lines("""
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.approved success tool.pay c2
        tool.call - tool.pay c2
    """)


async def test_an_approval_inside_an_agent_as_a_tool_may_stand_as_well(record: Record) -> None:
    inner = payer([call("pay", {"amount": 6}, "c2")], "paid", name="Inner")
    outer = agent([call("ask", {"input": "pay"}, "o1")], "done", name="Outer", tools=[inner.as_tool("ask", "")])
    result = await Runner.run(outer, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(outer, state)
    assert record.told("action.approved", "tool.call")[1:] == lines("""
        action.approved success tool.pay c1
        tool.call - tool.pay c1
        action.approved success tool.pay c2
        tool.call - tool.pay c2
    """)
    assert record.events("action.approved")[1].agent_id == "Inner"


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


def hosted(*, approve: bool | None) -> HostedMCPTool:
    callback = None if approve is None else lambda request: {"approve": approve, "reason": "because"}
    config: Any = {
        "type": "mcp",
        "server_label": "bank",
        "server_url": "https://bank.test",
        "require_approval": "always",
    }
    return HostedMCPTool(tool_config=config, on_approval_request=callback)  # type: ignore[arg-type]


def asks_provider() -> list[Any]:
    return [
        McpApprovalRequest(
            id="m1", arguments='{"account": 7}', name="close", server_label="bank", type="mcp_approval_request"
        )
    ]


@pytest.mark.parametrize("approve", [True, False])
async def test_a_call_that_the_provider_asks_about_is_decided_by_a_callback_on_record(
    record: Record, approve: bool
) -> None:
    await Runner.run(agent(asks_provider(), "done", tools=[hosted(approve=approve)]), "hi")
    verdict = "approved success" if approve else "denied denied"
    assert record.without_models() == lines(f"""
        agent.start - agent.A -
        action.request - tool.bank.close m1
        action.{verdict} tool.bank.close m1
        agent.stop success agent.A -
    """)
    decided = record.events("action.approved", "action.denied")[0]
    assert decided.parameters == {"account": 7}


async def test_a_call_that_the_provider_asks_about_may_wait_for_a_human(record: Record) -> None:
    one = agent(asks_provider(), "done", tools=[hosted(approve=None)])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.reject(result.interruptions[0], rejection_message="no")
    await Runner.run(one, state)
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.bank.close m1
        permission.check - tool.bank.close m1
        agent.stop suspended agent.A -
        action.denied denied tool.bank.close m1
        agent.start - agent.A -
        agent.stop success agent.A -
    """)


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


def forget(record: Record) -> None:
    """As in another process: nothing is remembered but the text of a state."""
    recording = Recording.of(record.logger)
    recording.questions, recording.decided = BoundedMap(), BoundedMap()


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


@pytest.mark.parametrize("approve", [True, False])
async def test_a_standing_decision_on_a_tool_of_a_namespace_is_on_record_for_each_call(
    record: Record, approve: bool
) -> None:
    def ask(call_id: str) -> list[Any]:
        asked = call("pay", {"amount": 1}, call_id)
        asked.namespace = "bank"
        return [asked]

    one = agent(ask("c1"), ask("c2"), "done", tools=tool_namespace(name="bank", description="Accounts", tools=[pay]))
    result = await Runner.run(one, "hi")
    state = result.to_state()
    if approve:
        state.approve(result.interruptions[0], always_approve=True)
    else:
        state.reject(result.interruptions[0], always_reject=True)
    await Runner.run(one, state)
    carried_out = """
        action.approved success tool.bank.pay c1
        tool.call - tool.bank.pay c1
        action.approved success tool.bank.pay c2
        tool.call - tool.bank.pay c2
    """
    refused = """
        action.denied denied tool.bank.pay c1
        action.denied denied tool.bank.pay c2
    """
    types = ("action.approved", "action.denied", "permission.denied", "tool.call")
    assert record.told(*types) == lines(carried_out if approve else refused)


async def test_a_standing_approval_of_a_shell_with_a_name_of_its_own_is_on_record_for_each_call(
    record: Record,
) -> None:
    shell = ShellTool(executor=lambda request: "listed", needs_approval=True, name="bash")
    one = agent([shell_call("s1", "ls")], [shell_call("s2", "ls")], "done", tools=[shell])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0], always_approve=True)
    await Runner.run(one, state)
    assert record.told("action.approved", "tool.call") == lines("""
        action.approved success tool.shell s1
        tool.call - tool.shell s1
        action.approved success tool.shell s2
        tool.call - tool.shell s2
    """)


async def test_hooks_alone_take_no_decision_on_one_call_for_a_standing_one(silent: Record) -> None:
    one, hooks = payer("done"), AuditRunHooks(silent.logger)
    result = await Runner.run(one, "hi", hooks=hooks)
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state, hooks=hooks)
    del result, state
    gc.collect()  # nothing tells hooks that a run waits
    assert silent.told("action.approved", "tool.call") == ["tool.call - tool.pay c1"]


async def test_a_call_that_the_provider_carries_out_once_allowed_shares_the_id_of_its_question(record: Record) -> None:
    ran = McpCall(
        id="m9",
        approval_request_id="m1",
        arguments='{"account": 7}',
        name="close",
        output="closed",
        server_label="bank",
        type="mcp_call",
    )
    one = agent(asks_provider(), [ran, assistant_message("done")], tools=[hosted(approve=None)])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    types = ("permission.check", "action.approved", "tool.call", "tool.response", "action.failed")
    assert record.told(*types) == lines("""
        permission.check - tool.bank.close m1
        action.approved success tool.bank.close m1
        tool.call - tool.bank.close m1
        tool.response success tool.bank.close m1
    """)
    carried_out = record.one("tool.call").metadata
    assert (carried_out["item"], carried_out["hosted"]) == ("m9", True)
    assert carried_out["arguments"] == record.one("action.approved").metadata["arguments"]
