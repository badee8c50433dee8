"""Times that do not fit: activity outside the usual hours, long silence, a clock that goes backwards."""

from __future__ import annotations

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds_in_log
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.rules.rapid_actions import ACTIONS, actions
from agent_audit.analysis.rules.slots import beginning, slots_of
from agent_audit.analysis.scope import Scope, of_agents
from agent_audit.analysis.source import Expr, load_ibis
from agent_audit.wording import plural


class UnusualHours(Parameters):
    """See `UNUSUAL_HOURS`."""

    days: int = Field(14, ge=1, description="An agent has usual hours when it is known for so many days ...")
    least: int = Field(200, ge=1, description="... and did so many actions.")
    share: float = Field(0.005, gt=0, lt=1, description="An hour of the day (UTC) with less of them is unusual.")


class LongSilence(Parameters):
    """See `LONG_SILENCE`."""

    hours: float = Field(24.0, gt=0, description="A silence of fewer hours is none ...")
    times: float = Field(5.0, gt=1, description="... and so is one shorter than so many times the longest before.")
    days: int = Field(7, ge=1, description="The agent was known for so many days before it.")


class ClockBackwards(Parameters):
    """See `CLOCK_BACKWARDS`."""

    seconds: float = Field(1.0, gt=0, description="One writer's clock went back by more than this.")


def outside_hours(scope: Scope, parameters: UnusualHours) -> Expr:
    """Actions in an hour of the day and its neighbours that hold next to none of the agent's actions."""
    ibis = load_ibis()
    done = actions(scope.log.filter(scope.log.agent_id.notnull()))
    done = done.mutate(hour=done.timestamp.hour())
    totals = done.group_by("agent_id").agg(total=done.count(), since=done.timestamp.min(), until=done.timestamp.max())
    known = totals.until >= totals.since + ibis.interval(days=parameters.days)
    totals = totals.filter(known & (totals.total >= parameters.least))
    by_hour = done.group_by(["agent_id", "hour"]).agg(in_hour=done.count())
    rare = by_hour.inner_join(totals.select("agent_id", "total"), "agent_id")
    rare = rare.filter(rare.in_hour < rare.total * parameters.share).select("agent_id", "hour")
    found = done.semi_join(rare.view(), ["agent_id", "hour"])
    return scope.looked_up(found, ["agent_id", "timestamp", "seq"], "hour")


def silences(scope: Scope, parameters: LongSilence) -> Expr:
    """The first event of an agent after a silence much longer than any before, with `silent_hours`."""
    ibis = load_ibis()
    told = of_agents(scope.log.filter(scope.log.agent_id.notnull()))
    told = told.select("agent_id", "timestamp", "seq")
    slots = slots_of(told, ["agent_id"], parameters.hours * 3600 / parameters.times)
    earlier = ibis.window(group_by=slots.agent_id, order_by=slots.slot, preceding=(None, 1))
    slots = slots.mutate(
        silent_hours=(slots["first"].epoch_seconds() - slots.last_seen.epoch_seconds()) / 3600.0,
        known_since=slots["first"].min().over(ibis.window(group_by=slots.agent_id)),
        known=slots.events.sum().over(earlier),
    )
    slots = slots.mutate(longest=ibis.coalesce(slots.silent_hours.max().over(earlier), 0.0))
    known = (slots.known >= 2) & (slots.last_seen >= slots.known_since + ibis.interval(days=parameters.days))
    long = (slots.silent_hours >= parameters.hours) & (slots.silent_hours > slots.longest * parameters.times)
    found = beginning(told, slots.filter(known & long), ["agent_id"], "silent_hours")
    return scope.looked_up(found, ["agent_id", "timestamp", "seq"], "silent_hours")


def backwards(scope: Scope, parameters: ClockBackwards) -> Expr:
    """Events stamped earlier than the one their writer made just before them."""
    ibis = load_ibis()
    told = scope.log.filter(scope.log.writer.notnull() & scope.log.writer_seq.notnull())
    told = told.select("log", "writer", "writer_seq", "seq", "timestamp")
    in_order = ibis.window(group_by=[told.log, told.writer], order_by=[told.writer_seq, told.seq])
    told = told.mutate(just_before=told.timestamp.lag(1).over(in_order))
    back = ibis.interval(microseconds=round(parameters.seconds * 1_000_000))
    return scope.looked_up(told.filter(told.timestamp + back < told.just_before), ["writer", "writer_seq", "seq"])


_HOURS = Counting(
    "outside hours",
    outside_hours,
    ("agent_id", "hour"),
    lambda parameters, row: (
        f"{named(row['agent_id'])} did {plural(row['found'], 'action')} between {row['hour']}:00 and {row['hour']}:59 "
        f"UTC, an hour of the day with less than {parameters.share:.1%} of all it does."
    ),
)
_SILENCE = Counting(
    "silences",
    silences,
    ("agent_id", "event_id"),
    lambda parameters, row: (
        f"{named(row['agent_id'])} was silent for {row['silent_hours']:,.0f} hours before this event, more than "
        f"{parameters.times:g} times as long as ever before."
    ),
    most=("silent_hours",),
)
_BACKWARDS = Counting(
    "clock backwards",
    backwards,
    ("agent_id", "writer"),
    lambda parameters, row: (
        f"{plural(row['found'], 'event')} of writer {row['writer']} stamped more than {parameters.seconds:g} s before "
        "the event that the same process recorded just before."
    ),
)

UNUSUAL_HOURS = Rule(
    "unusual-hours", "Active at an unusual hour", Level.LOW,
    "Work that somebody started by hand, a moved schedule, or somebody else's night shift.",
    _HOURS.query, _HOURS.explain, ("T9", "T13", "AML.T0012"), UnusualHours(),
    "our own starting point: 1 of 200 actions",
    possible=lambda scope, parameters: (
        kinds_in_log(scope).last_for(days=parameters.days) and kinds_in_log(scope).of(*ACTIONS) >= parameters.least
    ),
)  # fmt: skip
"""Activity outside of the agent's usual hours of the day."""

LONG_SILENCE = Rule(
    "long-silence", "A long silence", Level.LOW,
    "The agent may have been off, or its records may be missing.",
    _SILENCE.query, _SILENCE.explain, ("T8",), LongSilence(),
    "our own starting point",
    possible=lambda scope, parameters: kinds_in_log(scope).last_for(days=parameters.days),
)  # fmt: skip
"""A silence much longer than any before."""

CLOCK_BACKWARDS = Rule(
    "clock-backwards", "A clock that went backwards", Level.MEDIUM,
    "The machine's clock was set, or somebody wants events to look older. Positions in the log keep the true order.",
    _BACKWARDS.query, _BACKWARDS.explain, ("T8",), ClockBackwards(),
    "more than what threads that race for the log explain",
)  # fmt: skip
"""Time stamps of one writer that go backwards."""
