"""Realtime agents: `AuditRealtimeRunner` in place of `RealtimeRunner` records its sessions.

The SDK has neither hooks nor spans for them, so this cannot be switched on for the whole process.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from typing import Any

from agents.realtime import OpenAIRealtimeWebSocketModel, RealtimeRunner, RealtimeSession

from agent_audit import AdapterSettings, AuditLogger, ContextReader, Modifies, Seam, after_the_fact, get_logger, held
from agent_audit_openai_agents.approvals import deciding
from agent_audit_openai_agents.conversation import Conversation
from agent_audit_openai_agents.failures import record_failures
from agent_audit_openai_agents.invocations import SPOKEN_INVOCATIONS, record_invocations
from agent_audit_openai_agents.mcp import record_results
from agent_audit_openai_agents.recording import Recording

_LATE = "events are recorded as the session is iterated, so tool calls are not on record before they run"
EVENTS = (
    Seam("agents.realtime.session:RealtimeSession._put_event", _LATE),
    Seam("agents.realtime.session:RealtimeSession._put_event_nowait", _LATE),
)
"""Where a session's events pass before what they tell of happens."""


class AuditRealtimeRunner(RealtimeRunner):
    """A `RealtimeRunner` whose sessions are recorded.

    An agent runs from the start of the session, or from the handoff to it, to its end. A turn of the model is
    `llm.request` and `llm.response`, with what was heard and said as text. Of audio only the size is recorded. With a
    fail-closed logger, no session is opened, no tool runs and no decision is made that cannot be recorded. The model's
    turns are in progress when the SDK reports them.

    Args:
        starting_agent, model, config: as for `RealtimeRunner`.
        logger: the default logger when left out.
        agent_id, user_id, session_id, context, modifies: as for `AuditRunHooks`. Without `session_id` each
            realtime session is a session of its own.
    """

    def __init__(
        self,
        starting_agent: Any,
        *,
        model: Any = None,
        config: Any = None,
        logger: AuditLogger | None = None,
        agent_id: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        context: ContextReader | None = None,
        modifies: Modifies = (),
    ) -> None:
        model = model if model is not None else OpenAIRealtimeWebSocketModel()
        super().__init__(starting_agent, model=model, config=config)
        self._logger = logger
        self._settings = AdapterSettings(agent_id, session_id, user_id, context, modifies)
        self._make = functools.partial(AuditRealtimeSession, model=model, agent=starting_agent, run_config=config)

    async def run(self, *, context: Any = None, model_config: Any = None) -> RealtimeSession:
        """Like `RealtimeRunner.run`."""
        session = self._make(context=context, model_config=model_config)
        settings = {**((self._make.keywords["run_config"] or {}).get("model_settings") or {})}
        settings |= (model_config or {}).get("initial_model_settings") or {}
        name = str(settings.get("model_name") or "realtime")
        session.conversation = Conversation(Recording.of(self._logger or get_logger()), self._settings, context, name)
        return session


class AuditRealtimeSession(RealtimeSession):
    """A session that tells its `Conversation` of everything."""

    conversation: Conversation
    _left_with: BaseException | None = None
    """What has ended the `async with` block around the session."""

    async def __aenter__(self) -> RealtimeSession:
        record_failures()
        record_results()
        record_invocations(SPOKEN_INVOCATIONS)
        self._sees_events = all(seam.check() for seam in EVENTS)
        self.conversation.begin(self._current_agent)
        try:
            return await super().__aenter__()
        except BaseException as error:
            self._ended(error)
            raise

    async def __aexit__(self, kind: Any, exception: Any, traceback: Any) -> None:
        self._left_with = exception
        await super().__aexit__(kind, exception, traceback)

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            self._ended(self._left_with)

    @after_the_fact
    def _ended(self, exception: BaseException | None) -> None:
        self.conversation.failed(getattr(self, "_stored_exception", None))
        self.conversation.end(exception)

    async def _put_event(self, event: Any) -> bool:
        self.conversation.on(event)
        return await super()._put_event(event)

    def _put_event_nowait(self, event: Any) -> bool:
        self.conversation.on(event)
        return super()._put_event_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for event in super().__aiter__():
            if not self._sees_events:
                self.conversation.on(event)
            yield event

    async def update_agent(self, agent: Any) -> None:
        await super().update_agent(agent)
        self.conversation.speakers.replaced(agent, "update_agent")

    async def send_message(self, message: Any) -> None:
        self.conversation.user_said(message)
        await super().send_message(message)

    async def send_audio(self, audio: bytes, *, commit: bool = False) -> None:
        self.conversation.user_spoke(len(audio))
        await super().send_audio(audio, commit=commit)

    async def approve_tool_call(self, call_id: str, *, always: bool = False) -> None:
        self.conversation.calls.decided(call_id, approve=True, always=always, words=None)
        with held(deciding, call_id):
            await super().approve_tool_call(call_id, always=always)

    async def reject_tool_call(
        self, call_id: str, *, always: bool = False, rejection_message: str | None = None
    ) -> None:
        self.conversation.calls.decided(call_id, approve=False, always=always, words=rejection_message)
        with held(deciding, call_id):
            await super().reject_tool_call(call_id, always=always, rejection_message=rejection_message)
