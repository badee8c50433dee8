"""Chains, models, agents: what is on record after each kind of run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_record import NEEDS_TASK_CONTEXT, USAGE, Record, Scripted, Streaming, asks_for, call
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import RetryPolicy


@tool
def search(query: str) -> str:
    """Search."""
    return f"found {query}"


LLM = [("llm.request", "llm.scripted-1"), ("llm.response", "success", "llm.scripted-1")]


def config(record: Record, **more: Any) -> Any:
    return {"callbacks": [record.handler], **more}


def test_plain_chain(record: Record) -> None:
    chain = ChatPromptTemplate.from_messages([("system", "be brief"), ("human", "{q}")]) | Scripted(replies=["four"])
    chain.invoke({"q": "2+2"}, config(record))
    assert record.short() == [
        ("agent.start", "agent.RunnableSequence"),
        *LLM,
        ("agent.stop", "success", "agent.RunnableSequence"),
    ]
    start, request, response, stop = record.events
    assert start.parameters == {"q": "2+2"}
    assert request.parameters["messages"][-1] == {"role": "user", "content": "2+2"}
    assert request.metadata == {"model": "scripted-1", "messages": 2}
    assert response.result == "four"
    assert response.metadata == {"model": "scripted-1"}
    assert stop.result == {"role": "assistant", "content": "four"}
    assert {e.trace_id for e in record.events} == {start.trace_id}
    assert request.parent_span_id == start.span_id
    assert request.span_id == response.span_id


async def test_plain_chain_async(record: Record) -> None:
    chain = RunnableLambda(lambda x: [HumanMessage(x)]).with_config(run_name="ask") | Scripted(replies=["four"])
    await chain.with_config(run_name="sums").ainvoke("2+2", config(record))
    assert record.short() == [("agent.start", "agent.sums"), *LLM, ("agent.stop", "success", "agent.sums")]
    assert record.events[0].agent_id == "sums"


def test_model_alone(record: Record) -> None:
    Scripted(replies=[AIMessage("hi", usage_metadata=USAGE)]).invoke("hello", config(record))  # type: ignore[arg-type]
    assert record.short() == LLM
    assert record.events[1].metadata == {"model": "scripted-1", "input_tokens": 7, "output_tokens": 3}


def test_text_model(record: Record) -> None:
    FakeListLLM(responses=["a", "b"]).batch(["x", "y"], config(record))
    assert sorted(record.short()) == sorted(
        2 * [("llm.request", "llm.FakeListLLM"), ("llm.response", "success", "llm.FakeListLLM")]
    )
    assert record.of("llm.request")[0].parameters in ({"prompt": "x"}, {"prompt": "y"})


def test_of_a_conversation_only_what_is_new_is_recorded(record: Record) -> None:
    history = [SystemMessage("be brief"), HumanMessage("one"), AIMessage("1"), HumanMessage("two")]
    Scripted(replies=["2"]).invoke(history, config(record))
    assert record.events[0].parameters == {"messages": [{"role": "user", "content": "two"}]}
    metadata = record.events[0].metadata
    assert metadata and metadata.pop("earlier") == {"messages": 3, "hmac_absent": "no fingerprint key"}
    assert metadata == {"model": "scripted-1", "messages": 4}


AGENT = [
    ("agent.start", "agent.clerk"),
    *LLM,
    ("action.request", "tool.search", "c1"),
    ("tool.call", "tool.search", "c1"),
    ("tool.response", "success", "tool.search", "c1"),
    *LLM,
    ("agent.stop", "success", "agent.clerk"),
]


def clerk() -> Any:
    model = Scripted(replies=[asks_for(call("search", "c1", query="x")), "done"])
    return create_agent(model, [search], name="clerk")


QUESTION = {"messages": [("user", "look for x")]}


def test_agent(record: Record) -> None:
    clerk().invoke(QUESTION, config(record))
    assert record.short() == AGENT
    tool_call, response = record.one("tool.call"), record.one("tool.response")
    assert tool_call.parameters == {"query": "x"}
    assert tool_call.source and tool_call.source.hook == "on_tool_start"
    assert response.result == "found x"
    assert record.one("action.request").parameters == {"query": "x"}
    assert record.one("agent.stop").result == {"role": "assistant", "content": "done"}
    assert {e.agent_id for e in record.events} == {"clerk"}


@NEEDS_TASK_CONTEXT
async def test_agent_async(record: Record) -> None:
    await clerk().ainvoke(QUESTION, config(record))
    assert record.short() == AGENT


def test_agent_streamed(record: Record) -> None:
    for _ in clerk().stream(QUESTION, config(record), stream_mode=["updates", "messages"]):
        pass
    assert record.short() == AGENT


@NEEDS_TASK_CONTEXT
async def test_agent_events_streamed(record: Record) -> None:
    async for _ in clerk().astream_events(QUESTION, config(record), version="v2"):
        pass
    assert record.short() == AGENT


def test_streamed_words_are_one_answer(record: Record) -> None:
    chain = ChatPromptTemplate.from_template("{q}") | Streaming(replies=["one two three"])
    assert len(list(chain.stream({"q": "count"}, config(record)))) >= 3
    assert record.of("llm.response")[0].result == "one two three "
    assert record.short() == [
        ("agent.start", "agent.RunnableSequence"),
        *LLM,
        ("agent.stop", "success", "agent.RunnableSequence"),
    ]


def test_stream_closed_early_is_cancelled_not_failed(record: Record) -> None:
    stream = (ChatPromptTemplate.from_template("{q}") | Streaming(replies=["one two three"])).stream(
        {"q": "count"}, config(record)
    )
    next(stream)
    stream.close()
    assert not record.of("error")
    assert record.one("agent.stop").outcome == "cancelled"
    # LangChain tells of the end of the chain first, of that of the model within it later.
    assert [(e.outcome, e.metadata) for e in record.of("llm.response")] == [
        ("unknown", None),
        ("cancelled", {"model": "scripted-1", "late": True}),
    ]


async def test_async_agent_stream_closed_early(record: Record) -> None:
    stream = clerk().astream(QUESTION, config(record), stream_mode="updates")
    await anext(stream)
    await stream.aclose()
    assert record.one("agent.stop").outcome == "cancelled"
    assert not record.of("error")


def test_batch_keeps_runs_apart(record: Record) -> None:
    chain = RunnableLambda(lambda n: n + 1).with_config(run_name="step") | RunnableLambda(lambda n: n * 2)
    chain.with_config(run_name="sums").batch([1, 2, 3], config(record))
    assert sorted(record.short()) == sorted(
        3 * [("agent.start", "agent.sums"), ("agent.stop", "success", "agent.sums")]
    )
    assert len({e.trace_id for e in record.events}) == 3
    assert sorted(e.result for e in record.of("agent.stop")) == [4, 6, 8]


def test_parallel_branches_hang_under_one_root(record: Record) -> None:
    chain = RunnableParallel(a=Scripted(replies=["1"]), b=Scripted(replies=["2"]))
    chain.with_config(run_name="both").invoke("x", config(record))
    root = record.one("agent.start")
    assert {e.parent_span_id for e in record.of("llm.request")} == {root.span_id}
    assert {e.trace_id for e in record.events} == {root.trace_id}


class Library(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document("text", metadata={"source": "a.txt"}, id="d1"), Document("more", metadata={"id": 7})]


def test_retrieval_is_data_access(record: Record) -> None:
    Library().invoke("who", config(record))
    assert record.short() == [
        ("action.request", "retrieve.Library"),
        ("data.access", "success", "retrieve.Library"),
    ]
    request, access = record.events
    assert request.parameters == {"query": "who"}
    assert access.resource == "Library"
    assert access.result == {
        "count": 2,
        "ids": ["d1", 7],
        "sources": ["a.txt", None],
        "contents": ["text", "more"],
    }
    assert request.span_id == access.span_id


def test_retrieval_from_a_vector_store_names_the_store(record: Record) -> None:
    pytest.importorskip("numpy", reason="the store computes with it")
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_texts(["text"])
    store.as_retriever().invoke("who", config(record))
    assert record.one("data.access").resource == "InMemoryVectorStore"


class Broken(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        raise LookupError("index is gone")


def test_retrieval_that_fails(record: Record) -> None:
    with pytest.raises(LookupError):
        (Broken() | RunnableLambda(len)).with_config(run_name="rag").invoke("who", config(record))
    assert record.short() == [
        ("agent.start", "agent.rag"),
        ("action.request", "retrieve.Broken"),
        ("data.access", "failure", "retrieve.Broken"),
        ("agent.stop", "failure", "agent.rag"),
    ]


def test_nested_agent_is_an_agent_of_its_own(record: Record) -> None:
    inner = create_agent(Scripted(replies=["inner done"]), [], name="inner")

    @tool
    def delegate(task: str) -> str:
        """Delegate."""
        return str(inner.invoke({"messages": [("user", task)]})["messages"][-1].content)

    model = Scripted(replies=[asks_for(call("delegate", "c1", task="t")), "done"])
    create_agent(model, [delegate], name="outer").invoke(QUESTION, config(record))
    assert record.short("llm.", "action.") == [
        ("agent.start", "agent.outer"),
        ("tool.call", "tool.delegate", "c1"),
        ("agent.start", "agent.inner"),
        ("agent.stop", "success", "agent.inner"),
        ("tool.response", "success", "tool.delegate", "c1"),
        ("agent.stop", "success", "agent.outer"),
    ]
    inner_start = record.of("agent.start")[1]
    assert inner_start.agent_id == "inner"
    assert inner_start.parent_span_id == record.one("tool.call").span_id
    assert [e.agent_id for e in record.of("llm.request")] == ["outer", "inner", "outer"]


def test_agent_as_a_node_starts_once(record: Record) -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("researcher", create_agent(Scripted(replies=["done"]), [], name="researcher"))
    graph.add_edge(START, "researcher")
    graph.compile(name="team").invoke(QUESTION, config(record))
    assert record.short("llm.") == [
        ("agent.start", "agent.team"),
        ("agent.start", "agent.researcher"),
        ("agent.stop", "success", "agent.researcher"),
        ("agent.stop", "success", "agent.team"),
    ]


def test_state_of_a_graph_stays_out_of_the_record(record: Record) -> None:
    graph = StateGraph(dict)
    graph.add_node("load", lambda state: {"big": "x" * 1000})
    graph.add_edge(START, "load")
    graph.compile(name="g").invoke({"q": "small"}, config(record))
    assert record.one("agent.start").parameters == {"q": "small"}
    assert record.one("agent.stop").result is None


def test_error_in_a_chain_is_recorded_once_where_it_arose(record: Record) -> None:
    def fail(x: Any) -> None:
        raise ValueError("bad")

    chain = RunnableLambda(lambda x: x) | (RunnableLambda(lambda x: x) | RunnableLambda(fail))
    with pytest.raises(ValueError, match="bad"):
        chain.with_config(run_name="c").invoke(1, config(record))
    assert record.short() == [("agent.start", "agent.c"), ("error", "failure"), ("agent.stop", "failure", "agent.c")]
    assert record.one("error").error_type == "ValueError"
    assert record.one("agent.stop").error == "bad"


def test_model_error(record: Record) -> None:
    with pytest.raises(ConnectionError):
        create_agent(Scripted(replies=[ConnectionError("down")]), [search], name="a").invoke(QUESTION, config(record))
    assert record.short() == [
        ("agent.start", "agent.a"),
        ("llm.request", "llm.scripted-1"),
        ("llm.response", "failure", "llm.scripted-1"),
        ("agent.stop", "failure", "agent.a"),
    ]
    assert record.one("llm.response").error == "down"


def test_retry_records_each_attempt(record: Record) -> None:
    model = Scripted(replies=[ConnectionError("down"), "up"])
    model.with_retry(wait_exponential_jitter=False).with_config(run_name="r").invoke("x", config(record))
    assert [short for short in record.short() if short[0].startswith("llm")] == [
        ("llm.request", "llm.scripted-1"),
        ("llm.response", "failure", "llm.scripted-1"),
        *LLM,
    ]


def test_fallback_records_both(record: Record) -> None:
    model = Scripted(replies=[ConnectionError("down")]).with_fallbacks([Scripted(replies=["up"])])
    model.invoke("x", config(record))
    assert [e.outcome for e in record.of("llm.response")] == ["failure", "success"]
    assert not record.of("error")


def test_recursion_limit_is_the_failure_of_the_agent(record: Record) -> None:
    model = Scripted(replies=[asks_for(call("search", f"c{n}", query="x")) for n in range(9)])
    with pytest.raises(RecursionError):
        create_agent(model, [search], name="a").invoke(QUESTION, config(record, recursion_limit=3))
    assert record.one("agent.stop").error_type == "GraphRecursionError"
    assert not record.of("error")


def test_keyboard_interrupt_is_cancelled(record: Record) -> None:
    @tool
    def slow() -> str:
        """Slow."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        (RunnableLambda(lambda x: x) | slow).with_config(run_name="c").invoke({}, config(record))
    assert record.short() == [
        ("agent.start", "agent.c"),
        ("tool.call", "tool.slow"),
        ("tool.response", "cancelled", "tool.slow"),
        ("agent.stop", "cancelled", "agent.c"),
    ]


