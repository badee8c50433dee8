"""Every tool call that a model asks for has an outcome on record, also where no tool ran."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ToolCallLimitMiddleware, hook_config
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import InjectedToolCallId, tool
from langchain_record import Record, Scripted, asks_for, call, human_in_the_loop
from langchain_stories import QUESTION, clerk, config, search, send
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState
from langgraph.types import Command, Send
from pydantic import BaseModel

from agent_audit.analysis.pairing import unpaired
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware


class Total(BaseModel):
    """A total."""

    n: int


class Binding(Scripted):
    """Passes on what is bound to it, as models of providers do."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=tools, **kwargs)


def of_calls(record: Record) -> list[tuple[Any, ...]]:
    assert not unpaired(record.backend.events())
    return [line for line in record.short("llm.", "agent.", "error") if line[-1] in ("c1", "c2")]


def test_answer_in_the_form_of_a_tool_call(record: Record) -> None:
    agent = create_agent(
        Scripted(replies=[asks_for(call("Total", "c1", n=3))]), [], name="clerk", response_format=ToolStrategy(Total)
    )
    agent.invoke(QUESTION, config(record))
    assert of_calls(record) == [
        ("action.request", "tool.Total", "c1"),
        ("action.executed", "success", "tool.Total", "c1"),
    ]
    executed = record.one("action.executed")
    assert (executed.parameters, executed.metadata) == ({"n": 3}, {"answered_by": "the node that asked for it"})


@pytest.mark.skipif(version("langchain") < "1.4", reason="older ones do not say that the form is missing")
def test_an_answer_that_does_not_have_the_form_asked_for_has_failed(record: Record) -> None:
    replies = [asks_for(call("Total", "c1", n="many")), asks_for(call("Total", "c2", n=3))]
    agent = create_agent(Binding(replies=replies), [], name="clerk", response_format=ToolStrategy(Total))
    agent.invoke(QUESTION, config(record))
    assert of_calls(record) == [
        ("action.request", "tool.Total", "c1"),
        ("action.failed", "failure", "tool.Total", "c1"),
        ("action.request", "tool.Total", "c2"),
        ("action.executed", "success", "tool.Total", "c2"),
    ]


def test_structured_output_of_a_model(record: Record) -> None:
    model = Binding(replies=[asks_for(call("Total", "c1", n=3))]).with_structured_output(Total)
    assert model.invoke("how many?", {"callbacks": [record.handler]}) == Total(n=3)
    assert of_calls(record) == [
        ("action.request", "tool.Total", "c1"),
        ("action.executed", "success", "tool.Total", "c1"),
    ]
    executed = record.one("action.executed")
    assert (executed.parameters, executed.metadata) == ({"n": 3}, {"answered_by": "structured output, not a tool"})


def test_call_that_a_middleware_refuses_with_an_exception(record: Record) -> None:
    class Policy(AgentMiddleware[Any, Any, Any]):
        def wrap_tool_call(self, request: Any, handler: Any) -> Any:
            raise PermissionError("not today")

    with pytest.raises(PermissionError):
        clerk(call("send", "c1", to="x"), middleware=[Policy()]).invoke(QUESTION, config(record))
    assert of_calls(record) == [("action.request", "tool.send", "c1"), ("action.failed", "failure", "tool.send", "c1")]
    failed = record.one("action.failed")
    assert (failed.error_type, failed.error) == ("NotExecuted", "the run ended before")


class EndsIt(AgentMiddleware[Any, Any, Any]):
    @hook_config(can_jump_to=["end"])
    def after_model(self, state: Any, runtime: Any) -> Any:
        return {"messages": [AIMessage("I may not")], "jump_to": "end"}


class ReplacesIt(AgentMiddleware[Any, Any, Any]):
    def after_model(self, state: Any, runtime: Any) -> Any:
        return {"messages": [AIMessage("I may not", id=state["messages"][-1].id)]}


class AsksAgain(AgentMiddleware[Any, Any, Any]):
    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        answer = handler(request)
        return handler(request) if answer.result[-1].tool_calls else answer


@pytest.mark.parametrize("middleware", [EndsIt, ReplacesIt, AsksAgain])
def test_a_call_that_a_middleware_drops_was_not_executed(record: Record, middleware: Any) -> None:
    clerk(call("send", "c1", to="x"), middleware=[middleware()]).invoke(QUESTION, config(record))
    assert of_calls(record) == [
        ("action.request", "tool.send", "c1"),
        ("action.failed", "cancelled", "tool.send", "c1"),
    ]
    assert record.one("action.failed").error_type == "NotExecuted"
    assert unpaired(record.events) == []


def test_calls_left_over_when_an_agent_is_out_of_calls(record: Record) -> None:
    limit = ToolCallLimitMiddleware(run_limit=1, exit_behavior="error")
    calls = [call("send", "c1", to="x"), call("search", "c2", query="y")]
    with pytest.raises(Exception, match="limit"):
        clerk(*calls, tools=[send, search], middleware=[limit]).invoke(QUESTION, config(record))
    assert of_calls(record) == [
        ("action.request", "tool.send", "c1"),
        ("action.request", "tool.search", "c2"),
        ("action.failed", "failure", "tool.send", "c1"),
        ("action.failed", "failure", "tool.search", "c2"),
    ]


def test_stream_closed_between_model_and_tool(record: Record) -> None:
    stream = clerk(call("send", "c1", to="x")).stream(QUESTION, config(record))
    next(stream)
    stream.close()
    assert of_calls(record) == [
        ("action.request", "tool.send", "c1"),
        ("action.failed", "cancelled", "tool.send", "c1"),
    ]


