"""Which part of a log is looked at, and the few things every query needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agent_audit.analysis.result import Period
from agent_audit.analysis.source import Expr, load_ibis, rows

FAILED_TYPES = ("action.failed",)
DENIED_TYPES = ("permission.denied", "action.denied")
OUTCOME_OF_TYPE = {**dict.fromkeys(FAILED_TYPES, "failure"), **dict.fromkeys(DENIED_TYPES, "denied")}
"""Types that state an outcome by themselves."""
END_TYPES = (
    "agent.stop",
    "tool.response",
    "llm.response",
    "action.executed",
    "action.failed",
    "permission.denied",
    "data.access",
    "data.modify",
)
"""Types that end an operation, or are one in a single event."""

DATA_TYPES = ("data.access", "data.modify")
"""Types that say what an operation did to data: one of their own, or with the span of the tool call that did it."""

_RUN = ("session_id", "trace_id")
"""Models that number their calls use a call id again in other conversations and turns."""

EVIDENCE = ("event_id", "session_id", "timestamp", "seq")
"""What a finding says of its events."""


_T = TypeVar("_T")


@dataclass(frozen=True)
class Scope:
    """The events looked at, and the whole log behind them."""

    events: Expr
    """Facts of the period and under the other conditions."""
    log: Expr
    """Facts of the whole log: an outcome may lie outside of the period."""
    period: Period
    bad_line_count: int = 0
    whole: Expr | None = None
    """`events` with the payloads too; slower to read. None: `events` has all there is."""
    store: Callable[[Expr], Expr] = lambda expr: expr
    """Computes a relation once and keeps its rows; by default it stays a query."""
    conditions: dict[str, str] = field(default_factory=dict)
    """The conditions other than the period: column -> value."""
    _kept: dict[str, Expr] = field(default_factory=dict, repr=False, compare=False)
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def keep(self, name: str, make: Callable[[], Expr]) -> Expr:
        """The relation of that name, made and stored at the first call: findings ask for it again."""
        if name not in self._kept:
            self._kept[name] = self.store(make())
        return self._kept[name]

    def once(self, name: str, make: Callable[[], _T]) -> _T:
        """What `make` gives, asked for at the first call."""
        if name not in self._known:
            self._known[name] = make()
        found: _T = self._known[name]
        return found

    def looked_up(self, found: Expr, keys: Sequence[str], *more: str) -> Expr:
        """The events looked at that a relation names by `keys`, none of them null, with `more` of its columns.

        For queries that order many events: they carry few columns, and the others are fetched for what was found.
        """
        if not more:
            return self.events.semi_join(found, keys)
        return self.events.inner_join(found.select(*keys, *more), keys)

    @classmethod
    def of(
        cls,
        facts: Expr,
        period: Period,
        bad_line_count: int = 0,
        *,
        whole: Expr | None = None,
        store: Callable[[Expr], Expr] = lambda expr: expr,
        log: Expr | None = None,
        **conditions: str | None,
    ) -> Scope:
        """The facts of a period where each given column has the given value (None: any).

        Args:
            whole: the same events with their payloads.
            log: facts of the whole log; None: `facts` are.
        """
        given = {column: value for column, value in conditions.items() if value is not None}
        return cls(
            selected(facts, period, given),
            facts if log is None else log,
            period,
            bad_line_count,
            None if whole is None else selected(whole, period, given),
            store,
            given,
        )

    @property
    def payloads(self) -> Expr:
        """The events of the scope with all their columns."""
        return self.events if self.whole is None else self.whole


def selected(events: Expr, period: Period, conditions: Mapping[str, str]) -> Expr:
    """The events of a period where each given column has the given value."""
    if period.start is not None:
        events = events.filter(events.timestamp >= period.start)
    if period.end is not None:
        events = events.filter(events.timestamp < period.end)
    for column, value in conditions.items():
        events = events.filter(events[column] == value)
    return events


def count(expr: Expr) -> int:
    """How many rows a relation has."""
    return int(first_row(expr.agg(n=expr.count()))["n"])


def first_rows(expr: Expr, limit: int | None) -> tuple[list[dict[str, Any]], int]:
    """The first rows of a relation, and how many it has, computed once for both."""
    if limit == 0:
        return [], count(expr)
    if limit is None:
        found = rows(expr)
        return found, len(found)
    op = expr.op()
    # Counting needs no order, and no engine is trusted to see that.
    whole = op.parent.to_expr() if isinstance(op, load_ibis().expr.operations.Sort) else expr
    found = rows(expr.mutate(_total=whole.count().as_scalar()).limit(limit))
    totals = [row.pop("_total") for row in found]
    return found, totals[0] if totals else 0


def first_of_few(expr: Expr, limit: int | None) -> tuple[list[dict[str, Any]], int]:
    """Like `first_rows`, for a relation that seldom has more: counting it is left for when it does."""
    if limit is None:
        return first_rows(expr, limit)
    found = rows(expr.limit(limit + 1))
    return found[:limit], len(found) if len(found) <= limit else count(expr)


def first_row(expr: Expr) -> dict[str, Any]:
    """Run a query that has exactly one row."""
    return rows(expr)[0]


def counts(events: Expr, column: str) -> Expr:
    """How often each value of `column` occurs, most frequent first."""
    table = events.group_by(name=events[column]).agg(count=events.count())
    return table.order_by([table["count"].desc(), table.name.asc()])


def newest_first(events: Expr) -> Expr:
    """The events in the order in which the latest are listed."""
    return events.order_by([events.timestamp.desc(), events.seq.desc(), events.event_id.desc()])


def of_agents(events: Expr) -> Expr:
    """The events that are not the log speaking of itself."""
    return events.filter(~events.event_type.startswith("log."))


def effective_outcome(events: Expr) -> Expr:
    """The recorded outcome, or the one that the type itself states."""
    ibis = load_ibis()
    return ibis.coalesce(
        events.outcome,
        ibis.cases(
            (events.event_type.isin(FAILED_TYPES), "failure"),
            (events.event_type.isin(DENIED_TYPES), "denied"),
            else_=ibis.null("string"),
        ),
    )


def ended(events: Expr, *columns: str) -> Expr:
    """The end of each operation, once, with these columns and what tells operations apart.

    What a tool call did to data has the call's span, or its call id in the same run: of the two, the call's response
    counts.
    """
    needed = ("log", "seq", "event_type", "outcome", "span_id", "call_id", *_RUN)
    told = events.select(*dict.fromkeys((*needed, *columns)))
    ends, data = told.event_type.isin(END_TYPES), told.event_type.isin(DATA_TYPES)
    responses = told.filter(told.event_type == "tool.response")
    alone = without(without(told.filter(data), responses, "span_id"), responses, "call_id", also=_RUN)
    return told.filter(ends & ~data).union(alone)


def narrowed(events: Expr, *columns: str, **more: Expr) -> Expr:
    """These columns, and `how`, the effective outcome: what a question is about, for each of the others that a query
    carries along takes Ibis as long to compile.

    Args:
        events: what is asked about.
        columns: names of theirs.
        more: columns made of theirs.
    """
    return events.select(*columns, how=effective_outcome(events), **more)


def without(
    events: Expr,
    others: Expr,
    column: str,
    *,
    matching: str | None = None,
    also: Sequence[str] = (),
    order: str | None = None,
    where: Expr | None = None,
) -> Expr:
    """The events that no row of `others` in the same log goes with.

    Args:
        events: what to filter.
        others: the rows that take events out.
        column: column of `events` that must not equal `matching` of others (the same column when left out).
        also: further columns that must be the same in both, null as well.
        order: `before` or `after`: only others at an earlier or a later `seq` take an event out.
        where: which events can be taken out; all of them when left out.
    """
    more = {f"told_{name}": others[name] for name in also}
    told = others.select(told=others[matching or column], told_at=others.seq, told_in=others.log, **more).view()
    goes_with = [events[column] == told.told, events.log.identical_to(told.told_in)]
    goes_with += [events[name].identical_to(told[f"told_{name}"]) for name in also]
    if where is not None:
        goes_with.append(where)
    if order is not None:
        goes_with.append(told.told_at < events.seq if order == "before" else told.told_at > events.seq)
    return events.anti_join(told, goes_with).select(*events.columns)


def not_refused(scope: Scope, calls: Expr) -> Expr:
    """The calls, as the scope has them, but those that ended as refused: they did nothing."""
    ends = scope.log.filter(scope.log.event_type == "tool.response")
    return without(calls, ends.filter(effective_outcome(ends) == "denied"), "span_id")


def told_apart(events: Expr) -> Expr:
    """The same rows with `log` never null, to join on: a seq of one log says nothing about one of another."""
    return events.mutate(log=load_ibis().coalesce(events.log, ""))


def bounds(events: Expr) -> Expr:
    """How many events, and the earliest and the latest timestamp, in one row."""
    return events.agg(total=events.count(), first=events.timestamp.min(), last=events.timestamp.max())
