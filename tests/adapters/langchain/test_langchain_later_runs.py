"""What was asked for, asked about or decided in one run and is done, or not, in a later one."""

from __future__ import annotations

import time
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, HumanInTheLoopMiddleware, ToolCallLimitMiddleware
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_record import Record, Scripted, asks_for, call, human_in_the_loop
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agent_audit import AuditEvent
from agent_audit.analysis.pairing import unpaired

QUESTION: Any = {"messages": [("user", "go")]}
APPROVE: Command[Any] = Command(resume={"decisions": [{"type": "approve"}]})


@tool
def send(to: str) -> str:
    """Send."""
    return f"sent to {to}"


@tool
def read(key: str) -> str:
    """Read."""
    return f"value of {key}"


class Policy(AgentMiddleware[Any, Any, Any]):
    """Refuses all calls."""

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        raise PermissionError("not today")


class Second(HumanInTheLoopMiddleware[Any, Any]):
    """A middleware of another name."""


def on_thread(record: Record) -> Any:
    return {"callbacks": [record.handler], "configurable": {"thread_id": "t"}}


def agent(*replies: Any, **options: Any) -> Any:
    replies = replies or (asks_for(call("send", "c1", to="ann")),)
    options.setdefault("tools", [send, read])
    return create_agent(Scripted(replies=[*replies, "done"]), name="clerk", checkpointer=InMemorySaver(), **options)


def edit(name: str, to: str) -> Command[Any]:
    decision = {"type": "edit", "edited_action": {"name": name, "args": {"to": to}}}
    return Command(resume={"decisions": [decision]})


def first_step(made: Any, inputs: Any, config: Any) -> None:
    stream = made.stream(inputs, config, stream_mode="updates")
    next(stream)
    stream.close()


def differs(event: AuditEvent) -> bool:
    return bool((event.metadata or {}).get("differs_from_decision"))


def test_a_call_that_is_executed_in_a_later_run_is_compared_with_what_was_decided_on_it(record: Record) -> None:
    made = agent(middleware=[human_in_the_loop()])
    made.invoke(QUESTION, on_thread(record))
    first_step(made, APPROVE, on_thread(record))
    last = made.get_state(on_thread(record)).values["messages"][-1]
    changed = AIMessage("", tool_calls=[call("send", "c1", to="mallory")], id=last.id)
    made.update_state(on_thread(record), {"messages": [changed]})
    made.invoke(None, on_thread(record))
    executed = record.one("tool.call")
    assert (executed.parameters, differs(executed)) == ({"to": "mallory"}, True)


def test_an_edit_that_a_second_middleware_loses_is_seen(record: Record) -> None:
    @tool
    def pay(to: str) -> str:
        """Pay."""
        return "paid"

    calls = asks_for(call("send", "c1", to="a"), call("pay", "c2", to="b"))
    made = agent(calls, tools=[send, pay], middleware=[human_in_the_loop(), Second({"pay": True})])
    for inputs in (QUESTION, edit("pay", "B"), edit("send", "A")):
        made.invoke(inputs, on_thread(record))
    executed = {event.call_id: event for event in record.of("tool.call")}
    for event in executed.values():
        assert event.metadata
        assert "arguments" in event.metadata
        (approved,) = (one for one in record.of("action.approved") if one.call_id == event.call_id)
        assert differs(event) is (approved.parameters != event.parameters)


@pytest.mark.parametrize("how", ["approved, refused", "approved, stopped", "breakpoint, refused"])
def test_a_call_that_was_let_pass_and_is_not_executed_has_an_outcome(record: Record, how: str) -> None:
    ends = [Policy()] if how.endswith("refused") else []
    if how.startswith("breakpoint"):
        made, go_on = agent(middleware=ends, interrupt_before=["tools"]), None
    else:
        made, go_on = agent(middleware=[human_in_the_loop(), *ends]), APPROVE
    made.invoke(QUESTION, on_thread(record))
    if how.endswith("stopped"):
        first_step(made, go_on, on_thread(record))
    else:
        with pytest.raises(PermissionError):
            made.invoke(go_on, on_thread(record))
    failed = record.one("action.failed")
    assert (failed.call_id, failed.error_type) == ("c1", "NotExecuted")
    assert unpaired(record.events) == []


