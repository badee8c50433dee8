"""What `fleet verify` says of every log of a store, as a report tells it."""

from __future__ import annotations

from collections.abc import Iterator

from agent_audit.analysis.compliance.integrity import Integrity
from agent_audit.analysis.document import Cell, Table
from agent_audit.event import format_timestamp
from agent_audit.verify import FleetVerification, HostLog, Verdict
from agent_audit.verify.host import named
from agent_audit.wording import plural

_MOST = 20


def fleet_facts(found: FleetVerification) -> tuple[tuple[str, Cell], ...]:
    """The verdict on all logs together."""
    return (
        ("verdict of fleet verify, the gravest", str(found.verdict)),
        ("logs", f"{len(found.logs):,}: {found.counted()}"),
        ("events under checkpoints", found.proved),
        ("events after the checkpoints", found.later),
        ("silent logs", len(found.silent)),
    )


def logs_table(found: FleetVerification) -> Table:
    """The verdict on every log."""
    columns = (
        "verdict",
        "log",
        "events",
        "under the checkpoint",
        "root hash",
        "after it",
        "last event",
        "state",
        "signed by",
    )
    rows = tuple(
        (
            str(log.verdict),
            log.origin,
            log.events,
            log.proved if log.root else None,
            log.root,
            log.later,
            log.last_event,
            str(log.liveness),
            ", ".join(log.signed_by) or None,
            ", ".join(log.cosigned_by) or None,
            " ".join(f"{problem}." for problem in log.problems[:_MOST]) or None,
            " ".join(f"{sentence}." for sentence in log.missing) or None,
        )
        for log in found.gravest_first
    )
    return Table("The logs", (*columns, "witnessed by", "problems", "not proved"), rows, stacked=True)


def what_a_fleet_cannot_show(found: FleetVerification, integrity: Integrity) -> Iterator[str]:
    """In sentences, the gravest first."""
    for verdict in (Verdict.TAMPERED, Verdict.INCOMPLETE, Verdict.NOT_PROVABLE):
        origins = [log.origin for log in found.logs if log.verdict is verdict]
        if origins:
            logs = f"{len(origins):,} of {plural(len(found.logs), 'log')}, {named(origins)}"
            yield f"Not proved to be unaltered: {logs}; fleet verify says: {verdict}."
    problems = list(found.problems())
    yield from (f"{problem}." for problem in problems[:_MOST])
    if len(problems) > _MOST:
        yield f"{plural(len(problems) - _MOST, 'more problem')} named with their logs."
    yield from (f"{sentence}." for sentence in found.missing())
    if integrity.logs > len(found.logs):
        yield f"{plural(integrity.logs - len(found.logs), 'log')} not verified: there only since the verification."
    if found.later:
        yield f"{plural(found.later, 'event')} after the checkpoints: proved by nothing yet."
    yield from (f"{_silence(log)}: what has happened since cannot be shown." for log in found.silent[:_MOST])
    if len(found.silent) > _MOST:
        yield f"{plural(len(found.silent) - _MOST, 'more silent log')}."


def _silence(log: HostLog) -> str:
    since = f"since {format_timestamp(log.last_event)}" if log.last_event else "altogether"
    return f"{log.origin} is silent {since}"
