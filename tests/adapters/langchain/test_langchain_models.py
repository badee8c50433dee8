"""Models of every kind: answers out of a cache, and models that decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_record import USAGE, Record, Scripted, asks_for, call

REQUEST, RESPONSE = ("llm.request", "llm.scripted-1"), ("llm.response", "success", "llm.scripted-1")
JUDGED = [("llm.request", "llm.judge-1"), ("llm.response", "success", "llm.judge-1")]


@pytest.fixture
def cache() -> Iterator[None]:
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(None)


@tool
def send(to: str) -> str:
    """Send."""
    return f"sent to {to}"


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("usage", [USAGE, None], ids=["with-tokens", "without"])
async def test_an_answer_out_of_the_cache_is_whole_on_record_and_takes_no_tokens(record: Record, usage: Any) -> None:
    asked = AIMessage("hi", tool_calls=[call("send", "c1", to="bob")], usage_metadata=usage)  # type: ignore[list-item]
    model, config = Scripted(replies=[asked]), {"callbacks": [record.handler]}
    model.invoke("hello", config)  # type: ignore[arg-type]
    model.invoke("hello", config)  # type: ignore[arg-type]
    await model.ainvoke("hello", config)  # type: ignore[arg-type]
    assert model.said == 1
    assert record.short() == 3 * [REQUEST, RESPONSE, ("action.request", "tool.send", "c1")]
    first, *cached = record.of("llm.response")
    assert first.metadata == {"model": "scripted-1", **({"input_tokens": 7, "output_tokens": 3} if usage else {})}
    nothing = {"model": "scripted-1", "cached": True, "input_tokens": 0, "output_tokens": 0}
    assert [(answer.result, answer.metadata) for answer in cached] == 2 * [("hi", nothing)]


def judge(risk: float | None) -> Any:
    """A model that finds everything so risky; without a risk it fails."""
    decisions = pytest.importorskip("langchain_core.decisions", reason="came with langchain-core 1.8")

    class Judge(decisions.BaseDecisionModel):  # type: ignore[misc, name-defined]
        @property
        def _provider(self) -> str:
            return "tests"

        def _classify(self, state: Any, questions: Any) -> Any:
            if risk is None:
                raise OSError("no judge today")
            answers = {name: {"type": "noul", "noul": risk} for name in questions}
            return decisions.ClassifierResponse.model_validate({"model": "judge-1", "answers": answers, "usage": USAGE})

    return Judge(model="judge-1")


QUESTION = {"state": "delete it all", "questions": {"risky": {"type": "noul", "instructions": "Is it?"}}}


async def test_a_model_that_decides_is_a_model_and_no_agent(record: Record) -> None:
    config: Any = {"callbacks": [record.handler], "metadata": {"user_id": "ann"}}
    judge(0.9).invoke(QUESTION, config)
    await judge(0.9).ainvoke(QUESTION, config)
    assert record.short() == 2 * JUDGED
    request, response = record.events[:2]
    assert (request.parameters, request.user_id) == (QUESTION, "ann")
    assert response.result == {"risky": {"type": "noul", "noul": 0.9}}
    assert response.metadata == {"model": "judge-1", "input_tokens": 7, "output_tokens": 3}


def test_a_model_that_fails_to_decide_is_one_failed_call(record: Record) -> None:
    with pytest.raises(OSError, match="no judge today"):
        judge(None).invoke(QUESTION, {"callbacks": [record.handler]})
    assert record.short() == [JUDGED[0], ("llm.response", "failure", "llm.judge-1")]
    assert record.events[1].error_type == "OSError"


def test_whether_a_call_is_risky_is_asked_on_record_with_what_is_new_in_the_conversation(record: Record) -> None:
    decider = judge(0.9)
    from langchain.agents.middleware import AutoModeMiddleware

    model = Scripted(replies=[asks_for(call("send", "c1", to="bob")), "done"])
    agent = create_agent(
        model, [send], name="clerk", middleware=[AutoModeMiddleware(tools=["send"], classifier=decider)]
    )
    agent.invoke({"messages": [("user", "go")]}, {"callbacks": [record.handler]})
    assert record.short() == [
        ("agent.start", "agent.clerk"),
        REQUEST,
        RESPONSE,
        ("action.request", "tool.send", "c1"),
        *JUDGED,
        ("action.failed", "failure", "tool.send", "c1"),
        REQUEST,
        RESPONSE,
        ("agent.stop", "success", "agent.clerk"),
    ]
    request = record.events[4]
    assert request.agent_id == "clerk"
    assert request.parameters["state"]["tool_call"] == {"id": "c1", "name": "send", "args": {"to": "bob"}}
    assert [said["role"] for said in request.parameters["state"]["messages"]] == ["assistant"]
    assert request.metadata is not None
    assert request.metadata["earlier"]["messages"] == 1
