"""What answers cost: `python benchmarks/analysis.py [--events N] [--log DIR]`

CPU seconds of this process, as ratios to anchors of the same run: `hand` is the same question written by hand in SQL
and run by DuckDB on the same Parquet files, which must have the same answer (of a session, its events); `loop` is a
Python loop over the lines with orjson that counts by type. Ours and by hand take turns, and the medians are compared.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import orjson
from generated_log import write_log

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.source import rows_of
from agent_audit.backends.file.layout import Layout
from agent_audit.cli.lines import backwards, end_of

_FAILED = "outcome = 'failure' OR event_type = 'action.failed'"
_DENIED = "outcome = 'denied' OR event_type IN ('action.denied', 'permission.denied')"
HAND = {
    "volume": f"""SELECT time_bucket(INTERVAL 1 hour, timestamp) AS start, count(*) AS events,
        count(DISTINCT agent_id) AS agents, count(*) FILTER ({_FAILED}) AS failures,
        count(*) FILTER ({_DENIED}) AS denials
        FROM events GROUP BY 1 ORDER BY 1""",
    "sessions": f"""WITH found AS (SELECT session_id, min(agent_id) AS agent_id, count(DISTINCT agent_id) AS agents,
        min(user_id) AS user_id, count(DISTINCT user_id) AS users, min(timestamp) AS first, max(timestamp) AS last,
        count(*) AS events, count(*) FILTER (event_type = 'tool.call') AS tool_calls,
        count(*) FILTER (event_type = 'llm.request') AS model_calls, count(*) FILTER ({_FAILED}) AS failures,
        count(*) FILTER ({_DENIED}) AS denials,
        count(*) FILTER (event_type IN ('action.approved', 'action.denied')) AS decisions
        FROM events WHERE session_id IS NOT NULL GROUP BY 1)
        SELECT *, (SELECT count(*) FROM found) AS total FROM found ORDER BY last DESC, session_id LIMIT 100""",
    "tools": """SELECT action AS tool, count(*) FILTER (event_type = 'tool.call') AS calls,
        count(*) FILTER (event_type = 'tool.response') AS responses, count(*) FILTER (outcome = 'success') AS succeeded,
        count(*) FILTER (outcome = 'failure') AS failed, count(*) FILTER (outcome = 'denied') AS denied,
        count(DISTINCT agent_id) AS agents, avg(duration_ms) AS mean_ms,
        quantile_cont(duration_ms, [0.5, 0.95]) AS quantiles, max(duration_ms) AS max_ms, max(timestamp) AS last
        FROM events WHERE event_type IN ('tool.call', 'tool.response')
        GROUP BY 1 ORDER BY calls DESC, responses DESC""",
    "data": """SELECT event_type AS kind, resource, agent_id, user_id, count(*) AS count,
        count(*) FILTER (outcome IN ('failure', 'denied')) AS not_successful, min(timestamp) AS first,
        max(timestamp) AS last, count(*) OVER () AS total
        FROM events WHERE event_type IN ('data.access', 'data.modify')
        GROUP BY ALL ORDER BY kind DESC, count DESC, resource, agent_id, user_id LIMIT 100""",
    "one event": "SELECT * FROM events WHERE event_id = '{event_id}'",
    "one session": "SELECT * FROM events WHERE session_id = '{session_id}' ORDER BY seq",
}


def once(run: Callable[[], Any]) -> float:
    """CPU seconds."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def cpu(run: Callable[[], Any], rounds: int = 3) -> float:
    """CPU seconds, the median of some rounds after one that warms up."""
    run()
    return statistics.median(once(run) for _ in range(rounds))


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int = 15) -> tuple[float, float]:
    """CPU seconds of both, medians: a machine that is busy for a while is so for both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, seconds in zip((ours, theirs), taken, strict=True):
            seconds.append(once(run))
    return statistics.median(taken[0]), statistics.median(taken[1])


def check(name: str, answer: Any, by_hand: list[dict[str, Any]]) -> None:
    """Stop when an answer of ours does not say what was found by hand."""
    if name == "one event":
        ours = [answer.column("seq").to_pylist()]
        theirs = [[row["seq"] for row in by_hand]]
    elif name == "one session":
        parts = [part for step in answer.steps for part in (step, *step.approvals)]
        ours = [sorted({event_id for part in parts for event_id in part.event_ids})]
        theirs = [sorted(row["event_id"] for row in by_hand)]
    else:
        ours = [row.model_dump() | told_beside(name, answer, row) for row in getattr(answer, answer.main)]
        ours, theirs = [[row[column] for column in by_hand[0]] for row in ours], [[*row.values()] for row in by_hand]
    if not all(map(alike, flat(ours), flat(theirs))) or len(flat(ours)) != len(flat(theirs)):
        raise SystemExit(f"{name}: ours and by hand differ")


def told_beside(name: str, answer: Any, row: Any) -> dict[str, Any]:
    """What an answer tells in other places than the query by hand."""
    if name == "tools":
        return {"quantiles": [row.p50_ms, row.p95_ms]}
    return {"total": getattr(answer, {"sessions": "session_count", "data": "use_count"}.get(name, ""), None)}


def flat(table: Any) -> list[Any]:
    return [value for row in table for cell in row for value in (cell if isinstance(cell, list) else [cell])]


def alike(ours: Any, theirs: Any) -> bool:
    """A mean is a sum in no certain order."""
    return math.isclose(ours, theirs) if isinstance(ours, float) else bool(ours == theirs)


def loop(layout: Layout) -> Counter[str]:
    """The anchor that everybody writes first."""
    counted: Counter[str] = Counter()
    for start in layout.segment_starts():
        with layout.segment(start).open("rb") as file:
            counted.update(orjson.loads(line)["event_type"] for line in file)
    return counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--log", type=Path, help="a log to use; made when it is not there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = args.log or Path(folder) / "log"
        measure(root if root.exists() else write_log(root, args.events))


def measure(root: Path) -> None:
    layout = Layout(root)
    begun = time.process_time()
    AuditAnalyzer(root).close()
    print(f"first opening, columns if missing      {time.process_time() - begun:8.2f} s CPU")
    begun = time.process_time()
    analyzer = AuditAnalyzer(root)
    print(f"opening again                          {time.process_time() - begun:8.2f} s CPU")
    answers: dict[str, Callable[[], Any]] = {
        "volume": analyzer.get_volume,
        "sessions": analyzer.get_sessions,
        "tools": analyzer.get_tool_statistics,
        "data": analyzer.get_data_access,
    }
    event = analyzer.sql("SELECT event_id, session_id FROM events ORDER BY seq LIMIT 1 OFFSET 123456").rows
    event_id, session_id = event[0] if event else ("", "")
    events = analyzer.events
    answers["one event"] = lambda: events.filter(events.event_id == event_id).to_pyarrow()
    answers["one session"] = lambda: analyzer.get_timeline(session_id)
    hand = by_hand(layout)
    for name, ask in answers.items():
        query = HAND[name].format(event_id=event_id, session_id=session_id)
        check(name, ask(), rows_of(hand.sql(query).to_arrow_table()))
        ours, theirs = in_turn(ask, lambda query=query: hand.sql(query).to_arrow_table())
        print(f"{name:14} ours {ours:7.3f}  hand {theirs:7.3f} s CPU  ratio {ours / theirs:5.2f}")
    ours, theirs = (
        cpu(lambda: analyzer.sql("SELECT event_type, count(*) FROM events GROUP BY 1")),
        cpu(lambda: loop(layout), rounds=1),
    )
    print(f"count by type  ours {ours:7.3f}  loop {theirs:7.3f} s CPU  {theirs / ours:5.0f} times")
    print(f"activity, whole                        {cpu(analyzer.get_agent_activity):8.2f} s CPU")
    print(f"last ten lines, as tail reads them     {cpu(lambda: last(layout)):8.4f} s CPU")
    print(
        f"largest memory of this process         {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MiB"
    )
    analyzer.close()


def last(layout: Layout) -> list[bytes]:
    lines = backwards(layout, end_of(layout))
    return [next(lines).data for _ in range(10)]


def by_hand(layout: Layout) -> duckdb.DuckDBPyConnection:
    """DuckDB over the copies of the sealed segments, and the active one loaded as a table."""
    connection = duckdb.connect()
    starts = layout.segment_starts()
    active = layout.segment(starts[-1])
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE VIEW sealed AS SELECT * FROM read_parquet('{layout.columns}/*.parquet')")
    types = {name: kind for name, kind, *_ in connection.execute("DESCRIBE sealed").fetchall()}
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    source = f"read_json('{active}', format = 'newline_delimited', columns = {{{columns}}})"
    connection.execute(f"CREATE TABLE active AS SELECT * FROM {source}")
    connection.execute("CREATE VIEW events AS FROM sealed UNION ALL FROM active")
    return connection


if __name__ == "__main__":
    main()
