"""The HTML report: what the agents did, as one page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from agent_audit.analysis.overview import Overview, RecordedSession
from agent_audit.analysis.result import Period, not_in_here
from agent_audit.report.html.element import Child, Element, el, moment
from agent_audit.report.html.page import page
from agent_audit.report.html.record import record_section, verdict_card
from agent_audit.report.html.sections import (
    activity_section,
    agents_section,
    data_section,
    decisions_section,
    findings_section,
    sessions_section,
    tiles,
)
from agent_audit.report.html.timeline import timeline
from agent_audit.wording import plural

_SECTIONS = (
    ("activity", "Activity"),
    ("findings", "Findings"),
    ("agents", "Agents & tools"),
    ("decisions", "Decisions"),
    ("data", "Data"),
    ("sessions", "Sessions"),
    ("record", "Record"),
)
_KEPT_OUT = frozenset({"session_id", "timestamp"})
"""Fields of an event that its session or its own form in the data already say."""


def dashboard(overview: Overview, log_name: str, made_at: datetime) -> str:
    """The report as the text of one HTML file.

    Args:
        overview: what to show.
        log_name: how the reader knows the log: its directory.
        made_at: when the report was made, aware.
    """
    data = _data(overview)
    here = {event[1] for session in data["sessions"] for event in session["events"]}
    content = (
        el("a", "Skip to the report", class_="skip", href="#main"),
        _top(log_name),
        el(
            "main",
            _head(overview, log_name),
            verdict_card(overview.compliance.verification),
            tiles(overview),
            activity_section(overview.over_time),
            findings_section(overview.anomalies, here),
            agents_section(overview),
            decisions_section(overview.compliance.decisions, here),
            data_section(overview.compliance),
            sessions_section(overview),
            record_section(overview.compliance),
            id="main",
        ),
        _foot(overview, made_at),
    )
    return page(f"Agent audit report – {log_name}", *content, data=data)


def _top(log_name: str) -> Element:
    return el(
        "header",
        el(
            "div",
            el("span", _mark(), "agent-audit-log", class_="brand"),
            el("nav", (el("a", name, href=f"#{anchor}") for anchor, name in _SECTIONS), aria_label="Sections"),
            el("button", "Dark", type="button", id="theme", class_="quiet", hidden=True),
            class_="bar",
        ),
        class_="top",
    )


def _mark() -> Element:
    """Three lines of a log, the last one sealed."""
    lines = (el("rect", x=3, y=y, width=width, height=2.4, rx=1.2) for y, width in ((4, 14), (9, 10), (14, 6)))
    return el(
        "svg", lines, el("circle", cx=15.5, cy=15.2, r=3.2), viewBox="0 0 20 20", class_="mark", aria_hidden="true"
    )


def _head(overview: Overview, log_name: str) -> Element:
    report = overview.compliance
    return el(
        "div",
        el("p", "Audit report", class_="kicker"),
        el("h1", _title(overview)),
        el(
            "p",
            _period(report.period, report.oldest_event, report.newest_event),
            " · times are UTC · log ",
            el("code", log_name),
            class_="lede",
        ),
        _remarks(report.bad_line_count),
        class_="head",
    )


def _title(overview: Overview) -> str:
    agent = overview.anomalies.agent_id
    if agent is not None:
        return f"What {agent} did"
    if overview.agent_count == 0:
        return "Nothing was recorded"
    return f"What {plural(overview.agent_count, 'agent')} did"


def _period(period: Period, oldest: datetime | None, newest: datetime | None) -> Iterable[Child]:
    if period.start is None and period.end is None:
        yield "The whole log"
        if oldest is not None:
            yield (": ", moment(oldest, seconds=False), " to ", moment(newest, seconds=False))
        return
    yield ("From ", moment(period.start, seconds=False) if period.start else "the beginning")
    yield (" to ", moment(period.end, seconds=False) if period.end else "now")


def _remarks(bad_lines: int) -> Element | None:
    if not bad_lines:
        return None
    return el("p", f"Incomplete: {not_in_here(bad_lines)}", class_="remark bad")


def _foot(overview: Overview, made_at: datetime) -> Element:
    looked = ", ".join(overview.anomalies.rules)
    return el(
        "footer",
        el("p", "Made by agent-audit-log on ", moment(made_at), " UTC from the log alone. Looked for: ", looked, "."),
        el(
            "p",
            "It supports an audit and certifies nothing. What was never recorded cannot be shown.",
        ),
        class_="foot",
    )


def _data(overview: Overview) -> dict[str, Any]:
    """What the script shows on demand."""
    series = overview.over_time
    return {
        "step": series.step_seconds if series else 0,
        "buckets": [[_epoch(b.start), b.events, b.failures, b.denials] for b in series.buckets] if series else [],
        "sessions": [_session(session) for session in overview.sessions],
        "payload": overview.limits.payload,
    }


def _session(session: RecordedSession) -> dict[str, Any]:
    row = session.row
    return {
        "key": row.key,
        "run": row.session_id is None,
        "agent": row.agent_id,
        "agents": row.agents,
        "user": row.user_id,
        "users": row.users,
        "start": _epoch(row.first),
        "length": round((row.last - row.first).total_seconds() * 1_000),
        "count": row.events,
        "failed": row.failed,
        "denied": row.denied,
        "open": row.open,
        "rows": timeline(session.events),
        "events": [_event(event) for event in session.events],
    }


def _event(event: dict[str, Any]) -> list[Any]:
    """Seq, id, time and the other fields."""
    rest = {name: value for name, value in event.items() if name not in _KEPT_OUT}
    return [rest.pop("seq"), rest.pop("event_id"), _epoch(event["timestamp"]), rest]


def _epoch(value: datetime) -> int:
    """Milliseconds since 1970, as JavaScript counts them."""
    return int(value.astimezone(timezone.utc).timestamp() * 1_000)
