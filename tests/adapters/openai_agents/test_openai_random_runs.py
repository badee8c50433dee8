"""Random agents: whatever they do, the record says what their models, tools, guardrails and approvers wrote down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agents import (
    Agent,
    RunConfig,
    Runner,
    RunState,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolOutputGuardrail,
    function_tool,
)
from agents.exceptions import AgentsException
from agents.testing import ModelStep, ScriptedModel, assistant_message
from agents.tool_context import ToolContext
from hypothesis import given, settings
from hypothesis import strategies as st
from openai_scripts import Record, call, line

import agent_audit_openai_agents
from agent_audit import AuditLogger, MemoryAuditBackend
from agent_audit.analysis.pairing import unpaired

KINDS = ("acts", "acts", "raises", "ends the run", "unknown", "malformed")
GUARDS = ("none", "none", "none", "allow", "reject_content", "raise_exception", "breaks")
DECISIONS = ("approve", "reject", "approve always", "reject always", "later")
WAYS = ("run", "streamed", "cancelled at once", "cancelled after the turn", "task cancelled")


class Boom(Exception):
    """What goes wrong in a plan."""


@dataclass
class PlannedCall:
    kind: str
    asks: bool
    decisions: list[str]
    guards: tuple[str, str]
    """Of its input, and of its output."""
    inner: Plan | None
    call_id: str = ""


@dataclass
class Plan:
    """An agent: what its model asks for in each turn, and whom it hands over to in the end."""

    turns: list[list[PlannedCall]]
    successor: Plan | None
    name: str = ""

    def all(self) -> Iterator[Plan]:
        yield self
        inner = [call.inner for turn in self.turns for call in turn]
        for plan in (*inner, self.successor):
            if plan is not None:
                yield from plan.all()

    def calls(self) -> dict[str, tuple[Plan, PlannedCall]]:
        return {call.call_id: (plan, call) for plan in self.all() for turn in plan.turns for call in turn}

    def numbered(self) -> Plan:
        for number, plan in enumerate(self.all()):
            plan.name = f"agent{number}"
            for place, planned in enumerate(one for turn in plan.turns for one in turn):
                planned.call_id = f"c{number}_{place}"
        return self


@st.composite
def plans(draw: Any, depth: int = 2) -> Plan:
    def planned() -> PlannedCall:
        kind = draw(st.sampled_from((*KINDS, "agent", "agent") if depth else KINDS))
        decisions = [draw(st.sampled_from(DECISIONS)) for _ in range(3)]
        guards = (draw(st.sampled_from(GUARDS)), draw(st.sampled_from(GUARDS)))
        inner = draw(plans(depth - 1)) if kind == "agent" else None
        return PlannedCall(kind, draw(st.booleans()), decisions, guards, inner)

    turns = [[planned() for _ in range(draw(st.integers(1, 3)))] for _ in range(draw(st.integers(0, 2)))]
    return Plan(turns, draw(plans(depth - 1)) if depth and draw(st.booleans()) else None)


@dataclass
class Happening:
    """Something that has happened, and how many events were on record just then."""

    what: str
    key: str
    recorded: int
    ended: str | None = None


@dataclass
class Truth:
    """What has happened, written down by those to whom it did."""

    backend: MemoryAuditBackend
    happened: list[Happening] = field(default_factory=list)

    def note(self, what: str, key: str, ended: str | None = None) -> Happening:
        self.happened.append(Happening(what, key, len(self.backend.events()), ended))
        return self.happened[-1]

    def of(self, what: str, key: str) -> list[Happening]:
        return [one for one in self.happened if (one.what, one.key) == (what, key)]


def build(plan: Plan, truth: Truth) -> Agent[Any]:
    tools = [_tool(call, truth) for turn in plan.turns for call in turn if call.kind != "unknown"]
    asked = [[_asked(call) for call in turn] for turn in plan.turns]
    successor = None if plan.successor is None else build(plan.successor, truth)
    if successor is not None:
        asked.append([call(f"transfer_to_{successor.name}", call_id=f"h_{plan.name}")])

    def answer(output: Any) -> Any:
        def said(model_call: Any) -> Any:
            truth.note("model", plan.name)
            return output

        return ModelStep.respond(said)

    steps = [answer(output) for output in (*asked, *[[assistant_message("done")]] * 5)]
    handoffs = [] if successor is None else [successor]
    return Agent(plan.name, model=ScriptedModel(steps), tools=tools, handoffs=handoffs)


def _asked(planned: PlannedCall) -> Any:
    name = "nobody_knows" if planned.kind == "unknown" else planned.call_id
    arguments: Any = {"x": planned.call_id} if planned.inner is None else {"input": "go"}
    return call(name, "{" if planned.kind == "malformed" else arguments, planned.call_id)


def _tool(planned: PlannedCall, truth: Truth) -> Any:
    key = planned.call_id
    if planned.inner is not None:
        return build(planned.inner, truth).as_tool(key, "", needs_approval=planned.asks)

    async def act(context: ToolContext[Any], x: str) -> str:
        body = truth.note("body", context.tool_call_id)
        try:
            await asyncio.sleep(0)
        except BaseException:
            body.ended = "cancelled"
            raise
        body.ended = "failure" if planned.kind in ("raises", "ends the run") else "success"
        if body.ended == "failure":
            raise Boom(key)
        return f"did {key}"

    def guard(stage: str, wants: str) -> Any:
        def judge(data: Any) -> ToolGuardrailFunctionOutput:
            truth.note(stage, data.context.tool_call_id, wants)
            if wants == "breaks":
                raise Boom(stage)
            message = ["no"] if wants == "reject_content" else []
            return getattr(ToolGuardrailFunctionOutput, wants)(*message)

        return judge

    of_input, of_output = planned.guards
    own: dict[str, Any] = {"failure_error_function": None} if planned.kind == "ends the run" else {}
    if of_input != "none":
        own["tool_input_guardrails"] = [ToolInputGuardrail(guard("input", of_input), "of_input")]
    if of_output != "none":
        own["tool_output_guardrails"] = [ToolOutputGuardrail(guard("output", of_output), "of_output")]
    return function_tool(act, name_override=key, needs_approval=planned.asks, **own)


async def run(agent: Agent[Any], given_to: Any, way: str, truth: Truth, stops_at: int) -> Any:
    """Run in one of the ways there are; what is stopped is stopped at some event or happening."""
    more: dict[str, Any] = {"run_config": RunConfig(group_id="talk", tool_not_found_behavior="return_error_to_model")}
    if not isinstance(given_to, RunState):
        more["context"] = {"user_id": "ann"}
    if way == "run":
        return await Runner.run(agent, given_to, **more)
    if way == "task cancelled":
        task = asyncio.ensure_future(Runner.run(agent, given_to, **more))
        before = len(truth.happened)
        while len(truth.happened) < before + stops_at and not task.done():
            await asyncio.sleep(0)
        task.cancel()
        return await task
    result = Runner.run_streamed(agent, given_to, **more)
    n = 0
    async for _ in result.stream_events():
        n += 1
        if n == stops_at and way != "streamed":
            result.cancel(mode="immediate" if way == "cancelled at once" else "after_turn")
    await asyncio.wait([result.run_loop_task])
    return result


def decide(state: Any, planned: dict[str, tuple[Plan, PlannedCall]], round_: int) -> Counter[tuple[str, str]]:
    """What is waiting is decided on, or left for later."""
    decided: Counter[tuple[str, str]] = Counter()
    for item in state.get_interruptions():
        decision = planned[item.call_id][1].decisions[round_]
        if decision.startswith("approve"):
            state.approve(item, always_approve=decision.endswith("always"))
            decided["action.approved", item.call_id] += 1
        elif decision.startswith("reject"):
            state.reject(item, always_reject=decision.endswith("always"))
            decided["action.denied", item.call_id] += 1
    return decided


@settings(max_examples=40, derandomize=True, database=None)
@given(plans(), st.lists(st.tuples(st.sampled_from(WAYS), st.booleans()), min_size=4, max_size=4), st.integers(1, 12))
def test_what_is_on_record_of_a_random_agent_is_what_has_happened(
    plan: Plan, rounds: list[tuple[str, bool]], stops_at: int
) -> None:
    backend = MemoryAuditBackend()
    record, truth = Record(AuditLogger(backend), backend), Truth(backend)
    planned = plan.numbered().calls()
    agent_audit_openai_agents.enable(record.logger)
    decided, asked = asyncio.run(go_on(build(plan, truth), planned, rounds, truth, stops_at))
    agent_audit_openai_agents.disable()  # what was cancelled has come to its end with the loop
    record.check()
    check_decisions(record, decided, asked)
    _check_calls(record, truth, planned)
    assert {(event.session_id, event.user_id) for event in record.events()} <= {("talk", "ann")}
    waiting = (one.event for one in unpaired(record.events()) if one.event.event_type != "permission.check")
    assert not [line(event) for event in waiting]


async def go_on(
    agent: Agent[Any],
    planned: dict[str, tuple[Plan, PlannedCall]],
    rounds: list[tuple[str, bool]],
    truth: Truth,
    stops_at: int,
) -> tuple[Counter[tuple[str, str]], set[str]]:
    """Run, decide and resume; returns what was decided and what was asked about."""
    given_to: Any = "go"
    decided: Counter[tuple[str, str]] = Counter()
    asked: set[str] = set()
    for round_, (way, as_json) in enumerate(rounds):
        try:
            result = await run(agent, given_to, way, truth, stops_at)
        except (AgentsException, Boom, asyncio.CancelledError):
            break
        asked |= {item.call_id for item in result.interruptions}
        if not result.interruptions or round_ == len(rounds) - 1:
            break
        given_to = result.to_state()
        if as_json:
            given_to = await RunState.from_json(agent, given_to.to_json())
        decided += decide(given_to, planned, round_)
    return decided, asked


def check_decisions(record: Record, decided: Counter[tuple[str, str]], asked: set[str]) -> None:
    events = record.events()
    said = [event for event in events if event.event_type in ("action.approved", "action.denied")]
    # What was decided and still waits for others is told again when its state is saved as JSON once more.
    told_again = [event for event in said if {"standing", "seen"} & (event.metadata or {}).keys()]
    own = Counter((event.event_type, event.call_id) for event in said if event not in told_again)
    assert own == decided
    assert {event.call_id for event in events if event.event_type == "permission.check"} == asked


def _check_calls(record: Record, truth: Truth, planned: dict[str, tuple[Plan, PlannedCall]]) -> None:
    for plan in {plan.name: plan for plan, _ in planned.values()}.values():
        _assert_before(record, "llm.request", truth.of("model", plan.name), agent_id=plan.name)
    for call_id, (plan, one) in planned.items():
        of_call = [event for event in record.events() if event.call_id == call_id]
        bodies = truth.of("body", call_id)
        _assert_before(record, "tool.call", bodies, call_id=call_id)
        assert {event.agent_id for event in of_call} <= {plan.name}
        refused = [one for one in truth.of("input", call_id) if one.ended in ("reject_content", "raise_exception")]
        assert len([e for e in of_call if e.event_type == "permission.denied"]) == len(refused)
        if one.inner is not None or one.kind in ("unknown", "malformed"):
            assert not bodies
            continue
        started = [event for event in of_call if event.event_type == "tool.call"]
        assert all(event.parameters == {"x": call_id} for event in started)
        ended = Counter(event.outcome for event in of_call if event.event_type == "tool.response")
        told = Counter(body.ended for body in bodies)
        ended.subtract({"cancelled": min(ended["cancelled"], len(started) - len(bodies))})
        assert +ended == told, f"{one} of {plan.name}"
    for stage in ("input", "output"):
        found = Counter(one.ended for one in truth.happened if one.what == stage)
        verdicts = record.events("guardrail.passed", "guardrail.tripped")
        told = Counter(str(event.event_type) for event in verdicts if event.action == f"guardrail.of_{stage}")
        tripped = found["reject_content"] + found["raise_exception"]
        assert told == +Counter({"guardrail.passed": found["allow"], "guardrail.tripped": tripped})


def _assert_before(record: Record, event_type: str, happened: list[Happening], **fields: Any) -> None:
    """Whatever has happened for the n-th time was on record n times by then."""
    events = [e for e in record.events(event_type) if all(getattr(e, name) == fields[name] for name in fields)]
    for n, one in enumerate(happened, 1):
        assert sum(event.seq < one.recorded for event in events) >= n, f"not on record before it happened: {one}"