def test_a_call_that_is_still_asked_about_is_not_said_to_be_not_executed(record: Record) -> None:
    tried: list[int] = []

    @tool
    def fetch(url: str) -> str:
        """Fetch: the first time it fails, when the question beside it is asked."""
        tried.append(1)
        while not record.of("permission.check"):
            time.sleep(0.001)
        if len(tried) == 1:
            raise ConnectionError("down")
        return "page"

    calls = asks_for(call("fetch", "c1", url="u"), call("send", "c2", to="ann"))
    made = agent(calls, tools=[fetch, send], middleware=[human_in_the_loop("per_call")])
    with pytest.raises(ConnectionError):
        made.invoke(QUESTION, on_thread(record))
    assert not record.of("action.failed")
    made.invoke(Command(resume={"type": "approve"}), on_thread(record))
    assert ("c2", "success") in [(event.call_id, event.outcome) for event in record.of("tool.response")]


@pytest.mark.parametrize("where", ["tool", "middleware"])
def test_what_a_tool_or_a_middleware_asks_a_model_for_is_theirs_to_execute(record: Record, where: str) -> None:
    model = Scripted(replies=[asks_for(call("wipe", "w1", x="y"))])
    wiped: list[str] = []

    def asks_and_does() -> str:
        wiped.extend(str(one["args"]["x"]) for one in model.invoke("clean up").tool_calls)
        return "cleaned"

    @tool
    def clean(what: str) -> str:
        """Clean."""
        return asks_and_does()

    class Prepare(AgentMiddleware[Any, Any, Any]):
        def before_agent(self, state: Any, runtime: Any) -> None:
            asks_and_does()

    down = ConnectionError("down")
    replies = [asks_for(call("clean", "c1", what="all")), down] if where == "tool" else [down]
    made = agent(*replies, tools=[clean], middleware=[Prepare()] if where == "middleware" else [])
    with pytest.raises(ConnectionError):
        made.invoke(QUESTION, on_thread(record))
    assert wiped == ["y"]
    assert {event.call_id for event in record.of("action.request")} >= {"w1"}
    assert not record.of("action.failed")


def test_a_call_has_its_own_outcome_when_its_id_was_used_for_another_one_before(record: Record) -> None:
    replies = [
        asks_for(call("send", "call_0", to="ann")),
        asks_for(call("read", "call_0", key="k")),
        asks_for(call("nobody", "call_0", z=1)),
    ]
    made = agent(*replies, middleware=[human_in_the_loop()])
    made.invoke(QUESTION, on_thread(record))
    made.invoke(APPROVE, on_thread(record))
    assert not [event for event in record.of("tool.call") if differs(event)]
    assert [event.action for event in record.of("tool.call")] == ["tool.send", "tool.read"]
    assert (record.one("action.failed").action, record.one("action.failed").error_type) == (
        "tool.nobody",
        "UnknownTool",
    )


def test_a_question_is_about_the_calls_of_the_answer_also_when_a_middleware_has_answered_one(record: Record) -> None:
    calls = asks_for(call("send", "c1", to="a"), call("send", "c2", to="b"))
    made = agent(calls, middleware=[human_in_the_loop(), ToolCallLimitMiddleware(run_limit=1)])
    made.invoke(QUESTION, on_thread(record))
    made.invoke(Command(resume={"decisions": [{"type": "approve"}, {"type": "reject"}]}), on_thread(record))
    assert [event.call_id for event in record.of("permission.check")] == ["c1", "c2"]
    assert record.one("action.approved").call_id == record.one("tool.call").call_id == "c1"
    assert record.one("action.denied").call_id == "c2"
    assert "arguments" in (record.one("tool.call").metadata or {})
