"""A store with many small files is analysed as one with a few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_audit.analysis import AuditAnalyzer, merge
from agent_audit.event import AuditEvent
from agent_audit.ship import Batch, open_sink
from tests.analysis.logs import NOON, numbered
from tests.analysis.questions import QUESTIONS, plain, something_of_everything
from tests.ship.test_analysis_of_copies import parquet

EVENTS = something_of_everything()


def put(url: str, origin: str, each: int, bad: int | None = None) -> None:
    """A shipped log, so many events a part; one line may be no event."""
    lines = [numbered(seq, _of(origin, one))[:-1] for seq, one in enumerate(EVENTS)]
    if bad is not None:
        lines[bad] = b"no event"
    sink = open_sink(url)
    for first in range(0, len(lines), each):
        sink.append(Batch(origin, first, lines[first : first + each]))


def _of(origin: str, one: AuditEvent) -> AuditEvent:
    return one.model_copy(update={"event_id": f"{origin} {one.event_id}"})


def answers(analyzer: AuditAnalyzer) -> dict[str, Any]:
    asked = ("events", "get_agent_activity", "detect_anomalies", "get_timeline", "get_volume")
    found = {name: plain(QUESTIONS[name](analyzer), {}) for name in asked}
    period = plain(analyzer.get_agent_activity(start=NOON), {})
    return {**found, "a period": period, "bad": [str(line) for line in analyzer.bad_lines]}


def test_many_small_files_are_read_as_a_few_with_the_same_answers(tmp_path: Path) -> None:
    few, many = (f"file://{tmp_path}/{name}" for name in ("few", "many"))
    for origin in ("one", "two"):
        put(few, origin, 1_000, bad=20)
        put(many, origin, 1, bad=20)
    assert len(parquet(many)) == 2 * (len(EVENTS) - 1)
    with AuditAnalyzer(few) as here, AuditAnalyzer(many) as there:
        assert (
            len(there._log._copies) == 2 * 3
        )  # of each log what stands before the bad line, it, and what is behind it
        expected, found = answers(here), answers(there)
    for name in expected:
        assert found[name] == expected[name], name
    assert len(found["bad"]) == 2
    assert 0 < found["a period"]["total_events"] < len(found["events"])


def test_files_come_together_up_to_a_size_and_large_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"file://{tmp_path}/store"
    put(url, "log", 1)
    sizes = sorted(path.stat().st_size for path in parquet(url))
    monkeypatch.setattr(merge, "_SMALL", sizes[-1])  # the largest alone is no small one
    monkeypatch.setattr(merge, "_TOGETHER", sum(sizes) // 3)
    with AuditAnalyzer(url) as analyzer:
        assert 3 <= len(analyzer._log._copies) < len(sizes) // 2
        assert [row["seq"] for row in QUESTIONS["events"](analyzer)] == list(range(len(EVENTS)))


def test_files_that_cannot_be_read_together_stay_what_they_are(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    put(url, "log", 1)
    path = parquet(url)[5]
    data = bytearray(path.read_bytes())
    data[4:40] = bytes(36)  # in the first page; the end, which tells of the rows, is whole
    path.write_bytes(data)
    with AuditAnalyzer(url) as analyzer:
        assert len(analyzer._log._copies) == len(EVENTS)
