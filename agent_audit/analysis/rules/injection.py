"""Somebody else's words steer the agent: what it does was taken from, or follows, a text that a tool returned."""

from __future__ import annotations

from typing import Any

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.rules.fingerprints import fingerprints
from agent_audit.analysis.rules.passages import (
    CALLS,
    OUTPUTS,
    SESSION,
    Passages,
    effects,
    named_in,
    passages,
    taken_as_digest,
    taken_as_text,
)
from agent_audit.analysis.scope import Scope, count, told_apart
from agent_audit.analysis.source import Expr

_SUSPECT = "Check what the text asked for, and who could write it; treat what the call did as done by a stranger."


def kept_passages(scope: Scope, parameters: Passages) -> Expr:
    """`passages` of a scope, computed once."""
    return scope.keep(f"passages {parameters!r}", lambda: passages(scope, parameters))


def injected(scope: Scope, parameters: Passages) -> Expr:
    """Calls that took a destination, a value or the very action from a passage, and the outputs with the passage."""
    found = kept_passages(scope, parameters)
    taken = taken_as_digest(scope, found, parameters).union(
        taken_as_text(scope, found, parameters), named_in(scope, found, parameters)
    )
    taken = scope.keep(f"taken {parameters!r}", taken.distinct)
    involved = taken.select("event_id").union(taken.select(event_id="output_id"), distinct=True)
    return scope.events.semi_join(involved, "event_id")


def instructed(scope: Scope, parameters: Passages) -> Expr:
    """Calls with an effect after an output with a passage, in the same session."""
    found = kept_passages(scope, parameters)
    first = found.group_by(SESSION).agg(said_at=found.said_at.min())
    after = effects(told_apart(scope.events), parameters).inner_join(first.view(), SESSION)
    return after.filter(after.seq > after.said_at)


def tainted(scope: Scope, parameters: Passages) -> Expr:
    """Calls with an effect whose destination the session knows from a tool's output alone."""
    marks = scope.keep("destinations", lambda: _destinations(scope.events))
    same = [*SESSION, "digest"]
    first = marks.group_by(same).agg(first_at=marks.seq.min())
    origin = marks.inner_join(first, same)
    origin = origin.filter((origin.seq == origin.first_at) & origin.event_type.isin(OUTPUTS))
    told = origin.path.startswith("result") | (origin.path == "error")
    origin = origin.filter(told).select(*same, "first_at").distinct()
    used = marks.filter(marks.path.startswith("parameters")).inner_join(origin.view(), same)
    used = used.filter(used.seq > used.first_at).select("event_id")
    return effects(scope.events, parameters).semi_join(used, "event_id")


def _may_be_taken(scope: Scope, parameters: Passages) -> bool:
    return _may_follow(scope, parameters) and count(kept_passages(scope, parameters)) > 0


def _may_follow(scope: Scope, parameters: Passages) -> bool:
    return kinds(scope).of(*OUTPUTS) > 0 and kinds(scope).of(*CALLS) > 0


def _destinations(events: Expr) -> Expr:
    marks = fingerprints(told_apart(events.filter(events.session_id.notnull())))
    return marks.select("event_id", *SESSION, "seq", "event_type", "digest", "path")


def _say(what: str) -> Any:
    def say(parameters: Passages, row: dict[str, Any]) -> str:
        return f"{named(row['agent_id'])}, session {row['session_id']}: {what}."

    return say


_BY = ("agent_id", "session_id")
_INJECTED = Counting(
    "injected",
    injected,
    _BY,
    _say("a call did, or used, what a passage in a tool's output told it to, and nobody had said so before"),
)
_INSTRUCTED = Counting(
    "instructed", instructed, _BY, _say("calls with an effect followed a tool's output that speaks to the model")
)
_TAINTED = Counting(
    "tainted", tainted, _BY, _say("a call with an effect went to a destination that only a tool's output had named")
)

INJECTED_ACTION = Rule(
    "injected-action", "It did what a tool's output told it to", Level.HIGH, _SUSPECT,
    _INJECTED.query, _INJECTED.explain, ("T2", "T6", "AML.T0051.001", "AML.T0053", "AML.T0086"), Passages(),
    "judged on AgentDojo, BFCL and tau2-bench: docs/detections.md", possible=_may_be_taken,
)  # fmt: skip
"""A call that took its destination, a value or the very action from an instruction in a tool's output."""

INSTRUCTED_ACTION = Rule(
    "instructed-action", "An effect after an instruction in a tool's output", Level.LOW,
    "The text may be harmless, or the agent may have resisted it. A place to look, no verdict.",
    _INSTRUCTED.query, _INSTRUCTED.explain, ("T6", "AML.T0051.001"), Passages(),
    "finds nearly all and alarms often: docs/detections.md", possible=_may_be_taken,
)  # fmt: skip
"""A call with an effect after an instruction-like passage in a tool's output."""

TAINTED_DESTINATION = Rule(
    "tainted-destination", "A destination that a tool named", Level.LOW,
    "Often that is the task: an address is looked up, then written to. A place to look, no verdict.",
    _TAINTED.query, _TAINTED.explain, ("T2", "T6", "AML.T0086"), Passages(),
    "keyed fingerprints of e-mail addresses, URL hosts, accounts, phones and paths, made before redaction",
    possible=_may_follow,
)  # fmt: skip
"""A call with an effect that uses a destination only known from a tool's output."""
