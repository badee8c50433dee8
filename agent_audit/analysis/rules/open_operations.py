"""Intents without an outcome: the process died in between, or the operation still runs."""

from __future__ import annotations

from functools import partial
from typing import Any

from agent_audit.analysis.finding import Evidence, Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.operations import QUESTION, at, exchange, is_at, nearest, without_call
from agent_audit.analysis.rule import Parameters, Rule, of_agent
from agent_audit.analysis.scope import EVIDENCE, Scope, without
from agent_audit.analysis.source import Expr
from agent_audit.pairs import BY_CALL, BY_SPAN

INTENTS = tuple(BY_SPAN)
"""What is reported. An open `permission.check` waits for a person and is no anomaly."""

_TOLD = ("log", "seq", "timestamp", "session_id", "span_id", "call_id")
"""All that pairing needs: what is paired stays in memory."""


def open_intents(events: Expr, log: Expr, intents: tuple[str, ...] = INTENTS) -> Expr:
    """The intents in `events` that nothing in `log` ends; the rules are those of `pairing.py`."""
    parts = [_open(events.filter(events.event_type == intent).select(*_TOLD), log, intent) for intent in intents]
    found = parts[0].union(*parts[1:]) if parts[1:] else parts[0]
    return events.semi_join(found, ["timestamp", "seq"])


def _open(intents: Expr, log: Expr, intent: str) -> Expr:
    if intent == QUESTION:
        return _unanswered(intents, log)
    by_span, by_call = sorted(BY_SPAN.get(intent, ())), sorted(BY_CALL.get(intent, ()))
    pairable = intents.span_id.notnull() if by_span else intents.call_id.notnull()
    if by_span and by_call:
        pairable = pairable | intents.call_id.notnull()
    waiting = intents.filter(pairable)
    # By call first, for that leaves next to nothing: the engine would hold both joins in memory at once.
    if by_call:
        waiting = without_call(waiting, log.filter(log.event_type.isin(by_call)), order="after")
    if by_span:
        waiting = without(waiting, log.filter(log.event_type.isin(by_span)), "span_id")
    return waiting


def _unanswered(questions: Expr, log: Expr) -> Expr:
    said = exchange(log)
    said = nearest(said, {"answer": said.event_type.isin(sorted(BY_CALL[QUESTION]))}, later=True)
    waiting = at(said.filter((said.event_type == QUESTION) & said.answer.isnull()))
    return questions.semi_join(waiting, is_at(questions, waiting))


def kept_open(scope: Scope) -> Expr:
    """`open_intents` of a scope with few columns, computed once; type by type, for each takes much memory."""
    there = [intent for intent in INTENTS if kinds(scope).of(intent)]
    parts = [scope.keep(f"open {intent}", partial(_open_of, scope, intent)) for intent in there or INTENTS[:1]]
    return parts[0].union(*parts[1:]) if parts[1:] else parts[0]


def _open_of(scope: Scope, intent: str) -> Expr:
    # Read once: every reading of a log of many files takes memory of its own, and what ends a call is looked at often.
    outcomes = scope.keep(f"outcomes of {intent}", partial(_outcomes, scope.log, intent))
    found = open_intents(scope.events, outcomes, (intent,))
    return found.select(*EVIDENCE, "event_type", "agent_id", "trace_id")


def _outcomes(log: Expr, intent: str) -> Expr:
    ends = sorted({*BY_SPAN.get(intent, ()), *BY_CALL.get(intent, ())})
    return log.filter(log.event_type.isin(ends)).select(*_TOLD, "event_type")


def open_by_agent(scope: Scope, parameters: Parameters) -> Expr:
    """How many operations of which type each agent left open."""
    still_open = kept_open(scope)
    counted = still_open.group_by(["agent_id", "event_type"]).agg(open=still_open.count())
    return counted.order_by([counted.open.desc(), "agent_id", "event_type"])


def _explain(scope: Scope, parameters: Parameters, row: dict[str, Any]) -> Evidence:
    agent_id, event_type = row["agent_id"], row["event_type"]
    still_open = kept_open(scope)
    return Evidence(
        f"{named(agent_id)} left {row['open']:,} {event_type} without an outcome.",
        {"open": row["open"]},
        of_agent(still_open.filter(still_open.event_type == event_type), agent_id),
    )


OPEN_OPERATIONS = Rule(
    id="open-operations",
    title="Operations without an outcome",
    level=Level.MEDIUM,
    means="Either the process died in between, and the effect may or may not have happened, or the operation still "
    "runs.",
    query=open_by_agent,
    explain=_explain,
    references=("T8",),
    basis="an intent is on record before its effect, so an outcome is always due",
    possible=lambda scope, parameters: kinds(scope).of(*INTENTS) > 0,
)
"""agent.start, tool.call, llm.request or action.request that nothing ends."""
