"""An agent fails more often than it should."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Evidence, Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Parameters, Rule, of_agent
from agent_audit.analysis.scope import END_TYPES, EVIDENCE, Scope, effective_outcome, ended
from agent_audit.analysis.source import Expr

_NOT_ENDED = "suspended"


class FailureRate(Parameters):
    """See `FAILURE_RATE`."""

    rate: float = Field(0.30, ge=0, lt=1, description="More than this part of the operations failed ...")
    least: int = Field(10, ge=1, description="... of at least so many that ended.")


def ended_operations(events: Expr) -> Expr:
    """The ends of operations, each once, with the column `how`. Suspended ones go on later and are left out."""
    ends = ended(events, "agent_id", *EVIDENCE).mutate(how=effective_outcome)
    return ends.filter(ends.how.notnull() & (ends.how != _NOT_ENDED))


def _failed(scope: Scope) -> Expr:
    """The failures, computed once."""
    ends = ended_operations(scope.events)
    return scope.keep("failures", lambda: ends.filter(ends.how == "failure").select("agent_id", *EVIDENCE))


def failure_rates(scope: Scope, parameters: FailureRate) -> Expr:
    """Agents above the threshold: ended, failed, rate."""
    ends = ended_operations(scope.events)
    rates = ends.group_by("agent_id").agg(ended=ends.count(), failed=(ends.how == "failure").sum())
    rates = rates.mutate(rate=rates.failed / rates.ended)
    enough = (rates.ended >= parameters.least) & (rates.rate > parameters.rate)
    return rates.filter(enough).order_by([rates.rate.desc(), rates.agent_id])


def _explain(scope: Scope, parameters: FailureRate, row: dict[str, Any]) -> Evidence:
    agent_id, count, failed, rate = row["agent_id"], row["ended"], row["failed"], row["rate"]
    return Evidence(
        f"{named(agent_id)} failed in {failed:,} of {count:,} operations that ended ({rate:.1%}; unusual "
        f"above {parameters.rate:.0%}).",
        {"ended": count, "failed": failed, "rate": rate, "threshold": parameters.rate},
        of_agent(_failed(scope), agent_id),
    )


FAILURE_RATE = Rule(
    id="failure-rate",
    title="High failure rate",
    level=Level.MEDIUM,
    means="Something it depends on may be broken, or it tries what it cannot do.",
    query=failure_rates,
    explain=_explain,
    references=("T2", "T5"),
    parameters=FailureRate(),
    basis="one of the three detections that agent_audit promises; the least count keeps three of nine from alarming; "
    "what a tool call did to data ends with the call and counts with it",
    possible=lambda scope, parameters: (
        kinds(scope).ended_as("failure") > 0 and kinds(scope).of(*END_TYPES) >= parameters.least
    ),
)
"""More than 30 % of an agent's ended operations failed, of at least 10."""
