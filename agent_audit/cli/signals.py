"""Signals that end a command: raised as exceptions, so that nothing that was half made is left behind."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from agent_audit.cli.exits import SIGNALLED

_AGAIN = 0.2
"""Seconds after which an exception that has got lost is raised again."""
_PATIENCE = 5.0
"""Seconds that the end may take before another signal ends the process at once."""

_ENDING = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))

_caught: list[int] = []
"""Signals that end this process."""
_since = 0.0


@contextmanager
def ending_in_order() -> Iterator[None]:
    """In the block, the signals that end a process end it as Ctrl-C does.

    An exception may get lost: Python only reports one that is raised in a finalizer, in the callback of a weak
    reference (each import has one) or in one of `gc`; and a library may take it for an error of its own, as DuckDB
    does. So it is raised again until the block is left. It is not raised again while any exception is handled: what is
    being tidied up is tidied up, also where the signal comes twice, as from `timeout`.
    """
    for number in _ENDING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):  # not what somebody ignores
            signal.signal(number, _end)
    try:
        yield
    finally:
        over()


def over() -> None:
    """What a signal was to end has ended: nothing is raised again, and another signal ends the process at once."""
    if signal.getsignal(signal.SIGALRM) is _raise_again:
        signal.setitimer(signal.ITIMER_REAL, 0)
    for number in _ENDING:
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_DFL)


def code_of_caught() -> int | None:
    """The exit code of a process that a signal ends; None when none has come."""
    return SIGNALLED + _caught[0] if _caught else None


def _end(number: int, frame: FrameType | None) -> None:
    global _since
    if _caught:
        if time.monotonic() - _since > _PATIENCE:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        _raise_again(number, frame)
        return
    _since = time.monotonic()
    _caught.append(number)
    signal.signal(signal.SIGALRM, _raise_again)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
    raise _ending()


def _raise_again(*_: object) -> None:
    if sys.exc_info()[1] is None:  # to a handler, what is handled by the code that it has interrupted
        raise _ending()


def _ending() -> BaseException:
    return KeyboardInterrupt() if _caught[0] == signal.SIGINT else SystemExit(SIGNALLED + _caught[0])
