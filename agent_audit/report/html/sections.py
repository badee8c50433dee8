"""The sections of the report, one function each. A section without content says so in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agent_audit.analysis.anomalies import AnomalyReport
from agent_audit.analysis.compliance import ComplianceReport, Decisions
from agent_audit.analysis.finding import Finding
from agent_audit.analysis.overview import CITED, OverTime, Overview
from agent_audit.report.html.chart import activity_chart, share_bar, step_name
from agent_audit.report.html.element import Child, Element, duration, el, moment, number
from agent_audit.wording import plural

_LEVELS = {"high": "bad", "medium": "warn", "low": "calm"}
_SHOWN = 50
_AT_FIRST = 10
"""Rows of a table that are there at once; the script unfolds the others."""


def tiles(overview: Overview) -> Element:
    """The key numbers."""
    report = overview.compliance
    shown: tuple[tuple[str, int, str | None], ...] = (
        ("events", report.total_events, None),
        ("sessions", overview.session_count, None),
        ("users", report.distinct["users"], None),
        ("failures", report.errors, "bad"),
        ("refusals", report.security_event_count, "warn"),
        ("without an outcome", report.open_operations, "warn"),
        ("findings", len(overview.anomalies.findings) + sum(overview.anomalies.omitted.values()), "bad"),
    )
    return el(
        "ul",
        (
            el("li", el("strong", number(value), class_=kind if value else None), " ", el("span", name))
            for name, value, kind in shown
        ),
        class_="tiles",
        aria_label="Key numbers",
    )


def activity_section(over_time: OverTime | None) -> Element:
    """Events over time."""
    if over_time is None:
        return _section("activity", "Activity", None, _empty("No agent did anything in this period."))
    legend = el(
        "ul",
        (
            el("li", el("i", class_=f"dot {kind}", aria_hidden="true"), name)
            for kind, name in (("accent", "Events"), ("warn", "Denied"), ("bad", "Failed"))
        ),
        class_="legend",
    )
    sub = f"Events per {step_name(over_time.step_seconds)}."
    return _section("activity", "Activity", sub, el("div", legend, activity_chart(over_time), class_="card"))


def findings_section(report: AnomalyReport, here: Collection[str]) -> Element:
    """What was unusual, the gravest first."""
    if not report.findings:
        looked = ", ".join(report.rules)
        return _section(
            "findings",
            "Findings",
            None,
            _empty(f"Nothing unusual in {number(report.events_examined)} events.", f"Looked for: {looked}."),
        )
    omitted = [
        el("p", f"{count:,} more of {rule} are not listed.", class_="note") for rule, count in report.omitted.items()
    ]
    sub = "What was unusual, the gravest first. A finding is a reason to look, not a judgement."
    cards = el("div", (_finding(finding, here) for finding in report.findings[:50]), class_="findings")
    more = len(report.findings) - 50
    rest = el("p", f"{more:,} more: agent-audit-log anomalies", class_="note") if more > 0 else None
    return _section("findings", "Findings", sub, cards, rest, omitted)


def agents_section(overview: Overview) -> Element:
    """Who acted, and with which tools."""
    if not overview.agents:
        return _section("agents", "Agents & tools", None, _empty("No agent is on record in this period."))
    most = max(agent.events for agent in overview.agents)
    agents = listing(
        "Agents",
        ("Agent", "Events", "", "Sessions", "Tool calls", "Failed", "Denied", "Last seen"),
        (
            (
                agent.agent_id or "without a name",
                number(agent.events),
                share_bar(agent.events / most),
                number(agent.sessions),
                number(agent.tool_calls),
                _count(agent.failed, "bad"),
                _count(agent.denied, "warn"),
                moment(agent.last, seconds=False),
            )
            for agent in overview.agents[:_SHOWN]
        ),
        numeric=(1, 3, 4, 5, 6),
        rest=overview.agent_count - min(len(overview.agents), _SHOWN),
    )
    return _section("agents", "Agents & tools", None, agents, _tools(overview))


def _tools(overview: Overview) -> Element:
    if not overview.tools:
        return _empty("No tool was used in this period.")
    most = max(tool.responses for tool in overview.tools)
    return listing(
        "Tools and actions",
        ("Tool", "Calls", "", "Failed", "Rate", "Median", "95 %", "Agents"),
        (
            (
                el("code", tool.tool),
                number(tool.responses),
                share_bar(tool.responses / most),
                _count(tool.failed, "bad"),
                f"{tool.failure_rate:.1%}" if tool.failed else "–",
                duration(tool.p50_ms),
                duration(tool.p95_ms),
                number(tool.agents),
            )
            for tool in overview.tools[:_SHOWN]
        ),
        numeric=(1, 3, 4, 5, 6, 7),
        rest=overview.tool_count - min(len(overview.tools), _SHOWN),
    )


def decisions_section(decisions: Decisions, here: Collection[str]) -> Element:
    """Who approved and who denied what, and how long it took."""
    made = decisions.approved + decisions.denied
    if not made and not decisions.waiting:
        return _section(
            "decisions",
            "Decisions",
            None,
            _empty(
                "Nobody was asked to decide in this period.",
                "Approvals and denials appear here when an agent has to ask.",
            ),
        )
    wait = decisions.median_wait_seconds
    sub = (
        f"{decisions.approved:,} approved, {decisions.denied:,} denied, {decisions.waiting:,} still waiting"
        + (f"; half were decided within {duration(wait * 1_000)}" if wait is not None else "")
        + (f". {decisions.decider_unknown:,} do not say who decided." if decisions.decider_unknown else ".")
    )
    latest = list(reversed(decisions.listed))[:_SHOWN]
    table = listing(
        "Decisions, the latest first",
        ("Time", "Decision", "By", "Action", "Agent", "For", "Waited", "Event"),
        (
            (
                moment(one.timestamp, seconds=False),
                badge(*(("approved", "good") if one.decision == "action.approved" else ("denied", "bad"))),
                one.decided_by or el("span", "not recorded", class_="faint"),
                el("code", one.action) if one.action else "–",
                one.agent_id or "–",
                one.user_id or "–",
                duration(one.waited_seconds * 1_000) if one.waited_seconds is not None else "–",
                event_link(one.event_id, here),
            )
            for one in latest
        ),
        numeric=(6,),
        rest=made - len(latest),
    )
    return _section("decisions", "Decisions", sub, table if latest else None)


def data_section(report: ComplianceReport) -> Element:
    """Which data was read and changed."""
    if not report.data_uses:
        return _section(
            "data",
            "Data",
            None,
            _empty(
                "No access to data is on record in this period.",
                "That may mean there was none, or that no tool was declared as one that reads or changes data.",
            ),
        )
    shown = report.data_uses[:_SHOWN]
    table = listing(
        "Data read and changed",
        ("", "Resource", "Agent", "For", "Times", "Not successful", "Last"),
        (
            (
                badge("changed", "warn") if use.kind == "data.modify" else badge("read", "calm"),
                el("code", use.resource) if use.resource else el("span", "not recorded", class_="faint"),
                use.agent_id or "–",
                use.user_id or "–",
                number(use.count),
                _count(use.not_successful, "bad"),
                moment(use.last, seconds=False),
            )
            for use in shown
        ),
        numeric=(4, 5),
        rest=report.data_use_count - len(shown),
    )
    return _section("data", "Data", "By resource, agent and user; changes first.", table)


def sessions_section(overview: Overview) -> Element:
    """The list of sessions; the script fills it and opens their timelines."""
    if not overview.sessions:
        return _section("sessions", "Sessions", None, _empty("No session is on record in this period."))
    rest = overview.session_count - len(overview.sessions)
    note = (
        f"{rest:,} more sessions are not in this file: narrow it with --since, --agent or --session." if rest else None
    )
    controls = el(
        "div",
        el(
            "label",
            el("span", "Find a session", class_="hidden"),
            el("input", type="search", id="find", placeholder="Session, agent or user"),
        ),
        el(
            "div",
            (
                el(
                    "button",
                    name,
                    type="button",
                    class_="chip",
                    data_filter=key,
                    aria_pressed="true" if key == "all" else "false",
                )
                for key, name in (
                    ("all", "All"),
                    ("failed", "Failed"),
                    ("denied", "Denied"),
                    ("open", "Without an outcome"),
                )
            ),
            class_="chips",
            role="group",
            aria_label="Show",
        ),
        el(
            "label",
            el("span", "Order", class_="hidden"),
            el(
                "select",
                (
                    el("option", name, value=key)
                    for key, name in (
                        ("look", "What to look at first"),
                        ("late", "Latest first"),
                        ("long", "Longest first"),
                        ("many", "Most events first"),
                    )
                ),
                id="order",
            ),
        ),
        class_="controls",
        id="controls",
    )
    return _section(
        "sessions",
        "Sessions",
        "Open one to see what happened in which order, and each event as it was recorded.",
        controls,
        el(
            "noscript",
            el(
                "p",
                "The timelines need JavaScript, which does not run here. `agent-audit-log show SEQ` shows any event.",
                class_="empty",
            ),
        ),
        el("p", id="found", class_="note", role="status"),
        el("div", id="list", class_="sessions"),
        el("div", id="pager", class_="pager"),
        el("p", note, class_="note") if note else None,
    )


def event_link(event_id: str, here: Collection[str]) -> Element:
    """A reference to an event; a link when the event is in this file."""
    short = event_id if len(event_id) <= 13 else f"…{event_id[-12:]}"
    if event_id in here:
        return el("a", short, href=f"#event-{event_id}", class_="event", title=event_id)
    return el("code", short, class_="event", title=event_id)


def _finding(finding: Finding, here: Collection[str]) -> Element:
    level = str(finding.level)
    shown = finding.event_ids[:CITED]
    more = finding.event_count - len(shown)
    return el(
        "article",
        el("h3", badge(level, _LEVELS.get(level, "calm")), " ", finding.title),
        el("p", finding.explanation),
        el(
            "p",
            moment(finding.first),
            (" to ", moment(finding.last, date=not _same_day(finding))) if finding.last != finding.first else None,
            " · ",
            plural(finding.event_count, "event"),
            ": ",
            ((event_link(event_id, here), " ") for event_id in shown),
            f"and {more:,} more" if more > 0 else None,
            class_="meta",
        ),
        class_=f"finding {_LEVELS.get(level, 'calm')}",
    )


def _same_day(finding: Finding) -> bool:
    return bool(finding.first and finding.last and finding.first.date() == finding.last.date())


def _section(anchor: str, title: str, sub: str | None, *content: Child) -> Element:
    return el("section", el("h2", title), el("p", sub, class_="sub") if sub else None, *content, id=anchor)


def _empty(sentence: str, more: str | None = None) -> Element:
    return el("div", el("p", sentence), el("p", more) if more else None, class_="empty")


def listing(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[Child]], *, numeric: Collection[int], rest: int
) -> Element:
    """A table in a card, of which the script shows the first rows at first; `rest` rows are not in it."""
    kind = dict.fromkeys(numeric, "num")
    head = el("tr", (el("th", name, scope="col", class_=kind.get(place)) for place, name in enumerate(columns)))
    body = (
        el("tr", _cells(row, kind), class_="more" if number >= _AT_FIRST else None) for number, row in enumerate(rows)
    )
    table = el("table", el("caption", title), el("thead", head), el("tbody", body))
    return el(
        "div",
        el("div", table, class_="scroll", tabindex=0, role="region", aria_label=title),
        el("p", f"and {rest:,} more that are not in this file", class_="note") if rest > 0 else None,
        class_="card",
    )


def _cells(row: Iterable[Child], kind: dict[int, str]) -> Iterable[Element]:
    for place, cell in enumerate(row):
        tag, scope = ("th", "row") if place == 0 else ("td", None)
        yield el(tag, cell, class_=kind.get(place), scope=scope)


def badge(text: str, kind: str) -> Element:
    """A word in a colour: `good`, `warn`, `bad` or `calm`."""
    return el("span", text, class_=f"badge {kind}")


def _count(value: int, kind: str) -> Child:
    return el("span", number(value), class_=f"strong {kind}") if value else el("span", "–", class_="faint")
