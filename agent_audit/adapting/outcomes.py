"""How an operation has ended that raised something."""

from __future__ import annotations

import asyncio

from agent_audit.event import Outcome

_STOPS = (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit, SystemExit)


def outcome_of(exception: BaseException) -> Outcome:
    """`cancelled` for what stops an operation, be it a task's cancellation or `sys.exit`: that is no failure."""
    return Outcome.CANCELLED if isinstance(exception, _STOPS) else Outcome.FAILURE
