"""Who, for whom, in which conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_record import Record, Scripted, asks_for, call, human_in_the_loop
from langchain_stories import clerk, search, send
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command

from agent_audit import ConfigurationError, identify
from agent_audit_langchain import AuditCallbackHandler, enable

QUESTION = {"messages": [("user", "go")]}
CHAIN = RunnableLambda(lambda x: x).with_config(run_name="sums")


def agent() -> Any:
    model = Scripted(replies=[asks_for(call("search", "c1", query="x")), "done"])
    return create_agent(model, [search], name="clerk")


def who(record: Record) -> set[tuple[Any, ...]]:
    return {(e.agent_id, e.session_id, e.user_id) for e in record.events}


def test_an_id_that_is_no_text_is_refused_when_the_handler_is_made_and_not_by_each_event(record: Record) -> None:
    number: Any = 7
    with pytest.raises(ConfigurationError, match="user_id is of the type int; give a text, or None"):
        AuditCallbackHandler(record.logger, user_id=number)


def test_from_metadata(record: Record) -> None:
    metadata = {"user_id": "ann", "session_id": "s1"}
    CHAIN.invoke(1, {"callbacks": [record.handler], "metadata": metadata})
    assert who(record) == {("sums", "s1", "ann")}


def test_thread_is_the_session_and_its_user_is_found_below(record: Record) -> None:
    agent().invoke(QUESTION, {"callbacks": [record.handler], "configurable": {"thread_id": "t1", "user_id": "ann"}})
    first, *rest = record.events
    assert {(e.agent_id, e.session_id, e.user_id) for e in rest} == {("clerk", "t1", "ann")}
    # LangGraph shows `configurable` to nobody when a graph starts.
    assert (first.session_id, first.user_id) == ("t1", None)


def test_enabled_for_the_process_configurable_is_seen_at_once_below_the_start(record: Record) -> None:
    enable(record.logger)
    agent().invoke(QUESTION, {"configurable": {"thread_id": "t1", "user_id": "ann"}})
    assert [e.user_id for e in record.events][1:] == ["ann"] * (len(record.events) - 1)


@dataclass
class Context:
    user_id: str


class ContextDict(TypedDict):
    user_id: str


@pytest.mark.parametrize("context", [Context("ann"), {"user_id": "ann"}])
def test_runtime_context_says_for_whom(record: Record, context: Any) -> None:
    """Only what runs in a graph can see it, so the start of the graph itself cannot say it."""
    schema = Context if isinstance(context, Context) else ContextDict
    agent = clerk(call("search", "c1", query="x"), context_schema=schema)
    config: Any = {"callbacks": [record.handler], "configurable": {"thread_id": "t1"}}
    agent.invoke(QUESTION, config, context=context)
    first, *rest = record.events
    assert {event.user_id for event in rest} == {"ann"}
    assert first.user_id is None


def test_context_callable_says_who_decided(record: Record) -> None:
    handler = AuditCallbackHandler(record.logger, context=lambda metadata: {"decided_by": metadata["reviewer"]})
    guarded = clerk(call("send", "c1", to="bob"), tools=[send], middleware=[human_in_the_loop()])
    config: Any = {"callbacks": [handler], "configurable": {"thread_id": "t1"}, "metadata": {"reviewer": "eve"}}
    guarded.invoke(QUESTION, config)
    guarded.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config)
    approved = record.one("action.approved")
    assert approved.metadata and approved.metadata["decided_by"] == "eve"


def test_constructor_wins(record: Record) -> None:
    handler = AuditCallbackHandler(
        record.logger, agent_id="A", user_id="U", session_id="S", context=lambda metadata: {"user_id": "no"}
    )
    agent().invoke(
        QUESTION, {"callbacks": [handler], "configurable": {"thread_id": "t1"}, "metadata": {"user_id": "x"}}
    )
    assert who(record) == {("A", "S", "U")}


def test_context_reads_what_the_application_has(record: Record) -> None:
    handler = AuditCallbackHandler(record.logger, context=lambda metadata: {"user_id": metadata["tenant"]})
    CHAIN.invoke(1, {"callbacks": [handler], "metadata": {"tenant": "acme"}})
    assert who(record) == {("sums", None, "acme")}


def test_context_that_fails_costs_no_record(record: Record) -> None:
    handler = AuditCallbackHandler(record.logger, context=lambda metadata: {"user_id": metadata["missing"]})
    CHAIN.invoke(1, {"callbacks": [handler]})
    assert record.short() == [("agent.start", "agent.sums"), ("agent.stop", "success", "agent.sums")]


def test_identify_around_a_call(record: Record) -> None:
    with identify(user_id="ann", session_id="s1", agent_id="mine"):
        RunnableLambda(lambda x: x).invoke(1, {"callbacks": [record.handler]})
    assert who(record) == {("mine", "s1", "ann")}


def test_metadata_values_become_text(record: Record) -> None:
    CHAIN.invoke(1, {"callbacks": [record.handler], "metadata": {"user_id": 7}})
    assert who(record) == {("sums", None, "7")}


@pytest.mark.parametrize("agents", [False, True])
def test_one_chain_that_serves_several_conversations(record: Record, agents: bool) -> None:
    """Each with its own user, who is named in `configurable` only."""

    def serve(_: Any) -> None:
        for name in ("ann", "bob"):
            inner = clerk(call("search", "c1", query=name)) if agents else graph
            inner.invoke(QUESTION, {"configurable": {"thread_id": f"of {name}", "user_id": name}})

    def look(state: Any) -> Any:
        search.invoke({"query": "x"})
        return {}

    builder = StateGraph(MessagesState)
    builder.add_node("look", look)
    builder.add_edge(START, "look")
    graph = builder.compile(name="looks")
    enable(record.logger)
    RunnableLambda(serve).with_config(run_name="serves").invoke(None)
    calls = [(event.session_id, event.user_id) for event in record.of("tool.call", "tool.response")]
    assert calls == 2 * [("of ann", "ann")] + 2 * [("of bob", "bob")]
    assert {
        (e.session_id, e.user_id) for e in record.events if e.agent_id == "serves" and e.action == "agent.serves"
    } == {(None, None)}


@pytest.mark.parametrize("is_enabled", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_on_a_server_the_user_is_whom_it_has_authenticated_whatever_a_client_says(
    record: Record, is_enabled: bool, nested: bool
) -> None:
    if is_enabled:
        enable(record.logger)
    client: Any = {"metadata": {"user_id": "boss"}, "configurable": {"thread_id": "t1", "user_id": "boss"}}
    given = {**client, "configurable": {**client["configurable"], "langgraph_auth_user_id": "ann"}}
    if not is_enabled:
        given["callbacks"] = [record.handler]
    served = agent()
    if nested:
        inner = served

        @tool
        def delegate(task: str) -> str:
            """Delegate."""
            return str(inner.invoke(QUESTION, client)["messages"][-1].content)

        served = create_agent(
            Scripted(replies=[asks_for(call("delegate", "o1", task="t")), "done"]), [delegate], name="outer"
        )
    served.invoke(QUESTION, given)
    first, *rest = record.events
    assert first.user_id == "boss"  # nothing else is shown before the graph has started
    assert {event.user_id for event in rest} == {"ann"}


@pytest.mark.parametrize("by", ["constructor", "context"])
def test_whom_the_app_names_comes_before_whom_the_server_has_authenticated(record: Record, by: str) -> None:
    given: Any = {"user_id": "eve"} if by == "constructor" else {"context": lambda metadata: {"user_id": "eve"}}
    config: Any = {"configurable": {"thread_id": "t1", "langgraph_auth_user_id": "ann"}}
    agent().invoke(QUESTION, {**config, "callbacks": [AuditCallbackHandler(record.logger, **given)]})
    assert {event.user_id for event in record.events} == {"eve"}


@pytest.mark.parametrize("place", ["metadata", "configurable"])
def test_a_user_whose_id_is_0_is_a_user(record: Record, place: str) -> None:
    given: Any = {"callbacks": [record.handler], place: {"user_id": 0}}
    agent().invoke(QUESTION, given)
    assert {event.user_id for event in record.events[1:]} == {"0"}


@pytest.mark.parametrize(
    ("prepare", "options"),
    [(lambda made: made, {"run_name": "step"}), (lambda made: made.with_config(run_name="step"), {})],
    ids=["call", "config"],
)
@pytest.mark.parametrize("below", ["tool", "node"])
def test_an_inner_agent_acts_under_its_own_name_whatever_its_run_is_called(
    record: Record, prepare: Any, options: Any, below: str
) -> None:
    inner = prepare(agent())

    @tool
    def delegate(task: str) -> str:
        """Delegate."""
        return str(inner.invoke(QUESTION, options)["messages"][-1].content)

    if below == "tool":
        replies = [asks_for(call("delegate", "o1", task="t")), "done"]
        outer: Any = create_agent(Scripted(replies=replies), [delegate], name="outer")
    else:
        graph = StateGraph(MessagesState)
        graph.add_node("step", inner)
        graph.add_edge(START, "step")
        outer = graph.compile(name="outer")
    outer.invoke(QUESTION, {"callbacks": [record.handler]})
    assert [e.action for e in record.of("agent.start")] == ["agent.outer", "agent.clerk"]
    assert {e.agent_id for e in record.events if e.action == "tool.search"} == {"clerk"}


@pytest.mark.parametrize("around", ["chain", "graph"])
@pytest.mark.parametrize("is_enabled", [False, True])
def test_a_graph_with_a_thread_of_its_own_is_a_session_of_its_own(
    record: Record, around: str, is_enabled: bool
) -> None:
    inner = agent()

    def serve(state: Any) -> Any:
        inner.invoke(QUESTION, {"configurable": {"thread_id": "cust1", "user_id": "u1"}})
        return {}

    if around == "chain":
        outer: Any = RunnableLambda(serve)
    else:
        graph = StateGraph(MessagesState)
        graph.add_node("serve", serve)
        graph.add_edge(START, "serve")
        outer = graph.compile(name="jobs")
    if is_enabled:
        enable(record.logger)
    outer.invoke(QUESTION, {"callbacks": [record.handler], "configurable": {"thread_id": "job-1"}})
    assert {(e.session_id, e.user_id) for e in record.events if e.action == "tool.search"} == {("cust1", "u1")}
    assert {e.session_id for e in record.events if e.action == "agent.jobs"} <= {"job-1"}


def test_a_session_named_in_the_metadata_is_also_that_of_the_agents_inside(record: Record) -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("clerk", agent())
    graph.add_edge(START, "clerk")
    config: Any = {"callbacks": [record.handler], "configurable": {"thread_id": "t1"}, "metadata": {"session_id": "s1"}}
    graph.compile(name="jobs").invoke(QUESTION, config)  # type: ignore[arg-type]
    assert len({e.session_id for e in record.events}) == 1
