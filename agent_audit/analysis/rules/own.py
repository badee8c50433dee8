"""Detections of a user's own: a condition or a query in SQL over the one relation `events`."""

from __future__ import annotations

from typing import Any

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.rehearsal import rehearse_condition
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import COLUMNS, Expr, load_ibis
from agent_audit.analysis.sqltext import parse_sql
from agent_audit.errors import ConfigurationError
from agent_audit.wording import plural

GROUPS = ("agent_id", "session_id", "user_id", "trace_id", "action", "resource")
"""Columns by which matching events can be counted."""


class Own(Parameters):
    """What a rule of the user's own looks for. The SQL is DuckDB's dialect."""

    where: str | None = None
    sql: str | None = None
    by: tuple[str, ...] = ("agent_id",)
    more_than: int = 0
    within: float | None = None


def own_rule(rule_id: str, own: Own) -> Rule:
    """The rule; title and level are for the caller to set."""
    least = 1 if own.within else own.more_than + 1
    counting = Counting(f"own {rule_id}", _matching, own.by, _say, lambda parameters: least)
    return Rule(rule_id, rule_id, Level.LOW, "", counting.query, counting.explain, parameters=own)


def check_condition(condition: str) -> None:
    """Whether this is one SQL condition over columns of an event, and DuckDB can tell whether it holds.

    Raises:
        ConfigurationError: it is not.
    """
    check_query(f"SELECT event_id FROM events WHERE ({condition})", "condition")
    rehearse_condition(condition)


def check_query(sql: str, what: str = "query") -> None:
    """Whether this is one SQL query that reads `events` and gives `event_id`.

    Raises:
        ConfigurationError: it is not.
    """
    parsed = parse_sql(sql, what)
    if unknown := sorted(parsed.tables - {"events"}):
        raise ConfigurationError(f"the {what} reads {', '.join(unknown)}; there is one relation: events")
    if what == "condition" and (unknown := sorted(parsed.columns - set(COLUMNS))):
        raise ConfigurationError(f"no column {', '.join(unknown)}; an event has: {', '.join(COLUMNS)}")
    if "event_id" not in parsed.output:
        raise ConfigurationError("the query must return event_id, because a finding cites events")


def _matching(scope: Scope, own: Own) -> Expr:
    sql = own.sql or f"SELECT event_id FROM events WHERE ({own.where})"
    chosen = scope.payloads.alias("events").sql(f"SELECT DISTINCT event_id FROM ({sql}) AS chosen", dialect="duckdb")
    matching = scope.events.semi_join(chosen, "event_id")
    return matching if own.within is None else _crowded(matching, own)


def _crowded(matching: Expr, own: Own) -> Expr:
    """Those that lie in a window with more than `more_than` of them."""
    ibis = load_ibis()
    width = ibis.interval(microseconds=round((own.within or 0) * 1_000_000))
    window = ibis.window(group_by=[matching[name] for name in own.by], order_by=[matching.timestamp, matching.seq])
    n = own.more_than
    full = ibis.coalesce(matching.timestamp <= matching.timestamp.lag(n).over(window) + width, False)
    ends = matching.mutate(ends=ibis.ifelse(full, 1, 0))
    # It lies in a window of n + 1 events that ends with it, or with one of the n that follow.
    following = ibis.window(
        group_by=[ends[name] for name in own.by], order_by=[ends.timestamp, ends.seq], preceding=0, following=n
    )
    inside = ends.mutate(inside=ends.ends.max().over(following))
    return inside.filter(inside.inside == 1).select(*matching.columns)


def _say(own: Own, row: dict[str, Any]) -> str:
    within = "" if own.within is None else f" within {own.within:g} s of each other"
    others = "".join(f", {name} {row[name]}" for name in own.by if name != "agent_id" and row[name] is not None)
    unusual = f" (unusual above {own.more_than:,}{within})" if own.more_than else ""
    whole = row["agent_id"] is None and "agent_id" not in own.by
    who = "All agents" if whole else named(row["agent_id"])
    return f"{who}{others}: {plural(row['found'], 'matching event')}{unusual}."
