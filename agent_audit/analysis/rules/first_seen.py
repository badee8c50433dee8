"""An agent does what it never did: an action, a resource or a user that is new for it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds_in_log
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.rules.slots import beginning, slots_of
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Expr, load_ibis

DONE = ("tool.call", "action.request", "data.access", "data.modify")
"""Events that show what an agent does and on what."""


class FirstSeen(Parameters):
    """See `NEW_ACTION`."""

    days: int = Field(14, ge=1, description="New is what was not seen for so many days, by an agent known longer.")


def first_seen(scope: Scope, days: int, column: str) -> Expr:
    """Events of the scope whose value in `column` their agent did not have for that long.

    The baseline is the whole log: an agent is known since its first event of any kind. One that is younger than
    that has none, and nothing is new for it.
    """
    ibis = load_ibis()
    span = ibis.interval(days=days)
    of_agent = scope.log.filter(scope.log.agent_id.notnull())
    since = of_agent.group_by("agent_id").agg(known_since=of_agent.timestamp.min())
    told = of_agent.filter(of_agent[column].notnull())
    told = told.filter(told.event_type.isin(DONE)).select("agent_id", "timestamp", "seq", value=column)
    slots = slots_of(told, ["agent_id", "value"], days * 86_400)
    slots = slots.inner_join(since, "agent_id")
    old_enough = slots["first"] >= slots.known_since + span
    new = old_enough & (slots.last_seen.isnull() | (slots["first"] > slots.last_seen + span))
    found = beginning(told, slots.filter(new), ["agent_id", "value"])
    return scope.looked_up(found, ["agent_id", "timestamp", "seq"])


def _rule(  # noqa: PLR0917 - each call site is a row of a table
    column: str, rule_id: str, title: str, level: Level, means: str, references: tuple[str, ...]
) -> Rule:
    def say(parameters: FirstSeen, row: dict[str, Any]) -> str:
        what = f"{column.removesuffix('_id')} {row[column]}"
        return f"{named(row['agent_id'])} had {what} for the first time in {parameters.days} days or more."

    def matching(scope: Scope, parameters: FirstSeen) -> Expr:
        return first_seen(scope, parameters.days, column)

    counting = Counting(rule_id, matching, ("agent_id", column), say)
    return Rule(
        rule_id, title, level, means, counting.query, counting.explain, references, FirstSeen(),
        "first seen in 14 days, as GuardDuty's baselines; an agent is known since its first event of any kind",
        possible=lambda scope, parameters: kinds_in_log(scope).last_for(days=parameters.days),
    )  # fmt: skip


NEW_ACTION = _rule(
    "action",
    "new-action",
    "An action never done before",
    Level.LOW,
    "A new version may do new things; so does an agent that follows somebody else's instructions.",
    ("T2", "T6", "AML.T0053"),
)
"""An action that the agent did not do in 14 days."""

NEW_RESOURCE = _rule(
    "resource",
    "new-resource",
    "A resource never touched before",
    Level.LOW,
    "Where resources are few and stable, somebody should know why it is touched.",
    ("T3", "AML.T0085"),
)
"""A resource that the agent did not touch in 14 days."""

NEW_USER = _rule(
    "user_id",
    "new-user",
    "A user the agent never worked for",
    Level.LOW,
    "A new colleague, or somebody who uses an identity that is not theirs.",
    ("T9", "AML.T0012"),
)
"""A user for whom the agent did nothing in 14 days."""
