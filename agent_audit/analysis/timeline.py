"""One session as a person reads it: what happened inside what, how long it took, how it ended, who agreed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.decisions import decided_by
from agent_audit.analysis.document import Document, Table, left_out
from agent_audit.analysis.nesting import Node, nested
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.scope import OUTCOME_OF_TYPE, Scope, first_of_few
from agent_audit.analysis.source import Expr
from agent_audit.pairs import BY_SPAN
from agent_audit.wording import plural

_RECORDED = (
    "seq",
    "log",
    "event_id",
    "timestamp",
    "event_type",
    "outcome",
    "agent_id",
    "session_id",
    "user_id",
    "span_id",
    "parent_span_id",
    "call_id",
    "action",
    "resource",
    "error",
    "error_type",
    "duration_ms",
)
COLUMNS = (*_RECORDED, "decided_by")
"""What a timeline is made of."""


class Approval(BaseModel):
    """A question about a step, and its answer."""

    model_config = ConfigDict(frozen=True)

    decision: str = Field(description="`approved`, `denied` or `waiting`.")
    decided_by: str | None = Field(description="Who decided; None: not recorded, or nobody yet.")
    asked: datetime | None = Field(description="When it was asked; None: no question on record.")
    decided: datetime | None
    waited_seconds: float | None
    event_ids: tuple[str, ...] = Field(description="Question and decision.")


class Step(BaseModel):
    """One operation, or one event that is none."""

    model_config = ConfigDict(frozen=True)

    depth: int = Field(description="0: under nothing that is in the session.")
    parent: int | None = Field(description="Index of the step it ran under.")
    kind: str = Field(description="First part of the type: agent, tool, llm, action, data, guardrail, error …")
    event_type: str = Field(description="Type of the event that began it.")
    action: str | None
    resource: str | None
    agent_id: str | None
    user_id: str | None
    span_id: str | None
    call_id: str | None
    started: datetime
    ended: datetime | None = Field(description="None: no end is on record.")
    duration_ms: float | None = Field(
        description="As recorded, else from start to end; None: a point in time, or open."
    )
    outcome: str | None = Field(description="None: still open, or an event that has none.")
    open: bool = Field(description="An intent without an outcome.")
    error: str | None
    error_type: str | None
    approvals: tuple[Approval, ...]
    event_ids: tuple[str, ...] = Field(description="The events it is made of, in order of the log.")


class Timeline(Result):
    """A session: its steps, each before those that ran under it, siblings in order of time."""

    main: ClassVar[str] = "steps"

    session_id: str
    period: Period
    steps: tuple[Step, ...]
    event_count: int = Field(description="Events of the session.")
    events_left_out: int = Field(description="Beyond the limit: the latest ones.")
    bad_line_count: int = 0

    def children(self, parent: int | None = None) -> tuple[int, ...]:
        """Indices of the steps right under a step, or of the outermost ones."""
        return tuple(index for index, step in enumerate(self.steps) if step.parent == parent)

    def document(self) -> Document:
        """See `Result.document`."""
        columns = ("started", "step", "on", "agent", "ms", "outcome", "approval", "error")
        listed = tuple(
            (
                step.started,
                "  " * min(step.depth, 20) + f"{step.kind} {step.action or ''}".rstrip(),
                step.resource,
                step.agent_id,
                step.duration_ms,
                "open" if step.open else step.outcome,
                "; ".join(map(_in_words, step.approvals)) or None,
                ": ".join(text for text in (step.error_type, step.error and step.error[:120]) if text) or None,
            )
            for step in self.steps
        )
        remarks = (
            *bad_line_remark(self.bad_line_count),
            f"{plural(self.event_count, 'event')}, {plural(len(listed), 'step')}.",
        )
        note = left_out(self.events_left_out)
        return Document(
            f"Session {self.session_id}", remarks, (Table("Steps", columns, listed, note and note + " events"),)
        )


def session_events(events: Expr, session_id: str) -> Expr:
    """What a timeline needs of one session, in order of the log."""
    found = events.filter(events.session_id == session_id)
    return found.select(*_RECORDED, decided_by=decided_by(found)).order_by(["log", "seq"])


def timeline(scope: Scope, session_id: str, limit: int) -> Timeline:
    """The timeline of a session within a scope."""
    found, total = first_of_few(session_events(scope.events, session_id), limit)
    return Timeline(
        session_id=session_id,
        period=scope.period,
        steps=tuple(steps_of(found)),
        event_count=total,
        events_left_out=total - len(found),
        bad_line_count=scope.bad_line_count,
    )


def steps_of(events: Iterable[dict[str, Any]]) -> list[Step]:
    """The steps of a session's events, which are rows with `COLUMNS` in order of the log."""
    return [step_of(node) for node in nested(events)]


def step_of(node: Node) -> Step:
    """What a node amounts to, with ids in place of its events."""
    head, last = node.head, node.end or node.events[-1]
    return Step(
        depth=node.depth,
        parent=node.parent,
        kind=head["event_type"].partition(".")[0],
        event_type=head["event_type"],
        **{name: _told(node, name) for name in ("action", "resource", "agent_id", "user_id", "span_id", "call_id")},
        started=head["timestamp"],
        ended=None if node.end is None and head["event_type"] in BY_SPAN else last["timestamp"],
        duration_ms=_duration(node),
        outcome=_outcome(node, last),
        open=node.open,
        error=_told(node, "error"),
        error_type=_told(node, "error_type"),
        approvals=tuple(_approval(asked, decided) for asked, decided in node.approvals),
        event_ids=tuple(event["event_id"] for event in node.events),
    )


def _outcome(node: Node, last: dict[str, Any]) -> str | None:
    """As recorded, else as the type or the last decision tells it."""
    told: str | None = last["outcome"] or OUTCOME_OF_TYPE.get(last["event_type"])
    if told is None and node.end is None:
        decided = [decision for _, decision in node.approvals if decision]
        told = OUTCOME_OF_TYPE.get(decided[-1]["event_type"]) if decided else None
    return told


def _told(node: Node, name: str) -> Any:
    """What the head tells, else the first of the step's events that does."""
    return next((event[name] for event in (node.head, *node.events) if event[name] is not None), None)


def _duration(node: Node) -> float | None:
    recorded: float | None = _told(node, "duration_ms")
    if recorded is not None or node.end is None or node.end is node.head:
        return recorded
    # The clock may have been set back in between.
    took: float = (node.end["timestamp"] - node.head["timestamp"]).total_seconds() * 1000
    return max(0.0, took)


def _approval(asked: dict[str, Any] | None, decided: dict[str, Any] | None) -> Approval:
    waited = decided["timestamp"] - asked["timestamp"] if asked and decided else None
    return Approval(
        decision="waiting" if decided is None else decided["event_type"].partition(".")[2],
        decided_by=decided and decided["decided_by"],
        asked=asked and asked["timestamp"],
        decided=decided and decided["timestamp"],
        waited_seconds=None if waited is None else waited.total_seconds(),
        event_ids=tuple(event["event_id"] for event in (asked, decided) if event),
    )


def _in_words(approval: Approval) -> str:
    by = f" by {approval.decided_by}" if approval.decided_by else ""
    after = f" after {approval.waited_seconds:,.1f} s" if approval.waited_seconds is not None else ""
    return f"{approval.decision}{by}{after}"
