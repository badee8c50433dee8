"""What a remote store is to the shipper: the one interface that every sink implements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from agent_audit.verify import Dropped


class Batch(NamedTuple):
    """Neighbouring events of one log."""

    origin: str
    """Name of the log, as in its checkpoints."""
    first_seq: int
    lines: list[bytes]
    """Recorded lines without their line feed."""

    @property
    def end(self) -> int:
        """The seq behind the last event."""
        return self.first_seq + len(self.lines)

    def since(self, seq: int) -> Batch:
        """The part from `seq` on."""
        return self._replace(first_seq=seq, lines=self.lines[seq - self.first_seq :]) if seq > self.first_seq else self


class Evidence(NamedTuple):
    """A file that proves something about the lines. Its content never changes under the same name."""

    name: str
    """`log.json`, `keys/<number>`, `checkpoints/<size>-<digest>`, `tile/<level>/<index>` or `blobs/<sha256>`."""
    data: bytes


class Position(NamedTuple):
    """How far a store has a log."""

    next_seq: int
    """It has every event below it that it was ever given."""
    last_digest: str | None
    """SHA-256 of the line before it, in hex; None when it has none or cannot tell."""


@runtime_checkable
class Sink(Protocol):
    """A store that follows logs. Used by one thread; opened when it is first needed, and again after a failure.

    Every method raises `StoreUnavailableError` for what may pass (the network, a restart, a full disk, a time-out) and
    `StoreRefusedError` for what will not (rights, a schema of a newer version); nothing else.
    """

    url: str
    """Where it is; without a password."""
    linger: float
    """Seconds that events are gathered for one batch, where each costs a request."""

    def position(self, origin: str) -> Position | None:
        """Where to go on; None when the store cannot tell, so that the shipper's own note counts."""
        ...

    def append(self, batch: Batch) -> int:
        """Keep events durably, each once: what the store has already, by origin and seq, is skipped.

        Returns:
            The seq to go on with: `batch.end`, or more when somebody else has shipped further.
        """
        ...

    def keep(self, origin: str, evidence: Evidence) -> None:
        """Keep a file; does nothing when it is there."""
        ...

    def kept(self, origin: str) -> set[str] | None:
        """Which of header, keys and tiles are there, by name; None where they never go."""
        ...

    def close(self) -> None:
        """Give connections back. The sink may be used again afterwards."""
        ...


class Copies(Protocol):
    """The reading side of a store that keeps whole logs.

    Every method raises as a sink's do, and `ProofError` for content that is not what was kept.
    """

    def origins(self) -> list[str]:
        """The logs that it has."""
        ...

    def batches(self, origin: str) -> Iterator[Batch]:
        """The lines of a log, in order of seq."""
        ...

    def evidence(self, origin: str) -> Iterator[Evidence]:
        """The files of a log that `keep` was given."""
        ...

    def dropped(self, origin: str) -> list[Dropped]:
        """What the store says that its own retention has taken out of a log; empty where it says nothing."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


def digest_of(line: bytes) -> str:
    """What `Position.last_digest` holds of a line."""
    return hashlib.sha256(line).hexdigest()
