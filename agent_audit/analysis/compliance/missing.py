"""What the log cannot show, in sentences: the part of a compliance report to read first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent_audit.analysis.compliance.completeness import Completeness
from agent_audit.analysis.compliance.fleet import what_a_fleet_cannot_show
from agent_audit.analysis.compliance.integrity import Integrity
from agent_audit.analysis.decisions import Decisions
from agent_audit.verify import AnyVerification, FleetVerification, Verdict, Verification
from agent_audit.wording import plural

NOT_VERIFIED = "Whether the record was altered has not been verified: `agent-audit-log verify`."
NEVER_RECORDED = "What was never recorded cannot be shown by any log."
_MOST = 20


def what_is_missing(
    *,
    verification: AnyVerification | None,
    by_type: Mapping[str, int],
    integrity: Integrity,
    fields: Sequence[Completeness],
    decisions: Decisions,
    open_operations: int,
) -> tuple[str, ...]:
    """Each sentence names one thing that cannot be shown, the gravest first."""
    return (
        *_verdicts(verification, integrity),
        *_gaps(integrity),
        *(() if verification else (NOT_VERIFIED,)),
        *_open(open_operations),
        *_decisions(decisions),
        *_fields(fields),
        *_never_seen(by_type),
        NEVER_RECORDED,
    )


def _verdicts(found: AnyVerification | None, integrity: Integrity) -> Iterator[str]:
    if isinstance(found, FleetVerification):
        yield from what_a_fleet_cannot_show(found, integrity)
    elif found is not None:
        yield from _verdict(found)


def _verdict(found: Verification) -> Iterator[str]:
    if found.verdict != Verdict.VALID:
        yield f"The record is not proved to be unaltered; verify says: {found.verdict}."
    yield from (f"{problem}." for problem in found.problems[:_MOST])
    yield from (f"{sentence}." for sentence in found.missing)
    if found.later:
        yield f"{plural(found.later, 'event')} after the checkpoint: proved by nothing yet."


def _gaps(found: Integrity) -> Iterator[str]:
    if found.bad_lines:
        yield f"{plural(found.bad_lines, 'line')} cannot be read: not counted."
    if found.missing_seq:
        yield f"{plural(found.missing_seq, 'position')} of the log without a readable event{_ranges(found)}."
    if found.repeated_seq:
        yield f"{plural(found.repeated_seq, 'event')} at a position that another event has."
    if found.lost_events or found.gaps:
        yield f"{plural(found.lost_events, 'event')} could not be recorded, by {plural(found.gaps, 'log.gap event')}."
    if found.writer_gaps:
        yield f"{plural(found.writer_gaps, 'event')} not in the log to which a writing process gave numbers."
    if found.late_beginnings and found.logs == 1:
        yield f"The log begins at position {found.first_seq:,}, and no log.pruned event says why."
    elif found.late_beginnings:
        logs = f"{found.late_beginnings:,} of {found.logs:,} logs begin"
        yield f"{logs} behind position 0, and no log.pruned event of theirs says why."


def _ranges(found: Integrity) -> str:
    shown = [f"{first}" if first == last else f"{first}-{last}" for first, last in found.missing_seq_ranges[:5]]
    if found.logs > 1:
        shown = [f"{log}: {place}" for log, place in zip(found.missing_seq_logs, shown, strict=False)]
    return f" ({', '.join(shown)}{', …' if len(found.missing_seq_ranges) > 5 else ''})" if shown else ""


def _open(count: int) -> Iterator[str]:
    if count:
        yield f"{plural(count, 'operation')} without an outcome: what took effect cannot be shown."


def _decisions(found: Decisions) -> Iterator[str]:
    if found.decider_unknown:
        total = found.approved + found.denied
        yield f"{found.decider_unknown:,} of {plural(total, 'decision')} without a word on who decided."
    if found.waiting:
        yield f"{plural(found.waiting, 'question')} for permission without an answer on record."


def _fields(fields: Sequence[Completeness]) -> Iterator[str]:
    for field in fields:
        without = field.events - field.present
        if without:
            yield f"{field.question} ({field.field}): absent from {without:,} of {field.events:,} events."


def _never_seen(by_type: Mapping[str, int]) -> Iterator[str]:
    expected = {
        "starts and stops of agents": ("agent.start", "agent.stop"),
        "use of tools": ("tool.call",),
        "reads of data": ("data.access",),
        "changes of data": ("data.modify",),
        "decisions about actions": ("action.approved", "action.denied"),
    }
    absent = [what for what, types in expected.items() if not any(name in by_type for name in types)]
    if absent:
        yield f"Never recorded in this period: {', '.join(absent)}. That may mean there was none."
