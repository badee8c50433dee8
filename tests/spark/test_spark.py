"""On Spark every question has the answer that DuckDB gives over the same store."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.rules import RULES
from agent_audit.cli.main import main
from agent_audit.event import AuditEvent
from tests.analysis.fleets import put, put_what_every_detection_finds
from tests.analysis.logs import event
from tests.analysis.questions import QUESTIONS, plain, something_of_everything
from tests.analysis.strategies import logs
from tests.ship.test_analysis_of_copies import fleet, parquet

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("spark")]
Captured = pytest.CaptureFixture[str]


def assert_same(there: Any, here: Any, place: str) -> None:
    """Equal, but for the last bits of numbers that are sums in no certain order."""
    if isinstance(there, float) and isinstance(here, float):
        assert math.isclose(there, here, rel_tol=1e-9), place
    elif isinstance(there, dict) and isinstance(here, dict):
        assert there.keys() == here.keys(), place
        for name in there:
            assert_same(there[name], here[name], f"{place}.{name}")
    elif isinstance(there, list) and isinstance(here, list):
        assert len(there) == len(here), place
        for number, both in enumerate(zip(there, here, strict=True)):
            assert_same(*both, f"{place}[{number}]")
    else:
        assert there == here, place


def compare(url: str, names: list[str]) -> dict[str, Any]:
    """Ask both engines; returns the answers."""
    found = {}
    with AuditAnalyzer(url, engine="spark") as there, AuditAnalyzer(url) as here:
        for name in names:
            found[name] = plain(QUESTIONS[name](there), {})
            assert_same(found[name], plain(QUESTIONS[name](here), {}), name)
    return found


def test_every_question_has_the_answer_that_duckdb_gives(spark: Any, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    fleet(tmp_path / "hosts", url)
    parquet(url)[0].unlink()
    parquet(url)[-1].write_bytes(b"damaged")
    left_out = {"detect_anomalies"}  # the overview has them
    found = compare(url, [name for name in QUESTIONS if name not in left_out])
    assert found["bad_line_count"] == 1
    assert {one["rule"] for one in found["overview"]["anomalies"]["findings"]} >= {"denials", "injected-action"}
    assert len(spark.sparkContext._jsc.sc().statusTracker().getExecutorInfos()) == 3  # the driver and two executors


def test_every_detection_finds_on_spark_what_it_finds_on_duckdb(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    put_what_every_detection_finds(url)
    with AuditAnalyzer(url, engine="spark") as there, AuditAnalyzer(url) as here:
        ours, theirs = (plain(one.detect_anomalies(), {}) for one in (there, here))
    assert_same(ours, theirs, "anomalies")
    assert {found["rule"] for found in ours["findings"]} == {rule.id for rule in RULES}


@settings(
    max_examples=2, derandomize=True, database=None, phases=[Phase.generate],  # to shrink takes hours
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(found=st.lists(logs(most=40), min_size=4, max_size=6))
def test_logs_by_chance_have_equal_answers(
    tmp_path_factory: pytest.TempPathFactory, found: list[list[AuditEvent]]
) -> None:
    url = f"file://{tmp_path_factory.mktemp('chance')}/store"
    put(url, "first", [event("error")])
    for number, one in enumerate(found):
        put(url, f"host {number}/ä", one)
    compare(url, ["get_agent_activity", "get_sessions", "get_decisions", "get_failures", "overview"])


def test_conditions_and_sql_of_duckdb_mean_the_same_on_spark(tmp_path: Path, capsys: Captured) -> None:
    url = f"file://{tmp_path}/store"
    put(url, "log", something_of_everything())
    asked = ["--source", url, "--format", "json"]
    commands = [
        ["activity", *asked, "--where", "duration_ms > 3 AND action LIKE 'tool.%' AND error IS NOT NULL"],
        ["tools", *asked, "--where", "metadata->>'$.decided_by' = 'alice' OR call_id = 'c3'"],
        ["sql", "SELECT action, count(*) AS n FROM events WHERE seq > 3 GROUP BY 1 ORDER BY n DESC, 1", *asked],
    ]
    for command in commands:
        assert main([*command, "--engine", "spark"]) == 0
        there = json.loads(capsys.readouterr().out)
        assert main(command) == 0
        assert_same(there, json.loads(capsys.readouterr().out), command[0])
    assert main(["sql", "SELECT * FROM read_text('/etc/passwd')", "--source", url, "--engine", "spark"]) == 2
    assert "there is one relation: events" in capsys.readouterr().err
