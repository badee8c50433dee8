"""What controls are judged by: counts over the log, each with event ids to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent_audit.analysis.compliance.completeness import Completeness
from agent_audit.analysis.compliance.integrity import Integrity
from agent_audit.analysis.decisions import Decisions
from agent_audit.analysis.scope import Scope, first_row
from agent_audit.analysis.source import Expr, load_ibis, rows
from agent_audit.analysis.volume import step_of
from agent_audit.verify import AnyVerification

_DAY = 86_400


@dataclass(frozen=True)
class Facts:
    """All that the controls look at."""

    by_type: Mapping[str, int]
    """Event type -> events of the period."""
    ids: Mapping[str, tuple[str, ...]]
    """Event type -> the smallest and the largest event id of the period: about the first and the last event."""
    log_by_type: Mapping[str, int]
    """The same counts over the whole log: what it says of itself belongs to no period."""
    log_ids: Mapping[str, tuple[str, ...]]
    completeness: Mapping[str, Completeness]
    decisions: Decisions
    refused: int
    """Refusals, each once however many events tell of it, and guardrails tripped without one."""
    refused_ids: tuple[str, ...]
    """The latest of them."""
    bound_decisions: int
    """Decisions that carry a keyed digest of the arguments decided on."""
    integrity: Integrity
    verification: AnyVerification | None
    """What `verify` or `fleet verify` says; None: it was not asked."""
    open_operations: int
    clock: Mapping[str, Any]
    """`steps`: events of a writer that are earlier than its event before; `largest` of these steps in seconds."""
    days: int
    """Days of the period, by UTC, with at least one event."""
    oldest: datetime | None
    newest: datetime | None

    @property
    def kept_for(self) -> timedelta:
        """From the oldest to the newest event of the log."""
        return self.newest - self.oldest if self.oldest and self.newest else timedelta(0)

    def cite(self, *types: str) -> tuple[str, ...]:
        """Ids of events of these types in the period."""
        return tuple(found for name in types for found in self.ids.get(name, ()))

    def cite_log(self, *types: str) -> tuple[str, ...]:
        """The same over the whole log."""
        return tuple(found for name in types for found in self.log_ids.get(name, ()))

    def count(self, *types: str) -> int:
        """How many events of these types the period has."""
        return sum(self.by_type.get(name, 0) for name in types)


def facts_of(
    scope: Scope,
    *,
    by_type: Mapping[str, int],
    fields: Sequence[Completeness],
    decisions: Decisions,
    refused: int,
    refused_ids: tuple[str, ...],
    integrity: Integrity,
    verification: AnyVerification | None,
    open_operations: int,
    oldest: datetime | None,
    newest: datetime | None,
) -> Facts:
    """Collect what the report has not counted yet."""
    whole = rows(cited(scope.log))
    return Facts(
        by_type=by_type,
        ids=_ids(rows(cited(scope.events))),
        log_by_type={row["event_type"]: row["n"] for row in whole},
        log_ids=_ids(whole),
        completeness={item.field: item for item in fields},
        decisions=decisions,
        refused=refused,
        refused_ids=refused_ids,
        bound_decisions=first_row(bound_decisions(scope.events))["n"],
        integrity=integrity,
        verification=verification,
        open_operations=open_operations,
        clock=first_row(backward_steps(scope.log)),
        days=first_row(covered_days(scope.events))["days"],
        oldest=oldest,
        newest=newest,
    )


def cited(events: Expr) -> Expr:
    """One row per type: how many, and two ids (UUIDv7 sort about as time does)."""
    return events.group_by("event_type").agg(
        n=events.count(), first_id=events.event_id.min(), last_id=events.event_id.max()
    )


def bound_decisions(events: Expr) -> Expr:
    """How many decisions carry a digest of the arguments; one row."""
    made = events.filter(events.event_type.isin(("action.approved", "action.denied")))
    return made.agg(n=made.count(where=made.metadata["arguments"]["hmac_sha256"].str.notnull()))


def backward_steps(log: Expr) -> Expr:
    """How often the clock of one writer went back, and by how many seconds at most; one row."""
    ibis = load_ibis()
    own = log.filter(log.writer.notnull())
    seconds = own.timestamp.epoch_seconds()
    before = seconds.lag(1).over(ibis.window(group_by=[own.log, own.writer], order_by=own.writer_seq))
    steps = own.select(back=before - seconds)
    # Threads of one writer may hand over their events within a second of each other: that is no clock going back.
    return steps.agg(steps=steps.count(where=steps.back > 1), largest=steps.back.max())


def covered_days(events: Expr) -> Expr:
    """How many days have at least one event; one row."""
    return events.agg(days=step_of(events, _DAY).nunique())


def _ids(found: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    return {row["event_type"]: tuple(dict.fromkeys((row["first_id"], row["last_id"]))) for row in found}
