"""What is known about a run before it begins."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from agent_audit_openai_agents.pending import Pending


@dataclass
class Told:
    """What the runner knows about a run before it begins."""

    asked: Any = None
    """The run's own input; None when a saved state is resumed."""
    session: Any = None
    """The session, which may not know its id before it is first used."""
    conversation: str | None = None
    """Name of the conversation or group, where there is no session."""
    agent: str | None = None
    """Name of the agent that it begins with."""
    model: Any = None
    """Of the run config; goes before the agents' own."""
    parent: Hashable = None
    """Key of the operation that runs it, when it runs inside another run."""
    trace_id: str | None = None
    """Given when the parent is in another log."""
    context: Any = None
    """The application's object, or the wrapper around it, as it was given to the runner."""
    goes_on: tuple[Any, Any] | None = None
    """Context and agent of the saved state that is resumed."""
    pending: Pending = field(default_factory=Pending)
    """That of the run it is inside of, else of the one it goes on from."""

    @property
    def session_id(self) -> str | None:
        """What the conversation is called, as far as it is known by now."""
        try:
            named = getattr(self.session, "session_id", None)
        except Exception:  # a property; the SDK's own raises before the session was created at the provider
            named = None
        return str(named) if named else self.conversation
