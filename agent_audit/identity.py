"""Who acts, for whom and in which conversation, carried along the call stack and into tasks and threads.

Adapters read it for what their framework does not tell; `identify` sets it:

    with identify(user_id="alice", session_id="chat-7"):
        chain.invoke(question)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

from agent_audit.errors import require_given

V = TypeVar("V")


class Identity(NamedTuple):
    """What is known about who acts. Each part may be unknown."""

    agent_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    """The operation that runs now; what is recorded below gets it as its parent."""


NOBODY = Identity()
"""Nothing is known."""
_current: ContextVar[Identity] = ContextVar("agent_audit_identity", default=NOBODY)


def current_identity() -> Identity:
    """The identity in force here."""
    return _current.get()


@contextmanager
def identify(
    *,
    agent_id: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    trace_id: str | None = None,
    span_id: str | None = None,
) -> Iterator[Identity]:
    """Set parts of the identity for a block; parts left out keep what is in force outside.

    Works with threads and tasks as far as `contextvars` reach: asyncio tasks and the executors of both
    frameworks inherit it, a bare `threading.Thread` does not.

    Raises:
        ConfigurationError: a part is no text: `str(user.id)` where ids are numbers.
    """
    require_given(str, agent_id=agent_id, session_id=session_id, user_id=user_id, trace_id=trace_id, span_id=span_id)
    given = (agent_id, session_id, user_id, trace_id, span_id)
    identity = Identity(*(new or old for new, old in zip(given, _current.get(), strict=True)))
    with held(_current, identity):
        yield identity


@contextmanager
def held(variable: ContextVar[V], value: V) -> Iterator[V]:
    """Set a variable for a block, in coroutines and generators too.

    A block may end in another context than it began in: web servers read a generator so, and a coroutine that was left
    behind with its loop is closed wherever it is collected. What is set there belongs to others, and stays.
    """
    token = variable.set(value)
    try:
        yield value
    finally:
        with suppress(ValueError):
            variable.reset(token)
