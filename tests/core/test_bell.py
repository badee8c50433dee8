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
    flag, steps, unset = Flag(), [], []

    def strike_everywhere() -> None:
        nonlocal flag
        for step in interrupted_at_each_step(None, lambda: INTERRUPTED[doing](flag), lambda: flag.set()):
            steps.append(step)
            if not (flag.is_set() and flag.wait(60)):
                unset.append(step)
            flag = Flag()

    thread = threading.Thread(target=strike_everywhere, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), f"it waits for ever when it is struck at step {len(steps) + 1}"
    assert len(steps) > 5
    assert unset in ([], steps[-1:]), "nothing strikes the last one"


def test_all_who_wait_for_a_flag_are_woken() -> None:
    flag, woken = Flag(), []
    threads = [threading.Thread(target=lambda: woken.append(flag.wait(60)), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    flag.set()
    for thread in threads:
        thread.join(60)
    assert woken == [True] * 4
    assert not Flag().wait(0.01)
