"""Questions that wait for a decision, and decisions whose runs have not been resumed yet."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from agent_audit import ActionRequest, AdapterSettings
from agent_audit_openai_agents.identity import identity_of

_PENDING = "_agent_audit_pending"


@dataclass(frozen=True)
class Decision:
    """A decision that is on record, until its run is resumed: somebody may think better of it."""

    approved: bool
    asked: dict[str, Any]
    """Who asked, as far as it is known."""


@dataclass
class Pending:
    """Of one run and all that go on from it, by `asked_about`: models number their calls alike in each conversation."""

    questions: dict[Hashable, dict[str, Any]] = field(default_factory=dict)
    """Who asked, as far as it is known."""
    decided: dict[Hashable, Decision] = field(default_factory=dict)
    from_json: bool = False
    """Whether its run is only known from JSON, which does not say who asked what is waiting in it."""

    def take_in(self, other: Pending) -> None:
        """What waits in a run inside this one."""
        self.questions.update(other.questions)
        self.decided.update(other.decided)


def pending_of(context: Any) -> Pending | None:
    """What a run's context has brought along; None for one that was made from JSON."""
    found: Pending | None = getattr(context, _PENDING, None)
    return found


def attach(context: Any, pending: Pending) -> None:
    """Have a context, and the copies that the SDK makes of it for saved states, bring this along."""
    if context is not None:
        setattr(context, _PENDING, pending)


def asked_about(item: Any, request: ActionRequest) -> Hashable:
    """By what a call is known in its run: agents in it may number their calls alike, so agent and arguments count."""
    return (getattr(item.agent, "name", None), request.call_id, request.argument_bytes())


def likeness(settings: AdapterSettings, asked: Hashable, context: Any) -> Hashable:
    """By what a call is known again when only JSON is left of its run: its user besides `asked_about`."""
    return (identity_of(settings, context).get("user_id"), asked)
