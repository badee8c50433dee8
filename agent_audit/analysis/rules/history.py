"""An agent does much more in an hour, or spends more tokens, than its own history lets expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds_in_log
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.rules.rapid_actions import actions
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Expr, load_ibis

_TO_SIGMA = 0.6745
"""The 0.75 quantile of the standard normal distribution: makes the MAD comparable with a standard deviation."""


class History(Parameters):
    """See `UNUSUAL_RATE`."""

    z: float = Field(3.5, gt=0, description="Modified z-score of the hour's amount, above which it is unusual.")
    hours: int = Field(24, ge=2, description="Hours with activity that a history needs.")
    least: int = Field(100, ge=1, description="Below this amount an hour is never unusual.")


def hourly(measured: Expr) -> Expr:
    """Per agent and hour with activity: amount, and its modified z-score (Iglewicz and Hoaglin 1993)."""
    ibis = load_ibis()
    hours = measured.group_by(["agent_id", "hour"]).agg(amount=measured.measure.sum())
    middle = hours.group_by("agent_id").agg(median=hours.amount.median(), hours=hours.count())
    apart = hours.inner_join(middle, "agent_id")
    apart = apart.mutate(distance=(apart.amount - apart.median).abs())
    spread = apart.group_by("agent_id").agg(mad=apart.distance.median())
    scored = apart.inner_join(spread, "agent_id")
    # An agent as regular as a clock has a MAD of zero: a tenth of its median, at least one, stands in for it.
    floor = ibis.greatest(scored.mad, scored.median * 0.1, 1.0)
    return scored.mutate(z=_TO_SIGMA * (scored.amount - scored.median) / floor)


def _unusual(scope: Scope, parameters: History, measured: Callable[[Expr], Expr]) -> Expr:
    of_log = measured(scope.log.filter(scope.log.agent_id.notnull()))
    of_log = of_log.select("agent_id", "timestamp", "seq", "hour", "measure")
    scored = hourly(of_log)
    enough = (scored.hours >= parameters.hours) & (scored.amount >= parameters.least)
    found = scored.filter(enough & (scored.z > parameters.z)).select("agent_id", "hour", "amount", "median", "z")
    found = of_log.inner_join(found, ["agent_id", "hour"])
    return scope.looked_up(found, ["agent_id", "timestamp", "seq"], "hour", "amount", "median", "z")


def counted_actions(events: Expr) -> Expr:
    """Each action, worth one."""
    acts = actions(events)
    return acts.mutate(hour=acts.timestamp.truncate("h"), measure=1)


def counted_tokens(events: Expr) -> Expr:
    """Each model response, worth its tokens."""
    ibis = load_ibis()
    answers = events.filter(events.event_type == "llm.response")
    told = (answers.metadata[name].int.cast("float64") for name in ("input_tokens", "output_tokens"))
    # Not as integers: whoever records may say any number, and engines refuse a sum that is none of theirs.
    tokens = sum(ibis.coalesce(number, 0.0) for number in told)
    return answers.mutate(hour=answers.timestamp.truncate("h"), measure=tokens)


def _long_enough(scope: Scope, parameters: History) -> bool:
    # The first and the last of so many hours may hold their events at the very end, and at the very beginning.
    return kinds_in_log(scope).last_for(hours=parameters.hours - 2)


def _rule(  # noqa: PLR0917 - each call site is a row of a table
    rule_id: str, title: str, unit: str, means: str, measured: Callable[[Expr], Expr], least: int, reference: str
) -> Rule:
    def say(parameters: History, row: dict[str, Any]) -> str:
        return (
            f"{named(row['agent_id'])}: {row['amount']:,.0f} {unit} in the hour from {row['hour']:%Y-%m-%d %H:%M} "
            f"UTC; half of its active hours have at most {row['median']:,.0f} (modified z-score {row['z']:.1f}, "
            f"unusual above {parameters.z:g})."
        )

    def matching(scope: Scope, parameters: History) -> Expr:
        return _unusual(scope, parameters, measured)

    counting = Counting(rule_id, matching, ("agent_id", "hour"), say, most=("amount", "median", "z"))
    return Rule(
        rule_id, title, Level.LOW, means, counting.query, counting.explain, ("T4", reference), History(least=least),
        "modified z-score above 3.5 (Iglewicz and Hoaglin); others use z > 3 on hourly counts (Panther)",
        possible=_long_enough,
    )  # fmt: skip


UNUSUAL_RATE = _rule(
    "unusual-rate",
    "More actions than usual",
    "actions",
    "More work than usual, a loop, or somebody else at the wheel.",
    counted_actions,
    100,
    "AML.T0029",
)
"""An hour with far more actions than the agent's others."""

TOKEN_SPIKE = _rule(
    "token-spike",
    "More tokens than usual",
    "tokens",
    "It costs money; a loop, a much longer input, or somebody who uses the model for their own ends.",
    counted_tokens,
    50_000,
    "AML.T0034",
)
"""An hour with far more tokens than the agent's others."""
