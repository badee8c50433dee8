"""Secrets through every hook of the LangChain adapter."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.callbacks import BaseCallbackHandler, CallbackManagerForChainRun
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware
from tests.canaries.conftest import Cage


class Model(GenericFakeChatModel):
    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


def model(*replies: Any) -> Model:
    return Model(messages=iter(replies))


def asks(name: str, call_id: str, **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name=name, args=args, id=call_id, type="tool_call")])


def watched(cage: Cage, seen: set[str]) -> AuditCallbackHandler:
    """The handler, with a note of each hook that was called."""

    def noting(name: str) -> Any:
        def hook(self: Any, *args: Any, **kwargs: Any) -> Any:
            seen.add(name)
            return getattr(AuditCallbackHandler, name)(self, *args, **kwargs)

        return hook

    return type("Watched", (AuditCallbackHandler,), {name: noting(name) for name in HOOKS})(cage.logger)


HOOKS = [
    name
    for name in dir(AuditCallbackHandler)
    if name.startswith("on_")
    and getattr(AuditCallbackHandler, name) is not getattr(BaseCallbackHandler, name, None)
    and any(name in vars(part) and part.__module__.startswith("agent_audit") for part in AuditCallbackHandler.__mro__)
]


def test_no_hook_lets_a_secret_in(cage: Cage) -> None:
    seen: set[str] = set()
    handler = watched(cage, seen)
    config: dict[str, Any] = {
        "callbacks": [handler],
        "tags": [cage.canaries.token("tag")],
        "metadata": {"note": cage.canaries.token("metadata"), "user_id": cage.canaries.token("user")},
    }
    chains_and_models(cage, config)
    tools_and_retrievers(cage, config)
    humans(cage, config)
    assert seen >= {name for name in HOOKS if name not in ("on_graph_settings", "on_interrupt", "on_resume")}
    cage.check()


def chains_and_models(cage: Cage, config: Any) -> None:
    text = cage.canaries.text
    RunnableLambda(lambda x: text("chain-output")).invoke(text("chain-input"), config)

    def broken(x: Any) -> Any:
        try:
            raise KeyError(text("cause", recorded=False))
        except KeyError as error:
            raise ValueError(text("chain-error")) from error

    with pytest.raises(ValueError, match="chain-error"):
        RunnableLambda(broken).invoke("x", config)
    model(AIMessage(text("chat-answer"))).invoke([("system", text("system")), ("user", text("question"))], config)
    FakeListLLM(responses=[text("completion")]).invoke(text("prompt"), config)

    class Broken(Model):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError(text("model-error"))

    with pytest.raises(RuntimeError):
        Broken(messages=iter(())).invoke("x", config)


def tools_and_retrievers(cage: Cage, config: Any) -> None:
    text, value = cage.canaries.text, cage.canaries.value

    @tool
    def look(query: str, password: str) -> str:
        """Look."""
        return text("tool-output")

    @tool
    def fail(query: str) -> str:
        """Fail."""
        raise OSError(text("tool-error"))

    class Library(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            if "broken" in query:
                raise OSError(text("retriever-error"))
            return [Document(text("document"), metadata={"source": text("source"), "api_key": value("source")})]

    look.invoke({"query": text("tool-input"), "password": value("tool-input")}, config)
    with pytest.raises(OSError, match="tool-error"):
        fail.invoke({"query": "x"}, config)

    def executes(asked: Any, run_manager: CallbackManagerForChainRun) -> None:  # as `AgentExecutor` does
        given = {"query": text("action-input"), "password": value("action-input")}
        told: Any = {"tool": "look", "tool_input": given, "log": "", "tool_call_id": "c0"}
        run_manager.on_agent_action(SimpleNamespace(**told))  # type: ignore[arg-type]  # classic's has more
        look.run(given, callbacks=run_manager.get_child())

    RunnableLambda(executes).invoke("x", config)
    Library().invoke(text("search"), config)
    with pytest.raises(OSError, match="retriever-error"):
        Library().invoke("broken", config)

    agent = create_agent(
        model(asks("look", "c1", query=text("asked"), password=value("asked")), AIMessage(text("final"))),
        [look],
        name="a",
        middleware=[AuditMiddleware(cage.logger)],
    )
    agent.invoke({"messages": [("user", text("agent-input"))]}, config)


def humans(cage: Cage, config: Any) -> None:
    text = cage.canaries.text

    @tool
    def send(to: str) -> str:
        """Send."""
        return text("sent-" + str(len(cage.canaries.places)))

    decisions = [
        {"type": "approve"},
        {"type": "edit", "edited_action": {"name": "send", "args": {"to": text("edited")}}},
        {"type": "reject", "message": text("rejection")},
    ]
    for number, decision in enumerate(decisions):
        agent = create_agent(
            model(asks("send", f"h{number}", to=text(f"wanted-{number}")), AIMessage("done")),
            [send],
            name="b",
            checkpointer=InMemorySaver(),
            middleware=[HumanInTheLoopMiddleware({"send": True})],
        )
        thread = {**config, "configurable": {"thread_id": f"t{number}"}}
        agent.invoke({"messages": [("user", "go")]}, thread)
        agent.invoke(Command(resume={"decisions": [decision]}), thread)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before Python 3.11 LangGraph hands no callbacks on")
async def test_no_hook_lets_a_secret_in_when_everything_is_async(cage: Cage) -> None:
    text = cage.canaries.text

    @tool
    async def look(query: str) -> str:
        """Look."""
        raise OSError(text("tool-error"))

    agent = create_agent(
        model(asks("look", "c1", query=text("asked"))), [look], middleware=[AuditMiddleware(cage.logger)]
    )
    with pytest.raises(OSError, match="tool-error"):
        await agent.ainvoke({"messages": [("user", text("input"))]}, {"callbacks": [AuditCallbackHandler(cage.logger)]})
    cage.check()
