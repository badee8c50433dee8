"""The compliance report: its parts put together, and how it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from agent_audit.analysis.activity import count_table, error_count, listed
from agent_audit.analysis.compliance.completeness import Completeness, completeness_of
from agent_audit.analysis.compliance.controls import ControlEvidence, judged
from agent_audit.analysis.compliance.facts import facts_of
from agent_audit.analysis.compliance.fleet import fleet_facts, logs_table
from agent_audit.analysis.compliance.integrity import Integrity, integrity_of
from agent_audit.analysis.compliance.missing import what_is_missing
from agent_audit.analysis.compliance.security import SecurityEvent, listed_security_events
from agent_audit.analysis.data import DataUse, listed_uses
from agent_audit.analysis.decisions import Decisions, decisions_of
from agent_audit.analysis.document import Cell, Document, Table
from agent_audit.analysis.kinds import kinds, kinds_in_log
from agent_audit.analysis.result import Count, Period, Result, bad_line_remark
from agent_audit.analysis.rules.open_operations import kept_open
from agent_audit.analysis.scope import Scope, count, counts, first_row, of_agents
from agent_audit.analysis.source import Expr, rows
from agent_audit.verify import AnyVerification, FleetVerification

_SHOWN = 20
SUPPORTS = "Computed from the log alone. It supports an audit; whether a control is met is for the auditor to say."


class ComplianceReport(Result):
    """What happened in a period, for an auditor. It supports an audit and certifies nothing."""

    main: ClassVar[str] = "data_uses"

    period: Period
    verification: AnyVerification | None = Field(
        description="What `verify` says of the whole log, or `fleet verify` of every log of a store; None: not asked."
    )
    oldest_event: datetime | None = Field(description="Of the whole log.")
    newest_event: datetime | None = Field(description="Of the whole log.")
    missing: tuple[str, ...] = Field(description="What the log cannot show, the gravest first.")
    total_events: int
    by_type: dict[str, int]
    agents: tuple[Count, ...] = Field(description="Most frequent first; at most 100, as every list here.")
    users: tuple[Count, ...]
    sessions: tuple[Count, ...]
    distinct: dict[str, int] = Field(description="How many agents, users, sessions, actions, resources in all.")
    errors: int = Field(description="Each failure once.")
    error_types: tuple[Count, ...]
    top_actions: tuple[Count, ...]
    top_resources: tuple[Count, ...]
    data_uses: tuple[DataUse, ...] = Field(description="Data access and changes, by resource, agent and user.")
    data_use_count: int
    security_events: tuple[SecurityEvent, ...] = Field(description="The latest.")
    security_event_count: int
    decisions: Decisions
    open_operations: int = Field(description="Intents without an outcome.")
    integrity: Integrity
    completeness: tuple[Completeness, ...]
    controls: tuple[ControlEvidence, ...] = Field(description="Evidence per control; it certifies none.")
    scope: dict[str, str] = Field(default_factory=dict, description="Conditions other than the period.")
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        return Document(
            f"Compliance report, {self.period}",
            (*bad_line_remark(self.bad_line_count), SUPPORTS),
            tuple(_tables(self)),
        )


def compliance_report(scope: Scope, verification: AnyVerification | None = None) -> ComplianceReport:
    """Compute the report of a scope.

    Args:
        scope: what to report on.
        verification: what `verify` says of the log, or `fleet verify` of the logs; None: it was not asked.
    """
    events, own = scope.events, of_agents(scope.events)
    whole = kinds_in_log(scope)
    by_type = {row["name"]: row["count"] for row in rows(counts(events, "event_type"))}
    integrity = integrity_of(scope.log, scope.bad_line_count)
    fields, decisions = completeness_of(events), decisions_of(scope)
    open_operations = count(kept_open(scope))
    security_events, security_event_count = listed_security_events(scope)
    facts = facts_of(
        scope,
        by_type=by_type,
        fields=fields,
        decisions=decisions,
        refused=security_event_count,
        refused_ids=tuple(one.event_id for one in security_events[-2:]),
        integrity=integrity,
        verification=verification,
        open_operations=open_operations,
        oldest=whole.first,
        newest=whole.last,
    )
    controls = judged(facts)
    data_uses, data_use_count = listed_uses(events)
    return ComplianceReport(
        period=scope.period,
        verification=verification,
        oldest_event=whole.first,
        newest_event=whole.last,
        missing=(
            *what_is_missing(
                verification=verification,
                by_type=by_type,
                integrity=integrity,
                fields=fields,
                decisions=decisions,
                open_operations=open_operations,
            ),
            *_unsupported(controls),
        ),
        total_events=kinds(scope).total,
        by_type=by_type,
        agents=listed(own, "agent_id"),
        users=listed(own, "user_id"),
        sessions=listed(own, "session_id"),
        distinct=_distinct(own),
        errors=first_row(error_count(events))["errors"],
        error_types=listed(events, "error_type"),
        top_actions=listed(own, "action"),
        top_resources=listed(own, "resource"),
        data_uses=data_uses,
        data_use_count=data_use_count,
        security_events=security_events,
        security_event_count=security_event_count,
        decisions=decisions,
        open_operations=open_operations,
        integrity=integrity,
        completeness=fields,
        controls=controls,
        scope=scope.conditions,
        bad_line_count=scope.bad_line_count,
    )


def _unsupported(controls: Iterable[ControlEvidence]) -> Iterator[str]:
    """What controls lack, each thing once, with the controls that ask for it."""
    asked: dict[str, list[str]] = {}
    for control in controls:
        for sentence in control.missing:
            asked.setdefault(sentence, []).append(f"{control.framework} {control.control}")
    yield from (f"{sentence} Asked for by {'; '.join(names)}." for sentence, names in asked.items())


def _distinct(events: Expr) -> dict[str, int]:
    columns = {
        "agents": "agent_id",
        "users": "user_id",
        "sessions": "session_id",
        "actions": "action",
        "resources": "resource",
    }
    return first_row(events.agg(**{name: events[column].nunique() for name, column in columns.items()}))


def _tables(report: ComplianceReport) -> Iterator[Table]:
    yield Table("What this log cannot show", ("missing",), tuple((sentence,) for sentence in report.missing))
    yield Table("The record", ("what", "value"), _record(report))
    if isinstance(report.verification, FleetVerification):
        yield logs_table(report.verification)
    yield Table(
        "Evidence per control",
        ("status", "control", "asks", "shown", "not shown", "events"),
        tuple(_control(control) for control in report.controls),
        "supported: this log has the evidence a log can give. An auditor judges whether the control is met.",
        stacked=True,
    )
    yield Table("Summary", ("what", "value"), _summary(report))
    yield Table(
        "Completeness of the events",
        ("field", "question", "events", "present", "percent"),
        tuple((c.field, c.question, c.events, c.present, c.percent) for c in report.completeness if c.events),
    )
    yield Table("Integrity facts in the log", ("fact", "value"), _integrity(report.integrity))
    yield _security(report)
    yield _decisions(report)
    yield _data(report)
    yield Table("Events by type", ("type", "events"), tuple(report.by_type.items()))
    yield count_table("Agents", "agent", report.agents, report.distinct["agents"])
    yield count_table("Users", "user", report.users, report.distinct["users"])
    yield count_table("Top actions", "action", report.top_actions, report.distinct["actions"])
    yield count_table("Top resources", "resource", report.top_resources, report.distinct["resources"])
    yield Table("Errors by type", ("error", "events"), tuple((c.name, c.count) for c in report.error_types[:_SHOWN]))


def _record(report: ComplianceReport) -> tuple[tuple[str, Cell], ...]:
    facts: tuple[tuple[str, Cell], ...] = (
        ("period", str(report.period)),
        ("scope", ", ".join(f"{name} {value}" for name, value in report.scope.items()) or "everything"),
    )
    found = report.verification
    if found is None:
        return (*facts, ("verdict of verify", "not verified"))
    if isinstance(found, FleetVerification):
        return (*facts, *fleet_facts(found))
    checkpoint: tuple[tuple[str, Cell], ...] = (
        ("verdict of verify", str(found.verdict)),
        ("log", found.origin),
        ("events under the checkpoint", found.size),
        ("root hash of the checkpoint", found.root),
        ("events after the checkpoint", found.later),
        ("events pruned, on record", found.pruned),
        ("signed by", ", ".join(found.signed_by) or None),
        ("agrees with", ", ".join(found.heads) or None),
        ("witnessed by", ", ".join(found.cosigned_by) or None),
        *(("problem", str(problem)) for problem in found.problems[:_SHOWN]),
        *(("not proved", sentence) for sentence in found.missing),
        *(("remark", sentence) for sentence in found.remarks),
    )
    return (*facts, *(fact for fact in checkpoint if fact[1] is not None))


def _control(control: ControlEvidence) -> tuple[Cell, ...]:
    return (
        control.status,
        f"{control.framework} {control.control}",
        control.asks,
        " ".join(control.shown) or None,
        " ".join(control.missing) or None,
        ", ".join(control.event_ids) or None,
    )


def _summary(report: ComplianceReport) -> tuple[tuple[str, int | float | datetime | None], ...]:
    return (
        ("events in the period", report.total_events),
        ("oldest event of the log", report.oldest_event),
        ("newest event of the log", report.newest_event),
        ("agents", report.distinct["agents"]),
        ("users", report.distinct["users"]),
        ("sessions", report.distinct["sessions"]),
        ("data accesses", report.by_type.get("data.access", 0)),
        ("data changes", report.by_type.get("data.modify", 0)),
        ("security events", report.security_event_count),
        ("errors", report.errors),
        ("actions approved", report.decisions.approved),
        ("actions denied", report.decisions.denied),
        ("waiting for a decision", report.decisions.waiting),
        ("median wait for a decision (s)", report.decisions.median_wait_seconds),
        ("operations without an outcome", report.open_operations),
    )


def _integrity(found: Integrity) -> tuple[tuple[str, int | None], ...]:
    return (
        ("logs", found.logs),
        ("logs whose beginning is missing", found.late_beginnings),
        ("first position (seq)", found.first_seq),
        ("last position (seq)", found.last_seq),
        ("positions without an event", found.missing_seq),
        ("positions used twice", found.repeated_seq),
        ("unreadable lines", found.bad_lines),
        ("writing processes", found.writers),
        ("events missing from writers' numbering", found.writer_gaps),
        ("log opened", found.opened),
        ("log closed", found.closed),
        ("log recovered", found.recovered),
        ("gaps on record", found.gaps),
        ("events lost, on record", found.lost_events),
    )


def _security(report: ComplianceReport) -> Table:
    latest = report.security_events[-_SHOWN:]
    return Table(
        "Security events",
        ("time", "type", "agent", "user", "action", "resource", "reason", "event"),
        tuple(
            (e.timestamp, e.event_type, e.agent_id, e.user_id, e.action, e.resource, e.reason, e.event_id)
            for e in latest
        ),
        _more(report.security_event_count - len(latest), "earlier"),
    )


def _decisions(report: ComplianceReport) -> Table:
    latest, made = report.decisions.listed[-_SHOWN:], report.decisions.approved + report.decisions.denied
    return Table(
        "Decisions",
        ("time", "decision", "by", "action", "agent", "user", "waited (s)", "event"),
        tuple(
            (
                d.timestamp,
                d.decision,
                d.decided_by or "not recorded",
                d.action,
                d.agent_id,
                d.user_id,
                d.waited_seconds,
                d.event_id,
            )
            for d in latest
        ),
        _more(made - len(latest), "earlier"),
    )


def _data(report: ComplianceReport) -> Table:
    shown = report.data_uses[:_SHOWN]
    return Table(
        "Data access and changes",
        ("kind", "resource", "agent", "user", "events", "not successful", "last"),
        tuple((u.kind, u.resource, u.agent_id, u.user_id, u.count, u.not_successful, u.last) for u in shown),
        _more(report.data_use_count - len(shown), "more"),
    )


def _more(count: int, word: str) -> str | None:
    return f"and {count:,} {word}" if count > 0 else None
