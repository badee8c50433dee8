"""Realtime sessions with a scripted transport, for the tests of the OpenAI Agents SDK adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agents.realtime import RealtimeAgent
from agents.realtime.model_events import (
    RealtimeModelToolCallEvent,
    RealtimeModelTurnEndedEvent,
    RealtimeModelTurnStartedEvent,
)
from agents.realtime.testing import ScriptedRealtimeModel
from openai_scripts import Record

from agent_audit_openai_agents import AuditRealtimeRunner

Talk = Callable[[Any, ScriptedRealtimeModel], Awaitable[None]]

TURN = RealtimeModelTurnStartedEvent(response_id="r1")
TURN_ENDED = RealtimeModelTurnEndedEvent(response_id="r1")


def calls(name: str, arguments: str = "{}", call_id: str = "c1") -> RealtimeModelToolCallEvent:
    return RealtimeModelToolCallEvent(name=name, call_id=call_id, arguments=arguments)


async def hold(record: Record, agent: RealtimeAgent[Any], talk: Talk, **settings: Any) -> None:
    """Open a session, emit what the model is made to say, wait until all tools are done, close."""
    model = ScriptedRealtimeModel(strict=False)
    runner = AuditRealtimeRunner(agent, model=model, logger=record.logger, **settings)
    async with await runner.run(context={"user_id": "alice"}) as session:
        await talk(session, model)
        await settle(session)


async def settle(session: Any) -> None:
    while session._tool_call_tasks or session._guardrail_tasks:
        await asyncio.sleep(0.005)


def says(*events: Any) -> Talk:
    async def talk(session: Any, model: ScriptedRealtimeModel) -> None:
        await model.emit(*events)

    return talk
