"""An agent acts faster than it should."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Evidence, Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Parameters, Rule, same
from agent_audit.analysis.scope import Scope, without
from agent_audit.analysis.source import Expr, load_ibis


class RapidActions(Parameters):
    """See `RAPID_ACTIONS`."""

    actions: int = Field(10, ge=2, description="So many actions of one agent ...")
    seconds: float = Field(1.0, gt=0, description="... within so many seconds.")


STARTS = ("tool.call", "llm.request")
"""Each is an action of its own."""

POINTS = ("data.access", "data.modify", "action.executed", "action.failed", "agent.handoff")
"""An action of its own, unless an `action.request` or a `tool.call` with the same span (or call id) started it."""

ACTIONS = ("action.request", *STARTS, *POINTS)
"""All that `actions` chooses from."""

_TOLD = ("log", "agent_id", "timestamp", "seq", "event_type", "session_id", "span_id", "call_id")
"""Columns of an action: few, for they are many and are ordered. `Scope.looked_up` has the others."""


_SAME = ("session_id",)


def actions(events: Expr) -> Expr:
    """Each thing an agent did, once: the intent, or the one event that stands for both intent and outcome."""
    # Columns are chosen in each part: DuckDB would keep all rows of what several parts have in common.
    requests = events.filter(events.event_type == "action.request").select(*_TOLD)
    starts = events.filter(events.event_type.isin(STARTS)).select(*_TOLD)
    calls = events.filter(events.event_type == "tool.call").select(*_TOLD)
    points = events.filter(events.event_type.isin(POINTS)).select(*_TOLD)
    points = without(without(points, requests, "span_id"), calls, "span_id")
    # Of one run, and so of one session: what ids come again in others says nothing here.
    points = without(without(points, calls, "call_id", also=_SAME), requests, "call_id", also=_SAME, order="before")
    # What the model asked for and the framework then called is one action: the call counts.
    return starts.union(points, without(requests, calls, "call_id", also=_SAME, order="after"))


def numbered_actions(events: Expr) -> Expr:
    """The actions with `place`: their number among the actions of their agent in their log, in order of time."""
    ibis = load_ibis()
    acts = actions(events)
    acts = acts.select("log", "agent_id", "timestamp", "seq")
    return acts.mutate(place=ibis.row_number().over(_by_agent(acts)))


def _numbered(scope: Scope) -> Expr:
    return scope.keep("numbered actions", lambda: numbered_actions(scope.events))


def bursts(scope: Scope, parameters: RapidActions) -> Expr:
    """Per agent and log, runs of overlapping windows that hold `rapid_actions` actions or more.

    Within a log, for an agent that runs on many hosts is in no loop because of that.
    The window slides: action i and the one n-1 before it lie at most the window apart.
    """
    ibis = load_ibis()
    back = parameters.actions - 1
    window = ibis.interval(microseconds=round(parameters.seconds * 1_000_000))
    acts = _numbered(scope)
    acts = acts.mutate(before=acts.timestamp.lag(back).over(_by_agent(acts)))
    full = acts.filter(acts.timestamp <= acts.before + window)
    # A window that does not reach back to the action that ended the window before it begins a new burst.
    last_place = full.place.lag(1).over(_by_agent(full))
    full = full.mutate(begins=ibis.ifelse(last_place.isnull() | (full.place - back > last_place), 1, 0))
    full = full.mutate(burst=full.begins.sum().over(_by_agent(full, running=True)))
    found = full.group_by(["log", "agent_id", "burst"]).agg(
        first_place=full.place.min() - back,
        last_place=full.place.max(),
        first=full.before.min(),
        last=full.timestamp.max(),
        first_seq=full.seq.min(),
    )
    found = found.mutate(actions=found.last_place - found.first_place + 1)
    return found.order_by([found.actions.desc(), "first", "agent_id", "log", "first_seq"])


def _by_agent(table: Expr, *, running: bool = False) -> Expr:
    order = [table.timestamp, table.seq]
    frame = {"preceding": None, "following": 0} if running else {}
    return load_ibis().window(group_by=[table.log, table.agent_id], order_by=order, **frame)


def _explain(scope: Scope, parameters: RapidActions, row: dict[str, Any]) -> Evidence:
    agent_id, count = row["agent_id"], row["actions"]
    seconds = (row["last"] - row["first"]).total_seconds()
    done = same(_numbered(scope), row, "log", "agent_id")
    done = done.filter(done.place.between(row["first_place"], row["last_place"]))
    return Evidence(
        f"{named(agent_id)} did {count:,} actions in {seconds:.2f} s; {parameters.actions} or more "
        f"within {parameters.seconds:g} s are unusual.",
        {
            "actions": count,
            "seconds": seconds,
            "threshold": parameters.actions,
            "window_seconds": parameters.seconds,
        },
        same(scope.looked_up(done, ["timestamp", "seq"]), row, "log", "agent_id"),
    )


RAPID_ACTIONS = Rule(
    id="rapid-actions",
    title="Rapid actions",
    level=Level.MEDIUM,
    means="It may be in a loop, or driven by a script.",
    query=bursts,
    explain=_explain,
    references=("T4", "AML.T0029"),
    parameters=RapidActions(),
    basis="one of the three detections that agent_audit promises; a call and what it did to data are one action",
    possible=lambda scope, parameters: kinds(scope).of(*ACTIONS) >= parameters.actions,
)
"""10 or more actions of one agent within 1 second."""
