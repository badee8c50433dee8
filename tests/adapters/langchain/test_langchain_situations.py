"""Each situation of a chain, a tool or an agent, and exactly what is on record after it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_record import NEEDS_TASK_CONTEXT, Record, Scripted, asks_for, call
from langchain_stories import QUESTION, begins, called, clerk, config, ends, fail, lines, search, stops
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, RetryPolicy

from agent_audit_langchain import enable

DOUBLE = RunnableLambda(lambda n: n * 2).with_config(run_name="sums")


def test_plain_chain(record: Record) -> None:
    chain = ChatPromptTemplate.from_messages([("human", "{q}")]) | Scripted(replies=["four"])
    chain.with_config(run_name="sums").invoke({"q": "2+2"}, config(record))
    # A chain does not tell `configurable` when it starts, what runs in it does.
    assert record.story() == lines(
        """
        agent.start agent.sums {q:2+2} (sums/-/ann) < -
        llm.request llm.scripted-1 {messages:[{role:user,content:2+2}]} (sums/t/ann) < agent.sums
        llm.response success llm.scripted-1 (sums/t/ann) < agent.sums
        agent.stop success agent.sums (sums/t/ann) < -
        """
    )


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("asked", [{"query": "x"}, call("search", "c1", query="x")])
async def test_tool_alone(record: Record, asked: Any, asynchronous: bool) -> None:
    if asynchronous:
        await search.ainvoke(asked, config(record))
    else:
        search.invoke(asked, config(record))
    call_id = " c1" if "id" in asked else ""
    assert [line.replace("-/t/", "-/-/") for line in record.story()] == lines(
        f"""
        tool.call tool.search{call_id} {{query:x}} (-/-/ann) < -
        tool.response success tool.search{call_id} (-/-/ann) < -
        """
    )


def test_tool_alone_that_raises(record: Record) -> None:
    with pytest.raises(OSError, match="no x"):
        fail.invoke(call("fail", "c1", query="x"), config(record))
    assert [line.replace("-/t/", "-/-/") for line in record.story()] == lines(
        """
        tool.call tool.fail c1 {query:x} (-/-/ann) < -
        tool.response failure tool.fail c1 (-/-/ann) < -
        """
    )


def test_tool_that_raises_in_an_agent(record: Record) -> None:
    with pytest.raises(OSError, match="no x"):
        clerk(call("fail", "c1", query="x")).invoke(QUESTION, config(record))
    asked = "fail c1 {query:x}"
    assert record.story() == [*begins(asked), *called(asked, "failure"), *stops("failure")]


@pytest.mark.parametrize(("name", "text"), [("polite", "cannot"), ("says_no", "no")])
def test_tool_that_says_it_failed(record: Record, name: str, text: str) -> None:
    clerk(call(name, "c1", query="x")).invoke(QUESTION, config(record))
    asked = f"{name} c1 {{query:x}}"
    assert record.story() == [*begins(asked), *called(asked, "failure"), *ends(f"{name} c1: {text}")]


def test_bad_arguments(record: Record) -> None:
    clerk(call("add", "c1", a="one", b=2)).invoke(QUESTION, config(record))
    asked = "add c1 {a:one,b:2}"
    story = [*begins(asked), *called(asked, "failure")]
    assert record.story()[: len(story)] == story
    assert record.story()[-2:] == ends()[-2:]
    assert record.one("tool.response").error_type == "ValidationError"


def test_unknown_tool(record: Record) -> None:
    clerk(call("nope", "c1", x=1)).invoke(QUESTION, config(record))
    story = [*begins("nope c1 {x:1}"), "action.failed failure tool.nope c1 {x:1} (clerk/t/ann) < agent.clerk"]
    assert record.story()[: len(story)] == story
    assert record.story()[-2:] == ends()[-2:]


async def run(agent: Any, record: Record, how: str) -> None:
    if how == "invoke":
        agent.invoke(QUESTION, config(record))
    elif how == "ainvoke":
        await agent.ainvoke(QUESTION, config(record))
    elif how == "stream":
        list(agent.stream(QUESTION, config(record), stream_mode=["updates", "messages"]))
    elif how == "astream":
        _ = [part async for part in agent.astream(QUESTION, config(record))]
    else:
        stream = agent.astream_events(QUESTION, config(record), version=how)
        _ = [part async for part in (await stream if how == "v3" else stream)]


def _in_async(how: str) -> Any:
    return pytest.param(how, marks=NEEDS_TASK_CONTEXT)


HOW = ["invoke", "stream", *map(_in_async, ("ainvoke", "astream", "v1", "v2", "v3"))]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_agent_however_it_is_run(record: Record, how: str) -> None:
    if how == "v3" and not hasattr(type(clerk()), "stream_events"):
        pytest.skip("this LangGraph has no v3 of event streams")
    name = "search" if how in ("invoke", "stream") else "search_async"
    await run(clerk(call(name, "c1", query="x")), record, how)
    asked = f"{name} c1 {{query:x}}"
    assert record.story() == [*begins(asked), *called(asked), *ends(f"{name} c1: found x")]


@NEEDS_TASK_CONTEXT
async def test_sync_tool_in_an_async_agent(record: Record) -> None:
    await clerk(call("search", "c1", query="x")).ainvoke(QUESTION, config(record))
    asked = "search c1 {query:x}"
    assert record.story() == [*begins(asked), *called(asked), *ends("search c1: found x")]


@pytest.mark.parametrize("asynchronous", [False, pytest.param(True, marks=NEEDS_TASK_CONTEXT)])
async def test_parallel_tools(record: Record, asynchronous: bool) -> None:
    await run(
        clerk(*(call("search", f"c{n}", query=str(n)) for n in range(4))),
        record,
        "ainvoke" if asynchronous else "invoke",
    )
    asked = [f"search c{n} {{query:{n}}}" for n in range(4)]
    first, last = begins(*asked), ends(*(f"search c{n}: found {n}" for n in range(4)))
    story = record.story()
    assert story[: len(first)] + story[-len(last) :] == first + last
    between = story[len(first) : -len(last)]
    for one in asked:  # they run in threads, in any order, but each is on record before it runs
        call_id = one.split(" ")[1]
        assert [line for line in between if f" {call_id} " in line] == called(one)
    assert len(between) == 8


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_batch(record: Record, asynchronous: bool) -> None:
    given = config(record)
    answers = await DOUBLE.abatch([1, 2, 3], given) if asynchronous else DOUBLE.batch([1, 2, 3], given)
    assert answers == [2, 4, 6]
    by_run: dict[Any, list[Any]] = {}
    for event, line in zip(record.events, record.story(), strict=True):
        by_run.setdefault(event.trace_id, []).append((line, event.result))
    assert sorted(by_run.values()) == [
        [
            (f"agent.start agent.sums {{input:{n}}} (sums/-/ann) < -", None),
            ("agent.stop success agent.sums (sums/-/ann) < -", n * 2),
        ]
        for n in (1, 2, 3)
    ]


def test_parallel_branches(record: Record) -> None:
    RunnableParallel(a=search, b=search).with_config(run_name="both").invoke({"query": "x"}, config(record))
    first, *between, last = record.story()
    assert first == "agent.start agent.both {query:x} (both/-/ann) < -"
    assert sorted(between) == sorted(
        2
        * lines(
            """
            tool.call tool.search {query:x} (both/t/ann) < agent.both
            tool.response success tool.search (both/t/ann) < agent.both
            """
        )
    )
    assert last == "agent.stop success agent.both (both/t/ann) < -"


def attempts(agent: str, session: str = "t") -> list[str]:
    who = f"({agent}/{session}/ann) < agent.{agent}"
    return lines(
        f"""
        agent.start agent.{agent} {{input:x}} ({agent}/-/ann) < -
        llm.request llm.scripted-1 {{messages:[{{role:user,content:x}}]}} {who}
        llm.response failure llm.scripted-1 {who}
        llm.request llm.scripted-1 {{messages:[{{role:user,content:x}}]}} {who}
        llm.response success llm.scripted-1 {who}
        agent.stop success agent.{agent} ({agent}/{session}/ann) < -
        """
    )


def test_retries(record: Record) -> None:
    model = Scripted(replies=[ConnectionError("down"), "up"]).with_retry(wait_exponential_jitter=False)
    model.invoke("x", config(record))
    assert [line.replace("/t/", "/-/") for line in record.story()] == attempts("Scripted", "-")


@pytest.mark.parametrize("for_all", [False, True])
def test_fallbacks_belong_to_the_run_that_falls_back(record: Record, for_all: bool) -> None:
    """With `callbacks` of the call itself LangChain tells no parent of them."""
    model = Scripted(replies=[ConnectionError("down")]).with_fallbacks([Scripted(replies=["up"])])
    if for_all:
        enable(record.logger)
    model.invoke("x", {**config(record), "callbacks": None} if for_all else config(record))
    assert record.story() == attempts("RunnableWithFallbacks")


def test_nested_agent(record: Record) -> None:
    inner = create_agent(Scripted(replies=[asks_for(call("search", "i1", query="x")), "found"]), [search], name="inner")

    @tool
    def delegate(task: str) -> str:
        """Delegate."""
        return str(inner.invoke({"messages": [("user", task)]})["messages"][-1].content)

    clerk(call("delegate", "c1", task="t"), tools=[delegate]).invoke(QUESTION, config(record))
    asked = "delegate c1 {task:t}"
    before, after = called(asked)
    found = "{messages:[{role:tool,content:found x,call_id:i1,name:search}]}"
    within = lines(
        f"""
        agent.start agent.inner {{messages:[[user,t]]}} (inner/t/ann) < tool.delegate c1
        llm.request llm.scripted-1 {{messages:[{{role:user,content:t}}]}} (inner/t/ann) < agent.inner
        llm.response success llm.scripted-1 (inner/t/ann) < agent.inner
        action.request tool.search i1 {{query:x}} (inner/t/ann) < llm.scripted-1
        tool.call tool.search i1 {{query:x}} (inner/t/ann) < agent.inner
        tool.response success tool.search i1 (inner/t/ann) < agent.inner
        llm.request llm.scripted-1 {found} (inner/t/ann) < agent.inner
        llm.response success llm.scripted-1 (inner/t/ann) < agent.inner
        agent.stop success agent.inner (inner/t/ann) < tool.delegate c1
        """
    )
    assert record.story() == [*begins(asked), before, *within, after, *ends("delegate c1: found")]


def test_subgraph(record: Record) -> None:
    inner = StateGraph(MessagesState)
    inner.add_node("look", lambda state: {"messages": [search.invoke({"query": "x"})]})
    inner.add_edge(START, "look")
    outer = StateGraph(MessagesState)
    outer.add_node("inner", inner.compile(name="inner"))
    outer.add_edge(START, "inner")
    outer.compile(name="g").invoke(QUESTION, config(record))
    assert record.story() == lines(
        """
        agent.start agent.g {messages:[[user,go]]} (g/t/ann) < -
        tool.call tool.search {query:x} (g/t/ann) < agent.g
        tool.response success tool.search (g/t/ann) < agent.g
        agent.stop success agent.g (g/t/ann) < -
        """
    )


def test_handoff(record: Record) -> None:
    @tool
    def to_bob() -> Any:
        """Hand over."""
        over = [ToolMessage("over", tool_call_id="c1")]
        return Command(goto="bob", graph=Command.PARENT, update={"messages": over})

    graph = StateGraph(MessagesState)
    alice = create_agent(Scripted(replies=[asks_for(call("to_bob", "c1"))]), [to_bob], name="alice")
    graph.add_node("alice", alice, destinations=("bob",))
    graph.add_node("bob", create_agent(Scripted(replies=["here"]), [], name="bob"))
    graph.add_edge(START, "alice")
    graph.compile(name="team").invoke(QUESTION, config(record))
    handed = "{messages:[{role:user,content:go},{role:tool,content:over,call_id:c1,name:to_bob}]}"
    assert record.story() == lines(
        f"""
        agent.start agent.team {{messages:[[user,go]]}} (team/t/ann) < -
        agent.start agent.alice {{messages:[{{role:user,content:go}}]}} (alice/t/ann) < agent.team
        llm.request llm.scripted-1 {{messages:[{{role:user,content:go}}]}} (alice/t/ann) < agent.alice
        llm.response success llm.scripted-1 (alice/t/ann) < agent.alice
        action.request tool.to_bob c1 {{}} (alice/t/ann) < llm.scripted-1
        tool.call tool.to_bob c1 {{}} (alice/t/ann) < agent.alice
        tool.response success tool.to_bob c1 (alice/t/ann) < agent.alice
        agent.handoff success handoff (alice/t/ann) < agent.alice
        agent.stop success agent.alice (alice/t/ann) < agent.team
        agent.start agent.bob {handed} (bob/t/ann) < agent.team
        llm.request llm.scripted-1 {handed} (bob/t/ann) < agent.bob
        llm.response success llm.scripted-1 (bob/t/ann) < agent.bob
        agent.stop success agent.bob (bob/t/ann) < agent.team
        agent.stop success agent.team (team/t/ann) < -
        """
    )


def test_functional_api(record: Record) -> None:
    @task
    def measure(n: int) -> int:
        return len(search.invoke({"query": str(n)}))

    @entrypoint()
    def work(n: int) -> int:
        return measure(n).result()

    work.invoke(2, config(record))
    assert record.story() == lines(
        """
        agent.start agent.LangGraph {input:2} (LangGraph/t/ann) < -
        tool.call tool.search {query:2} (LangGraph/t/ann) < agent.LangGraph
        tool.response success tool.search (LangGraph/t/ann) < agent.LangGraph
        agent.stop success agent.LangGraph (LangGraph/t/ann) < -
        """
    )


def test_node_that_is_tried_again(record: Record) -> None:
    tries: list[int] = []

    def flaky(state: Any) -> Any:
        tries.append(1)
        search.invoke({"query": str(len(tries))})
        if len(tries) == 1:
            raise ConnectionError("down")
        return {}

    graph = StateGraph(MessagesState)
    graph.add_node("flaky", flaky, retry_policy=RetryPolicy(initial_interval=0.01))
    graph.add_edge(START, "flaky")
    graph.compile(name="g").invoke(QUESTION, config(record))
    assert record.story() == lines(
        """
        agent.start agent.g {messages:[[user,go]]} (g/t/ann) < -
        tool.call tool.search {query:1} (g/t/ann) < agent.g
        tool.response success tool.search (g/t/ann) < agent.g
        error failure (g/t/ann) < agent.g
        tool.call tool.search {query:2} (g/t/ann) < agent.g
        tool.response success tool.search (g/t/ann) < agent.g
        agent.stop success agent.g (g/t/ann) < -
        """
    )


class Library(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document("text", metadata={"source": "a.txt"}, id="d1")]


def test_retrieval(record: Record) -> None:
    (RunnableLambda(str) | Library()).with_config(run_name="rag").invoke("who", config(record))
    assert record.story() == lines(
        """
        agent.start agent.rag {input:who} (rag/-/ann) < -
        action.request retrieve.Library {query:who} (rag/t/ann) < agent.rag
        data.access success retrieve.Library (rag/t/ann) < agent.rag
        agent.stop success agent.rag (rag/t/ann) < -
        """
    )


def test_what_goes_around_the_framework_is_not_seen(record: Record) -> None:
    """A limit, stated in the documents: LangChain tells nobody of these."""
    pytest.importorskip("numpy", reason="the store computes with it")
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_texts(["text"])

    def around(question: str) -> str:
        return f"{store.similarity_search(question)} {search.func(question)}"  # type: ignore[attr-defined]

    RunnableLambda(around).with_config(run_name="around").invoke("x", config(record))
    assert record.story() == lines(
        """
        agent.start agent.around {input:x} (around/-/ann) < -
        agent.stop success agent.around (around/-/ann) < -
        """
    )


def test_model_that_fails(record: Record) -> None:
    agent = create_agent(Scripted(replies=[ConnectionError("down")]), [], name="clerk")
    with pytest.raises(ConnectionError):
        agent.invoke(QUESTION, config(record))
    story = begins()
    story[-1] = story[-1].replace("success", "failure")
    assert record.story() == [*story, *stops("failure")]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_text_model(record: Record, asynchronous: bool) -> None:
    model = FakeListLLM(responses=["a"])
    if asynchronous:
        await model.ainvoke("x", config(record))
    else:
        model.invoke("x", config(record))
    assert [line.replace("-/t/", "-/-/") for line in record.story()] == lines(
        """
        llm.request llm.FakeListLLM {prompt:x} (-/-/ann) < -
        llm.response success llm.FakeListLLM (-/-/ann) < -
        """
    )


def test_error_in_a_chain(record: Record) -> None:
    def bad(n: int) -> None:
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        (RunnableLambda(str) | (RunnableLambda(str) | bad)).with_config(run_name="sums").invoke(1, config(record))
    assert record.story() == lines(
        """
        agent.start agent.sums {input:1} (sums/-/ann) < -
        error failure (sums/-/ann) < agent.sums
        agent.stop failure agent.sums (sums/-/ann) < -
        """
    )
