"""One realtime session, as its events tell of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from agents import RunContextWrapper

from agent_audit import AdapterSettings, AuditEventType, Outcome, Run, message, outcome_of
from agent_audit_openai_agents.identity import identity_of
from agent_audit_openai_agents.items import field_of
from agent_audit_openai_agents.outcomes import TRIPWIRES, guardrail_name
from agent_audit_openai_agents.recording import Recording, never_waiting
from agent_audit_openai_agents.spoken_calls import SpokenCalls, fields_of

T = AuditEventType

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Speaker:
    """An agent of a session, from when it takes over until it is done."""

    key: Hashable
    open: set[Hashable] = field(default_factory=set)
    """Its turn and its tools that have not ended."""
    successor: str | None = None
    """Whom it has handed over to; what it began goes on all the same."""


@dataclass
class Turn:
    """One answer of the model, from its start to its end."""

    key: Hashable
    speaker: Speaker
    said: dict[str, str] = field(default_factory=dict)
    """Text by item."""
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, amount: int) -> None:
        self.facts[name] = self.facts.get(name, 0) + amount


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
        self.tracker = recording.tracker
        self.settings = settings
        self.calls = SpokenCalls(self, recording.logger.digest)
        self.key: Hashable = uuid4().hex
        self._wrapper = RunContextWrapper(context)
        session_id = self.tracker.here().session_id or str(self.key)
        self._identity = identity_of(settings, self._wrapper, session_id)
        self._renamed = self._identity.pop("agent_id", None)
        self._model = model
        self._speaker: Speaker | None = None
        self._turn: Turn | None = None
        self._heard: list[dict[str, Any]] = []
        self._audio_received = 0
        self._problem: BaseException | None = None

    # -- the session -----------------------------------------------------------------------------------

    def begin(self, agent: Any) -> None:
        """The session is about to be opened. Raises `WriteError` when that cannot be recorded (fail-closed logger)."""
        self.tracker.enter(self.key, agent_id=self._renamed or agent.name, **self._identity)
        try:
            self._take_over(agent, "enter")
        except BaseException:
            self.tracker.end(self.key, Outcome.UNKNOWN)
            raise

    def end(self, exception: BaseException | None = None) -> None:
        """The session is closed."""
        speaker, problem = self._speaker, exception or self._problem
        if speaker is None:
            return
        self.calls.give_up("close", problem)
        self._end_turn("close", Outcome.CANCELLED)
        self._speaker = None
        outcome = Outcome.SUCCESS if problem is None else outcome_of(problem)
        self.tracker.end(speaker.key, outcome, hook="close", exception=problem)
        self.tracker.end(self.key, Outcome.UNKNOWN)

    def user_said(self, said: Any) -> None:
        """The application has sent a message of its user."""
        self._heard.append(message("user", said if isinstance(said, str) else field_of(said, "content")))

    def user_spoke(self, size: int) -> None:
        """The application has sent audio: its size is recorded, and what the model hears in it."""
        self._audio_received += size

    def failed(self, exception: BaseException | None) -> None:
        """What the session keeps to raise later, e.g. from a tool's guardrail."""
        if exception is None or self._problem is exception:
            return
        self._problem = exception
        if isinstance(exception, TRIPWIRES):
            self._note_tripped("exception", exception, {"stage": "tool"})

    # -- what agents do --------------------------------------------------------------------------------

    def note(self, event_type: AuditEventType, hook: str, *, after_effect: bool = True, **fields: Any) -> None:
        """Record a point in time under the current agent."""
        under = self._speaker.key if self._speaker is not None else self.key
        self.tracker.note(event_type, under=under, hook=hook, after_effect=after_effect, **fields)

    def told(self) -> Mapping[str, Any]:
        """What the `context` callable says now."""
        return self.settings.told(self._wrapper)

    def begins(self, event_type: AuditEventType, key: Hashable, hook: str, **fields: Any) -> tuple[Speaker, Run] | None:
        """The current agent begins something; returns agent and operation, None once the session is closed."""
        speaker = self._speaker
        if speaker is None:
            return None
        run = self.tracker.start(event_type, key, parent=speaker.key, hook=hook, **fields)
        speaker.open.add(key)
        return speaker, run

    def ends(self, speaker: Speaker, key: Hashable, hook: str, **fields: Any) -> None:
        """Something that an agent began has ended."""
        self.tracker.end(key, fields.pop("outcome"), hook=hook, **fields)
        speaker.open.discard(key)
        self._release(speaker)

    def replaced(self, agent: Any, hook: str, **facts: Any) -> None:
        """Another agent takes over. The one before is done with the last of what it has begun."""
        before = self._speaker
        self.note(T.AGENT_HANDOFF, hook, outcome=Outcome.SUCCESS, resource=agent.name, **{"action": "handoff", **facts})
        self._take_over(agent, hook)
        if before is not None:
            before.successor = agent.name
            self._release(before)

    def _take_over(self, agent: Any, hook: str) -> None:
        key = (self.key, "agent", uuid4().hex)
        name = self._renamed or agent.name
        self.tracker.start(T.AGENT_START, key, parent=self.key, hook=hook, action=f"agent.{agent.name}", agent_id=name)
        self._speaker = Speaker(key)

    def _release(self, speaker: Speaker) -> None:
        if speaker.successor is not None and not speaker.open:
            facts = {"handed_off_to": speaker.successor}
            self.tracker.end(speaker.key, Outcome.SUCCESS, hook="handoff", metadata=facts)

    # -- events ----------------------------------------------------------------------------------------

    def on(self, event: Any) -> None:
        """Record one event of the session. Raises `WriteError` only before a tool runs (fail-closed logger)."""
        if event.type == "tool_start":
            self.calls.started(event)
            return
        react: Callable[[Any], None] | None = getattr(self, f"_on_{event.type}", None)
        if react is None:
            return
        try:
            with never_waiting():
                react(event)
        except Exception:
            log.warning("an event of a realtime session could not be recorded", exc_info=True)

    def _on_raw_model_event(self, event: Any) -> None:
        data, turn = event.data, self._turn
        if data.type == "function_call":
            self.calls.requested(data)
        elif data.type == "input_audio_transcription_completed":
            self._heard.append(message("user", data.transcript))
        elif data.type == "exception":
            self._problem = data.exception
        elif turn is None:
            return
        elif data.type in ("transcript_delta", "output_text_delta"):
            turn.said[data.item_id] = turn.said.get(data.item_id, "") + data.delta
        elif data.type == "audio":
            turn.add("audio_bytes", len(data.data))
        elif data.type == "usage":
            turn.add("input_tokens", data.usage.input_tokens)
            turn.add("output_tokens", data.usage.output_tokens)

    def _on_agent_start(self, event: Any) -> None:
        self._end_turn(event.type, Outcome.UNKNOWN)
        key = (self.key, "turn", uuid4().hex)
        facts: dict[str, Any] = {"model": self._model}
        if self._audio_received:
            facts["audio_bytes"] = self._audio_received
        asked = {"messages": self._heard}
        begun = self.begins(
            T.LLM_REQUEST, key, event.type, action=f"llm.{self._model}", parameters=asked, metadata=facts
        )
        if begun is not None:
            self._turn, self._heard, self._audio_received = Turn(key, begun[0]), [], 0

    def _on_agent_end(self, event: Any) -> None:
        self._end_turn(event.type, Outcome.SUCCESS)

    def _on_audio_interrupted(self, event: Any) -> None:
        if self._turn is not None:
            self._turn.facts["interrupted"] = True

    def _end_turn(self, hook: str, outcome: Outcome) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            facts = {"model": self._model, **turn.facts}
            said = "\n".join(turn.said.values())
            self.ends(turn.speaker, turn.key, hook, outcome=outcome, result=said, metadata=facts)

    def _on_handoff(self, event: Any) -> None:
        names = {getattr(handoff, "tool_name", None) for handoff in getattr(event.from_agent, "handoffs", ())}
        names.add(f"transfer_to_{event.to_agent.name}".replace(" ", "_").lower())
        call = self.calls.take_named(names)
        facts = fields_of(call) if call is not None else {}
        self.replaced(event.to_agent, event.type, **{**facts, "parameters": facts.get("parameters") or None})

    def _on_tool_end(self, event: Any) -> None:
        self.calls.ended(event)

    def _on_tool_approval_required(self, event: Any) -> None:
        self.calls.approval_required(event)

    def _on_guardrail_tripped(self, event: Any) -> None:
        for result in event.guardrail_results:
            self._note_tripped(event.type, result, {"stage": "output", "message": event.message})

    def _note_tripped(self, hook: str, source: Any, facts: dict[str, Any]) -> None:
        self.note(
            T.GUARDRAIL_TRIPPED,
            hook,
            outcome=Outcome.DENIED,
            action=f"guardrail.{guardrail_name(source.guardrail)}",
            result=source.output.output_info,
            metadata=facts,
        )

    def _on_error(self, event: Any) -> None:
        text = str(field_of(event.error, "message") or event.error)
        if not self.calls.failed(text, event.type):
            kind = type(event.error).__name__
            self.note(T.ERROR, event.type, outcome=Outcome.FAILURE, error=text, error_type=kind)
