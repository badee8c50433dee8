from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.overview import Limits
from agent_audit.event import AuditEvent
from agent_audit.report import reporter
from agent_audit.report.html import dashboard
from agent_audit.report.html.chart import nice_top
from agent_audit.report.html.element import duration, el, to_html
from agent_audit.report.html.page import json_for_script
from tests.analysis.logs import NOON, event, operation

from .hostile import ATTACK, hostile_events


class _Parsed(HTMLParser):
    """Elements with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] in {"script", "style"}:
            self.raw.append((self.elements[-1][0], data))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def page_of(recorded: list[AuditEvent], **limits: int) -> str:
    with AuditAnalyzer(recorded) as analyzer:
        return dashboard(analyzer.overview(limits=Limits(**limits)), "log", datetime(2026, 3, 2, tzinfo=timezone.utc))


@cache
def hostile_page() -> str:
    """Made once: it takes seconds, and several tests look at it."""
    return page_of(hostile_events())


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="report-data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_hostile_text_in_every_field_becomes_no_element_and_no_attribute() -> None:
    plain, hostile = _Parsed(page_of([event("tool.call", span_id="s")])), _Parsed(hostile_page())
    assert {name for name, _ in hostile.elements} <= {name for name, _ in plain.elements} | {
        "code", "svg", "rect", "circle", "line", "g", "i", "article", "a", "table", "caption", "thead", "tbody", "tr",
        "th", "td", "time", "details", "summary", "strong", "small", "label", "input", "select", "option", "noscript",
    }  # fmt: skip
    assert hostile.count("img") == 0
    assert hostile.count("script") == 2
    for _, attributes in hostile.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src", "srcdoc"}]
        assert (attributes.get("href") or "#").startswith("#")


@pytest.mark.parametrize("name", ["html", "markdown"])
def test_a_document_of_hostile_text_has_no_script_and_no_control_character(name: str) -> None:
    with AuditAnalyzer(hostile_events()) as analyzer:
        for result in (
            analyzer.generate_compliance_report(),
            analyzer.detect_anomalies(),
            analyzer.get_agent_activity(),
        ):
            text = reporter(name).render(result)
            assert not set(text) & set("\x1b\x00\u202e\u2028")
            if name == "html":
                parsed = _Parsed(text)
                assert parsed.count("script") == parsed.count("img") == parsed.count("a") == 0


def test_the_policy_allows_the_style_and_script_of_the_file_and_nothing_else() -> None:
    parsed = _Parsed(hostile_page())
    policy = next(a["content"] for n, a in parsed.elements if n == "meta" and a.get("http-equiv"))
    texts = {tag: text for tag, text in parsed.raw if '"use strict"' in text or tag == "style"}
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, text in texts.items():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert set(texts) == {"style", "script"}


def test_the_file_is_small_and_names_no_address() -> None:
    text = page_of([event("tool.call", span_id="s", session_id="s")])
    assert len(text) - len(json.dumps(data_of(text))) < 300_000
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_an_empty_log_gives_a_page_that_says_so() -> None:
    text = page_of([])
    for sentence in ("Nothing was recorded", "No agent did anything", "Nothing unusual", "No session is on record"):
        assert sentence in text


def test_the_data_has_every_event_of_the_listed_sessions_as_recorded() -> None:
    data = data_of(page_of(hostile_events(), payload=5_000))
    assert [session["key"] for session in data["sessions"]] == [ATTACK]
    found = data["sessions"][0]["events"]
    assert len(found) == len(hostile_events())
    assert {rest["action"] for _, _, _, rest in found} == {ATTACK}
    assert json.loads(found[0][3]["parameters"]) == {ATTACK: [ATTACK]}


def test_what_does_not_fit_is_counted_and_what_findings_cite_is_there() -> None:
    quiet = [
        one for n in range(40) for one in operation("tool.call", "tool.response", f"s{n}", at=n, session_id=f"q{n}")
    ]
    loud = [event("permission.denied", at=0.1 * n, session_id="loud", error="no") for n in range(7)]
    text = page_of([*loud, *quiet], sessions=5, events=20)
    data = data_of(text)
    assert len(data["sessions"]) == 5
    assert data["sessions"][0]["key"] == "loud"
    assert "36 more sessions are not in this file" in text
    cited = set(re.findall(r'href="#event-([^"]+)"', text))
    assert len(cited) >= 6
    assert cited <= {event[1] for session in data["sessions"] for event in session["events"]}
    assert sum(len(session["events"]) for session in data["sessions"]) <= 20


def test_a_long_payload_is_shortened_and_a_short_one_is_not() -> None:
    events = [
        event("tool.call", session_id="s", parameters={"text": "x" * 2_000}),
        event("tool.call", session_id="s", parameters=[1]),
    ]
    first, second = data_of(page_of(events, payload=100))["sessions"][0]["events"]
    assert len(first[3]["parameters"]) == 101
    assert second[3]["parameters"] == "[1]"


@given(
    st.recursive(
        st.text() | st.integers(-(2**53), 2**53) | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_in_a_script_is_the_same_value_and_has_no_markup(value: Any) -> None:
    try:
        text = json_for_script(value)
    except TypeError:
        return  # orjson refuses lone surrogates; recorded text has none, for it is UTF-8
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


@given(st.text())
def test_text_in_an_element_stays_text(text: str) -> None:
    parsed = _Parsed(to_html(el("p", text, title=text)))
    assert [name for name, _ in parsed.elements] == ["p"]


@given(st.integers(1, 10**12))
def test_the_top_of_the_scale_is_even_and_not_far_above_the_highest_bar(highest: int) -> None:
    assert highest <= nice_top(highest) <= max(2 * highest, 2)
    assert nice_top(highest) % 2 == 0


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, "–"), (0.2, "< 1 ms"), (12.4, "12 ms"), (1_500, "1.5 s"), (61_000, "1 min 1 s"), (7_260_000, "2 h 1 min")],
)
def test_durations_read_as_people_say_them(milliseconds: float | None, text: str) -> None:
    assert duration(milliseconds) == text


def test_tools_and_actions_without_a_framework_count_when_they_have_ended() -> None:
    """An action that failed has no outcome of its own: its type says it."""
    recorded = [
        *operation("tool.call", "tool.response", "t", action="tool.search"),
        event("tool.call", at=1, action="tool.waits"),
        event("action.executed", at=2, action="pay", outcome="success", duration_ms=5.0),
        event("action.failed", at=3, action="pay"),
    ]
    with AuditAnalyzer(recorded) as analyzer:
        overview = analyzer.overview()
    assert [(one.tool, one.responses, one.failed) for one in overview.tools] == [("pay", 2, 1), ("tool.search", 1, 0)]
    assert overview.tool_count == 2


def test_buckets_hold_each_event_once_and_have_no_holes() -> None:
    events = [event("tool.call", at=at) for at in (0, 1, 59, 61, 3_000, 86_400)]
    with AuditAnalyzer([*events, event("log.opened", at=5)]) as analyzer:
        series = analyzer.overview().over_time
    assert series is not None
    assert sum(bucket.events for bucket in series.buckets) == len(events)
    starts = [bucket.start for bucket in series.buckets]
    assert starts[0] <= NOON
    step = timedelta(seconds=series.step_seconds)
    assert starts == [starts[0] + number * step for number in range(len(starts))]
    assert len(starts) <= 80


def test_a_clock_that_was_centuries_wrong_leaves_a_report() -> None:
    wrong = [datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1, 9999)]
    found = [AuditEvent(event_type="error", timestamp=at) for at in wrong]
    with AuditAnalyzer([*found, event("tool.call")]) as analyzer:
        series = analyzer.overview().over_time
        assert dashboard(analyzer.overview(), "log", NOON)
    assert series is not None
    assert sum(bucket.events for bucket in series.buckets) == 3
    assert series.buckets[0].start == wrong[0]
