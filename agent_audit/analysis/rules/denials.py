"""An agent is refused again and again."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Evidence, Level, named
from agent_audit.analysis.rule import Parameters, Rule, of_agent
from agent_audit.analysis.scope import DENIED_TYPES, EVIDENCE, Scope, effective_outcome, without
from agent_audit.analysis.source import Expr


class Denials(Parameters):
    """See `DENIALS`."""

    more_than: int = Field(5, ge=0, description="More refusals of one agent than this.")


_TOLD = (
    *("log", *EVIDENCE, "event_type", "outcome", "agent_id", "user_id", "trace_id", "span_id", "call_id"),
    *("action", "resource"),
)


def denials(events: Expr) -> Expr:
    """Each refusal once, with what is commonly asked of it.

    A refusal may show more than once: as a person's decision (`action.denied`), as `permission.denied`, and
    as the outcome of what was refused, under the same call id or span. Each kind yields to the ones before
    it, never to its own: some models use call ids again.
    """
    events = events.select(*_TOLD)
    refused = events.filter((effective_outcome(events) == "denied") & (events.event_type != "error"))
    decisions = refused.filter(refused.event_type == "action.denied")
    policies = refused.filter(refused.event_type == "permission.denied")
    outcomes = refused.filter(~refused.event_type.isin(DENIED_TYPES))
    return decisions.union(
        _not_told_by(policies, decisions),
        _not_told_by(_not_told_by(outcomes, policies), decisions),
    )


def _not_told_by(events: Expr, earlier: Expr) -> Expr:
    return without(without(events, earlier, "call_id", order="before"), earlier, "span_id", order="before")


def kept_denials(scope: Scope) -> Expr:
    """`denials` of a scope, computed once."""
    return scope.keep("denials", lambda: denials(scope.events))


def denials_by_agent(scope: Scope, parameters: Denials) -> Expr:
    """Agents that were refused more often than the threshold."""
    refused = kept_denials(scope)
    counted = refused.group_by("agent_id").agg(denied=refused.count())
    return counted.filter(counted.denied > parameters.more_than).order_by([counted.denied.desc(), "agent_id"])


def _explain(scope: Scope, parameters: Denials, row: dict[str, Any]) -> Evidence:
    agent_id, denied = row["agent_id"], row["denied"]
    return Evidence(
        f"{named(agent_id)} was refused {denied:,} times (unusual above {parameters.more_than}).",
        {"denied": denied, "threshold": parameters.more_than},
        of_agent(kept_denials(scope), agent_id),
    )


DENIALS = Rule(
    id="denials",
    title="Many denials",
    level=Level.HIGH,
    means="It may be probing for what it is allowed to do, follow instructions that are not its user's, or lack a "
    "permission its task needs.",
    query=denials_by_agent,
    explain=_explain,
    references=("T2", "T3", "AML.T0053"),
    parameters=Denials(),
    basis="one of the three detections that agent_audit promises",
)
"""An agent was refused more than 5 times."""
