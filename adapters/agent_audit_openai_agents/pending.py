"""Questions that wait for a decision, and decisions whose runs have not been resumed yet."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from agent_audit import AdapterSettings
from agent_audit_openai_agents.identity import identity_of
from agent_audit_openai_agents.items import Call

_PENDING = "_agent_audit_pending"


@dataclass
class Pending:
    """Of one run and all that go on from it, by call id: models number their calls alike in each conversation."""

    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Who asked, as far as it is known."""
    decided: dict[str, bool] = field(default_factory=dict)
    """Decisions that are on record."""


def pending_of(context: Any) -> Pending | None:
    """What a run's context has brought along; None for one that was made from JSON."""
    found: Pending | None = getattr(context, _PENDING, None)
    return found


def attach(context: Any, pending: Pending) -> None:
    """Have a context, and the copies that the SDK makes of it for saved states, bring this along."""
    if context is not None:
        setattr(context, _PENDING, pending)


def likeness(settings: AdapterSettings, call: Call, context: Any) -> Hashable:
    """By what a call is known again when only JSON is left of its run: its user, id and arguments."""
    return (identity_of(settings, context).get("user_id"), call.call_id, call.request.argument_bytes())
