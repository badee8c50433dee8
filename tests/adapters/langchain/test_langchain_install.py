"""One line for the whole process, and no event twice."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_core.tracers import context as tracing
from langchain_core.tracers.langchain import wait_for_all_tracers
from langchain_record import Record, Scripted, asks_for, call, human_in_the_loop, short
from langchain_stories import QUESTION, begins, called, clerk, ends, send, stops
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.pregel import main as pregel
from langgraph.types import Command
from langsmith import traceable
from langsmith.run_trees import get_cached_client
from langsmith.utils import get_env_var

from agent_audit import AuditLogger, MemoryAuditBackend, set_logger
from agent_audit.testing import capture
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware, disable, enable

CHAIN = RunnableLambda(lambda x: x).with_config(run_name="sums")
ONE_RUN = [("agent.start", "agent.sums"), ("agent.stop", "success", "agent.sums")]


@tool
def search(query: str) -> str:
    """Search."""
    return query


def test_enable_reaches_everything_without_callbacks(record: Record) -> None:
    enable(record.logger)
    CHAIN.invoke(1)
    assert record.short() == ONE_RUN


def test_enable_twice_records_once(record: Record) -> None:
    enable(record.logger)
    enable(record.logger)
    CHAIN.invoke(1)
    assert record.short() == ONE_RUN


def test_disable_and_enable_again(record: Record) -> None:
    hooks, builder = list(tracing._configure_hooks), pregel.get_sync_graph_callback_manager_for_config
    enable(record.logger)
    disable()
    disable()
    CHAIN.invoke(1)
    assert record.short() == []
    assert tracing._configure_hooks == hooks
    assert pregel.get_sync_graph_callback_manager_for_config is builder
    enable(record.logger)
    CHAIN.invoke(1)
    assert record.short() == ONE_RUN


def test_without_arguments_the_default_logger_records(record: Record) -> None:
    before = set_logger(record.logger)
    enable()
    CHAIN.invoke(1)
    AuditCallbackHandler()
    CHAIN.invoke(1, {"callbacks": [AuditCallbackHandler()]})
    set_logger(before)
    assert record.short() == ONE_RUN * 2


def agent(saver: Any = None) -> Any:
    model = Scripted(replies=[asks_for(call("search", "c1", query="x"), call("nope", "c2")), "done"])
    return create_agent(model, [search], name="clerk", checkpointer=saver)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_several_handlers_of_one_logger_record_once(record: Record, asynchronous: bool) -> None:
    question = {"messages": [("user", "go")]}
    enable(record.logger)
    config = {"callbacks": [record.handler, AuditCallbackHandler(record.logger)]}
    if asynchronous:
        await agent().ainvoke(question, config)
    else:
        agent().invoke(question, config)
    assert sorted(record.short()) == sorted(
        [
            ("agent.start", "agent.clerk"),
            ("llm.request", "llm.scripted-1"),
            ("llm.response", "success", "llm.scripted-1"),
            ("action.request", "tool.search", "c1"),
            ("action.request", "tool.nope", "c2"),
            ("tool.call", "tool.search", "c1"),
            ("tool.response", "success", "tool.search", "c1"),
            ("action.failed", "failure", "tool.nope", "c2"),
            ("llm.request", "llm.scripted-1"),
            ("llm.response", "success", "llm.scripted-1"),
            ("agent.stop", "success", "agent.clerk"),
        ]
    )


def test_handlers_of_two_loggers_record_each(record: Record) -> None:
    backend = MemoryAuditBackend()
    with AuditLogger(backend) as other:
        enable(other)
        CHAIN.invoke(1, {"callbacks": [record.handler]})
        assert len(backend.events()) == len(record.events) == 2


def test_threads_that_know_no_context(record: Record) -> None:
    enable(record.logger)
    threads = [threading.Thread(target=CHAIN.invoke, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(record.short()) == sorted(ONE_RUN * 8)
    assert len({e.trace_id for e in record.events}) == 8


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_breakpoints_are_seen_by_enable_as_well(record: Record, asynchronous: bool) -> None:
    enable(record.logger)
    graph = StateGraph(dict)
    graph.add_node("go", lambda state: state)
    graph.add_edge(START, "go")
    compiled = graph.compile(name="g", checkpointer=InMemorySaver(), interrupt_before=["go"])
    config: Any = {"configurable": {"thread_id": "t", "decided_by": "eve"}}
    for question in ({"a": 1}, None):
        if asynchronous:
            await compiled.ainvoke(question, config)
        else:
            compiled.invoke(question, config)
    checkpoint = record.one("permission.check").call_id
    assert record.short() == [
        ("agent.start", "agent.g"),
        ("permission.check", "interrupt", checkpoint),
        ("agent.stop", "suspended", "agent.g"),
        ("agent.start", "agent.g"),
        ("action.approved", "success", "interrupt", checkpoint),
        ("agent.stop", "success", "agent.g"),
    ]
    approved = record.one("action.approved")
    assert approved.metadata and approved.metadata["decided_by"] == "eve"


def test_run_under_way_when_disabled_gets_its_end(record: Record) -> None:
    enable(record.logger)
    RunnableLambda(lambda x: disable()).with_config(run_name="sums").invoke(1)
    assert record.short() == ONE_RUN


def test_a_bug_in_the_adapter_costs_no_result_and_no_end(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_audit_langchain.tools.tool_result", lambda *told: 1 / 0)
    assert search.invoke({"query": "x"}, {"callbacks": [record.handler]}) == "x"
    end = record.one("tool.response")
    assert (end.outcome, end.metadata) == ("unknown", {"unread": "on_tool_end: ZeroDivisionError"})


def test_an_interrupt_while_an_end_is_read_costs_no_end(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*told: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("agent_audit_langchain.tools.tool_result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search.invoke({"query": "x"}, {"callbacks": [record.handler]})
    end = record.one("tool.response")
    assert (end.outcome, end.metadata) == ("unknown", {"unread": "on_tool_end: KeyboardInterrupt"})


@pytest.fixture
def langsmith(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """LangSmith's tracing is on; what it posts goes to a server on this machine."""
    posted: list[str] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["content-length"])).decode(errors="replace"))
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LANGSMITH_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("LANGSMITH_API_KEY", "none")
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    for cached in (get_env_var, get_cached_client):
        getattr(cached, "cache_clear", lambda: None)()
    yield posted
    wait_for_all_tracers()
    get_env_var.cache_clear()
    server.shutdown()
    server.server_close()


