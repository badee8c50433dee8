"""What was refused, and which guardrails were tripped."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.rules.denials import GUARDRAIL, kept_denials
from agent_audit.analysis.scope import Scope, count, newest_first
from agent_audit.analysis.source import Expr, rows

MOST_LISTED = 100


class SecurityEvent(BaseModel):
    """One refusal or tripped guardrail."""

    model_config = ConfigDict(frozen=True)

    event_id: str
    timestamp: datetime
    event_type: str
    agent_id: str | None
    user_id: str | None
    action: str | None
    resource: str | None
    reason: str | None = Field(description="The recorded error, else `metadata.message`, in 200 characters.")


def security_events(scope: Scope) -> Expr:
    """Each refusal once, and every guardrail that was tripped without one."""
    refused = kept_denials(scope)
    tripped = scope.events.filter(scope.events.event_type == GUARDRAIL)
    let_pass = tripped.filter(tripped.outcome.isnull() | (tripped.outcome != "denied"))
    return refused.union(let_pass.select(*refused.columns))


def listed_security_events(scope: Scope) -> tuple[tuple[SecurityEvent, ...], int]:
    """The latest, at most `MOST_LISTED`, oldest of them first, and how many there are."""
    found = scope.keep("security events", lambda: security_events(scope))
    latest = newest_first(found).limit(MOST_LISTED)
    whole = newest_first(scope.looked_up(latest, ["seq", "event_id"]))
    columns = ("event_id", "timestamp", "event_type", "agent_id", "user_id", "action", "resource")
    listed = rows(whole.select(*columns, reason=whole.error.coalesce(whole.metadata["message"].str).left(200)))
    return tuple(SecurityEvent(**row) for row in reversed(listed)), count(found)
