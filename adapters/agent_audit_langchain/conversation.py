"""A digest of the part of a conversation that a model call repeats, at a cost that does not grow with it.

Each message is digested once for all calls of an agent: SHA-256 goes on from where it was for the call before. What is
recorded is a keyed digest of that, so whoever has the key and the messages can check what a model was given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import orjson

from agent_audit import AuditEventType, Run
from agent_audit_langchain.messages import spelled_out

_STATE = "conversation"


class Digested:
    """Messages and the SHA-256 of their JSON, each followed by a line feed."""

    __slots__ = ("messages", "sha256")

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.sha256 = hashlib.sha256()

    def grown_to(self, messages: Sequence[Any]) -> Digested:
        """Of these messages: only what is more than before is read, when they begin with those from before."""
        known = len(self.messages)
        # A list compares what is the same object by a look at the pointer.
        begins_the_same = self.messages == list(messages[:known])
        grown = Digested()
        grown.messages = list(messages)
        if begins_the_same:
            grown.sha256 = self.sha256.copy()
        for message in messages[known:] if begins_the_same else messages:
            grown.sha256.update(_line(message))
        return grown


def digest_of(parent: Run | None, conversations: Sequence[Sequence[Any]]) -> bytes:
    """SHA-256 of what was said before.

    Args:
        parent: what the model call is part of; its agent remembers the conversation of its last call.
        conversations: one, or those of a batch.
    """
    agent = _agent_of(parent)
    known: Digested | None = agent.state.get(_STATE) if agent is not None else None
    if len(conversations) != 1:
        known, agent = None, None
    digested = (known or Digested()).grown_to([message for one in conversations for message in one])
    if agent is not None:
        agent.state[_STATE] = digested
    return digested.sha256.digest()


def _agent_of(run: Run | None) -> Run | None:
    while run is not None and run.start_type is not AuditEventType.AGENT_START:
        run = run.parent
    return run


def _line(message: Any) -> bytes:
    said = spelled_out(message)
    try:
        return orjson.dumps(said, default=repr, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS) + b"\n"
    except TypeError:  # an integer of more than 64 bits, a lone surrogate
        return json.dumps(said, sort_keys=True, default=repr).encode() + b"\n"
