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
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def digest_of(conversation: Sequence[Any], parent: Run | None = None) -> bytes:
    """SHA-256 of messages as JSON with sorted keys, each followed by a line feed.

    Args:
        conversation: what was said before.
        parent: what the model call is part of. Its agent remembers the conversation of its last call; where this one
            begins with the same messages, only the rest is read.
    """
    agent = _agent_of(parent)
    known, sha256 = agent.state.get(_STATE, ([], None)) if agent is not None else ([], None)
    # A list compares what is the same object by a look at the pointer.
    if sha256 is None or known != conversation[: len(known)]:
        known, sha256 = [], hashlib.sha256()
    else:
        sha256 = sha256.copy()
    for message in conversation[len(known) :]:
        sha256.update(_line(message))
    if agent is not None:
        agent.state[_STATE] = (conversation, sha256)
    digest: bytes = sha256.digest()
    return digest


def _agent_of(run: Run | None) -> Run | None:
    while run is not None and run.start_type is not AuditEventType.AGENT_START:
        run = run.parent
    return run


def _line(message: Any) -> bytes:
    said = spelled_out(message)
    try:
        return orjson.dumps(said, default=repr, option=_OPTIONS) + b"\n"
    except TypeError:  # an integer of more than 64 bits, a lone surrogate
        return json.dumps(said, sort_keys=True, default=repr).encode() + b"\n"
