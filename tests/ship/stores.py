"""A store in memory whose every answer may fail, before or after it has done what was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file.oversize import named_blobs
from agent_audit.errors import StoreUnavailableError
from agent_audit.ship import Batch, Evidence, Position, ShipLimits
from agent_audit.ship.sink import digest_of

QUICK = ShipLimits(batch_events=50, batch_bytes=20_000, linger=0.0, poll=0.02, first_pause=0.001, longest_pause=0.01)


class FlakySink:
    """Keeps what it is given.

    Args:
        fails: called before and after each request; True makes the request fail there.
        knows: whether it can tell its own position.
    """

    linger = 0.0

    def __init__(self, fails: Callable[[], bool] = lambda: False, *, knows: bool = True, url: str = "flaky://") -> None:
        self.url = url
        self.logs: dict[str, list[bytes]] = defaultdict(list)
        self.files: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.requests = 0
        self._fails = fails
        self._knows = knows

    def position(self, origin: str) -> Position | None:
        self._request()
        lines = self.logs[origin]
        return Position(len(lines), digest_of(lines[-1]) if lines else None) if self._knows else None

    def append(self, batch: Batch) -> int:
        self._request()
        lines = self.logs[batch.origin]
        named = {f"blobs/{blob.sha256}" for line in batch.lines for blob in named_blobs(line)}
        assert "log.json" in self.files[batch.origin], "lines of a log without a name"
        assert named <= self.files[batch.origin].keys()
        assert batch.first_seq <= len(lines) or not self._knows, "a gap"
        lines += batch.since(len(lines)).lines if batch.first_seq <= len(lines) else batch.lines
        self._request()
        return max(batch.end, len(lines)) if self._knows else batch.end

    def keep(self, origin: str, evidence: Evidence) -> None:
        self._request()
        assert self.files[origin].setdefault(evidence.name, evidence.data) == evidence.data
        self._request()

    def kept(self, origin: str) -> set[str] | None:
        self._request()
        return {name for name in self.files[origin] if not name.startswith("blobs/")}

    def close(self) -> None:
        pass

    def _request(self) -> None:
        self.requests += 1
        if self._fails():
            raise StoreUnavailableError("the store went away")


def write(log_dir: Path, count: int, *, first: int = 0) -> None:
    """Record so many events."""
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        for number in range(first, first + count):
            logger.record(AuditEventType.TOOL_CALL, action="tool.t", parameters={"n": number})


def lines_of(log_dir: Path) -> list[bytes]:
    """Every line of a log, read in the plainest way."""
    return b"".join(path.read_bytes() for path in sorted((log_dir / "segments").glob("*.jsonl"))).split(b"\n")[:-1]
