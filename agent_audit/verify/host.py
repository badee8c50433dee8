"""What is known of the logs of many hosts, each with its verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from enum import Enum

from pydantic import BaseModel, ConfigDict, Field, computed_field

from agent_audit.verify.verdict import Verdict, Verification

_GRAVEST = (Verdict.TAMPERED, Verdict.INCOMPLETE, Verdict.NOT_PROVABLE, Verdict.VALID)


class Liveness(str, Enum):
    """Whether a log has been heard of lately."""

    HEARD = "heard"
    SILENT = "silent"
    """Its last event is older than asked for."""
    CLOSED = "closed"
    """Its last event says that logging ended in good order."""

    __str__ = str.__str__


class HostLog(BaseModel):
    """What is known of one log of the fleet."""

    model_config = ConfigDict(frozen=True)

    origin: str
    verdict: Verdict
    events: int
    """Events in the copy."""
    proved: int
    """Events under its last checkpoint, pruned ones included."""
    later: int = 0
    """Events after it, not covered by the verdict."""
    root: str | None = None
    """Root of the checkpoint's tree, base64; None without a checkpoint."""
    first_seq: int
    last_event: datetime | None
    liveness: Liveness
    signed_by: tuple[str, ...] = ()
    """Trusted keys that signed the checkpoint: name (key id)."""
    cosigned_by: tuple[str, ...] = ()
    """Witnesses of the policy, each with its time."""
    problems: tuple[str, ...]
    missing: tuple[str, ...]
    """What a proof would need."""
    remarks: tuple[str, ...] = ()
    """Worth knowing, without influence on the verdict."""


class FleetVerification(BaseModel):
    """The verdict on every log of the stores that a report is about."""

    model_config = ConfigDict(frozen=True)

    logs: tuple[HostLog, ...] = Field(description="Every log, by name.")

    @computed_field(description="The gravest verdict.")  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> Verdict:
        """The gravest verdict; without any log nothing can be said."""
        return next((one for one in _GRAVEST if self.count(one)), Verdict.INCOMPLETE)

    @property
    def gravest_first(self) -> tuple[HostLog, ...]:
        """Every log, those to look at before the others."""
        return tuple(sorted(self.logs, key=lambda log: (_GRAVEST.index(log.verdict), log.origin)))

    @property
    def proved(self) -> int:
        """Events under the checkpoints of all logs."""
        return sum(log.proved for log in self.logs)

    @property
    def later(self) -> int:
        """Events after them."""
        return sum(log.later for log in self.logs)

    @property
    def silent(self) -> tuple[HostLog, ...]:
        """The logs that have been silent for too long."""
        return tuple(log for log in self.logs if log.liveness is Liveness.SILENT)

    def count(self, verdict: Verdict) -> int:
        """How many logs have that verdict."""
        return sum(log.verdict is verdict for log in self.logs)

    def counted(self) -> str:
        """How many logs have which verdict, in words."""
        return ", ".join(f"{self.count(one):,} {one}" for one in reversed(_GRAVEST) if self.count(one)) or "no log"

    def problems(self) -> Iterator[str]:
        """Every problem, with its log."""
        return (f"{log.origin}: {problem}" for log in self.gravest_first for problem in log.problems)

    def missing(self) -> Iterator[str]:
        """What proofs would need, each thing once, with the logs that it is about."""
        wanting: dict[str, list[str]] = defaultdict(list)
        for log in self.logs:
            for sentence in log.missing:
                wanting[sentence].append(log.origin)
        return (f"{named(origins)}: {sentence}" for sentence, origins in wanting.items())


AnyVerification = Verification | FleetVerification
"""What a report can rest on: the verdict on one log, or on those of a store."""


def named(origins: list[str], most: int = 3) -> str:
    """Logs by their names, or how many more of them there are."""
    more = f" and {len(origins) - most:,} more" if len(origins) > most else ""
    return ", ".join(origins[:most]) + more
