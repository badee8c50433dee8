"""What every adapter's constructor and `enable()` take."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from agent_audit.errors import require_given

IDENTITY = ("agent_id", "session_id", "user_id")

ContextReader = Callable[[Any], Mapping[str, Any] | None]
"""Gets what the framework carries along with a run, returns any of agent_id, session_id, user_id, decided_by."""

Modifies = Collection[str] | Callable[[str, Any], bool]
"""Which tools change data: their names, or a predicate of name and arguments."""

log = logging.getLogger("agent_audit.adapting")


@dataclass(frozen=True)
class AdapterSettings:
    """Who acts and for whom, as far as the application says so, and which tools change data.

    Raises:
        ConfigurationError: an id is no text: `str(user.id)` where ids are numbers.
    """

    agent_id: str | None = None
    """In place of what the framework calls the agents."""
    session_id: str | None = None
    user_id: str | None = None
    context: ContextReader | None = None
    """For what an application has in the framework's own context."""
    modifies: Modifies = ()
    """No framework tells which tools change data."""

    def __post_init__(self) -> None:
        require_given(str, agent_id=self.agent_id, session_id=self.session_id, user_id=self.user_id)

    @property
    def given(self) -> dict[str, str]:
        """The parts of the identity that were set outright; they come before everything else."""
        return {name: value for name in IDENTITY if (value := getattr(self, name)) is not None}

    def told(self, source: Any) -> Mapping[str, Any]:
        """What `context` says about a run.

        Args:
            source: what the framework carries along with it.
        """
        if self.context is None:
            return {}
        try:
            return self.context(source) or {}
        except Exception:
            # Better a record without a name than no record.
            log.warning("the context callable given to the audit adapter failed", exc_info=True)
            return {}

    def changes_data(self, name: str, arguments: Any) -> bool:
        """Whether a call of that tool was declared to change data."""
        if not callable(self.modifies):
            return name in self.modifies
        try:
            return bool(self.modifies(name, arguments))
        except Exception:
            log.warning("the predicate for tools that modify data failed for %r", name, exc_info=True)
            return False
