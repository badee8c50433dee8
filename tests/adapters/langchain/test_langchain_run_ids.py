"""An application may give a run its id, and give the same one again: to a retry, a second turn, a resumed run."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListLLM
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_record import Record, call, human_in_the_loop
from langchain_stories import QUESTION, begins, called, clerk, config, ends, lines, send, stops
from langgraph.types import Command

from agent_audit import AuditLogger, WriteError
from agent_audit.testing import FailingBackend
from agent_audit_langchain import AuditCallbackHandler, enable


def test_second_run_with_the_id_of_one_that_has_ended_is_recorded_under_a_span_of_its_own(record: Record) -> None:
    given: Any = {"callbacks": [record.handler], "run_id": uuid4()}
    for to in ("bob", "eve", "joe"):
        send.invoke({"to": to}, given)
    assert [event.parameters for event in record.of("tool.call")] == [{"to": "bob"}, {"to": "eve"}, {"to": "joe"}]
    assert len({event.span_id for event in record.events}) == len({event.trace_id for event in record.events}) == 3


def test_run_resumed_under_the_id_of_the_run_that_asked(record: Record) -> None:
    agent = clerk(call("send", "c1", to="bob"), tools=[send], middleware=[human_in_the_loop()])
    given = config(record, run_id=uuid4())
    agent.invoke(QUESTION, given)
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), given)
    asked = "send c1 {to:bob}"
    assert record.story() == [
        *begins(asked),
        f"permission.check tool.{asked} (clerk/t/ann) < agent.clerk",
        *stops("suspended"),
        *lines("agent.start agent.clerk {resume:true} @ < -"),
        f"action.approved success tool.{asked} (clerk/t/ann) < agent.clerk",
        *called(asked),
        *ends("send c1: sent to bob"),
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_of_several_handlers_one_records_each_run_of_an_id(record: Record, asynchronous: bool) -> None:
    enable(record.logger)
    given: Any = {"callbacks": [record.handler, AuditCallbackHandler(record.logger)], "run_id": uuid4()}
    model = FakeListLLM(responses=["one", "two"])
    for _ in range(2):
        if asynchronous:
            await send.ainvoke({"to": "bob"}, given)
            await model.ainvoke("go", given)
        else:
            send.invoke({"to": "bob"}, given)
            model.invoke("go", given)
    assert record.short() == 2 * [
        ("tool.call", "tool.send"),
        ("tool.response", "success", "tool.send"),
        ("llm.request", "llm.FakeListLLM"),
        ("llm.response", "success", "llm.FakeListLLM"),
    ]


async def test_answer_of_a_model_whose_start_was_not_told_is_recorded_once_by_several_handlers(
    record: Record,
) -> None:
    class Inline(BaseCallbackHandler):
        run_inline = True

    handlers = [Inline(), record.handler, AuditCallbackHandler(record.logger)]
    chain = RunnableLambda(lambda x: x) | FakeListLLM(responses=["one"])
    await chain.ainvoke("go", {"callbacks": handlers})
    assert [event.result for event in record.of("llm.response")] == ["one"]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_call_that_could_not_be_recorded_is_stopped_again_under_the_same_id(asynchronous: bool) -> None:
    ran: list[str] = []

    @tool
    def pay(to: str) -> str:
        """Pay."""
        ran.append(to)
        return "paid"

    backend = FailingBackend(failing=False)
    backend.refused_type = "tool.call"
    logger = AuditLogger(backend, on_failure="raise")
    handlers = [AuditCallbackHandler(logger), AuditCallbackHandler(logger)]
    given: Any = {"callbacks": handlers, "run_id": uuid4()}
    for _ in range(2):
        with pytest.raises(WriteError):
            await pay.ainvoke({"to": "bob"}, given) if asynchronous else pay.invoke({"to": "bob"}, given)
    assert ran == []
    assert [event.event_type for event in backend.events() if event.action] == ["action.failed"]
    backend.refused_type = None
    await pay.ainvoke({"to": "bob"}, given) if asynchronous else pay.invoke({"to": "bob"}, given)
    assert ran == ["bob"]
    assert [event.event_type for event in backend.events() if event.action][1:] == ["tool.call", "tool.response"]
    logger.close()
