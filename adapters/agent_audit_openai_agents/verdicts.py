"""What the guardrails of tools have found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent_audit_openai_agents.items import Call


@dataclass(frozen=True)
class Verdict:
    """Of one guardrail on one call; looks like the SDK's own results."""

    stage: str
    guardrail: Any
    output: Any
    agent: Any
    """Whose tool it is."""
    call: Call | None
    """What it is about, while nothing else is on record of that but the request."""
    problem: BaseException | None = None
    """What the guardrail has raised in place of a verdict."""


def behavior_of(output: Any) -> Any:
    """What a tool's guardrail wants done about a call, by its output."""
    return getattr(output, "behavior", None) or {"type": "allow"}