async def test_cancelled_task_closes_what_is_open(record: Record) -> None:
    started = asyncio.Event()

    @tool
    async def slow() -> str:
        """Slow."""
        started.set()
        await asyncio.sleep(60)
        return "never"

    agent = create_agent(Scripted(replies=[asks_for(call("slow", "c1"))]), [slow], name="a")
    task = asyncio.create_task(agent.ainvoke(QUESTION, config(record)))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert record.one("agent.stop").outcome == "cancelled"
    # langchain-core 1.7 tells nothing of the tool's end, 1.8 tells that it was cancelled.
    assert record.one("tool.response").outcome in ("unknown", "cancelled")
    assert not record.of("error")


async def test_tool_that_outlives_its_cancelled_run_ends_late(record: Record) -> None:
    import threading

    started, go_on = threading.Event(), threading.Event()

    @tool
    def slow() -> str:
        """Slow."""
        started.set()
        go_on.wait(200)
        return "late"

    agent = create_agent(Scripted(replies=[asks_for(call("slow", "c1"))]), [slow], name="a")
    task = asyncio.create_task(agent.ainvoke(QUESTION, config(record)))
    await asyncio.to_thread(started.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    while len(record.of("tool.response")) < 2:
        await asyncio.sleep(0.02)
    closed, late = record.of("tool.response")
    assert (closed.outcome, late.outcome, late.result) == ("unknown", "success", "late")
    assert late.metadata == {"late": True}


def test_node_that_is_tried_again(record: Record) -> None:
    tries = []

    def flaky(state: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("down")
        return state

    graph = StateGraph(dict)
    graph.add_node("flaky", flaky, retry_policy=RetryPolicy(initial_interval=0.01))
    graph.add_edge(START, "flaky")
    graph.compile(name="g").invoke({"q": 1}, config(record))
    assert record.short() == [("agent.start", "agent.g"), ("error", "failure"), ("agent.stop", "success", "agent.g")]


def test_without_langgraph_and_langchain() -> None:
    """`langchain-core` is enough for the handler and for `enable()`."""
    program = """
import sys
sys.modules["langgraph"] = sys.modules["langchain"] = None
from langchain_core.runnables import RunnableLambda
from agent_audit import AuditLogger, MemoryAuditBackend
import agent_audit_langchain
backend = MemoryAuditBackend()
agent_audit_langchain.enable(AuditLogger(backend))
RunnableLambda(lambda x: x).invoke(1)
assert [e.event_type for e in backend.events()] == ["agent.start", "agent.stop"], backend.events()
agent_audit_langchain.disable()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=200)
