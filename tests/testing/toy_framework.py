"""An agent framework as small as can be, to try out adapters on: see docs/writing-an-adapter.md."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any

__version__ = "1.0"

listeners: list[Any] = []
"""Whoever wants to be told: objects with the methods that `_tell` names."""

_ids = count()
_current: ContextVar[int | None] = ContextVar("toy_run", default=None)

Call = tuple[str, dict[str, Any], str]
"""Name, arguments and id."""


def _tell(hook: str, run_id: int, **facts: Any) -> None:
    for listener in list(listeners):
        getattr(listener, hook)(run_id, **facts)


class Waiting(Exception):
    """The run has stopped, for somebody has to allow some of the calls that its model asks for."""

    def __init__(self, calls: Sequence[Call], in_question: Sequence[str], about: Mapping[str, Any]) -> None:
        super().__init__(f"waiting for {', '.join(in_question)}")
        self.calls = calls
        self.in_question = in_question
        self.about = about


class Agent:
    """Asks its model, carries out the calls it asks for, until there is an answer."""

    def __init__(
        self,
        name: str,
        model: Callable[[], tuple[Any, Any]],
        tools: Mapping[str, Callable[..., Any]],
        gated: Collection[str] = (),
    ) -> None:
        self.name = name
        self._model = model
        self._tools = tools
        self._gated = gated
        """Tools that a human has to allow."""

    async def run(self, question: str, **about: Any) -> str:
        """Answer a question. `about` is passed on to whoever listens: `thread`, `user`.

        Raises:
            Waiting: until `resume`.
        """
        return [text async for text in self.stream(question, **about)][-1]

    async def resume(self, waiting: Waiting, decisions: Mapping[str, bool]) -> str:
        """Go on with a run that waits, now that each call in question is allowed or not."""
        return [text async for text in self._run(waiting, decisions, waiting.about)][-1]

    def stream(self, question: str, **about: Any) -> AsyncGenerator[str, None]:
        """The same as `run`, bit by bit; it may be closed before its end."""
        return self._run(question, {}, about)

    async def _run(
        self, goes_on: Any, decisions: Mapping[str, bool], about: Mapping[str, Any]
    ) -> AsyncGenerator[str, None]:
        run_id, parent = next(_ids), _current.get()
        _tell("agent_starts", run_id, parent=parent, name=self.name, about=dict(about))
        said: str | None = None
        try:
            message = goes_on
            if isinstance(goes_on, Waiting):
                for name, arguments, call_id in goes_on.calls:
                    if call_id in decisions:
                        facts = {"name": name, "arguments": arguments, "call_id": call_id}
                        _tell("human_decides", run_id, allowed=decisions[call_id], **facts)
                message = await self._carry_out_all(run_id, goes_on.calls, decisions)
            while said is None:
                yield "..."
                answer = self._ask_model(run_id, message)
                if isinstance(answer, str):
                    said = answer
                    break
                self._ask_human(run_id, answer, about)
                message = await self._carry_out_all(run_id, answer, {})
        except BaseException as error:
            _tell("agent_ends", run_id, answer=None, error=error)
            raise
        _tell("agent_ends", run_id, answer=said, error=None)
        yield said

    def _ask_model(self, agent_id: int, message: Any) -> str | Sequence[Call]:
        run_id = next(_ids)
        _tell("model_starts", run_id, parent=agent_id, model="toy-1", message=message)
        try:
            said, tokens = self._model()
        except Exception as error:
            _tell("model_ends", run_id, said=None, tokens=None, error=error)
            raise
        _tell("model_ends", run_id, said=said, tokens=tokens, error=None)
        return said  # type: ignore[no-any-return]

    def _ask_human(self, agent_id: int, calls: Sequence[Call], about: Mapping[str, Any]) -> None:
        gated = [call for call in calls if call[0] in self._gated]
        for name, arguments, call_id in gated:
            _tell("human_asked", agent_id, name=name, arguments=arguments, call_id=call_id)
        if gated:
            raise Waiting(calls, [call_id for _, _, call_id in gated], about)

    async def _carry_out_all(self, agent_id: int, calls: Sequence[Call], decisions: Mapping[str, bool]) -> list[str]:
        return await asyncio.gather(
            *(self._carry_out(agent_id, *call, allowed=decisions.get(call[2], True)) for call in calls)
        )

    async def _carry_out(
        self, agent_id: int, name: str, arguments: dict[str, Any], call_id: str, *, allowed: bool
    ) -> str:
        tool = self._tools.get(name)
        if tool is None:
            _tell("tool_unknown", agent_id, name=name, call_id=call_id)
            return f"there is no tool {name}"
        if not allowed:
            return "you may not"
        run_id = next(_ids)
        _tell("tool_starts", run_id, parent=agent_id, name=name, arguments=arguments, call_id=call_id)
        token = _current.set(run_id)
        try:
            for parameter, kind in inspect.signature(tool, eval_str=True).parameters.items():
                if kind.annotation is int and not isinstance(arguments[parameter], int):
                    raise TypeError(f"{parameter} is no int")
            result = tool(**arguments)
            result = await result if inspect.isawaitable(result) else result
        except BaseException as error:
            _tell("tool_ends", run_id, result=None, error=error)
            if not isinstance(error, Exception):
                raise
            return "that did not work"  # like most frameworks: the model is told, the run goes on
        finally:
            _current.reset(token)
        _tell("tool_ends", run_id, result=result, error=None)
        return str(result)
