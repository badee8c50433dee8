"""Which events are about the same call: `pairs.py` says what makes one, and here are the queries.

Nothing here compares all events that have one call id with one another: in a log of models that number their calls
that may be all there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_audit.analysis.scope import without
from agent_audit.analysis.source import Expr, load_ibis
from agent_audit.pairs import BEGINS_A_CALL

DECISIONS = ("action.approved", "action.denied")
QUESTION = "permission.check"

_TOLD = ("log", "seq", "timestamp", "event_type", "session_id", "call_id")


def without_call(events: Expr, others: Expr, *, order: str | None = None) -> Expr:
    """The events that no row of `others` has the call of, whichever turn it was in.

    Args:
        events: what to filter; has the columns that tell calls apart.
        others: the rows that take events out.
        order: `before` or `after`: only others at an earlier or a later `seq` take an event out.
    """
    columns = ("log", "seq", "session_id", "call_id")
    others = others.select(*columns)
    found = without(events, others, "call_id", also=("session_id",), order=order)
    # Those that do not say their session: usually there are none.
    found = without(found, _utmost(others.filter(others.session_id.isnull()), order), "call_id", order=order)
    unknown = events.filter(events.session_id.isnull())
    of_theirs = others.semi_join(unknown.select("call_id").view(), "call_id")
    return without(found, _utmost(of_theirs, order), "call_id", order=order, where=found.session_id.isnull())


def _utmost(others: Expr, order: str | None) -> Expr:
    """One row per call id: where one is earlier or later, so is the first or the last."""
    seq = others.seq.min() if order == "before" else others.seq.max()
    return others.group_by(["log", "call_id"]).agg(seq=seq)


def exchange(log: Expr) -> Expr:
    """Questions and decisions that have a call id, and what began their calls."""
    said = log.filter(log.event_type.isin((QUESTION, *DECISIONS)) & log.call_id.notnull()).select(*_TOLD)
    return with_beginnings(said, log)


def with_beginnings(events: Expr, log: Expr) -> Expr:
    """Events that have a call id, and what began calls of these ids; each once, where one of them began a call."""
    requests = log.filter(log.event_type == BEGINS_A_CALL).select(*_TOLD)
    others = events.filter(events.event_type != BEGINS_A_CALL).select(*_TOLD)
    return others.union(requests.semi_join(events.select("call_id").view(), "call_id"))


def nearest(rows: Expr, kinds: Mapping[str, Expr], *, later: bool = False) -> Expr:
    """The rows with the `seq` of the nearest row of each kind that is about the same call; null: there is none.

    Args:
        rows: `with_beginnings` gives them.
        kinds: name of a new column -> which rows are of the kind.
        later: the nearest behind each row, in place of before it.
    """
    ibis = load_ibis()
    order = rows.seq.desc() if later else rows.seq
    windows = {
        name: ibis.window(group_by=[rows[by] for by in ("log", "call_id", *more)], order_by=order, preceding=(None, 1))
        for name, more in (("session", ("session_id",)), ("any", ()))
    }
    # Behind: numbers are turned around, so that the nearest is the greatest there too.
    place = -rows.seq if later else rows.seq

    def last(which: Expr, among: str) -> Expr:
        return ibis.ifelse(which, place, ibis.null("int64")).max().over(windows[among])

    unknown = rows.session_id.isnull()
    columns: dict[str, Any] = {"_begun": last(rows.event_type == BEGINS_A_CALL, "session")}
    for name, which in kinds.items():
        columns[f"_{name}_same"] = last(which, "session")
        columns[f"_{name}_unknown"] = last(which & unknown, "any")
        columns[f"_{name}_any"] = last(which, "any")
    told = rows.mutate(**columns)
    found = {}
    for name in kinds:
        same, other = told[f"_{name}_same"], told[f"_{name}_unknown"]
        # Not `greatest`: databases differ in what it is of null.
        known = ibis.ifelse(other.isnull() | (same > other), same, other)
        near = ibis.ifelse(told.session_id.isnull(), told[f"_{name}_any"], known)
        near = ibis.ifelse(told._begun.isnull() | (near > told._begun), near, ibis.null("int64"))
        found[name] = -near if later else near
    return told.select(*rows.columns, **found)


def at(rows: Expr, **names: str) -> Expr:
    """Where rows are, and what else they are to tell, under names that meet no others: to join on."""
    told = {new: rows[old] for new, old in names.items()}
    return rows.select(at_seq=rows.seq, at_log=rows.log, **told).view()


def is_at(events: Expr, place: Expr, seq: str = "seq") -> list[Expr]:
    """What joins events with what `at` gives."""
    return [events[seq] == place.at_seq, events.log.identical_to(place.at_log)]
