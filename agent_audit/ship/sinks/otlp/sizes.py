"""How large a request may be, learnt from what a collector has made of others."""

from __future__ import annotations

import math

_SMALLEST = 64 * 1024
_GROWTH = 1.1


class RequestSizes:
    """What to ask before a request is sent, and to tell afterwards; sizes are in bytes, not compressed.

    A collector that refuses a size will refuse it again. One that does not answer may be down or busy for the moment,
    or take too long for so much, or break down under it: half as much is tried, and more again, little by little, with
    each success. Otherwise the same request might run into the same time-out for ever.
    """

    def __init__(self) -> None:
        self._refused = math.inf
        """The smallest that was too large."""
        self._bearable = math.inf
        """The largest that is answered, presumably."""

    def fits(self, size: int) -> bool:
        """Whether a request of this size is worth trying."""
        return size < self._refused and size <= self._bearable

    def refused(self, size: int) -> None:
        """It was too large."""
        self._refused = min(self._refused, size)

    def unanswered(self, size: int) -> None:
        """It was not answered, or not in time. That of a small one has other reasons."""
        if size > _SMALLEST:
            self._bearable = max(_SMALLEST, min(size, self._bearable) / 2)

    def accepted(self) -> None:
        """It was answered."""
        self._bearable *= _GROWTH

    def forget_refusals(self) -> None:
        """The collector may have been started again with another limit."""
        self._refused = math.inf
