"""Events that a copy lacks: its store's own retention has taken them out, or it never had them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Dropped(NamedTuple):
    """What went in one step."""

    first_seq: int
    last_seq: int
    events: int
    """How many of the positions between those two."""
    told: str
    """What, when and by whom, for people."""


class Excuses:
    """Which missing positions that explains. What a store says proves nothing: who can take events out can write it.

    Args:
        dropped: all that is said of one log.
    """

    def __init__(self, dropped: Iterable[Dropped] = ()) -> None:
        self._dropped = sorted(dropped)
        self._left = sum(one.events for one in self._dropped)
        """Events that went and were not missed yet: others between them may not go with them."""
        self.used: list[tuple[int, str]] = []
        """What was missing and is explained: its last position, and a sentence."""

    @property
    def end(self) -> int:
        """Behind the last event that went."""
        return max((one.last_seq + 1 for one in self._dropped), default=0)

    def explain(self, first: int, last: int) -> bool:
        """Whether all these positions went so."""
        used, seq = [], first
        for one in self._dropped:
            if one.first_seq <= seq <= one.last_seq:
                used.append(one.told)
                seq = one.last_seq + 1
        if seq <= last or last - first + 1 > self._left:
            return False
        self._left -= last - first + 1
        told = ", ".join(used[:3]) + (f" and {len(used) - 3} more" if len(used) > 3 else "")
        self.used.append((last, f"seq {first}-{last} is not in the store: {told}"))
        return True
