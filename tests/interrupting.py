"""What a signal's handler can do: strike between any two steps of a function, and end it there if it raises."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import CodeType, FrameType
from typing import Any


def interrupted_at_each_step(
    code: CodeType | None, run: Callable[[], object], strike: Callable[[], object] | None = None
) -> Iterator[int]:
    """Run something again and again, and strike at the first step of that code, at the second, and on.

    It is over with the run that comes to its end, or that ends the tracing (`sys.settrace(None)`).

    Args:
        code: where to strike; None: in all that is run.
        run: what to run.
        strike: what is done there; None: KeyboardInterrupt is raised.

    Yields:
        the number of the step, after each run that was interrupted and after the last one.
    """
    step, came = 0, True
    gc.freeze()  # what the tests before have left takes longer to look through, each time, than everything here
    sys._getframe().f_trace_opcodes = True  # CPython 3.12 traces opcodes only if a frame wanted that before `settrace`
    try:
        while came:
            step, came, left = step + 1, False, step + 1

            def interrupt(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
                nonlocal came, left
                if code is None or frame.f_code is code:
                    frame.f_trace_opcodes = True
                    left -= event == "opcode"
                    if not left and not came:
                        came = True
                        if strike is None:
                            raise KeyboardInterrupt
                        strike()
                return interrupt

            sys.settrace(interrupt)
            try:
                run()
            except KeyboardInterrupt as interrupted:
                interrupted.__traceback__ = None  # its frames would hold what they have made
            finally:
                sys.settrace(None)
            gc.collect()
            yield step
    finally:
        gc.unfreeze()


def interrupted_after_each_call(run: Callable[[], object], *, every: int = 1) -> Iterator[KeyboardInterrupt]:
    """Run something again and again, with a KeyboardInterrupt where its first call begins or ends, its second, and on.

    That is where a signal's handler may run, as far as it matters: CPython looks for one when a function begins and
    when one that is written in C has returned, not between any two steps. It is over with the run that comes to its
    end.

    Args:
        run: what to run.
        every: how many of these places lie between two runs.

    Yields:
        the interrupt, after each run that was interrupted; as long as it is kept, so are the frames that it has left,
        as an interactive session keeps them (`sys.last_traceback`).
    """
    for place in count(1, every):
        try:
            with _raised_at(place, KeyboardInterrupt):
                run()
        except KeyboardInterrupt as interrupted:
            yield interrupted
        else:
            return


def without_memory_after_each_call(run: Callable[[], object], *, every: int = 1) -> Iterator[MemoryError | None]:
    """The same with a MemoryError, which `run` may well survive.

    Yields:
        the error that has left it, after each run that has met one.
    """
    for place in count(1, every):
        left: MemoryError | None = None
        with _raised_at(place, MemoryError) as met:
            try:
                run()
            except MemoryError as error:
                left = error
        if not met:
            return
        yield left


@contextmanager
def _raised_at(place: int, error: type[BaseException]) -> Iterator[list[int]]:
    """Raise it where the call of that number begins or ends; what is given holds the number from then on."""
    places, met = count(1), list[int]()

    def raise_it(frame: FrameType, event: str, called: object) -> None:
        is_place = event in ("call", "c_return", "return") and frame.f_code.co_filename not in _OWN_FILES
        if is_place and next(places) == place:
            sys.setprofile(None)
            met.append(place)
            raise error

    sys.setprofile(raise_it)
    try:
        yield met
    finally:
        sys.setprofile(None)


_OWN_FILES = (__file__, contextlib.__file__)
