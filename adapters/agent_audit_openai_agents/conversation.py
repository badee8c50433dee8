"""One realtime session, as its events tell of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from agents import RunContextWrapper

from agent_audit import AdapterSettings, AuditEventType, Outcome, describe_check, describe_decision, message
from agent_audit_openai_agents.failures import failures_here
from agent_audit_openai_agents.identity import identity_of
from agent_audit_openai_agents.items import Call, field_of, parse_arguments
from agent_audit_openai_agents.outcomes import TRIPWIRES, guardrail_name, judge
from agent_audit_openai_agents.recording import Recording, never_waiting

T = AuditEventType

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Speaker:
    """An agent of a session, from when it takes over until it is done."""

    agent: Any
    key: Hashable
    open: set[Hashable] = field(default_factory=set)
    """Its turn and its tools that have not ended."""
    successor: str | None = None
    """Whom it has handed over to; what it began goes on all the same."""


@dataclass(eq=False)
class Started:
    """A tool that runs."""

    call: Call
    key: Hashable
    speaker: Speaker
    task: Any
    failures: list[tuple[str, BaseException]]
    """What was raised in its task, by call id."""

    def failure(self) -> BaseException | None:
        """What the tool itself has raised."""
        return next((error for call_id, error in self.failures if call_id == self.call.call_id), None)


class Conversation:
    """Translates the events of one session. A model's turn is `llm.request` and `llm.response`, for that is what the
    SDK calls the start and the end of an agent here; the agent itself is there for the whole session.

    Args:
        recording: of the logger.
        settings: whose session it is, which tools change data.
        context: the application's object.
        model: what the model is called.
    """

    def __init__(self, recording: Recording, settings: AdapterSettings, context: Any, model: str) -> None:
        self._tracker = recording.tracker
        self._digest = recording.logger.digest
        self._settings = settings
        self._context: RunContextWrapper[Any] = RunContextWrapper(context)
        self._model = model
        self.key: Hashable = uuid4().hex
        self._speaker: Speaker | None = None
        self._turn: tuple[Hashable, Speaker] | None = None
        self._heard: list[dict[str, Any]] = []
        self._said: dict[str, str] = {}
        self._facts: dict[str, Any] = {}
        self._audio_received = 0
        self._asked: dict[str, tuple[Call, str]] = {}
        """Call id -> a call that nothing is on record of but the request, and its arguments as they came."""
        self._waiting: dict[str, tuple[Call, str]] = {}
        self._started: list[Started] = []
        self._standing: dict[str, bool] = {}
        """Tool -> a decision for all calls to come."""
        self._decided: set[str | None] = set()
        """Calls whose own decision is on record."""
        self._problem: BaseException | None = None

    # -- the session -----------------------------------------------------------------------------------

    def begin(self, agent: Any) -> None:
        """The session is about to be opened. Raises `WriteError` when that cannot be recorded (fail-closed logger)."""
        identity = identity_of(self._settings, self._context, str(self.key))
        self._renamed = identity.pop("agent_id", None)
        self._tracker.enter(self.key, agent_id=self._renamed or agent.name, **identity)
        self._take_over(agent, "enter")

    def end(self, exception: BaseException | None = None) -> None:
        """The session is closed."""
        problem = exception or self._problem
        for started in list(self._started):
            self._end_tool(started, {"outcome": Outcome.CANCELLED}, "close")
        if self._turn is not None:
            self._end_turn("close", Outcome.CANCELLED)
        for call, _ in self._asked.values():
            self._note(
                T.ACTION_FAILED,
                "close",
                outcome=Outcome.CANCELLED,
                error="the session ended before it was carried out",
                **_of(call),
            )
        self._asked.clear()
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            outcome = Outcome.SUCCESS if problem is None else Outcome.FAILURE
            self._tracker.end(speaker.key, outcome, hook="close", exception=problem)
        self._tracker.end(self.key, Outcome.UNKNOWN)

    def user_said(self, said: Any) -> None:
        """The application has sent a message of its user."""
        content = said if isinstance(said, str) else field_of(said, "content")
        self._heard.append(message("user", content))

    def user_spoke(self, size: int) -> None:
        """The application has sent audio: its size is recorded, and what the model hears in it."""
        self._audio_received += size

    def _take_over(self, agent: Any, hook: str) -> None:
        key = (self.key, "agent", uuid4().hex)
        name = self._renamed or agent.name
        self._tracker.start(T.AGENT_START, key, parent=self.key, hook=hook, action=f"agent.{agent.name}", agent_id=name)
        self._speaker = Speaker(agent, key)

    def _release(self, speaker: Speaker, key: Hashable) -> None:
        """Something that an agent began has ended; one that has handed over is done with the last of it."""
        speaker.open.discard(key)
        if speaker.successor is not None and not speaker.open:
            facts = {"handed_off_to": speaker.successor}
            self._tracker.end(speaker.key, Outcome.SUCCESS, hook="handoff", metadata=facts)

    def _note(self, event_type: AuditEventType, hook: str, **fields: Any) -> None:
        under = self._speaker.key if self._speaker is not None else self.key
        self._tracker.note(event_type, under=under, hook=hook, after_effect=True, **fields)

    # -- events ----------------------------------------------------------------------------------------

    def on(self, event: Any) -> None:
        """Record one event of the session. Raises `WriteError` only before a tool runs (fail-closed logger)."""
        react: Callable[[Any], None] | None = getattr(self, f"_on_{event.type}", None)
        if react is None:
            return
        if event.type == "tool_start":
            react(event)
            return
        try:
            with never_waiting():
                react(event)
        except Exception:
            log.warning("an event of a realtime session could not be recorded", exc_info=True)

    def _on_raw_model_event(self, event: Any) -> None:
        data = event.data
        if data.type == "function_call":
            call = Call(data.name, data.call_id, parse_arguments(data.arguments))
            self._asked[data.call_id] = (call, data.arguments)
            self._note(T.ACTION_REQUEST, "function_call", **_of(call))
        elif data.type in ("transcript_delta", "output_text_delta"):
            self._said[data.item_id] = self._said.get(data.item_id, "") + data.delta
        elif data.type == "input_audio_transcription_completed":
            self._heard.append(message("user", data.transcript))
        elif data.type == "usage":
            for name in ("input_tokens", "output_tokens"):
                self._facts[name] = self._facts.get(name, 0) + getattr(data.usage, name)
        elif data.type == "audio":
            self._facts["audio_bytes"] = self._facts.get("audio_bytes", 0) + len(data.data)
        elif data.type == "exception":
            self._problem = data.exception

    def _on_agent_start(self, event: Any) -> None:
        speaker = self._speaker
        if speaker is None:
            return
        if self._turn is not None:
            self._end_turn("agent_start", Outcome.UNKNOWN)
        key = (self.key, "turn", uuid4().hex)
        facts: dict[str, Any] = {"model": self._model}
        if self._audio_received:
            facts["audio_bytes"] = self._audio_received
        self._tracker.start(
            T.LLM_REQUEST,
            key,
            parent=speaker.key,
            hook="agent_start",
            action=f"llm.{self._model}",
            parameters={"messages": self._heard},
            metadata=facts,
        )
        speaker.open.add(key)
        self._turn, self._heard, self._audio_received, self._facts = (key, speaker), [], 0, {}

    def _on_agent_end(self, event: Any) -> None:
        if self._turn is not None:
            self._end_turn("agent_end", Outcome.SUCCESS)

    def _on_audio_interrupted(self, event: Any) -> None:
        self._facts["interrupted"] = True

    def _end_turn(self, hook: str, outcome: Outcome) -> None:
        assert self._turn is not None
        (key, speaker), self._turn = self._turn, None
        facts = {"model": self._model, **self._facts}
        self._tracker.end(key, outcome, hook=hook, result="\n".join(self._said.values()), metadata=facts)
        self._said = {}
        self._release(speaker, key)

    def _on_handoff(self, event: Any) -> None:
        before = self._speaker
        wanted = {getattr(handoff, "tool_name", None) for handoff in getattr(event.from_agent, "handoffs", ())}
        wanted.add(f"transfer_to_{event.to_agent.name}".replace(" ", "_").lower())
        call = next((call for call, _ in self._asked.values() if call.name in wanted), None)
        if call is not None and call.call_id is not None:
            self._asked.pop(call.call_id)
        facts: dict[str, Any] = _of(call) if call is not None else {"action": "handoff"}
        facts["parameters"] = facts.get("parameters") or None
        self._note(T.AGENT_HANDOFF, "handoff", outcome=Outcome.SUCCESS, resource=event.to_agent.name, **facts)
        self._take_over(event.to_agent, "handoff")
        if before is not None:
            before.successor = event.to_agent.name
            self._release(before, None)

    # -- tools -----------------------------------------------------------------------------------------

    def _on_tool_start(self, event: Any) -> None:
        call = self._take(event) or Call(event.tool.name, None, parse_arguments(event.arguments))
        speaker = self._speaker
        if speaker is None:
            return
        if getattr(event.tool, "needs_approval", False) and self._standing.get(event.tool.name):
            self._note_standing(call, True, "tool_start")
        key = (self.key, "tool", call.call_id or uuid4().hex)
        run = self._tracker.start(T.TOOL_CALL, key, parent=speaker.key, hook="tool_start", **_of(call))
        run.state["call"] = call
        speaker.open.add(key)
        self._started.append(Started(call, key, speaker, _current_task(), failures_here()))

    def _on_tool_end(self, event: Any) -> None:
        started = self._running(event)
        if started is None:
            self._note_refusal(event)
            return
        run = self._tracker.get(started.key)
        verdict = judge(event.tool, event.arguments, event.output, run, raised=started.failure())
        span_id = run.span_id if run is not None else None
        self._end_tool(started, verdict, "tool_end")
        call = started.call
        if verdict["outcome"] is Outcome.SUCCESS and self._settings.changes_data(call.name, call.arguments):
            self._note(T.DATA_MODIFY, "tool_end", outcome=Outcome.SUCCESS, span_id=span_id, **_of(call))

    def _end_tool(self, started: Started, verdict: dict[str, Any], hook: str) -> None:
        self._started.remove(started)
        self._tracker.end(started.key, hook=hook, **verdict)
        self._release(started.speaker, started.key)

    def _take(self, event: Any) -> Call | None:
        """The request behind an event that names only tool and arguments."""
        for call_id, (call, raw) in self._asked.items():
            if call.name == event.tool.name and raw == event.arguments:
                del self._asked[call_id]
                return call
        return None

    def _running(self, event: Any) -> Started | None:
        """The call that an end belongs to: start and end come from one task."""
        same = [one for one in self._started if one.call.name == event.tool.name]
        task = _current_task()
        return next((one for one in same if one.task is task and task is not None), None) or next(
            (one for one in same if one.call.arguments == parse_arguments(event.arguments)), None
        )

    # -- permission ------------------------------------------------------------------------------------

    def _on_tool_approval_required(self, event: Any) -> None:
        asked = self._asked.pop(event.call_id, None)
        if asked is None:
            asked = (Call(event.tool.name, event.call_id, parse_arguments(event.arguments)), event.arguments)
        self._waiting[event.call_id] = asked
        described = describe_check(asked[0].request)
        self._note(described.pop("event_type"), event.type, **described)

    def decided(self, call_id: str, *, approve: bool, always: bool, words: str | None = None) -> None:
        """The application approves or rejects a call. Raises `WriteError` when that cannot be recorded."""
        waiting = self._waiting.pop(call_id, None)
        if waiting is None:
            return
        described = describe_decision(
            waiting[0].request, approved=approve, digest=self._digest, always=always or None, message=words
        )
        under = self._speaker.key if self._speaker is not None else self.key
        self._tracker.note(under=under, hook="approve_tool_call" if approve else "reject_tool_call", **described)
        if always:
            self._standing[waiting[0].name] = approve
        self._asked[call_id] = waiting
        self._decided.add(call_id)

    def _note_standing(self, call: Call, approve: bool, hook: str, **fields: Any) -> None:
        if call.call_id in self._decided:
            return
        described = describe_decision(call.request, approved=approve, digest=self._digest, standing=True)
        self._note(described.pop("event_type"), hook, **described, **fields)

    def _note_refusal(self, event: Any) -> None:
        """The model got an answer although no tool ran: somebody has rejected the call, or a guardrail."""
        call = self._take(event)
        if call is None or call.call_id in self._decided:
            return
        if self._standing.get(event.tool.name) is False:
            self._note_standing(call, False, event.type, error=str(event.output))
            return
        facts = {"outcome": Outcome.DENIED, "error": str(event.output), "metadata": {"stage": "tool_input"}}
        self._note(T.PERMISSION_DENIED, event.type, **facts, **_of(call))

    def _on_guardrail_tripped(self, event: Any) -> None:
        for result in event.guardrail_results:
            self._note(
                T.GUARDRAIL_TRIPPED,
                event.type,
                outcome=Outcome.DENIED,
                action=f"guardrail.{guardrail_name(result.guardrail)}",
                result=result.output.output_info,
                metadata={"stage": "output", "message": event.message},
            )

    # -- errors ----------------------------------------------------------------------------------------

    def _on_error(self, event: Any) -> None:
        text = str(field_of(event.error, "message") or event.error)
        failed = [(one, error) for one in self._started if (error := one.failure()) is not None]
        for started, error in failed:
            self._end_tool(started, {"outcome": Outcome.FAILURE, "exception": error}, event.type)
        unknown = next((call for call, _ in self._asked.values() if text == f"Tool {call.name} not found"), None)
        if unknown is not None:
            self._asked.pop(unknown.call_id or "", None)
            facts = {"outcome": Outcome.FAILURE, "error": text, "error_type": "UnknownTool"}
            self._note(T.ACTION_FAILED, event.type, **facts, **_of(unknown))
        elif not failed:
            self._note(T.ERROR, event.type, outcome=Outcome.FAILURE, error=text, error_type=type(event.error).__name__)

    def failed(self, exception: BaseException | None) -> None:
        """What the session keeps to raise later, e.g. from a tool's guardrail."""
        if exception is None or self._problem is exception:
            return
        self._problem = exception
        if isinstance(exception, TRIPWIRES):
            source: Any = exception
            self._note(
                T.GUARDRAIL_TRIPPED,
                "exception",
                outcome=Outcome.DENIED,
                action=f"guardrail.{guardrail_name(source.guardrail)}",
                result=source.output.output_info,
                metadata={"stage": "tool"},
            )


def _of(call: Call) -> dict[str, Any]:
    return {"action": call.action, "call_id": call.call_id, "parameters": call.arguments}


def _current_task() -> Any:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
