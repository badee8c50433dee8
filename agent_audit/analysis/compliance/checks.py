"""Single checks that controls are put together from: each says what the log shows, or that it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from agent_audit.analysis.compliance.facts import Facts
from agent_audit.verify import FleetVerification, Verdict
from agent_audit.verify.host import named
from agent_audit.wording import plural


class Check(NamedTuple):
    """What one look at the facts gave."""

    shown: bool
    sentence: str
    event_ids: tuple[str, ...] = ()


Checker = Callable[[Facts], Check]

MISSION_TYPES = (
    "agent.start",
    "agent.stop",
    "action.request",
    "action.approved",
    "action.denied",
    "action.executed",
    "action.failed",
    "tool.call",
    "tool.response",
    "data.access",
    "data.modify",
    "permission.check",
    "permission.denied",
    "error",
)
_ENOUGH = 99.0
"""Percent of the events from which on a field counts as shown."""


def events_recorded(facts: Facts) -> Check:
    """Event types that are declared, and which of them were seen."""
    seen = [name for name in MISSION_TYPES if name in facts.by_type]
    never = [name for name in MISSION_TYPES if name not in facts.by_type]
    tail = f"; never seen: {', '.join(never)}" if never else ""
    return Check(
        bool(seen), f"{len(seen)} of {len(MISSION_TYPES)} declared event types were seen{tail}.", facts.cite(*seen[:3])
    )


def models_and_tools(facts: Facts) -> Check:
    """Calls of models and of tools."""
    models, tools = facts.count("llm.request"), facts.count("tool.call")
    return Check(
        bool(models and tools),
        f"On record: {plural(models, 'model call')}, {plural(tools, 'tool call')}.",
        facts.cite("llm.request", "tool.call"),
    )


def content(*fields: str) -> Checker:
    """That the events say these things; each must be there in 99 % of those that should."""

    def check(facts: Facts) -> Check:
        known = [found for name in fields if (found := facts.completeness[name]).percent is not None]
        said = ", ".join(f"{found.question} {found.percent:g} %" for found in known)
        enough = bool(known) and all((found.percent or 0) >= _ENOUGH for found in known)
        return Check(enough, f"Of the events that should say so: {said}." if known else "No event should say so.")

    return check


def losses(facts: Facts) -> Check:
    """That failures of the logging itself are on record, and that nothing was lost."""
    found = facts.integrity
    return Check(
        found.sound,
        f"{plural(found.gaps, 'gap')} with {plural(found.lost_events, 'lost event')}, "
        f"{plural(found.recovered, 'recovery', 'recoveries')}, {plural(found.missing_seq, 'missing position')}, "
        f"{plural(found.repeated_seq, 'repeated position')}, {plural(found.bad_lines, 'unreadable line')}, "
        f"{plural(found.writer_gaps, 'event')} missing from writers' numbering.",
        facts.cite_log("log.gap", "log.recovered"),
    )


def examined(facts: Facts) -> Check:
    """That somebody looked at the log."""
    times = facts.log_by_type.get("log.examined", 0)
    return Check(
        bool(times),
        f"On record: {plural(times, 'examination')} of the log (log.examined).",
        facts.cite_log("log.examined"),
    )


def followed_up(facts: Facts) -> Check:
    """That findings were dealt with."""
    times = facts.log_by_type.get("finding.disposition", 0)
    return Check(
        bool(times),
        f"On record: {plural(times, 'disposition')} of findings (finding.disposition).",
        facts.cite_log("finding.disposition"),
    )


def clock(facts: Facts) -> Check:
    """That clocks did not go back."""
    steps = facts.clock["steps"]
    largest = f", by {facts.clock['largest']:,.0f} s at most" if steps else ""
    timed = bool(facts.integrity.writers)
    told = f"A writer's clock went back {plural(steps, 'time')}{largest}."
    return Check(timed and not steps, told if timed else "No event names its writer: clocks cannot be compared.")


def proved(facts: Facts) -> Check:
    """That the record is what was signed."""
    found = facts.verification
    if found is None:
        return Check(False, "The record was not verified.")
    valid = found.verdict == Verdict.VALID
    if isinstance(found, FleetVerification):
        after = f"; {plural(found.later, 'event')} after the checkpoints not proved yet" if found.later else ""
        counted = f"{plural(len(found.logs), 'log')}: {found.counted()}"
        return Check(valid, f"Verdict of fleet verify on {counted}, {found.proved:,} events under checkpoints{after}.")
    head = f" at {found.size:,} events, root {found.root}" if found.root else ""
    after = f"; {plural(found.later, 'event')} after it not proved yet" if found.later else ""
    return Check(valid, f"Verdict of verify: {found.verdict}{head}{after}.")


def signed(facts: Facts) -> Check:
    """That a key apart from the log has signed its head."""
    found = facts.verification
    if isinstance(found, FleetVerification):
        without = [log.origin for log in found.logs if not log.signed_by]
        return _of_heads(found, without, "signed by trusted keys", "No signature of a trusted key is known")
    by = ", ".join(found.signed_by) if found else ""
    return Check(
        bool(by), f"The head is signed by {by}." if by else "No signature of a trusted key over the head is known."
    )


def witnessed(facts: Facts) -> Check:
    """That somebody independent has seen the head."""
    found = facts.verification
    if isinstance(found, FleetVerification):
        without = [log.origin for log in found.logs if not log.cosigned_by]
        return _of_heads(found, without, "cosigned by witnesses", "No cosignature of an independent witness is known")
    by = ", ".join(found.cosigned_by) if found else ""
    return Check(bool(by), f"The head is cosigned by {by}." if by else "No independent witness has cosigned the head.")


def _of_heads(found: FleetVerification, without: list[str], all_are: str, none_is: str) -> Check:
    """That something holds for the heads of all logs."""
    count = len(found.logs)
    if count and not without:
        return Check(True, f"{plural(count, 'head')} of {plural(count, 'log')}, each {all_are}.")
    return Check(False, f"{none_is} over the heads of {len(without):,} of {plural(count, 'log')}: {named(without)}.")


def started_and_stopped(facts: Facts) -> Check:
    """Starts and stops of the logging."""
    opened, closed = facts.log_by_type.get("log.opened", 0), facts.log_by_type.get("log.closed", 0)
    return Check(
        bool(opened),
        f"The logging was started {plural(opened, 'time')} and stopped {plural(closed, 'time')}, on record.",
        facts.cite_log("log.opened", "log.closed"),
    )


def kept(months: int) -> Checker:
    """That events are kept for so many months."""

    def check(facts: Facts) -> Check:
        pruned = facts.log_by_type.get("log.pruned", 0)
        enough = facts.kept_for >= timedelta(days=months * 30.5)
        pruning = f"{plural(pruned, 'pruning')} on record" if pruned else "Nothing was pruned, by the log's own events"
        short = "" if enough else f"; {months} months cannot be shown yet"
        return Check(enough, f"{_on_hand(facts)}{short}. {pruning}.", facts.cite_log("log.pruned"))

    return check


def retention(facts: Facts) -> Check:
    """What is on hand, and whether anything was dropped without a record of it."""
    found = facts.integrity
    unexplained = bool(found.late_beginnings)
    return Check(
        facts.oldest is not None and not unexplained,
        f"{_on_hand(facts)}; {plural(found.pruned, 'pruning')} on record"
        + ("; the beginning is missing without one." if unexplained else "."),
        facts.cite_log("log.pruned"),
    )


def _on_hand(facts: Facts) -> str:
    oldest = f"{facts.oldest:%Y-%m-%d}" if facts.oldest else "none"
    return f"Oldest event {oldest}, {plural(facts.kept_for.days, 'day')} on hand"


def refusals(facts: Facts) -> Check:
    """What was refused by policies, people and guardrails."""
    questions, approvals = facts.count("permission.check"), facts.count("action.approved")
    return Check(
        bool(facts.refused or questions or approvals),
        f"On record: {plural(questions, 'question')}, {plural(approvals, 'approval')}, "
        f"{plural(facts.refused, 'refusal')}.",
        (*facts.refused_ids, *facts.cite("action.approved")),
    )


def deciders(facts: Facts) -> Check:
    """That decisions say who made them."""
    made, unknown = facts.decisions.approved + facts.decisions.denied, facts.decisions.decider_unknown
    known = f"Who decided is on record for {made - unknown:,} of {plural(made, 'decision')}."
    told = known if made else "No decision is on record."
    return Check(bool(made) and not unknown, told, tuple(one.event_id for one in facts.decisions.listed[-2:]))


def bound(facts: Facts) -> Check:
    """That decisions are bound to the arguments decided on."""
    made = facts.decisions.approved + facts.decisions.denied
    told = f"{facts.bound_decisions:,} of {plural(made, 'decision')} with a keyed digest of the arguments."
    return Check(bool(made) and facts.bound_decisions == made, told if made else "No decision is on record.")


def outcomes(facts: Facts) -> Check:
    """That each intent has its outcome."""
    starts = facts.count("agent.start", "tool.call", "llm.request", "action.request")
    return Check(
        bool(starts) and not facts.open_operations,
        f"{facts.open_operations:,} of {plural(starts, 'intent')} without an outcome.",
    )


def coverage(facts: Facts) -> Check:
    """On how many days there was anything."""
    return Check(facts.days > 0, f"{plural(facts.days, 'day')} of the period with events.")
