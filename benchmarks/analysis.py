"""What answers cost: `python benchmarks/analysis.py [--events N] [--log DIR]`

CPU seconds of this process, as ratios to anchors of the same run: `hand` is the same query written by hand in SQL and
run by DuckDB on the same Parquet files; `loop` is a Python loop over the lines with orjson that counts by type.
"""

from __future__ import annotations

import argparse
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
from agent_audit.backends.file.layout import Layout
from agent_audit.cli.lines import backwards, end_of

HAND = {
    "volume": """SELECT time_bucket(INTERVAL 1 hour, timestamp) AS at, count(*), count(DISTINCT agent_id),
        count(*) FILTER (outcome = 'failure' OR event_type = 'action.failed'),
        count(*) FILTER (outcome = 'denied' OR event_type IN ('action.denied', 'permission.denied'))
        FROM events GROUP BY 1 ORDER BY 1""",
    "sessions": """SELECT session_id, min(agent_id), count(DISTINCT agent_id), min(user_id), count(DISTINCT user_id),
        min(timestamp), max(timestamp) AS latest, count(*), count(*) FILTER (event_type = 'tool.call'),
        count(*) FILTER (event_type = 'llm.request'), count(*) FILTER (outcome = 'failure'),
        count(*) FILTER (outcome = 'denied'), count(*) FILTER (event_type IN ('action.approved', 'action.denied'))
        FROM events WHERE session_id IS NOT NULL GROUP BY 1 ORDER BY latest DESC LIMIT 100""",
    "tools": """SELECT action, count(*) FILTER (event_type = 'tool.call') AS calls,
        count(*) FILTER (outcome = 'success'), count(*) FILTER (outcome = 'failure'), count(DISTINCT agent_id),
        avg(duration_ms), quantile_cont(duration_ms, [0.5, 0.95]), max(duration_ms), max(timestamp)
        FROM events WHERE event_type IN ('tool.call', 'tool.response') GROUP BY 1 ORDER BY calls DESC""",
    "data": """SELECT event_type, resource, agent_id, user_id, count(*) AS n, min(timestamp), max(timestamp),
        count(*) FILTER (outcome IN ('failure', 'denied'))
        FROM events WHERE event_type IN ('data.access', 'data.modify') GROUP BY ALL ORDER BY n DESC LIMIT 100""",
    "one event": "SELECT * FROM events WHERE event_id = '{event_id}'",
    "one session": "SELECT * FROM events WHERE session_id = '{session_id}' ORDER BY seq",
}


def cpu(run: Callable[[], Any], rounds: int = 3) -> float:
    """CPU seconds, the median of some rounds after one that warms up."""
    run()
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        run()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


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
        ours, theirs = cpu(ask), cpu(lambda query=query: hand.sql(query).to_arrow_table())
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
