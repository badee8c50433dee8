"""What a signal's handler can do: strike between any two steps of a function, and end it there if it raises."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
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
    for left in count(1, every):

        def interrupt(frame: FrameType, event: str, called: object) -> None:
            nonlocal left
            if event in ("call", "c_return", "return") and frame.f_code.co_filename != __file__:
                left -= 1
                if not left:
                    sys.setprofile(None)
                    raise KeyboardInterrupt

        sys.setprofile(interrupt)
        try:
            run()
        except KeyboardInterrupt as interrupted:
            yield interrupted
        else:
            return
        finally:
            sys.setprofile(None)
