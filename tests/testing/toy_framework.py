"""An agent framework as small as can be, to try out adapters on: see docs/writing-an-adapter.md."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any

__version__ = "1.0"

listeners: list[Any] = []
"""Whoever wants to be told: objects with the methods that `_tell` names."""

_ids = count()
_current: ContextVar[int | None] = ContextVar("toy_run", default=None)


def _tell(hook: str, run_id: int, **facts: Any) -> None:
    for listener in list(listeners):
        getattr(listener, hook)(run_id, **facts)


class Agent:
    """Asks its model, carries out the calls it asks for, until there is an answer."""

    def __init__(
        self,
        name: str,
        model: Callable[[], Any],
        tools: Mapping[str, Callable[..., Any]],
        ask_human: Callable[[str], bool | None],
    ) -> None:
        self.name = name
        self._model = model
        self._tools = tools
        self._ask_human = ask_human

    async def run(self, question: str, **about: Any) -> str:
        """Answer a question. `about` is passed on to whoever listens: `thread`, `user`."""
        run_id, parent = next(_ids), _current.get()
        _tell("agent_starts", run_id, parent=parent, name=self.name, about=about)
        token = _current.set(run_id)
        try:
            answer = await self._loop(run_id, question)
        except BaseException as error:
            _tell("agent_ends", run_id, answer=None, error=error)
            raise
        finally:
            _current.reset(token)
        _tell("agent_ends", run_id, answer=answer, error=None)
        return answer

    async def _loop(self, agent_id: int, question: str) -> str:
        message: Any = question
        while True:
            said = self._ask_model(agent_id, message)
            if isinstance(said, str):
                return said
            message = await asyncio.gather(*(self._carry_out(agent_id, *call) for call in said))

    def _ask_model(self, agent_id: int, message: Any) -> str | Sequence[tuple[str, dict[str, Any], str]]:
        run_id = next(_ids)
        _tell("model_starts", run_id, parent=agent_id, model="toy-1", message=message)
        try:
            said = self._model()
        except Exception as error:
            _tell("model_ends", run_id, said=None, error=error)
            raise
        _tell("model_ends", run_id, said=said, error=None)
        return said  # type: ignore[no-any-return]

    async def _carry_out(self, agent_id: int, name: str, arguments: dict[str, Any], call_id: str) -> str:
        tool = self._tools.get(name)
        if tool is None:
            _tell("tool_unknown", agent_id, name=name, call_id=call_id)
            return f"there is no tool {name}"
        if (allowed := self._ask_human(call_id)) is not None:
            _tell("human_decides", agent_id, name=name, arguments=arguments, call_id=call_id, allowed=allowed)
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
