"""Sessions of a period: which to look at first, and the events of those that fit into a report."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.rules.denials import kept_denials
from agent_audit.analysis.rules.open_operations import kept_open
from agent_audit.analysis.scope import END_TYPES, Scope, count, effective_outcome, of_agents
from agent_audit.analysis.sessions import who_and_when
from agent_audit.analysis.source import Expr, load_ibis, rows
from agent_audit.checked import Checked


class Limits(Checked):
    """How much of a log goes into a report. What is left out is counted."""

    sessions: int = Field(200, ge=0, description="Sessions listed.")
    events: int = Field(3_000, ge=0, description="Events shown, of all listed sessions together.")
    events_of_a_session: int = Field(300, ge=1, description="Events shown of one session, the first ones.")
    payload: int = Field(600, ge=0, description="Characters of a payload's JSON.")


class SessionRow(BaseModel):
    """One session; a run (`trace_id`) where the events name no session."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(description="The session_id, else the trace_id.")
    session_id: str | None
    agent_id: str | None = Field(description="One of its agents.")
    agents: int
    user_id: str | None = Field(description="One of its users.")
    users: int
    first: datetime
    last: datetime
    events: int
    failed: int = 0
    denied: int = 0
    open: int = Field(0, description="Intents without an outcome.")

    @property
    def weight(self) -> tuple[int, datetime]:
        """What to look at first sorts last."""
        return 5 * self.denied + self.failed + self.open, self.last


class RecordedSession(BaseModel):
    """A session with its events."""

    model_config = ConfigDict(frozen=True)

    row: SessionRow
    events: tuple[dict[str, Any], ...] = Field(description="Wire fields; payloads are JSON text, maybe cut.")


def keyed(events: Expr) -> Expr:
    """The agents' events with `key`, the session or run they belong to."""
    own = of_agents(events)
    own = own.mutate(key=load_ibis().coalesce(own.session_id, own.trace_id))
    return own.filter(own.key.notnull())


def summed(scope: Scope) -> Expr:
    """One row per session."""
    own = keyed(scope.events)
    own = own.mutate(how=effective_outcome(own))
    found = own.group_by("key").agg(
        session_id=own.session_id.max(),
        **who_and_when(own),
        failed=own.count(where=own.event_type.isin(END_TYPES) & (own.how == "failure")),
    )
    for name, others in (("denied", kept_denials(scope)), ("open", kept_open(scope))):
        own = keyed(others)
        counts = own.group_by("key").agg(n=own.count())
        joined = found.left_join(counts, "key")
        found = joined.select(*found.columns, **{name: joined.n.fill_null(0)})
    return found


def listed_sessions(scope: Scope, limits: Limits, cited: Collection[str]) -> tuple[list[SessionRow], int]:
    """The sessions to list, the most important ones in front, and how many there are.

    Args:
        scope: where to look.
        limits: how many.
        cited: event ids of findings; their sessions come first.
    """
    found = scope.keep("sessions of a report", lambda: summed(scope))
    trouble = (5 * found.denied + found.failed + found.open).desc()
    events = keyed(scope.events)
    named = events.filter(events.event_id.isin(list(cited))).select("key").distinct() if cited else None
    parts = [] if named is None else [found.semi_join(named, "key").order_by([trouble, "key"])]
    parts += [found.order_by([trouble, found.last.desc(), "key"]), found.order_by([found.last.desc(), "key"])]
    kept: dict[str, SessionRow] = {}
    # Two thirds at most for what stands out: what happened last belongs into every report.
    for part, share in zip(parts, (1 / 3, 2 / 3, 1)[-len(parts) :], strict=True):
        for row in rows(part.limit(limits.sessions)):
            if len(kept) >= limits.sessions * share:
                break
            kept.setdefault(row["key"], SessionRow(**row))
    return list(kept.values()), count(found)


def recorded(events: Expr, listed: Iterable[SessionRow], limits: Limits) -> list[RecordedSession]:
    """The listed sessions with as many of their events as the limits allow.

    Args:
        events: every event, payloads included.
        listed: what to show, in order of importance.
        limits: how many events.
    """
    listed = list(listed)
    chosen, left = [], limits.events
    for row in listed:
        needed = min(row.events, limits.events_of_a_session)
        if needed <= left:
            chosen.append(row.key)
            left -= needed
    found: dict[str, list[dict[str, Any]]] = {key: [] for key in chosen}
    for event in rows(first_events(events, chosen, limits)) if chosen else ():
        found[event.pop("key")].append({name: value for name, value in event.items() if value is not None})
    return [RecordedSession(row=row, events=tuple(found.get(row.key, ()))) for row in listed]


def first_events(events: Expr, keys: list[str], limits: Limits) -> Expr:
    """The first events of these sessions in order of `seq`, payloads as JSON text of limited length."""
    ibis = load_ibis()
    own = keyed(events)
    own = own.filter(own.key.isin(keys))
    # One character more than is shown tells that something was cut.
    payloads = {
        name: own[name].cast("string").left(limits.payload + 1)
        for name in ("parameters", "result", "metadata", "source")
    }
    in_order = ibis.window(group_by=own.key, order_by=[own.seq, own.event_id])
    own = own.mutate(**payloads, place=ibis.row_number().over(in_order))
    return own.filter(own.place < limits.events_of_a_session).drop("place").order_by(["seq", "event_id"])
