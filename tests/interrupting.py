"""What a signal's handler that raises can do: end a function between any two of its steps."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any


def interrupted_at_each_step(code: CodeType, run: Callable[[], object]) -> Iterator[int]:
    """Run something again and again, and raise KeyboardInterrupt at the first step of that code, at the second, and on.

    It is over with the run that comes to its end, or that ends the tracing (`sys.settrace(None)`).

    Yields:
        the number of the step, after each run that was interrupted and after the last one.
    """
    step, came = 0, True
    while came:
        step, came, left = step + 1, False, step + 1

        def interrupt(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
            nonlocal came, left
            if frame.f_code is code:
                frame.f_trace_opcodes = True
                left -= event == "opcode"
                if not left:
                    came = True
                    raise KeyboardInterrupt
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
