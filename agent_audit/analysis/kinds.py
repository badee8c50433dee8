"""What kinds of events there are: enough to see that a question has no answer, before its query is made.

To make a query takes longer than to run it over a log of some thousand events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from agent_audit.analysis.scope import Scope, effective_outcome
from agent_audit.analysis.source import Expr, load_ibis, rows
from agent_audit.event import AuditEventType

_TYPES = tuple(kind.value for kind in AuditEventType)
_OUTCOMES = ("failure", "denied")
_OTHER = ""
"""All types and outcomes else: whoever records may make any number of them."""


class Kinds(NamedTuple):
    """How many events of which kind."""

    counts: Mapping[tuple[str, str], int]
    """(type, effective outcome) -> events."""
    errors: int = 0
    """Events with an error or its type."""
    first: datetime | None = None
    last: datetime | None = None

    @property
    def total(self) -> int:
        """Events of any kind."""
        return sum(self.counts.values())

    def of(self, *types: str) -> int:
        """Events of these types, which are the vocabulary's."""
        return sum(number for (kind, _), number in self.counts.items() if kind in types)

    def ended_as(self, outcome: str) -> int:
        """Events whose outcome is `failure` or `denied`, or whose type says so."""
        return sum(number for (_, how), number in self.counts.items() if how == outcome)

    def last_for(self, **time: float) -> bool:
        """Whether so much time (arguments of `timedelta`) lies between the first and the last."""
        return self.first is not None and self.last is not None and self.last - self.first >= timedelta(**time)


def kinds(scope: Scope) -> Kinds:
    """Of the events looked at."""
    return scope.once("kinds", lambda: kinds_of(scope.events))


def kinds_in_log(scope: Scope) -> Kinds:
    """Of the whole log."""
    if scope.events.equals(scope.log):
        return kinds(scope)
    return scope.once("kinds in log", lambda: kinds_of(scope.log))


def kinds_of(events: Expr) -> Kinds:
    """Ask for them, in one query."""
    found = rows(counted(events))
    return Kinds(
        {(row["kind"], row["how"]): row["number"] for row in found},
        sum(row["errors"] for row in found),
        min((row["first"] for row in found if row["first"]), default=None),
        max((row["last"] for row in found if row["last"]), default=None),
    )


def counted(events: Expr) -> Expr:
    """A row per type and effective outcome, as far as they are told apart."""
    ibis = load_ibis()
    told = events.select(
        "timestamp",
        kind=ibis.ifelse(events.event_type.isin(_TYPES), events.event_type, _OTHER),
        how=effective_outcome(events),
        failed=ibis.ifelse(events.error.notnull() | events.error_type.notnull(), 1, 0),
    )
    told = told.mutate(how=ibis.ifelse(told.how.isin(_OUTCOMES), told.how, _OTHER))
    return told.group_by(["kind", "how"]).agg(
        number=told.count(), errors=told.failed.sum(), first=told.timestamp.min(), last=told.timestamp.max()
    )
