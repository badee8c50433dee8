"""Coroutines that wait for a sync: one wake-up per event loop and commit, however many wait."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple


class _Waiter(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]
    position: int


class SyncWaiters:
    """Futures that become done when everything up to their position is synced. Add from loops, settle from a thread."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiter] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, position: int) -> asyncio.Future[None]:
        """A future of the running loop for that position."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(_Waiter(loop, future, position))
        return future

    def settle(self, synced: int, error: Exception | None) -> None:
        """Everything up to `synced` is on the disk; with an error, the others learn of it instead."""
        ready: dict[asyncio.AbstractEventLoop, list[_Waiter]] = {}
        for _ in range(len(self._waiting)):
            waiter = self._waiting.popleft()
            if waiter.position <= synced or error is not None:
                ready.setdefault(waiter.loop, []).append(waiter)
            else:
                self._waiting.append(waiter)
        for loop, waiters in ready.items():
            try:
                loop.call_soon_threadsafe(_wake, waiters, synced, error)
            except RuntimeError:
                pass  # the loop was closed; nobody waits there any more


def _wake(waiters: list[_Waiter], synced: int, error: Exception | None) -> None:
    for waiter in waiters:
        if waiter.future.done():
            continue  # cancelled meanwhile
        if waiter.position <= synced or error is None:
            waiter.future.set_result(None)
        else:
            waiter.future.set_exception(error)
