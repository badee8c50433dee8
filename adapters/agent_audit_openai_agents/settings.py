"""How a run is recorded, and what is known about it before it begins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from typing import Any

from agent_audit_openai_agents.identity import Who
from agent_audit_openai_agents.items import Call

Modifies = Collection[str] | Callable[[str, Any], bool]
"""Names of the tools that change data, or a predicate of name and arguments."""


@dataclass
class Settings:
    """How runs are recorded."""

    who: Who
    modifies: Modifies = ()

    def changes_data(self, name: str, arguments: Any) -> bool:
        if not callable(self.modifies):
            return name in self.modifies
        try:
            return bool(self.modifies(name, arguments))
        except Exception:
            return False


@dataclass
class Told:
    """What the runner knows about a run before it begins."""

    asked: Any = None
    """The run's own input; None when a saved state is resumed."""
    session_id: str | None = None
    agent: str | None = None
    """Name of the agent that it begins with."""
    model: Any = None
    """Of the run config; goes before the agents' own."""
    parent: Hashable = None
    """Key of the operation that runs it, when it runs inside another run."""
    trace_id: str | None = None
    """Given when the parent is in another log."""
    resumed: dict[str, Call] = field(default_factory=dict)
    """Calls of a resumed state that were decided on, by call id."""
