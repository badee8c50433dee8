"""What recording costs: ratios to anchors of the same run, and counts. `python benchmarks/write_path.py [--json]`

The anchors: `stdlib` is a logging.FileHandler with a formatter that dumps the same event as JSON; `naive` is the
design everybody writes first, a queue(100) and a thread that opens, appends and closes; `direct` is orjson and
os.write with nothing around. Rounds are interleaved and the median of the per-round ratios is shown.

`log()` is measured with the redactor taken out, for the write path, and with the default one, as users meet it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import multiprocessing
import os
import queue
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from agent_audit import AuditEvent, AuditLogger, FileAuditBackend
from agent_audit.backends.file.fs import PosixFileSystem
from agent_audit.event import encode_record
from agent_audit.redaction import Redacted
from agent_audit.wording import plural

EVENT = AuditEvent(
    event_type="tool.call",
    agent_id="agent-7",
    session_id="sess-42af",
    user_id="u-4711",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    span_id="00f067aa0ba902b7",
    call_id="call_8Zk2",
    action="tool.search_documents",
    parameters={
        "query": "quarterly revenue EMEA",
        "top_k": 5,
        "filters": {"lang": "en", "year": [2023, 2024]},
        "score": 0.73,
    },
    metadata={"model": "m-1", "tags": ["prod", "rag"], "policy": "allow"},
)
PLAIN = json.loads(EVENT.to_json())


class NoRedactor:
    def redact(self, value: Any, *, path: str = "", action: str | None = None) -> Redacted:
        return Redacted(dict(value))


class Counting(PosixFileSystem):
    """Counts the syncs."""

    syncs = 0

    def fsync(self, handle: int) -> None:
        type(self).syncs += 1
        super().fsync(handle)


@contextlib.contextmanager
def logger(root: Path, **settings: Any) -> Iterator[AuditLogger]:
    settings.setdefault("redactor", NoRedactor())
    backend = FileAuditBackend(root / f"log{time.monotonic_ns()}", fs=settings.pop("fs", None))
    with AuditLogger(backend, **settings) as made:
        yield made


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(record.msg)


@contextlib.contextmanager
def stdlib(root: Path) -> Iterator[Callable[[], None]]:
    handler = logging.FileHandler(root / f"std{time.monotonic_ns()}")
    handler.setFormatter(JsonFormatter())
    log = logging.Logger("bench")
    log.addHandler(handler)
    yield lambda: log.info(PLAIN)
    handler.close()


class Naive:
    """queue(100) + thread + open/append/close."""

    def __init__(self, path: Path) -> None:
        self.path, self.queue = path, queue.Queue[Any](100)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while (event := self.queue.get()) is not None:
            with self.path.open("a") as file:
                file.write(json.dumps(event) + "\n")

    def close(self) -> None:
        self.queue.put(None)
        self.thread.join()


def percentiles(call: Callable[[], None], count: int) -> tuple[float, float]:
    """p50 and p99 of the call in microseconds."""
    times = []
    clock = time.perf_counter_ns
    for _ in range(count):
        start = clock()
        call()
        times.append(clock() - start)
    times.sort()
    return times[count // 2] / 1000, times[count * 99 // 100] / 1000


def latency(root: Path, rounds: int) -> dict[str, float]:
    """p50 of log() at each level, as a ratio to stdlib's."""
    ratios: dict[str, list[float]] = {}
    for _ in range(rounds):
        with stdlib(root) as log:
            anchor, _ = percentiles(log, 5_000)
        for name, settings in {
            "log() written, p50 / stdlib": {},
            "log() buffered, p50 / stdlib": {"durability": "buffered"},
            "log() written with redaction, p50 / stdlib": {"redactor": None},
        }.items():
            with logger(root, **settings) as made:
                ratios.setdefault(name, []).append(percentiles(lambda made=made: made.log(EVENT), 5_000)[0] / anchor)
    return medians(ratios)


def beside_a_busy_thread(root: Path, rounds: int) -> dict[str, float]:
    """p99 of log() while another thread holds the GIL, as a ratio to stdlib's."""
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(i * i for i in range(1000))

    thread = threading.Thread(target=burn, daemon=True)
    thread.start()
    ratios: dict[str, list[float]] = {}
    for _ in range(rounds):
        with stdlib(root) as log:
            anchor = percentiles(log, 400)[1]
        for how, settings in {"": {}, "with redaction ": {"redactor": None}}.items():
            with logger(root, **settings) as made:
                mine = percentiles(lambda made=made: made.log(EVENT), 400)[1]
            name = f"log() written {how}beside a CPU-bound thread, p99 / stdlib"
            ratios.setdefault(name, []).append(mine / anchor)
    stop.set()
    thread.join()
    return medians(ratios)


