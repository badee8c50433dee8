"""One realtime session, as its events tell of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from agent_audit import AdapterSettings, AuditEventType, Outcome, message, outcome_of
from agent_audit_openai_agents.items import field_of
from agent_audit_openai_agents.outcomes import TRIPWIRES, guardrail_name
from agent_audit_openai_agents.recording import Recording, never_waiting
from agent_audit_openai_agents.speakers import Speaker, Speakers
from agent_audit_openai_agents.spoken_calls import SpokenCalls

T = AuditEventType

log = logging.getLogger(__name__)


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
        self.speakers = Speakers(recording.tracker, settings, context)
        self.calls = SpokenCalls(self.speakers, recording.logger.digest)
        self._model = model
        self._turn: Turn | None = None
        self._heard: list[dict[str, Any]] = []
        self._audio_received = 0
        self._problem: BaseException | None = None

    # -- the session -----------------------------------------------------------------------------------

    def begin(self, agent: Any) -> None:
        """The session is about to be opened. Raises `WriteError` when that cannot be recorded (fail-closed logger)."""
        self.speakers.begin(agent)

    def end(self, exception: BaseException | None = None) -> None:
        """The session is closed."""
        if not self.speakers.are_there:
            return
        problem = exception or self._problem
        self.calls.give_up("close", problem)
        self._end_turn("close", Outcome.CANCELLED)
        self.speakers.end(Outcome.SUCCESS if problem is None else outcome_of(problem), problem)

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
        key = (self.speakers.key, "turn", uuid4().hex)
        facts: dict[str, Any] = {"model": self._model}
        if self._audio_received:
            facts["audio_bytes"] = self._audio_received
        asked = {"messages": self._heard}
        about = {"action": f"llm.{self._model}", "parameters": asked, "metadata": facts}
        begun = self.speakers.begins(T.LLM_REQUEST, key, event.type, **about)
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
            self.speakers.ends(turn.speaker, turn.key, hook, outcome=outcome, result=said, metadata=facts)

    def _on_handoff(self, event: Any) -> None:
        names = {getattr(handoff, "tool_name", None) for handoff in getattr(event.from_agent, "handoffs", ())}
        names.add(f"transfer_to_{event.to_agent.name}".replace(" ", "_").lower())
        call = self.calls.take_named(names)
        facts = call.fields if call is not None else {}
        self.speakers.replaced(event.to_agent, event.type, **{**facts, "parameters": facts.get("parameters") or None})

    def _on_tool_end(self, event: Any) -> None:
        self.calls.ended(event)

    def _on_tool_approval_required(self, event: Any) -> None:
        self.calls.approval_required(event)

    def _on_guardrail_tripped(self, event: Any) -> None:
        for result in event.guardrail_results:
            self._note_tripped(event.type, result, {"stage": "output", "message": event.message})

    def _note_tripped(self, hook: str, source: Any, facts: dict[str, Any]) -> None:
        self.speakers.note(
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
            self.speakers.note(T.ERROR, event.type, outcome=Outcome.FAILURE, error=text, error_type=kind)
