"""What is known about a run before it begins."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any


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
