"""Secrets sent through every hook of LangChain: none is in the log."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agent_audit import AuditLogger
from agent_audit_langchain import AuditCallbackHandler

from .canary import EVERYTHING_KEPT, Canaries, found_in, logger_in


class Model(GenericFakeChatModel):
    def bind_tools(self, tools: Any, **kwargs: Any) -> Model:
        return self


class Shelf(BaseRetriever):
    text: str

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if query.startswith("break"):
            raise OSError(f"shelf is locked, {self.text}")
        return [Document(self.text, metadata={"source": self.text})]


def an_agent(canary: Canaries, logger: AuditLogger) -> None:
    """A run with a question, a tool, a human's answer and an error; everything that can carry a text carries one."""

    @tool
    def pay(to: str) -> str:
        """Pay."""
        return f"paid with {canary('tool output')}"

    @tool
    def fail(to: str) -> str:
        """Fail."""
        raise OSError(f"refused: {canary('exception')}") from ValueError(canary("cause"))

    asks = AIMessage(
        "", tool_calls=[ToolCall(name="pay", args={"to": canary("tool argument")}, id="c1", type="tool_call")]
    )
    fails = AIMessage("", tool_calls=[ToolCall(name="fail", args={"to": "x"}, id="c2", type="tool_call")])
    model = Model(messages=iter([asks, AIMessage(canary("model output")), fails]))
    agent = create_agent(
        model,
        [pay, fail],
        name="a",
        system_prompt=canary("system prompt"),
        checkpointer=InMemorySaver(),
        middleware=[HumanInTheLoopMiddleware({"pay": True})],
    )
    config: Any = {
        "callbacks": [AuditCallbackHandler(logger)],
        "configurable": {"thread_id": "t"},
        "metadata": {"note": canary("metadata")},
        "tags": [canary("tag")],
    }
    agent.invoke({"messages": [("user", canary("question"))]}, config)
    edited = {"name": "pay", "args": {"to": canary("edited argument")}}
    agent.invoke(Command(resume={"decisions": [{"type": "edit", "edited_action": edited}]}), config)
    with pytest.raises(OSError, match="refused"):
        agent.invoke({"messages": [("user", "again")]}, config)


def a_shelf(canary: Canaries, logger: AuditLogger) -> None:
    config: Any = {"callbacks": [AuditCallbackHandler(logger)]}
    Shelf(text=canary("document")).invoke(canary("search"), config)
    with pytest.raises(OSError, match="locked"):
        Shelf(text=canary("retriever error")).invoke("break", config)


def hooks_alone(canary: Canaries, logger: AuditLogger) -> None:
    """Hooks as old integrations call them: completions, names and errors that no agent above sends."""
    handler = AuditCallbackHandler(logger)
    one, two, three = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    handler.on_llm_start({"name": "old"}, [canary("prompt")], run_id=one)
    handler.on_llm_error(RuntimeError(canary("model error")), run_id=one)
    handler.on_tool_start({"name": canary("tool name")}, canary("tool input"), run_id=two)
    handler.on_tool_error(KeyError(canary("tool error")), run_id=two)
    handler.on_chain_start({"name": "c"}, {"input": canary("chain input")}, run_id=three, name="c")
    handler.on_chain_error(RuntimeError(canary("chain error")), run_id=three)


# What the adapter does not put into any event: nothing of it may be in the log either.
NOT_RECORDED = {"cause", "tag", "metadata"}


@pytest.mark.parametrize("act", [an_agent, a_shelf, hooks_alone])
def test_no_secret_that_langchain_carries_is_in_the_log(act: Any, tmp_path: Path) -> None:
    found = {}
    for name, config in (("kept", EVERYTHING_KEPT), ("redacted", None)):
        canary = Canaries()
        with logger_in(tmp_path / name, config) as logger:
            act(canary, logger)
        found[name] = found_in(tmp_path / name, canary)
    # Without redaction they are there: the test looks where they go.
    assert found["kept"] >= canary.sent.keys() - NOT_RECORDED
    assert found["redacted"] == set()
