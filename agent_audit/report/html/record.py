"""What the record is worth: the verdict, what it cannot show, how complete it is."""

from __future__ import annotations

from agent_audit.analysis.compliance import ComplianceReport, Integrity
from agent_audit.report.html.chart import share_bar
from agent_audit.report.html.element import Child, Element, el, moment, number
from agent_audit.report.html.fleet import fleet_card, logs_table
from agent_audit.report.html.verdict import card, facts_of, sentences
from agent_audit.verify import AnyVerification, FleetVerification, Verification
from agent_audit.wording import plural

_ANSWERS = {
    "valid": ("good", "✓", "The record is whole", "Every event under the checkpoint is what was signed."),
    "tampered": (
        "bad",
        "✕",
        "The record was changed",
        "Events are not what was signed. Believe none of this without looking.",
    ),
    "not provable": (
        "warn",
        "!",
        "Consistent, but not proved",
        "Nothing contradicts the record; what would prove it is missing.",
    ),
    "incomplete": ("bad", "!", "The record cannot be read in full", "A file of the log is missing or unreadable."),
}
_UNKNOWN = (
    "calm",
    "?",
    "Not verified",
    "This report counts what is recorded; whether it was altered has not been checked.",
)


def verdict_card(found: AnyVerification | None) -> Element:
    """The answer of `verify`, first of all."""
    if isinstance(found, FleetVerification):
        return fleet_card(found)
    kind, sign, title, meaning = _UNKNOWN if found is None else _ANSWERS[str(found.verdict)]
    return card(
        (kind, sign, title, meaning),
        sentences([str(problem) for problem in found.problems] if found else [], "problems"),
        sentences([f"Agrees with {head}" for head in found.heads] if found else [], "reasons"),
        sentences(list(found.missing) if found else [], "reasons"),
        facts=_facts(found),
    )


def record_section(report: ComplianceReport) -> Element:
    """What this log cannot show, and how completely it says the rest."""
    return el(
        "section",
        el("h2", "What the record cannot show"),
        el("p", "Where the evidence ends.", class_="sub"),
        el("ul", (el("li", sentence) for sentence in report.missing), class_="sentences"),
        logs_table(report.verification) if isinstance(report.verification, FleetVerification) else None,
        el("div", _completeness(report), _integrity(report.integrity, report), class_="pair"),
        id="record",
    )


def _facts(found: Verification | None) -> list[Child]:
    if found is None:
        return [el("div", el("dt", "To check it"), el("dd", el("code", "agent-audit-log verify")))]
    named: tuple[tuple[str, Child], ...] = (
        ("Log", el("code", found.origin) if found.origin else None),
        ("Under the checkpoint", plural(found.size, "event")),
        ("After it, not proved yet", plural(found.later, "event") if found.later else None),
        ("Root", el("code", found.root) if found.root else None),
        ("Signed by", ", ".join(found.signed_by) or None),
        ("Witnessed by", ", ".join(found.cosigned_by) or None),
    )
    return facts_of(named)


def _completeness(report: ComplianceReport) -> Element:
    rows = (
        el(
            "tr",
            el("th", item.question, " ", el("code", item.field), scope="row"),
            el("td", share_bar(item.present / item.events, "accent"), class_="wide"),
            el("td", f"{item.percent:g} %", class_="num"),
        )
        for item in report.completeness
        if item.events
    )
    body = el("table", el("tbody", rows)) if any(item.events for item in report.completeness) else None
    return el(
        "div",
        el("h3", "Completeness of the events"),
        el("p", "No events in this period.", class_="empty") if body is None else body,
        class_="card",
    )


def _integrity(found: Integrity, report: ComplianceReport) -> Element:
    facts: tuple[tuple[str, Child, bool], ...] = (
        ("Oldest event", moment(report.oldest_event), False),
        ("Newest event", moment(report.newest_event), False),
        ("Positions", "–" if found.first_seq is None else f"{found.first_seq:,} to {found.last_seq:,}", False),
        ("Positions without an event", number(found.missing_seq), bool(found.missing_seq)),
        ("Positions used twice", number(found.repeated_seq), bool(found.repeated_seq)),
        ("Unreadable lines", number(found.bad_lines), bool(found.bad_lines)),
        ("Events lost, on record", number(found.lost_events), bool(found.lost_events)),
        ("Missing from writers' numbering", number(found.writer_gaps), bool(found.writer_gaps)),
        ("Recoveries after a crash", number(found.recovered), False),
        ("Operations without an outcome", number(report.open_operations), bool(report.open_operations)),
    )
    rows = (
        el("tr", el("th", name, scope="row"), el("td", value, class_="num bad" if bad else "num"))
        for name, value, bad in facts
    )
    return el("div", el("h3", "The record in itself"), el("table", el("tbody", rows)), class_="card")