def test_beside_the_tracing_of_langsmith_the_record_is_the_same(record: Record, langsmith: list[str]) -> None:
    """Within `traceable` LangChain tells a parent that only LangSmith knows; create_agent wraps middleware in it."""
    enable(record.logger)
    guarded = clerk(call("send", "c1", to="ann"), tools=[send], middleware=[human_in_the_loop()])
    config: Any = {"configurable": {"thread_id": "t"}, "metadata": {"user_id": "ann"}}
    traceable(lambda: guarded.invoke(QUESTION, config))()
    guarded.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config)
    wait_for_all_tracers()
    assert "clerk" in "".join(langsmith)
    about = "tool.send c1 {to:ann} (clerk/t/ann) < agent.clerk"
    assert (
        record.story()
        == [
            *begins("send c1 {to:ann}"),
            f"permission.check {about}",
            *stops("suspended"),
            "agent.start agent.clerk {resume:true} (clerk/t/ann) < -",
            f"action.approved success {about}",
            *called("send c1 {to:ann}"),
            *record.story()[-3:-2],  # the model is told the result, in words that differ between versions
            *ends()[-2:],
        ]
    )


@pytest.mark.parametrize("default", [False, True])
def test_run_under_way_when_another_logger_takes_over_gets_its_end_in_the_log_of_its_start(
    record: Record, default: bool
) -> None:
    other, before = Record(), set_logger(record.logger)

    @tool
    def switch(query: str) -> str:
        """Some library enables again, or exchanges the default logger."""
        if default:
            set_logger(other.logger)
        else:
            enable(other.logger)
        return "switched"

    enable(None if default else record.logger)
    model = Scripted(replies=[asks_for(call("switch", "c1", query="x")), "done"])
    create_agent(model, [switch], name="clerk").invoke({"messages": [("user", "go")]})
    assert record.short()[-3:] == [
        ("tool.call", "tool.switch", "c1"),
        ("tool.response", "success", "tool.switch", "c1"),
        ("agent.stop", "success", "agent.clerk"),
    ]
    assert other.short() == [("llm.request", "llm.scripted-1"), ("llm.response", "success", "llm.scripted-1")]
    set_logger(before)
    other.logger.close()


@pytest.mark.parametrize("for_process", [False, True])
def test_the_default_logger_is_the_one_of_now_as_in_each_test_that_captures(for_process: bool) -> None:
    handler = AuditCallbackHandler()
    if for_process:
        enable()
    for _ in range(2):
        with capture() as backend:
            CHAIN.invoke(1, {"callbacks": [] if for_process else [handler]})
            assert [short(event) for event in backend.events()] == ONE_RUN


def test_a_copy_of_a_handler_or_middleware_records_with_it_and_nothing_twice(record: Record) -> None:
    config = {"callbacks": [record.handler, AuditCallbackHandler(record.logger)]}
    CHAIN.invoke(1, config)  # type: ignore[arg-type]
    CHAIN.invoke(1, copy.deepcopy(config))  # type: ignore[arg-type]
    middleware = copy.deepcopy(AuditMiddleware(record.logger))
    model = Scripted(replies=[asks_for(call("search", "c1", query="tea")), "done"])
    agent = create_agent(model, [search], middleware=[middleware], name="clerk")
    agent.invoke({"messages": [("user", "go")]}, copy.deepcopy(config))  # type: ignore[arg-type]
    assert record.short()[:4] == 2 * ONE_RUN
    assert [told for told in record.short() if "tool.search" in told and told[0] != "action.request"] == [
        ("tool.call", "tool.search", "c1"),
        ("tool.response", "success", "tool.search", "c1"),
    ]


def test_a_handler_of_the_default_logger_can_be_sent_to_another_process_also_when_it_was_used() -> None:
    handler = AuditCallbackHandler(user_id="ann")
    with capture() as first:
        CHAIN.invoke(1, {"callbacks": [handler]})
        sent = pickle.dumps(handler)
    with capture() as second:  # as there: another default logger
        CHAIN.invoke(1, {"callbacks": [pickle.loads(sent)]})
    assert [short(event) for event in first.events()] == ONE_RUN
    assert [short(event) for event in second.events()] == ONE_RUN
    assert {event.user_id for event in second.events()} == {"ann"}