def cpu(root: Path, rounds: int) -> dict[str, float]:
    """CPU of the whole process per event, through to the sync, as a ratio to orjson + os.write + fdatasync."""
    count, ratios = 20_000, {}
    found: list[float] = []
    for _ in range(rounds):
        handle = os.open(root / f"direct{time.monotonic_ns()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        start = time.process_time()
        for _ in range(count):
            os.write(handle, orjson.dumps(PLAIN) + b"\n")
        os.fdatasync(handle)
        direct = time.process_time() - start
        os.close(handle)
        with logger(root, durability="buffered") as made:
            start = time.process_time()
            for _ in range(count):
                made.log(EVENT)
            made.flush()
            found.append((time.process_time() - start) / direct)
    ratios["CPU per event through to fdatasync, buffered / direct"] = statistics.median(found)
    return ratios


def throughput(root: Path, rounds: int) -> dict[str, float]:
    """Events a second until all are in the file, as a ratio to the naive design."""
    count, ratios = 8_000, {}

    def produce(call: Callable[[], None], producers: int) -> float:
        def work() -> None:
            for _ in range(count // producers):
                call()

        threads = [threading.Thread(target=work) for _ in range(producers)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return start

    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for producers in (1, 8):
            naive = Naive(root / f"naive{time.monotonic_ns()}")
            start = produce(lambda naive=naive: naive.queue.put(PLAIN), producers)
            naive.close()
            anchor = time.perf_counter() - start
            with logger(root) as made:
                start = produce(lambda made=made: made.log(EVENT), producers)
                made.flush(sync=False)
                mine = time.perf_counter() - start
            found.setdefault(f"events per second, {plural(producers, 'producer')} / naive", []).append(anchor / mine)
    ratios.update(medians(found))
    return ratios


def syncs(root: Path, rounds: int) -> dict[str, float]:
    """fdatasyncs per event at `synced` with 64 callers at once."""
    Counting.syncs = 0
    with logger(root, durability="synced", fs=Counting()) as made:
        made.log(EVENT)

        def work() -> None:
            for _ in range(20):
                made.log(EVENT)

        before = Counting.syncs
        threads = [threading.Thread(target=work) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        of_threads = (Counting.syncs - before) / (64 * 20)

        async def many() -> None:
            async def one() -> None:
                for _ in range(20):
                    await made.alog(EVENT)

            await asyncio.gather(*(one() for _ in range(64)))

        before = Counting.syncs
        asyncio.run(many())
        of_tasks = (Counting.syncs - before) / (64 * 20)
    return {"fdatasyncs per event, 64 threads": of_threads, "fdatasyncs per event, 64 tasks": of_tasks}


def _fill(path: str, count: int, gate: Any) -> None:
    made = AuditLogger(FileAuditBackend(path), redactor=NoRedactor())
    made.log(EVENT)
    gate.wait()
    for _ in range(count):
        made.log(EVENT)
    made.flush(sync=False)
    os._exit(0)


def processes(root: Path, rounds: int) -> dict[str, float]:
    """Events a second of 4 processes on one log, as a ratio to 4 processes on four logs."""
    context = multiprocessing.get_context("fork")

    def run(paths: list[str]) -> float:
        gate = context.Barrier(5)
        workers = [context.Process(target=_fill, args=(path, 3_000, gate)) for path in paths]
        for worker in workers:
            worker.start()
        gate.wait()
        start = time.perf_counter()
        for worker in workers:
            worker.join()
        return time.perf_counter() - start

    ratios = []
    for _ in range(rounds):
        stamp = time.monotonic_ns()
        four = run([str(root / f"own{stamp}-{n}") for n in range(4)])
        one = run([str(root / f"shared{stamp}")] * 4)
        ratios.append(four / one)
    return {"4 processes on one log / on four logs, events per second": statistics.median(ratios)}


def memory(root: Path, rounds: int) -> dict[str, float]:
    """Growth of the resident set from 100,000 to 1,000,000 events through one logger, in MiB."""
    with logger(root) as made:
        for _ in range(100_000):
            made.log(EVENT)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(900_000):
            made.log(EVENT)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"memory growth from 100k to 1M events, MiB": grown / 1024}


def faults(root: Path, rounds: int) -> dict[str, float]:
    """Page faults and context switches per event of the whole process."""
    with logger(root) as made:
        for _ in range(1_000):
            made.log(EVENT)
        before = resource.getrusage(resource.RUSAGE_SELF)
        for _ in range(20_000):
            made.log(EVENT)
        after = resource.getrusage(resource.RUSAGE_SELF)
    return {"minor page faults per event": (after.ru_minflt - before.ru_minflt) / 20_000}


def medians(ratios: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in ratios.items()}


GOALS = {
    "log() written, p50 / stdlib": "<= 0.5",
    "log() buffered, p50 / stdlib": "<= 0.15",
    "CPU per event through to fdatasync, buffered / direct": "<= 2",
    "events per second, 1 producer / naive": ">= 3",
    "events per second, 8 producers / naive": ">= 6",
    "fdatasyncs per event, 64 threads": "<= 0.1",
    "fdatasyncs per event, 64 tasks": "<= 0.05",
    "4 processes on one log / on four logs, events per second": ">= 0.7",
    "log() written beside a CPU-bound thread, p99 / stdlib": "<= 0.5",
    "log() written with redaction beside a CPU-bound thread, p99 / stdlib": "<= 0.5",
    "memory growth from 100k to 1M events, MiB": "flat",
}

PARTS = (latency, beside_a_busy_thread, cpu, throughput, syncs, processes, faults, memory)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="name of one part: " + ", ".join(part.__name__ for part in PARTS))
    options = parser.parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as root:
        for part in PARTS:
            if options.only in (None, part.__name__):
                found |= part(Path(root), options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {len(encode_record(PLAIN))} bytes an event")
        for name, value in found.items():
            print(f"{name:70s} {value:8.3f}   {GOALS.get(name, '')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
