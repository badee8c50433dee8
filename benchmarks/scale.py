"""What whole answers take over many events: `python benchmarks/scale.py --events N --folder DIR [--spark MASTER]`

A generated log of N events is written to DIR (once; it is used again), 700 bytes an event; with --spark it is shipped
to a directory beside it too. Each answer is the command line that a user would type, in a process of its own: wall
time, processor time, and the largest memory of the process (ru_maxrss). Spark's JVM is a process beside it; its
processor time is in the sum, its own largest memory (VmHWM) comes behind a plus. Events are made, written and shipped a
batch at a time, never held as a whole.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from generated_log import write_log

from agent_audit.backends.file.layout import Layout
from agent_audit.ship import Shipper, open_sink

COMMAND = [sys.executable, "-m", "agent_audit.cli.main"]
QUESTIONS = {"activity": ["activity"], "anomalies": ["anomalies"], "compliance": ["compliance", "--no-verify"]}


def run(name: str, command: list[str]) -> None:
    """Run a command to its end; print what it took."""
    environment = {**os.environ, "XDG_CACHE_HOME": tempfile.gettempdir()}
    begun = time.monotonic()
    others: dict[int, Child] = {}
    with subprocess.Popen([*COMMAND, *command], stdout=subprocess.DEVNULL, env=environment) as process:
        while True:
            others.update(children_of(process.pid))
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.1)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    if process.returncode not in {0, 1}:  # 1: anomalies were found
        raise SystemExit(f"{name}: exit code {process.returncode}")
    beside = f" + {max(child.kib for child in others.values()) / 1024:,.0f}" if others else ""
    # What children used is in the sum of their parent as soon as it has waited for them; the JVM ends by itself.
    processor = used.ru_utime + used.ru_stime + sum(child.seconds for child in others.values())
    memory = f"{used.ru_maxrss / 1024:8,.0f}{beside} MiB"
    print(f"{name:28} {seconds:9.1f} s  {processor:9.1f} s of processor  {memory}", flush=True)


class Child(NamedTuple):
    """A process that a command has started."""

    kib: int
    """The most memory that it has had."""
    seconds: float
    """Of processor time, until it was last looked at."""


def children_of(pid: int) -> dict[int, Child]:
    """The processes that a process has started (Linux)."""
    found = {}
    for tasks in Path("/proc", str(pid), "task").glob("*/children"):
        try:
            for child in map(int, tasks.read_text().split()):
                status = Path("/proc", str(child), "status").read_text()
                ticks = Path("/proc", str(child), "stat").read_text().rpartition(")")[2].split()[11:13]
                seconds = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
                found[child] = Child(int(status.partition("VmHWM:")[2].split()[0]), seconds)
        except (OSError, IndexError):
            continue  # it has just ended
    return found


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def prepared(folder: Path, events: int) -> Path:
    """The log directory."""
    log = folder / f"log-{events}"
    if not log.exists():
        begun = time.monotonic()
        draft = log.with_suffix(".new")
        write_log(draft, events)
        draft.rename(log)
        print(f"written in {time.monotonic() - begun:,.1f} s")
    return log


def shipped(log: Path) -> Path:
    """The same log in a directory that hosts ship to."""
    store = log.with_name(log.name.replace("log", "store"))
    begun = time.monotonic()
    Shipper(log, open_sink(store.as_uri())).run(once=True)
    print(f"shipped in {time.monotonic() - begun:,.1f} s: {size_of(store / 'events') / 1e6:,.0f} MB of Parquet")
    return store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, required=True, help="room for 0.9 KB an event; with --spark 1.1 KB")
    parser.add_argument("--spark", metavar="MASTER", help="ask Spark too, e.g. local[2]")
    parser.add_argument("--only", choices=tuple(QUESTIONS), action="append", help="these answers alone")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    asked = {name: QUESTIONS[name] for name in args.only or QUESTIONS}
    log = prepared(args.folder, args.events)
    layout = Layout(log)
    print(f"{args.events:,} events, {size_of(layout.segments) / 1e6:,.0f} MB of segments")
    run("columns", ["columns", str(log)])
    print(f"{size_of(layout.columns) / 1e6:,.0f} MB of columns")
    for name, question in asked.items():
        run(name, [*question, "--dir", str(log)])
    if args.spark:
        source = ["--source", str(shipped(log))]
        for name, question in asked.items():
            run(f"{name}, store", [*question, *source])
            run(f"{name}, {args.spark}", [*question, *source, "--engine", "spark", "--master", args.spark])


if __name__ == "__main__":
    main()
