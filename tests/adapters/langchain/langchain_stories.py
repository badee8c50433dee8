"""What the tests of situations share: an agent, its tools, and the lines that most stories have.

A line is `type [outcome] action [call id] [parameters] (agent/session/user) < operation it ran under`.
"""

from __future__ import annotations

import inspect
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, ToolException, tool
from langchain_record import Record, Scripted, asks_for
from langgraph.checkpoint.memory import InMemorySaver

QUESTION = {"messages": [("user", "go")]}

STOPPED = "cancelled" if "except BaseException" in inspect.getsource(BaseTool.run) else "unknown"
"""What is told of a tool that was cancelled: by some langchain-core before 1.8 nothing, and the record says so."""


def config(record: Record, **more: Any) -> Any:
    """Conversation t, on behalf of ann."""
    who = {"metadata": {"user_id": "ann"}, "configurable": {"thread_id": "t"}}
    return {"callbacks": [record.handler], **who, **more}


@tool
def search(query: str) -> str:
    """Search."""
    return f"found {query}"


@tool
async def search_async(query: str) -> str:
    """Search."""
    return f"found {query}"


@tool
def fail(query: str) -> str:
    """Fail."""
    raise OSError(f"no {query}")


@tool
def polite(query: str) -> str:
    """Fail politely."""
    raise ToolException("cannot")


polite.handle_tool_error = True


@tool
def says_no(query: str) -> Any:
    """Answer with an error."""
    return ToolMessage("no", tool_call_id="c1", status="error")


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
def send(to: str) -> str:
    """Send."""
    return f"sent to {to}"


TOOLS = [search, search_async, fail, polite, says_no, add, send]


def clerk(*calls: Any, tools: Any = None, **options: Any) -> Any:
    """An agent that asks for these calls at once and is done after them."""
    model = Scripted(replies=[asks_for(*calls), "done"])
    return create_agent(model, tools or TOOLS, name="clerk", checkpointer=InMemorySaver(), **options)


WHO = "(clerk/t/ann)"


def lines(text: str) -> list[str]:
    """The lines of a story; `@` stands for the usual identity."""
    return [line.strip().replace("@", WHO) for line in text.strip().splitlines()]


def begins(*requests: str) -> list[str]:
    """The clerk starts, and its model asks for tools."""
    return lines(
        """
        agent.start agent.clerk {messages:[[user,go]]} @ < -
        llm.request llm.scripted-1 {messages:[{role:user,content:go}]} @ < agent.clerk
        llm.response success llm.scripted-1 @ < agent.clerk
        """
    ) + [f"action.request tool.{request} {WHO} < llm.scripted-1" for request in requests]


def called(request: str, outcome: str = "success") -> list[str]:
    """A tool is called for the clerk: `name call_id {arguments}`."""
    name, call_id, *_ = request.split(" ")
    return [
        f"tool.call tool.{request} {WHO} < agent.clerk",
        f"tool.response {outcome} tool.{name} {call_id} {WHO} < agent.clerk",
    ]


def ends(*told: str) -> list[str]:
    """The model is told the results, `tool call_id: text`, and the clerk is done."""
    results = [result.replace(": ", " ", 1).split(" ", 2) for result in told]
    messages = ",".join(
        f"{{role:tool,content:{text},call_id:{call_id},name:{name}}}" for name, call_id, text in results
    )
    return lines(
        f"""
        llm.request llm.scripted-1 {{messages:[{messages}]}} @ < agent.clerk
        llm.response success llm.scripted-1 @ < agent.clerk
        agent.stop success agent.clerk @ < -
        """
    )


def stops(outcome: str) -> list[str]:
    """The clerk stops otherwise."""
    return [f"agent.stop {outcome} agent.clerk {WHO} < -"]
