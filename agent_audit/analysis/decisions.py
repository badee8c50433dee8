"""Who approved and who denied what, and how long it took them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.operations import DECISIONS, QUESTION, at, exchange, is_at, nearest
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.rules.open_operations import open_intents
from agent_audit.analysis.scope import Scope, count, first_row, newest_first
from agent_audit.analysis.source import Expr, load_ibis, rows

MOST_LISTED = 100
_NO_DECISIONS: dict[str, Any] = {
    **dict.fromkeys(("approved", "denied", "decider_unknown"), 0),
    **dict.fromkeys(("median_wait_seconds", "longest_wait_seconds")),
}
_DECIDED = ("approved", "denied")
DECIDERS = ("decided_by", "approved_by", "approver")
"""Keys of `metadata` that name who decided; no framework tells by itself."""


class Decision(BaseModel):
    """One decision about what an agent wanted to do."""

    model_config = ConfigDict(frozen=True)

    event_id: str
    timestamp: datetime
    decision: str = Field(description="`action.approved` or `action.denied`.")
    decided_by: str | None = Field(description="From `metadata.decided_by`; None: not recorded.")
    agent_id: str | None
    session_id: str | None
    user_id: str | None
    action: str | None
    call_id: str | None
    waited_seconds: float | None = Field(description="Since it was asked for; None: no question on record.")


class Decisions(BaseModel):
    """All decisions of a period."""

    model_config = ConfigDict(frozen=True)

    approved: int = 0
    denied: int = 0
    waiting: int = Field(0, description="Questions (`permission.check`) that nobody has answered.")
    decider_unknown: int = Field(0, description="Decisions that do not say who decided.")
    median_wait_seconds: float | None = None
    listed: tuple[Decision, ...] = Field((), description="The latest, at most 100, oldest of them first.")


class DecisionReport(Result):
    """The decisions of a period with the time that each was waited for, the latest first."""

    main: ClassVar[str] = "decisions"

    period: Period
    decisions: tuple[Decision, ...]
    approved: int
    denied: int
    waiting: int = Field(description="Questions (`permission.check`) that nobody has answered.")
    decider_unknown: int = Field(description="Decisions that do not say who decided.")
    median_wait_seconds: float | None
    longest_wait_seconds: float | None
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        totals = (
            ("approved", self.approved),
            ("denied", self.denied),
            ("waiting for a decision", self.waiting),
            ("decisions that do not say by whom", self.decider_unknown),
            ("median wait (s)", self.median_wait_seconds),
            ("longest wait (s)", self.longest_wait_seconds),
        )
        columns = ("time", "decision", "by", "waited (s)", "action", "agent", "session", "user")
        listed = tuple(
            (
                found.timestamp,
                found.decision.partition(".")[2],
                found.decided_by or "not recorded",
                found.waited_seconds,
                found.action,
                found.agent_id,
                found.session_id,
                found.user_id,
            )
            for found in self.decisions
        )
        tables = (
            Table("Summary", ("what", "value"), totals),
            Table("Decisions", columns, listed, left_out(self.approved + self.denied - len(listed))),
        )
        return Document(f"Decisions, {self.period}", bad_line_remark(self.bad_line_count), tables)


def decided(events: Expr, log: Expr) -> Expr:
    """One row per decision, with `decided_by` and the time of the question it answers.

    One that was seen again when its run was resumed is not another one.
    """
    columns = [
        "seq",
        "log",
        "event_id",
        "timestamp",
        "event_type",
        "agent_id",
        "session_id",
        "user_id",
        "action",
        "call_id",
    ]
    said = exchange(log)
    kinds = {"asked": said.event_type == QUESTION, **{name: said.event_type == f"action.{name}" for name in _DECIDED}}
    near = at(nearest(said, kinds), **{name: name for name in kinds})
    decisions = events.filter(events.event_type.isin(DECISIONS))
    seen = decisions.metadata["seen"].str
    decisions = decisions.select(*columns, seen=seen, decided_by=decided_by(decisions))
    found = decisions.left_join(near, is_at(decisions, near))
    ibis = load_ibis()
    before = ibis.ifelse(found.event_type == "action.approved", found.approved, found.denied)
    again = (found.seen == "when resumed") & before.notnull() & (found.asked.isnull() | (found.asked < before))
    found = found.filter(~ibis.coalesce(again, ibis.literal(False))).select(*columns, "decided_by", "asked")
    questions = at(said.filter(said.event_type == QUESTION), asked_at="timestamp")
    return found.left_join(questions, is_at(found, questions, "asked")).select(*columns, "decided_by", "asked_at")


def decision_totals(made: Expr) -> Expr:
    """How many were made, and the waits for them in microseconds, in one row; `made` is what `decided` gives."""
    waited = made.timestamp.delta(made.asked_at, unit="microsecond")
    return made.agg(
        approved=made.count(where=made.event_type == "action.approved"),
        denied=made.count(where=made.event_type == "action.denied"),
        decider_unknown=made.count(where=made.decided_by.isnull()),
        median_wait=waited.median(),
        longest_wait=waited.max(),
    )


def decided_by(events: Expr) -> Expr:
    """Who decided, as `metadata` tells it."""
    return load_ibis().coalesce(*(events.metadata[key].str for key in DECIDERS))


def decisions_of(scope: Scope) -> Decisions:
    """Count and list the decisions of a scope."""
    latest, totals = _made(scope, MOST_LISTED)
    del totals["longest_wait_seconds"]
    return Decisions(**totals, listed=tuple(map(_decision, reversed(latest))))


def decision_report(scope: Scope, limit: int | None) -> DecisionReport:
    """The decisions of a scope, at most `limit`."""
    latest, totals = _made(scope, limit)
    return DecisionReport(
        period=scope.period,
        decisions=tuple(map(_decision, latest)),
        **totals,
        bad_line_count=scope.bad_line_count,
    )


def _made(scope: Scope, limit: int | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The latest decisions, and what both reports say of all."""
    there = kinds(scope)
    waiting = count(open_intents(scope.events, scope.log, (QUESTION,))) if there.of(QUESTION) else 0
    if not there.of(*DECISIONS):
        return [], {**_NO_DECISIONS, "waiting": waiting}
    made = scope.keep("decisions", lambda: decided(scope.events, scope.log))
    totals = first_row(decision_totals(made))
    for name in ("median_wait", "longest_wait"):
        microseconds = totals.pop(name)
        totals[f"{name}_seconds"] = None if microseconds is None else microseconds / 1e6
    return rows(newest_first(made).limit(limit)), {**totals, "waiting": waiting}


def _decision(row: dict[str, Any]) -> Decision:
    asked_at = row["asked_at"]
    return Decision(
        event_id=row["event_id"],
        timestamp=row["timestamp"],
        decision=row["event_type"],
        decided_by=row["decided_by"],
        agent_id=row["agent_id"],
        session_id=row["session_id"],
        user_id=row["user_id"],
        action=row["action"],
        call_id=row["call_id"],
        waited_seconds=None if asked_at is None else (row["timestamp"] - asked_at).total_seconds(),
    )
