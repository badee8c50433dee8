"""A middleware in front of every tool of a `create_agent` agent: no record, no call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from agent_audit import (
    ActionRequest,
    AuditEventType,
    AuditLogger,
    ContextReader,
    Modifies,
    Outcome,
    Run,
    after_the_fact,
    held,
)
from agent_audit_langchain.beginnings import Beginning
from agent_audit_langchain.graph import Command, GraphInterrupt
from agent_audit_langchain.hooks import Hooks
from agent_audit_langchain.identity import in_context
from agent_audit_langchain.messages import UNKNOWN_TOOL_TEXT, tool_result, verdict
from agent_audit_langchain.talks import call_answered
from agent_audit_langchain.tools import call_begun

log = logging.getLogger(__name__)

ToolAnswer = ToolMessage | Command[Any]


class AuditMiddleware(AgentMiddleware[Any, Any, Any]):
    """Records `tool.call` before the tool runs and `tool.response` after it, also for tools that do not exist.

    With a fail-closed logger a call that cannot be recorded does not happen. Put it last in `middleware=[...]`:
    there it sees the calls as they are executed, after others have approved, changed or refused them. Together
    with `AuditCallbackHandler` or `enable()` nothing is recorded twice; alone it records tools only.

    Args:
        logger, agent_id, user_id, session_id, context, modifies: as in `AuditCallbackHandler`.
    """

    def __init__(
        self,
        logger: AuditLogger | None = None,
        *,
        agent_id: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        context: ContextReader | None = None,
        modifies: Modifies = (),
    ) -> None:
        super().__init__()
        self._calls = _Calls(
            logger,
            agent_id=agent_id,
            user_id=user_id,
            session_id=session_id,
            context=context,
            modifies=modifies,
        )

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], ToolAnswer]) -> ToolAnswer:
        """Record, call, record."""
        run = self._calls.begin(request)
        try:
            with held(call_begun, run or call_begun.get()):
                answer = handler(request)
        except BaseException as error:
            self._calls.failed(run, error)
            raise
        self._calls.returned(run, answer, known=request.tool is not None)
        return answer

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Awaitable[ToolAnswer]]) -> ToolAnswer:
        """The same; every wait for the log happens off the loop."""
        beginning = Beginning()
        try:
            run = await asyncio.to_thread(self._calls.begin_unless_given_up, request, beginning)
        except (asyncio.CancelledError, GeneratorExit) as stop:
            beginning.give_up(stop)
            raise
        try:
            with held(call_begun, run or call_begun.get()):
                answer = await handler(request)
        except BaseException as error:
            stopped = isinstance(error, (asyncio.CancelledError, GeneratorExit))
            goes_on = stopped and not _is_async(request.tool)
            if _left_behind(error):
                self._calls.failed(run, error, goes_on=goes_on)
            else:
                await asyncio.shield(asyncio.to_thread(self._calls.failed, run, error, goes_on=goes_on))
            raise
        await asyncio.shield(asyncio.to_thread(self._calls.returned, run, answer, known=request.tool is not None))
        return answer


class _Calls(Hooks):
    """Tool calls as the middleware sees them."""

    def begin(self, request: Any) -> Run | None:
        """None: not recorded, and the call goes on, for the logger does not fail closed."""
        try:
            return self._begin(request)
        except Exception:
            if self.fails_closed():
                raise
            log.warning("the audit middleware could not record a tool call", exc_info=True)
            return None

    def begin_unless_given_up(self, request: Any, beginning: Beginning) -> Run | None:
        if beginning.given_up:
            return None
        run = self.begin(request)
        if run is not None:
            beginning.began(partial(self.abandoned, run))
        return run

    def _begin(self, request: Any) -> Run:
        call = request.tool_call
        config: Mapping[str, Any] = getattr(request.runtime, "config", None) or {}
        parent_key = getattr(config.get("callbacks"), "parent_run_id", None)
        asked = ActionRequest(f"tool.{call['name']}", call["args"], call["id"])
        parent = self._tracker.get(parent_key)
        tool = request.tool
        self.recording.approvals.before_effect(parent)
        run = self._tracker.start(
            AuditEventType.TOOL_CALL,
            object(),
            parent=parent,
            hook="wrap_tool_call",
            **asked.fields,
            metadata=self._facts(parent, asked, getattr(tool, "description", None), tool),
            **self._identity(parent, request.runtime, config),
        )
        run.state.update(
            request=asked, tool=tool, at=(parent_key, asked.call_id), tracker=self._tracker, around=call_begun.get()
        )
        run.state["modifies"] = self.settings.changes_data(call["name"], asked.parameters)
        call_answered(run, asked.call_id)
        return run

    def _identity(self, parent: Run | None, runtime: Any, config: Mapping[str, Any]) -> dict[str, Any]:
        told = in_context(getattr(runtime, "context", None))
        settings = {**(config.get("configurable") or {}), **{k: v for k, v in told.items() if v is not None}}
        if parent is None:
            return self._who.of_root(config.get("metadata") or {}, settings=settings)
        self._who.learn(parent, settings)
        return self.settings.given

    def _take(self, run: Run | None) -> Run | None:
        """The call, if its end is to be recorded here: where the handler was told of it, that has recorded it."""
        return None if run is None else self._tracker.take(run.key)

    @after_the_fact
    def returned(self, told: Run | None, answer: ToolAnswer, *, known: bool) -> None:
        run = self._take(told)
        if run is None:
            return
        result, failed = tool_result(answer, run.fields.get("call_id"))
        ending = verdict(result, failed=failed)
        if failed and not known and UNKNOWN_TOOL_TEXT in str(result):
            ending["error_type"] = "UnknownTool"
        self._tracker.finish(run, **ending)
        if run.state["modifies"] and not failed:
            self.recording.note_modification(run, "wrap_tool_call")

    @after_the_fact
    def failed(self, told: Run | None, error: BaseException, *, goes_on: bool = False) -> None:
        if goes_on and told is not None and "execution" in told.state:
            return  # the handler will be told of its end
        run = self._take(told)
        if run is None:
            return
        if goes_on:  # in its thread, for which nobody waits any more
            self._tracker.finish(run, Outcome.UNKNOWN, hook="wrap_tool_call")
            return
        if isinstance(error, GraphInterrupt):
            self._interrupted(run, error, "wrap_tool_call")
        self._end_with_error(run, error, "wrap_tool_call")

    @after_the_fact
    def abandoned(self, run: Run, stop: BaseException) -> None:
        """The task was cancelled while the call was being recorded: it does not happen."""
        self._tracker.end(run.key, Outcome.CANCELLED)


def _left_behind(error: BaseException) -> bool:
    """Whether a call is closed where it is collected, because its loop is gone: nothing can be awaited there."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return isinstance(error, GeneratorExit)


def _is_async(tool: Any) -> bool:
    """Whether cancelling a task stops the tool: one that is not async runs in a thread, which nothing stops."""
    if hasattr(tool, "coroutine"):
        return tool.coroutine is not None
    return tool is None or type(tool)._arun is not BaseTool._arun
