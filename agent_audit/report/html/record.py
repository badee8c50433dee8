"""What the record is worth: the verdict, what it cannot show, how complete it is."""

from __future__ import annotations

from agent_audit.analysis.compliance import ComplianceReport, Integrity
from agent_audit.report.html.chart import share_bar
from agent_audit.report.html.element import Child, Element, el, moment, number, plural
from agent_audit.verify import Verification

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


def verdict_card(found: Verification | None) -> Element:
    """The answer of `verify`, first of all."""
    kind, sign, title, meaning = _UNKNOWN if found is None else _ANSWERS[str(found.verdict)]
    return el(
        "section",
        el("span", sign, class_="seal", aria_hidden="true"),
        el(
            "div",
            el("h2", title),
            el("p", meaning),
            _list([str(problem) for problem in found.problems] if found else [], "problems"),
            _list([f"Agrees with {head}" for head in found.heads] if found else [], "reasons"),
            _list(list(found.missing) if found else [], "reasons"),
        ),
        el("dl", _facts(found), class_="facts"),
        class_=f"verdict {kind}",
        aria_label="Verdict",
    )


def record_section(report: ComplianceReport) -> Element:
    """What this log cannot show, and how completely it says the rest."""
    return el(
        "section",
        el("h2", "What the record cannot show"),
        el("p", "Where the evidence ends.", class_="sub"),
        el("ul", (el("li", sentence) for sentence in report.missing), class_="sentences"),
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
    return [el("div", el("dt", name), el("dd", value)) for name, value in named if value is not None]


def _list(sentences: list[str], kind: str, shown: int = 5) -> Element | None:
    if not sentences:
        return None
    more = el("li", f"and {len(sentences) - shown:,} more") if len(sentences) > shown else None
    return el("ul", (el("li", sentence) for sentence in sentences[:shown]), more, class_=kind)


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