def test_call_that_waits_for_an_answer_is_not_over(record: Record) -> None:
    clerk(call("send", "c1", to="x"), middleware=[human_in_the_loop()]).invoke(QUESTION, config(record))
    told = record.short("llm.", "agent.")
    assert told == [("action.request", "tool.send", "c1"), ("permission.check", "tool.send", "c1")]


def test_calls_that_an_inner_agent_has_executed_are_not_those_of_the_node_around_it(record: Record) -> None:
    """Nor are those of an earlier turn that a node hands on."""

    @tool(return_direct=True)
    def final(text: str) -> str:
        """Answer with it."""
        return text

    inner = clerk(call("final", "c1", text="x"), tools=[final])
    builder = StateGraph(MessagesState)
    builder.add_node("inner", inner.invoke)
    builder.add_node("hands_on", lambda state: {"messages": state["messages"]})
    builder.add_edge(START, "inner")
    builder.add_edge("inner", "hands_on")
    graph = builder.compile(name="outer", checkpointer=InMemorySaver())
    graph.invoke(QUESTION, config(record))
    assert of_calls(record) == [
        ("action.request", "tool.final", "c1"),
        ("tool.call", "tool.final", "c1"),
        ("tool.response", "success", "tool.final", "c1"),
    ]


def test_nothing_is_said_of_a_call_that_an_application_may_have_executed_itself(record: Record) -> None:
    def loop(question: str) -> None:
        Scripted(replies=[asks_for(call("send", "c1", to="x"))]).invoke(question)
        raise OSError("after it was sent by hand")

    with pytest.raises(OSError, match="by hand"):
        RunnableLambda(loop).with_config(run_name="loops").invoke("go", {"callbacks": [record.handler]})
    assert not record.of("action.failed", "action.executed")


def hands_over(to: Any) -> Any:
    """As the handoff tools of langgraph-swarm and langgraph-supervisor do: the whole conversation goes along."""

    @tool
    def transfer(
        state: Annotated[Any, InjectedState], tool_call_id: Annotated[str, InjectedToolCallId]
    ) -> Command[Any]:
        """Transfer."""
        said = [*state["messages"], ToolMessage("transferred", tool_call_id=tool_call_id)]
        return Command(goto=to(said), graph=Command.PARENT, update={"messages": said})

    return transfer


@pytest.mark.parametrize(
    "to", [lambda said: "alice", lambda said: [Send("alice", {"messages": said})]], ids=["name", "send"]
)
@pytest.mark.parametrize("is_strict", [False, True])
def test_a_handoff_after_a_failed_call_is_a_success_and_nothing_of_the_conversation_is_in_its_result(
    record: Record, to: Any, is_strict: bool
) -> None:
    @tool
    def look(x: int) -> str:
        """Look."""
        return "seen"

    handler = AuditCallbackHandler(record.logger, modifies={"transfer"})
    bob = create_agent(
        Scripted(replies=[asks_for(call("look", "c1", x="NaN")), asks_for(call("transfer", "c2"))]),
        [look, hands_over(to)],
        name="bob",
        middleware=[AuditMiddleware(record.logger)] if is_strict else [],
    )
    alice = create_agent(Scripted(replies=["hello"]), [look], name="alice")
    graph = StateGraph(MessagesState)
    graph.add_node("bob", bob)
    graph.add_node("alice", alice)
    graph.add_edge(START, "bob")
    graph.compile(name="swarm").invoke({"messages": [("user", "go")]}, {"callbacks": [handler]})  # type: ignore[arg-type]
    failed, handed = record.of("tool.response")
    assert (failed.outcome, handed.outcome) == ("failure", "success")
    assert handed.result == {"goto": "alice", "messages": ["transferred"]}
    assert record.one("data.modify").call_id == "c2"
    assert record.one("agent.handoff").resource == "alice"


def test_a_tool_that_returns_several_answers_and_says_in_its_own_that_it_failed_has_failed(record: Record) -> None:
    @tool
    def move(x: int, tool_call_id: Annotated[str, InjectedToolCallId]) -> list[Any]:
        """Move."""
        answer = ToolMessage("nothing moved", tool_call_id=tool_call_id, status="error")
        return [Command(update={"messages": [answer]}), Command(update={})]

    agent = create_agent(Scripted(replies=[asks_for(call("move", "c1", x=1)), "done"]), [move], name="a")
    handler = AuditCallbackHandler(record.logger, modifies={"move"})
    agent.invoke({"messages": [("user", "go")]}, {"callbacks": [handler]})
    assert record.one("tool.response").outcome == "failure"
    assert record.one("tool.response").result == {"messages": ["nothing moved"]}
    assert not record.of("data.modify")


BLOCKS = [{"type": "text", "text": "no such"}, {"type": "image", "url": "x"}, {"type": "text", "text": "account"}]


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize(("content", "words"), [("no", "no"), (BLOCKS, "no such\naccount")], ids=["text", "blocks"])
@pytest.mark.parametrize("in_command", [False, True])
def test_what_a_tool_says_went_wrong_is_its_error_in_words(
    record: Record, content: Any, words: str, is_strict: bool, in_command: bool
) -> None:
    @tool
    def pay(x: int, tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """Pay."""
        answer = ToolMessage(content, tool_call_id=tool_call_id, status="error")
        return Command(update={"messages": [answer]}) if in_command else answer

    model = Scripted(replies=[asks_for(call("pay", "c1", x=1)), "done"])
    strict = [AuditMiddleware(record.logger)] if is_strict else []
    agent = create_agent(model, [pay], name="a", middleware=strict)
    agent.invoke({"messages": [("user", "go")]}, None if is_strict else {"callbacks": [record.handler]})
    failed = record.one("tool.response")
    assert (failed.error, failed.error_type) == (words, "ToolError")
    assert failed.result == ({"messages": [content]} if in_command else content)
