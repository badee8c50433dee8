"""The agents of one realtime session, one after the other, and what they begin."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from agents import RunContextWrapper

from agent_audit import AdapterSettings, AuditEventType, Outcome, Run, RunTracker
from agent_audit_openai_agents.identity import identity_of

T = AuditEventType


@dataclass(eq=False)
class Speaker:
    """An agent of a session, from when it takes over until it is done."""

    key: Hashable
    open: set[Hashable] = field(default_factory=set)
    """Its turn and its tools that have not ended."""
    successor: str | None = None
    """Whom it has handed over to; what it began goes on all the same."""


class Speakers:
    """Knows who speaks, and that an agent is done with the last of what it has begun.

    Args:
        tracker: of the logger.
        settings: whose session it is, which tools change data.
        context: the application's object.
    """

    def __init__(self, tracker: RunTracker, settings: AdapterSettings, context: Any) -> None:
        self.settings = settings
        self.key: Hashable = uuid4().hex
        """Of the session."""
        self._tracker = tracker
        self._wrapper = RunContextWrapper(context)
        self._identity = identity_of(settings, self._wrapper, tracker.here().session_id or str(self.key))
        self._renamed = self._identity.pop("agent_id", None)
        self._current: Speaker | None = None

    @property
    def are_there(self) -> bool:
        """Whether the session is open."""
        return self._current is not None

    def begin(self, agent: Any) -> None:
        """The session is about to be opened. Raises `WriteError` when that cannot be recorded (fail-closed logger)."""
        self._tracker.enter(self.key, agent_id=self._renamed or agent.name, **self._identity)
        try:
            self._take_over(agent, "enter")
        except BaseException:
            self._tracker.end(self.key, Outcome.UNKNOWN)
            raise

    def end(self, outcome: Outcome, problem: BaseException | None) -> None:
        """The session is closed."""
        speaker, self._current = self._current, None
        if speaker is not None:
            self._tracker.end(speaker.key, outcome, hook="close", exception=problem)
        self._tracker.end(self.key, Outcome.UNKNOWN)

    def note(self, event_type: AuditEventType, hook: str, *, after_effect: bool = True, **fields: Any) -> None:
        """Record a point in time under the current agent."""
        under = self._current.key if self._current is not None else self.key
        self._tracker.note(event_type, under=under, hook=hook, after_effect=after_effect, **fields)

    def told(self) -> Mapping[str, Any]:
        """What the `context` callable says now."""
        return self.settings.told(self._wrapper)

    def begins(self, event_type: AuditEventType, key: Hashable, hook: str, **fields: Any) -> tuple[Speaker, Run] | None:
        """The current agent begins something; returns agent and operation, None once the session is closed."""
        speaker = self._current
        if speaker is None:
            return None
        run = self._tracker.start(event_type, key, parent=speaker.key, hook=hook, **fields)
        speaker.open.add(key)
        return speaker, run

    def ends(self, speaker: Speaker, key: Hashable, hook: str, **fields: Any) -> None:
        """Something that an agent began has ended."""
        self._tracker.end(key, fields.pop("outcome"), hook=hook, **fields)
        speaker.open.discard(key)
        self._release(speaker)

    def replaced(self, agent: Any, hook: str, **facts: Any) -> None:
        """Another agent takes over. The one before is done with the last of what it has begun."""
        before = self._current
        self.note(T.AGENT_HANDOFF, hook, outcome=Outcome.SUCCESS, resource=agent.name, **{"action": "handoff", **facts})
        self._take_over(agent, hook)
        if before is not None:
            before.successor = agent.name
            self._release(before)

    def _take_over(self, agent: Any, hook: str) -> None:
        key = (self.key, "agent", uuid4().hex)
        name = self._renamed or agent.name
        self._tracker.start(T.AGENT_START, key, parent=self.key, hook=hook, action=f"agent.{agent.name}", agent_id=name)
        self._current = Speaker(key)

    def _release(self, speaker: Speaker) -> None:
        if speaker.successor is not None and not speaker.open:
            facts = {"handed_off_to": speaker.successor}
            self._tracker.end(speaker.key, Outcome.SUCCESS, hook="handoff", metadata=facts)
