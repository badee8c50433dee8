from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agent_audit.bell import Flag
from tests.interrupting import interrupted_at_each_step

INTERRUPTED: dict[str, Callable[[Flag], object]] = {
    "waiting": lambda flag: flag.wait(0.0),
    "setting": lambda flag: flag.set(),
}


@pytest.mark.parametrize("doing", INTERRUPTED)
def test_a_signal_handler_may_set_a_flag_whatever_it_has_interrupted(doing: str) -> None:
    flags, unset = [Flag()], []

    def strike() -> None:
        flags[-1].set()

    def strike_everywhere() -> None:
        for step in interrupted_at_each_step(None, lambda: INTERRUPTED[doing](flags[-1]), strike):
            if not (flags[-1].is_set() and flags[-1].wait(200)):
                unset.append(step)
            flags.append(Flag())

    thread = threading.Thread(target=strike_everywhere, daemon=True)
    thread.start()
    thread.join(200)
    assert not thread.is_alive(), f"it waits for ever when it is struck at step {len(flags)}"
    assert len(flags) > 5
    assert unset in ([], [len(flags) - 1]), "nothing strikes the last one"


def test_all_who_wait_for_a_flag_are_woken() -> None:
    flag, woken = Flag(), []
    threads = [threading.Thread(target=lambda: woken.append(flag.wait(200)), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    flag.set()
    for thread in threads:
        thread.join(200)
    assert woken == [True] * 4
    assert not Flag().wait(0.01)
