"""Controls of standards, and what a log can give as evidence for each. It supports an audit; it certifies nothing.

A control's text stays with its publisher: `asks` says in our words which part of it a log can speak to.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.compliance.checks import (
    Checker,
    bound,
    clock,
    content,
    coverage,
    deciders,
    events_recorded,
    examined,
    followed_up,
    kept,
    losses,
    models_and_tools,
    outcomes,
    proved,
    refusals,
    retention,
    signed,
    started_and_stopped,
    witnessed,
)
from agent_audit.analysis.compliance.facts import Facts

SUPPORTED, PARTLY, NOT_SHOWN = "supported", "partly", "not shown"
_CITED = 6


class Control(NamedTuple):
    """A control, and the checks that speak to it."""

    framework: str
    id: str
    asks: str
    checks: tuple[Checker, ...]


class ControlEvidence(BaseModel):
    """What the log can give for one control."""

    model_config = ConfigDict(frozen=True)

    framework: str
    control: str
    asks: str
    status: str = Field(description="supported, partly, or not shown: by this log, of what a log can show.")
    shown: tuple[str, ...] = Field(description="What supports the control.")
    missing: tuple[str, ...] = Field(description="What the log cannot show.")
    event_ids: tuple[str, ...] = Field(description="Events to look at, at most 6.")


_WHO_WHAT = content("agent_id", "action", "outcome", "source")

CONTROLS: tuple[Control, ...] = (
    Control(
        "NIST SP 800-53", "AU-2, AU-12", "The events to be logged are declared, and are logged.", (events_recorded,)
    ),
    Control(
        "NIST SP 800-53",
        "AU-3",
        "Events say what, when, where, from which source, who, with which outcome.",
        (_WHO_WHAT,),
    ),
    Control("NIST SP 800-53", "AU-5", "Failures of the logging are noticed.", (losses,)),
    Control(
        "NIST SP 800-53",
        "AU-6, AU-7",
        "The records are reviewed, and findings are dealt with.",
        (examined, followed_up),
    ),
    Control("NIST SP 800-53", "AU-8", "Time stamps can be relied on.", (clock,)),
    Control(
        "NIST SP 800-53",
        "AU-9, AU-10",
        "The records are protected from change, and nobody can deny them.",
        (proved, signed, witnessed),
    ),
    Control("NIST SP 800-53", "AU-4, AU-11", "Records are kept as long as the retention policy says.", (retention,)),
    Control("SOC 2", "CC6.1", "Access is decided on, and the decisions can be traced.", (refusals, deciders)),
    Control("SOC 2", "CC7.1, CC7.2", "What the system does is monitored, day by day.", (coverage, losses)),
    Control("SOC 2", "CC7.3", "Security events are evaluated.", (followed_up,)),
    Control(
        "ISO/IEC 27001",
        "A.8.15",
        "Logs are produced, stored, protected and analysed.",
        (events_recorded, retention, proved, examined),
    ),
    Control("HIPAA", "45 CFR 164.312(b)", "Activity is recorded and examined.", (events_recorded, examined)),
    Control(
        "PCI DSS",
        "10.2",
        "User, type, time, outcome, origin and resource of each event; start and stop of the logging.",
        (content("user_id", "source", "outcome", "resource"), started_and_stopped),
    ),
    Control("PCI DSS", "10.3", "Logs are protected from change.", (proved, signed)),
    Control("PCI DSS", "10.5", "Twelve months of history are kept.", (kept(12),)),
    Control(
        "EU AI Act",
        "Article 12",
        "Events are logged automatically over the lifetime of the system.",
        (events_recorded, models_and_tools, losses),
    ),
    Control("EU AI Act", "Articles 19(1), 26(6)", "The logs are kept for six months at least.", (kept(6),)),
    Control(
        "OWASP Agentic",
        "T8 Repudiation and untraceability",
        "Steps, tools and identities can be traced; approvals are bound to their arguments.",
        (_WHO_WHAT, outcomes, bound),
    ),
    Control(
        "MITRE ATLAS",
        "AML.M0024 AI telemetry logging",
        "Inputs and outputs of models and the use of tools are logged.",
        (models_and_tools, outcomes),
    ),
)


def judged(facts: Facts) -> tuple[ControlEvidence, ...]:
    """What the log can give for every control."""
    return tuple(_judge(control, facts) for control in CONTROLS)


def _judge(control: Control, facts: Facts) -> ControlEvidence:
    found = [check(facts) for check in control.checks]
    shown = tuple(one.sentence for one in found if one.shown)
    missing = tuple(one.sentence for one in found if not one.shown)
    ids = dict.fromkeys(event_id for one in found for event_id in one.event_ids)
    return ControlEvidence(
        framework=control.framework,
        control=control.id,
        asks=control.asks,
        status=SUPPORTED if not missing else PARTLY if shown else NOT_SHOWN,
        shown=shown,
        missing=missing,
        event_ids=tuple(ids)[:_CITED],
    )
