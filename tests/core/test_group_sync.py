"""Many who wait for the disk share its syncs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from agent_audit.group_sync import GroupSync


class Store:
    """Numbers what is written and counts its syncs."""

    def __init__(self) -> None:
        self.syncs = 0
        self.group = GroupSync(self.sync)
        self._numbers = threading.Lock()

    def sync(self) -> None:
        self.syncs += 1
        time.sleep(1e-3)

    def write(self) -> int:
        with self._numbers:
            self.group.written += 1
            return self.group.written


def in_threads(count: int, body: Callable[[], None]) -> None:
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        body()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside the background thread"])
def test_a_crowd_that_waits_again_and_again_needs_few_syncs_more_than_one_a_round(others: bool) -> None:
    crowd, rounds = 32, 40
    store, done = Store(), threading.Event()

    def body() -> None:
        for _ in range(rounds):
            position = store.write()
            store.group.through(position)
            assert store.group.synced >= position

    def background() -> None:
        while not done.wait(0.01):
            store.group.once()

    beside = threading.Thread(target=background)
    if others:
        beside.start()
    in_threads(crowd, body)
    done.set()
    if others:
        beside.join()
    assert store.syncs <= 6 * rounds  # 16 and more when each passes through the lock by itself


def test_one_who_is_interrupted_before_it_leads_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    lead = GroupSync._lead

    def interrupted(self: GroupSync, *args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(GroupSync, "_lead", lead)
        raise KeyboardInterrupt

    monkeypatch.setattr(GroupSync, "_lead", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.group.through(store.write())
    in_threads(4, lambda: store.group.through(store.write()) or pytest.fail("not on the disk"))
    assert store.group.synced == store.group.written
