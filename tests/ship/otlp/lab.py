"""A receiver process to ship to, and lines to ship."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import iter_lines, read_header
from agent_audit.event import encode_record
from agent_audit.ship import ShipLimits
from agent_audit.ship.sink import Batch

ROOT = Path(__file__).parents[3]
ORIGIN = "host/log/0123456789abcdef"
QUICK = ShipLimits(linger=0.02, poll=0.02, first_pause=0.02, longest_pause=0.1)


class Receiver:
    """Starts, stops and asks a receiver.

    Args:
        folder: where it keeps what it received.
        tls: file of its certificate and key, and of the authority that clients must have one from.
    """

    def __init__(self, folder: Path, *tls: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self._tls, self.port = folder, tls, 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"otlp{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the same port as before; returns when it listens."""
        known = self.folder / "port"
        known.unlink(missing_ok=True)
        arguments = [str(self.folder), str(self.port), *map(str, self._tls)]
        self._process = subprocess.Popen([sys.executable, "-m", "tests.ship.otlp.receiver", *arguments], cwd=ROOT)
        until = time.monotonic() + 200
        while not known.exists():
            assert self._process.poll() is None, "the receiver has ended"
            assert time.monotonic() < until, "the receiver does not start"
            time.sleep(0.02)
        self.port = int(known.read_text())

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=200)
            self._process = None

    def plan(self, *following: dict[str, Any], always: dict[str, Any] | None = None) -> None:
        """How to answer the next requests, and those after them."""
        data = json.dumps({"next": following, "always": always or {}}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/plan", data=data, timeout=10) as answer:
            assert answer.status == 204

    def forget(self) -> None:
        """As if nothing had been received."""
        for name in ("records", "requests"):
            (self.folder / name).unlink(missing_ok=True)

    def records(self) -> list[dict[str, Any]]:
        """Each record with its resource and scope, in protobuf's JSON form, as received."""
        return self._noted("records")

    def requests(self) -> list[dict[str, Any]]:
        return self._noted("requests")

    def seqs(self) -> list[int]:
        """The position of each record received."""
        return [int(attributes(one["record"])["agent_audit.seq"]["intValue"]) for one in self.records()]

    def _noted(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


@contextmanager
def running(folder: Path, *tls: Path) -> Iterator[Receiver]:
    """A receiver, ended whatever happens."""
    receiver = Receiver(folder, *tls)
    try:
        receiver.start()
        yield receiver
    finally:
        receiver.kill()


def attributes(message: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a record or resource in its JSON form, by name."""
    found = {one["key"]: one["value"] for one in message["attributes"]}
    assert len(found) == len(message["attributes"]), "a name stands there twice"
    return found


def batch(count: int, first: int = 0, size: int = 0) -> Batch:
    """Recorded lines of calls, each with so many bytes of parameters."""
    return Batch(ORIGIN, first, [line(seq, size) for seq in range(first, first + count)])


def line(seq: int, size: int = 0) -> bytes:
    event = AuditEvent(
        event_type=AuditEventType.TOOL_CALL, agent_id="billing", action="tool.search", parameters={"text": "x" * size}
    )
    return encode_record({"seq": seq, **event.to_record()})


def write(directory: Path, count: int, size: int = 0) -> None:
    """Record so many events, each with so many bytes."""
    with AuditLogger(FileAuditBackend(directory)) as logger:
        for number in range(count):
            logger.log(
                AuditEvent(
                    event_type=AuditEventType.TOOL_RESPONSE,
                    agent_id="billing",
                    action="tool.search",
                    parameters={"query": f"invoice {number}", "text": "x" * size},
                    result=[number],
                )
            )


def log_of(directory: Path) -> tuple[str, list[bytes]]:
    """A log's name and lines."""
    layout = Layout(directory)
    return str(read_header(layout)["origin"]), [line.data for line in iter_lines(layout)]
