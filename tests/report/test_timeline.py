from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent_audit.report.html.timeline import timeline
from tests.analysis.logs import NOON

_IDS = st.none() | st.sampled_from("abc")
_TYPES = ("agent.start", "agent.stop", "tool.call", "tool.response", "action.request", "action.denied", "data.access")


def _event(event_type: str, at: float = 0, **fields: Any) -> dict[str, Any]:
    told = {"event_type": event_type, "timestamp": NOON + timedelta(seconds=at), "seq": round(at), "event_id": f"{at}"}
    return {**told, **fields}


@st.composite
def _events(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        _event(draw(st.sampled_from(_TYPES)), place, span_id=draw(_IDS), parent_span_id=draw(_IDS), call_id=draw(_IDS))
        for place in range(draw(st.integers(0, 12)))
    ]


@given(_events())
def test_every_event_stands_in_exactly_one_row_whatever_its_ids_say(events: list[dict[str, Any]]) -> None:
    rows = timeline(events)
    assert sorted(place for row in rows for place in row[7]) == list(range(len(events)))
    depths = [row[0] for row in rows]
    assert all(depth <= depths[place - 1] + 1 for place, depth in enumerate(depths) if place)
    assert depths[:1] in ([], [0])


def test_a_tool_call_is_one_row_from_its_request_to_its_response_under_its_agent() -> None:
    rows = timeline(
        [
            _event("agent.start", 0, span_id="run", action="clerk"),
            _event("action.request", 1, call_id="c", parent_span_id="run", action="tool.pay"),
            _event("permission.check", 2, call_id="c", parent_span_id="run"),
            _event("action.approved", 44, call_id="c", parent_span_id="run"),
            _event("tool.call", 45, call_id="c", span_id="t", parent_span_id="run", action="tool.pay"),
            _event("data.access", 46, parent_span_id="t", resource="ledger"),
            _event("tool.response", 47, call_id="c", span_id="t", outcome="failure"),
            _event("agent.stop", 48, span_id="run", outcome="success"),
        ]
    )
    assert [(depth, label) for depth, _, label, *_ in rows] == [(0, "clerk"), (1, "tool.pay"), (2, "ledger")]
    assert rows[1][3:7] == [45_000.0, 2_000.0, "failure", "approved after 42.0 s"]
    assert rows[1][7] == [1, 2, 3, 4, 6]


def test_a_call_id_used_again_after_its_end_is_another_row() -> None:
    once = ["action.request", "tool.call", "tool.response"]
    spans = {1: "t", 2: "t", 4: "again", 5: "again"}
    rows = timeline([_event(name, at, call_id="c", span_id=spans.get(at)) for at, name in enumerate(once * 2)])
    assert [row[7] for row in rows] == [[0, 1, 2], [3, 4, 5]]


def test_a_row_says_of_a_step_what_the_command_timeline_says_of_it() -> None:
    """How long it took is what was recorded, however close its events are."""
    (row,) = timeline(
        [
            _event("tool.call", 0, span_id="t", action="tool.bank_statement"),
            _event("tool.response", 0, seq=1, span_id="t", outcome="success", duration_ms=310.0),
        ]
    )
    assert row == [0, "tool.call", "tool.bank_statement", 0.0, 310.0, "success", None, [0, 1]]


def test_an_intent_without_an_outcome_is_shown_as_open() -> None:
    assert timeline([_event("tool.call", span_id="s")])[0][5] == "open"


def test_no_events_make_no_rows() -> None:
    assert timeline([]) == []
