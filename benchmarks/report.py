"""What a report costs: `python benchmarks/report.py [--events N ...] [--folder DIR]`

For logs of each size, in a process of its own: the HTML report without verification, columns made before. Counts (bytes
of the page, sessions and events in it) and ratios: CPU seconds to `scan`, which is DuckDB reading every column of
the same Parquet files once, and memory to that of the process before the log is opened.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import duckdb
from generated_log import write_log

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.schema import STORED
from agent_audit.backends.file.layout import Layout
from agent_audit.report.html import dashboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the logs are, or are made")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        measure(args.one)
        return
    print(
        f"{'events':>10} {'page KB':>8} {'sessions':>9} {'shown':>6} "
        f"{'report s':>9} {'scan s':>7} {'ratio':>6} {'MiB':>12}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for count in args.events:
            root = (args.folder or Path(folder)) / f"log{count}"
            if not root.exists():
                write_log(root, count)
            AuditAnalyzer(root).close()  # makes the columns
            subprocess.run([sys.executable, __file__, "--one", str(root)], check=True)


def measure(root: Path) -> None:
    """One row of the table."""
    import ibis

    _ = ibis.duckdb  # importing it is the same for every log
    before = _largest()
    with AuditAnalyzer(root) as analyzer:
        begun = time.process_time()
        overview = analyzer.overview()
        page = dashboard(overview, "log", datetime.now(timezone.utc)).encode()
        took = time.process_time() - begun
    memory = _largest()
    shown = sum(len(session.events) for session in overview.sessions)
    scanned = scan(Layout(root))
    print(
        f"{overview.compliance.total_events:>10,} {len(page) / 1000:>8,.0f} {len(overview.sessions):>9} {shown:>6} "
        f"{took:>9.2f} {scanned:>7.2f} {took / scanned:>6.1f} {before:>4.0f} ->{memory:>5.0f}"
    )


def scan(layout: Layout) -> float:
    """CPU seconds in which DuckDB reads every column once: the copies, and the lines of the active segment."""
    connection = duckdb.connect()
    starts = layout.segment_starts()
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in STORED.items())
    active = f"read_json('{layout.segment(starts[-1])}', format = 'newline_delimited', columns = {{{types}}})"
    names = ", ".join(f'"{name}"' for name in STORED)
    sealed = f"SELECT {names} FROM read_parquet('{layout.columns}/*.parquet') UNION ALL " if len(starts) > 1 else ""
    hashed = ", ".join(f'bit_xor(hash("{name}"))' for name in STORED)
    begun = time.process_time()
    connection.execute(f"SELECT {hashed} FROM ({sealed}SELECT {names} FROM {active})").fetchall()
    return time.process_time() - begun


def _largest() -> float:
    """Most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
