"""An agent is refused again and again."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Evidence, Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.operations import at, is_at, nearest, with_beginnings
from agent_audit.analysis.rule import Parameters, Rule, of_agent
from agent_audit.analysis.scope import DENIED_TYPES, EVIDENCE, Scope, effective_outcome, without
from agent_audit.analysis.source import Expr, load_ibis


class Denials(Parameters):
    """See `DENIALS`."""

    more_than: int = Field(5, ge=0, description="More refusals of one agent than this.")


_TOLD = (
    *("log", *EVIDENCE, "event_type", "outcome", "agent_id", "user_id", "trace_id", "span_id", "call_id"),
    *("action", "resource"),
)
GUARDRAIL = "guardrail.tripped"
_STAGED = ("log", "parent_span_id", "stage")


def denials(events: Expr) -> Expr:
    """Each refusal once, with what is commonly asked of it.

    A refusal may show more than once: as a person's decision (`action.denied`), as `permission.denied`, and
    as the outcome of what was refused, about the same call or with the same span. Each kind yields to the ones
    before it, never to its own. A guardrail that was tripped by a call has neither: under one operation and at one
    stage, such are the same refusals as so many `permission.denied`.
    """
    refused = events.filter((effective_outcome(events) == "denied") & (events.event_type != "error"))
    staged = refused.filter(refused.event_type.isin(("permission.denied", GUARDRAIL)))
    told_twice = _guardrails_told(staged.mutate(stage=staged.metadata["stage"].str))
    refused = refused.select(*_TOLD)
    said = with_beginnings(refused.filter(refused.call_id.notnull()), events)
    kinds = {"decided": said.event_type == "action.denied", "judged": said.event_type == "permission.denied"}
    near = at(nearest(said, kinds), **{name: name for name in kinds})
    told = refused.left_join(near, is_at(refused, near)).select(*_TOLD, "decided", "judged")
    decisions = refused.filter(refused.event_type == "action.denied")
    policies = refused.filter(refused.event_type == "permission.denied")
    outcomes = told.filter(~told.event_type.isin(DENIED_TYPES) & told.decided.isnull() & told.judged.isnull())
    outcomes = without(
        without(outcomes.select(*_TOLD), policies, "span_id", order="before"), decisions, "span_id", order="before"
    )
    others = told.filter((told.event_type == "permission.denied") & told.decided.isnull()).select(*_TOLD)
    return decisions.union(
        without(others, decisions, "span_id", order="before"),
        outcomes.anti_join(told_twice, is_at(outcomes, told_twice)).select(*_TOLD),
    )


def _guardrails_told(staged: Expr) -> Expr:
    """Where the guardrails are whose refusals are there as `permission.denied`."""
    ibis = load_ibis()
    staged = staged.filter(staged.parent_span_id.notnull() & staged.stage.notnull())
    tripped = staged.event_type == GUARDRAIL
    group = [staged[name] for name in _STAGED]
    # How many of the one there are, and the how manieth each of the other is.
    staged = staged.mutate(
        refusals=ibis.ifelse(tripped, 0, 1).sum().over(ibis.window(group_by=group)),
        place=ibis.ifelse(tripped, 1, 0)
        .sum()
        .over(ibis.window(group_by=group, order_by=staged.seq, preceding=None, following=0)),
    )
    return at(staged.filter((staged.event_type == GUARDRAIL) & (staged.place <= staged.refusals)))


def kept_denials(scope: Scope) -> Expr:
    """`denials` of a scope, computed once."""

    def made() -> Expr:
        events = scope.events
        return denials(events) if kinds(scope).ended_as("denied") else events.filter(False).select(*_TOLD)

    return scope.keep("denials", made)


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
    possible=lambda scope, parameters: kinds(scope).ended_as("denied") > parameters.more_than,
)
"""An agent was refused more than 5 times."""
