"""What somebody decided about a finding: an event like any other, so it is dated, provable and never overwritten.

`finding.disposition`: `resource` is the finding's id, `action` the decision, `user_id` who decided, `metadata` holds
the reason and how many events the finding had. The last one counts. A finding that has grown since is open again.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from agent_audit.analysis.finding import Disposition, Finding
from agent_audit.analysis.source import Expr, rows
from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEvent, AuditEventType

Decision = Literal["acknowledged", "false-positive", "reopened"]


def disposition_event(found: Finding, decision: Decision, *, by: str, reason: str) -> AuditEvent:
    """The event that records a decision; give it to a logger of the same log.

    Raises:
        ConfigurationError: no such decision, or nobody or no reason named.
    """
    if decision not in get_args(Decision):
        raise ConfigurationError(f"decision is {decision!r}; use one of: {', '.join(get_args(Decision))}")
    if not by.strip() or not reason.strip():
        raise ConfigurationError("a decision about a finding needs who decided and why")
    return AuditEvent(
        event_type=AuditEventType.FINDING_DISPOSITION,
        resource=found.id,
        action=decision,
        user_id=by,
        metadata={"reason": reason, "event_count": found.event_count, "finding_agent": found.agent_id},
    )


def dispositions(log: Expr) -> dict[str, Disposition]:
    """Finding id -> the last decision about it: within a log by its order, among several logs by time."""
    decided = log.filter((log.event_type == str(AuditEventType.FINDING_DISPOSITION)) & log.resource.notnull())
    columns = ("resource", "action", "user_id", "timestamp", "event_id", "log")
    facts = {"reason": decided.metadata["reason"].str, "event_count": decided.metadata["event_count"].int}
    found = rows(decided.order_by("seq").select(*columns, **facts))
    last = {(row["resource"], row["log"]): row for row in found}
    by_time = sorted(last.values(), key=lambda row: (row["timestamp"], row["event_id"]))
    return {row["resource"]: _disposition(row) for row in by_time}


def _disposition(row: dict[str, Any]) -> Disposition:
    return Disposition(
        decision=row["action"] or "acknowledged",
        by=row["user_id"],
        reason=row["reason"],
        at=row["timestamp"],
        event_id=row["event_id"],
        event_count=row["event_count"],
    )
