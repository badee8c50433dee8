"""Random agents. Their models, tools and approvers write down themselves what happens: a truth beside the record."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, HumanInTheLoopMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.errors import GraphBubbleUp
from langgraph.types import interrupt

from agent_audit import MemoryAuditBackend
from agent_audit_langchain import AuditMiddleware

HAS_TASK_CONTEXT = sys.version_info >= (3, 11)
"""Before, LangGraph hands no callbacks to what async nodes call."""


class Boom(Exception):
    """What goes wrong in a plan."""


@dataclass
class PlannedCall:
    """A tool call that a model asks for, and what its tool does."""

    kind: str
    inner: Plan | None = None
    decision: str = "approve"
    call_id: str = ""


@dataclass
class Plan:
    """An agent: what its model asks for in each turn, and how it ends."""

    turns: list[list[PlannedCall]]
    fails: bool
    middleware: str
    name: str = ""

    def calls(self) -> Iterator[PlannedCall]:
        return (call for turn in self.turns for call in turn)

    def all(self) -> Iterator[Plan]:
        """This one and those inside."""
        yield self
        for call in self.calls():
            if call.inner is not None:
                yield from call.inner.all()

    def numbered(self, numbers: Iterator[int]) -> Plan:
        """Everything in it gets a name of its own."""
        self.name = f"agent{next(numbers)}"
        for call in self.calls():
            call.call_id = f"c{next(numbers)}"
            if call.inner is not None:
                call.inner.numbered(numbers)
        return self


@st.composite
def plans(draw: Any, kinds: tuple[str, ...], depth: int = 1) -> Plan:
    def planned() -> PlannedCall:
        kind = draw(st.sampled_from((*kinds, "nested") if depth else kinds))
        decision = draw(st.sampled_from(["approve", "edit", "reject", "respond"]))
        return PlannedCall(kind, draw(plans(kinds, depth - 1)) if kind == "nested" else None, decision)

    turns = [[planned() for _ in range(draw(st.integers(1, 3)))] for _ in range(draw(st.integers(0, 2)))]
    middleware = draw(st.sampled_from(["none", "audit", "catches", "catches"]))
    return Plan(turns, draw(st.integers(0, 5)) == 5, middleware)


@dataclass
class Happening:
    """Something that has happened, and how many events were on record just then."""

    what: str
    key: str
    recorded: int
    arguments: Any = None
    ended: str | None = None
    """How the body of a tool has ended; None: it has not."""


@dataclass
class Truth:
    """What has happened, written down by those to whom it did."""

    backend: MemoryAuditBackend
    happened: list[Happening] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def note(self, what: str, key: str, arguments: Any = None) -> Happening:
        with self.lock:
            self.happened.append(Happening(what, key, len(self.backend.events()), arguments))
            return self.happened[-1]

    def of(self, what: str, key: str) -> list[Happening]:
        return [one for one in self.happened if (one.what, one.key) == (what, key)]


class PlannedModel(BaseChatModel):
    """Says what its plan wants said at this point of a conversation."""

    plan: Any
    truth: Any

    @property
    def _llm_type(self) -> str:
        return "planned"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return {"ls_provider": "tests", "ls_model_name": self.plan.name, "ls_model_type": "chat"}

    def bind_tools(self, tools: Any, **kwargs: Any) -> PlannedModel:
        return self

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        turn = sum(isinstance(message, AIMessage) for message in messages)
        self.truth.note("model", self.plan.name)
        if turn < len(self.plan.turns):
            calls = [_tool_call(call) for call in self.plan.turns[turn]]
            return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=calls))])
        if self.plan.fails:
            raise Boom(self.plan.name)
        return ChatResult(generations=[ChatGeneration(message=AIMessage("done"))])

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        await asyncio.sleep(0)
        return self._generate(messages)


def _tool_call(call: PlannedCall) -> Any:
    name = "nobody_knows" if call.kind == "unknown" else call.call_id
    arguments = {"other": 1} if call.kind == "malformed" else {"x": call.call_id}
    return {"name": name, "args": arguments, "id": call.call_id, "type": "tool_call"}


class Catches(AgentMiddleware[Any, Any, Any]):
    """Tells the model what a tool has raised, in place of failing."""

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        try:
            return handler(request)
        except GraphBubbleUp:
            raise
        except Exception as error:
            return self._told(request, error)

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        try:
            return await handler(request)
        except GraphBubbleUp:
            raise
        except Exception as error:
            return self._told(request, error)

    def _told(self, request: Any, error: Exception) -> ToolMessage:
        return ToolMessage(str(error), tool_call_id=request.tool_call["id"], status="error")


class Builder:
    """Makes real agents of plans.

    Args:
        truth: where they write.
        logger: of the agents' own `AuditMiddleware`.
        asynchronous: whether the tools are coroutines.
    """

    def __init__(self, truth: Truth, logger: Any, *, asynchronous: bool) -> None:
        self.truth = truth
        self.logger = logger
        self.asynchronous = asynchronous

    def agent(self, plan: Plan, **settings: Any) -> Any:
        tools = [self._tool(call) for call in plan.calls() if call.kind != "unknown"]
        guarded = {call.call_id: True for call in plan.calls() if call.kind == "guarded"}
        middleware: list[Any] = [HumanInTheLoopMiddleware(guarded)] if guarded else []
        if plan.middleware == "catches":
            middleware.append(Catches())
        if plan.middleware == "audit":
            middleware.append(AuditMiddleware(self.logger))
        model = PlannedModel(plan=plan, truth=self.truth)
        return create_agent(model, tools, name=plan.name, middleware=middleware, **settings)

    def _tool(self, call: PlannedCall) -> BaseTool:
        inner = None if call.inner is None else self.agent(call.inner)
        question = {"messages": [("user", "go")]}

        def act(x: str) -> Any:
            """Act."""
            body = self.truth.note("body", call.call_id, {"x": x})
            return self._acts(call, body, lambda: inner and inner.invoke(question))

        async def act_later(x: str) -> Any:
            """Act."""
            body = self.truth.note("body", call.call_id, {"x": x})
            try:
                await asyncio.sleep(0)
                if inner is not None:
                    await inner.ainvoke(question)
            except BaseException as error:
                body.ended = _how(error)
                raise
            return self._acts(call, body, lambda: None)

        of = {"func": None, "coroutine": act_later} if self.asynchronous else {"func": act}
        return StructuredTool.from_function(
            name=call.call_id, description="Act.", handle_tool_error=call.kind == "tells", **of
        )

    def _acts(self, call: PlannedCall, body: Happening, first: Any) -> Any:
        try:
            first()
            if call.kind == "asks":
                interrupt({"ask": call.call_id})
            if call.kind == "raises":
                raise Boom(call.call_id)
            if call.kind == "tells":
                raise ToolException(call.call_id)
        except BaseException as error:
            body.ended = _how(error)
            raise
        if call.kind == "refuses":
            body.ended = "failure"
            return ToolMessage("no", tool_call_id=call.call_id, status="error")
        body.ended = "success"
        return f"did {call.call_id}"


def _how(error: BaseException) -> str:
    if isinstance(error, GraphBubbleUp):
        return "suspended"
    return "failure" if isinstance(error, Exception) else "cancelled"


def ways(bodies: list[Happening]) -> Counter[str | None]:
    """How often bodies have ended in which way."""
    return Counter(body.ended for body in bodies)


def numbered(plan: Plan) -> Plan:
    return plan.numbered(count(1))
