"""What a proof costs: CPU time as ratios to anchors of the same run, and counts. `python benchmarks/proof.py [--json]`

The anchor of verifying is `plain`: the segments read and every line hashed with hashlib, nothing else. Rounds are
interleaved and the best of each is taken, for other work on the machine only adds.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from write_path import EVENT

from agent_audit import FileAuditBackend
from agent_audit.backends.file import Layout
from agent_audit.cli.options import cores
from agent_audit.event import encode_record
from agent_audit.verify import Verdict, verify
from agent_audit.verify.proofs import ProofMaker

ROUNDS = 3
NEW, FEW = 1_000, 10
KINDS = ("tool.call", "tool.response")


def records(start: int, count: int) -> list[bytes]:
    """A tool call and its response by turns, each pair with a span of its own."""
    base = EVENT.to_record()
    return [
        encode_record({**base, "event_type": KINDS[n % 2], "span_id": f"{n // 2:016x}", "event_id": f"{n:036x}"})
        for n in range(start, start + count)
    ]


def fill(log: FileAuditBackend, start: int, count: int) -> None:
    for at in range(start, start + count, 10_000):
        log.append(records(at, min(10_000, start + count - at)))


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of a call, all threads."""
    start = time.process_time()
    call()
    return time.process_time() - start


def wall(call: Callable[[], object]) -> float:
    """Wall seconds of a call: for what several processes do."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def plain(layout: Layout) -> None:
    """The anchor: hash every line with hashlib alone."""
    for start in layout.segment_starts():
        for line in layout.segment(start).read_bytes().split(b"\n"):
            sha256(line).digest()


def checked(layout: Layout, **settings: int) -> int:
    found = verify(layout.root, **settings)
    assert found.verdict is Verdict.VALID, found
    return found.hashed


def covered(log: FileAuditBackend) -> None:
    """A checkpoint as it is made in the background, of what was synced."""
    checkpointer = log.checkpointer()
    assert checkpointer is not None
    through = log._active.tail.next_seq
    head = checkpointer.make(through)
    assert head is not None
    assert head.size == through


def measure(root: Path, events: int) -> dict[str, float]:
    log = FileAuditBackend(root / "log", auto_seal=False)
    fill(log, 0, events)
    log.seal()
    layout = log.layout
    best: dict[str, float] = {}

    def take(name: str, seconds: float) -> None:
        best[name] = min(seconds, best.get(name, seconds))

    for _ in range(ROUNDS):
        take("plain", cpu(lambda: plain(layout)))
        take("plain, wall", wall(lambda: plain(layout)))
        take("full, wall", wall(lambda: checked(layout, remember=False, jobs=cores())))
        take("full", cpu(lambda: checked(layout, remember=False)))
        take("full without counting intents", cpu(lambda: checked(layout, remember=False, intents=False)))
    checked(layout, intents=False)
    for number in range(3 * ROUNDS):
        fill(log, events + number * NEW, NEW)
        log.sync()
        take("checkpoint of 1,000", cpu(lambda: covered(log)))
        take("incremental", cpu(lambda: checked(layout, incremental=True)))
    for number in range(20):
        log.append(records(number, FEW))
        log.sync()
        take("checkpoint of 10", cpu(lambda: covered(log)))
    maker = ProofMaker(layout)
    take("proof", cpu(lambda: maker.prove(events // 2 + 77)))
    log.close()
    return {
        "events": events,
        "full verification, speed / plain": best["plain"] / best["full"],
        f"the same with {cores()} processes, by the clock": best["plain, wall"] / best["full, wall"],
        "with one process, without counting intents": best["plain"] / best["full without counting intents"],
        "incremental verification of 1,000 events / full": best["incremental"] / best["full"],
        "CPU microseconds an event, checkpoint of 1,000": best["checkpoint of 1,000"] / NEW * 1e6,
        "the same, without what any checkpoint costs": (best["checkpoint of 1,000"] - best["checkpoint of 10"])
        / (NEW - FEW)
        * 1e6,
        "CPU milliseconds, checkpoint of 10": best["checkpoint of 10"] * 1e3,
        "tiles read for one proof": maker.tiles_read,
        "CPU microseconds an event, full verification": best["full"] / events * 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        os.environ["XDG_STATE_HOME"] = str(Path(directory) / "state")
        found = measure(Path(directory), options.events)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:<50} {value:>12,.3f}")


if __name__ == "__main__":
    main()
