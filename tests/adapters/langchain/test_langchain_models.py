"""Models of every kind: answers out of a cache, models that decide, and tools that a provider runs itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_record import USAGE, Record, Scripted, asks_for, call, short

from agent_audit import AuditLogger, WriteError
from agent_audit.testing import FailingBackend
from agent_audit_langchain import AuditCallbackHandler

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


def test_of_a_conversation_that_is_decided_about_only_what_is_new_is_recorded(record: Record) -> None:
    talk = [HumanMessage("one"), AIMessage("1"), HumanMessage("two")]
    for state in (talk[-1], talk, {"messages": talk}):
        judge(0.9).invoke({**QUESTION, "state": state}, {"callbacks": [record.handler]})
    new = {"role": "user", "content": "two"}
    asked = [request.parameters["state"] for request in record.of("llm.request")]
    assert asked == [new, [new], {"messages": [new]}]
    earlier = [(request.metadata or {}).get("earlier", {}).get("messages") for request in record.of("llm.request")]
    assert earlier == [None, 2, 2]


def test_a_model_that_fails_to_decide_is_one_failed_call(record: Record) -> None:
    with pytest.raises(OSError, match="no judge today"):
        judge(None).invoke(QUESTION, {"callbacks": [record.handler]})
    assert record.short() == [JUDGED[0], ("llm.response", "failure", "llm.judge-1")]
    assert record.events[1].error_type == "OSError"


def test_a_model_does_not_decide_what_cannot_be_recorded() -> None:
    backend = FailingBackend()
    with AuditLogger(backend, on_failure="raise") as logger:
        with pytest.raises(WriteError):
            judge(None).invoke(QUESTION, {"callbacks": [AuditCallbackHandler(logger)]})  # it was not asked: it fails
        backend.failing = False


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


BY_ANTHROPIC: list[Any] = [
    {"type": "text", "text": "Let me look."},
    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "tea"}},
    {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"type": "web_search_result", "title": "T"}]},
    {"type": "mcp_tool_use", "id": "m1", "name": "close", "server_name": "bank", "input": {"account": 7}},
    {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": True, "content": [{"type": "text", "text": "no"}]},
]
BY_OPENAI: list[Any] = [
    {"type": "web_search_call", "id": "s1", "status": "completed", "action": {"query": "tea"}},
    {"type": "mcp_list_tools", "id": "l1", "server_label": "bank", "tools": []},
    {
        "type": "mcp_call",
        "id": "m1",
        "name": "close",
        "server_label": "bank",
        "arguments": '{"account": 7}',
        "error": "no",
    },
    {"type": "text", "text": "No."},
]


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize(("provider", "content"), [("anthropic", BY_ANTHROPIC), ("openai", BY_OPENAI)])
def test_what_the_provider_has_run_itself_is_on_record_as_what_it_did(
    record: Record, provider: str, content: list[Any], is_inside: bool
) -> None:
    answer = AIMessage(content, response_metadata={"model_provider": provider})
    model, config = Scripted(replies=[answer]), {"callbacks": [record.handler]}
    if is_inside:
        create_agent(model, [], name="clerk").invoke({"messages": [("user", "go")]}, config)  # type: ignore[arg-type]
    else:
        model.invoke("go", config)  # type: ignore[arg-type]
    told = [
        REQUEST,
        RESPONSE,
        ("data.access", "success", "web_search", "s1"),
        ("tool.call", "tool.bank.close", "m1"),
        ("tool.response", "failure", "tool.bank.close", "m1"),
    ]
    around = ("agent.start", "agent.clerk"), ("agent.stop", "success", "agent.clerk")
    assert record.short() == ([around[0], *told, around[1]] if is_inside else told)
    looked_up, called, failed = record.one("data.access"), record.one("tool.call"), record.one("tool.response")
    assert (looked_up.resource, looked_up.parameters) == ("web_search", {"query": "tea"})
    assert (called.parameters, failed.error) == ({"account": 7}, "no")
    assert {str(event.metadata) for event in (looked_up, called)} == {"{'hosted': True}"}
    assert {event.parent_span_id for event in (looked_up, called)} == {record.one("llm.request").span_id}


ODD_BLOCKS: list[tuple[dict[str, Any], list[tuple[Any, ...]]]] = [
    (
        {"type": "server_tool_call", "id": ["s"], "name": "web_search"},
        [("data.access", "unknown", "web_search", "['s']")],
    ),
    ({"type": "server_tool_call", "id": 5, "name": "run", "extras": None}, [("tool.call", "tool.run", "5")]),
    ({"type": "server_tool_call", "id": "\ud800"}, [("tool.call", "tool.None", "\ufffd")]),
    ({"type": ["x"]}, []),
    ({"type": "image", "source_type": "url"}, []),
]


@pytest.mark.parametrize(("block", "hosted"), ODD_BLOCKS)
def test_what_a_provider_sends_in_another_form_costs_no_event(
    record: Record, block: dict[str, Any], hosted: list[tuple[Any, ...]]
) -> None:
    answer = AIMessage([block], tool_calls=[call("send", "\ud800", to="bob")])
    Scripted(replies=[answer]).invoke("go", {"callbacks": [record.handler]})
    assert record.short()[:3] == [REQUEST, RESPONSE, ("action.request", "tool.send", "\ufffd")]
    assert [told[-2:] for told in record.short()[3:4]] == [told[-2:] for told in hosted]
    metadata = record.one("llm.response").metadata or {}
    assert ("unread" in metadata) is not bool(hosted)


def test_the_blocks_of_an_error_that_are_no_texts_cost_no_end(record: Record) -> None:
    @tool
    def look() -> Any:
        """Look."""
        return ToolMessage([{"type": "text", "text": 5}, {"type": "image"}], tool_call_id="c1", status="error")

    model = Scripted(replies=[asks_for(call("look", "c1")), "done"])
    create_agent(model, [look]).invoke({"messages": [("user", "go")]}, {"callbacks": [record.handler]})  # type: ignore[arg-type]
    assert (record.one("tool.response").outcome, record.one("tool.response").error) == ("failure", "5")


def test_what_the_provider_has_run_is_no_less_an_answer_when_it_cannot_be_recorded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend = FailingBackend(failing=False)

    class Disk(Scripted):
        def _generate(self, *told: Any, **more: Any) -> Any:
            backend.failing = True
            return super()._generate(*told, **more)

    with AuditLogger(backend, on_failure="raise") as logger:
        answer = AIMessage(BY_ANTHROPIC, response_metadata={"model_provider": "anthropic"})
        said = Disk(replies=[answer]).invoke("go", {"callbacks": [AuditCallbackHandler(logger)]})
        assert said.content == BY_ANTHROPIC
        assert not caplog.records
        backend.failing = False
        logger.flush()
    types = [short(event)[0] for event in backend.events()]
    assert types[:5] == ["llm.request", "llm.response", "data.access", "tool.call", "tool.response"]
