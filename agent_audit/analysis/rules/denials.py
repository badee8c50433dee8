"""An agent is refused again and again."""

from __future__ import annotations

from typing import Any

from agent_audit.analysis.finding import Evidence, Level, Rule, Thresholds, named, of_agent
from agent_audit.analysis.scope import DENIED_TYPES, Scope, effective_outcome, without
from agent_audit.analysis.source import Expr


def denials(events: Expr) -> Expr:
    """Each refusal once.

    A refusal may show more than once: as a person's decision (`action.denied`), as `permission.denied`, and
    as the outcome of what was refused, under the same call id or span. Each kind yields to the ones before
    it, never to its own: some models use call ids again.
    """
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


def denials_by_agent(scope: Scope, thresholds: Thresholds) -> Expr:
    """Agents that were refused more often than the threshold."""
    refused = kept_denials(scope)
    counted = refused.group_by("agent_id").agg(denied=refused.count())
    return counted.filter(counted.denied > thresholds.denials).order_by([counted.denied.desc(), "agent_id"])


def _explain(scope: Scope, thresholds: Thresholds, row: dict[str, Any]) -> Evidence:
    agent_id, denied = row["agent_id"], row["denied"]
    return Evidence(
        f"{named(agent_id)} was refused {denied:,} times (unusual above {thresholds.denials}). It may be "
        "probing for what it is allowed to do, follow instructions that are not its user's, or lack a "
        "permission its task needs.",
        {"denied": denied, "threshold": thresholds.denials},
        of_agent(kept_denials(scope), agent_id),
    )


DENIALS = Rule("denials", "Many denials", Level.HIGH, denials_by_agent, _explain)
"""An agent was refused more than 5 times."""
