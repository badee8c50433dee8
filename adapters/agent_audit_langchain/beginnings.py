"""What begins in a thread while the task that waits for it is cancelled."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

End = Callable[[BaseException], None]
"""Ends what has begun, by what has stopped it. Must not raise."""


class Beginning:
    """A start that is told in threads. The task that waits for them may be cancelled, and its loop be gone before they
    are done: whichever of the two is second ends what has begun."""

    def __init__(self) -> None:
        self._begun: list[End] = []
        self._stop: BaseException | None = None

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._stop is not None

    def began(self, end: End) -> None:
        """It is on record; called where it was recorded."""
        self._begun.append(end)
        if self._stop is not None:
            self._end(self._stop)

    def give_up(self, stop: BaseException) -> None:
        """What it was told for does not happen."""
        self._stop = stop
        self._end(stop)

    def _end(self, stop: BaseException) -> None:
        while self._begun:
            try:
                end = self._begun.pop()
            except IndexError:
                return  # the other one has taken it
            end(stop)


being_told: ContextVar[Beginning | None] = ContextVar("agent_audit_langchain.being_told", default=None)
"""Of the run whose start LangChain tells its handlers here, in an async run."""
