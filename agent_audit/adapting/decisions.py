"""What somebody is asked and decides, in one form for all frameworks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent_audit.event import AuditEventType, Outcome


@dataclass(frozen=True)
class ActionRequest:
    """One thing that a model wants done, or that somebody is asked to decide."""

    action: str
    """As on record: `tool.` and the name for a tool."""
    parameters: Any = None
    call_id: str | None = None
    """The model's id of the call: joins request, question, decision, call and response, across runs."""

    @property
    def fields(self) -> dict[str, Any]:
        """Those of an event about it."""
        return {"action": self.action, "call_id": self.call_id, "parameters": self.parameters}

    def argument_bytes(self) -> bytes:
        """The exact arguments as bytes, for a digest: the same for the same arguments, whatever their order."""
        return _spelled(self.parameters)


Digest = Callable[[bytes], dict[str, str]]
"""The logger's, see `AuditLogger.digest`."""


def describe_check(request: ActionRequest, *, digest: Digest, **facts: Any) -> dict[str, Any]:
    """The fields of a `permission.check`: somebody is asked, about these very arguments.

    Args:
        request: what is asked about.
        digest: of the arguments, when it is about a call.
        **facts: for the metadata; those that are None are left out.
    """
    return {
        "event_type": AuditEventType.PERMISSION_CHECK,
        **request.fields,
        "metadata": _known({**facts, **digest_of(request, digest)}),
    }


def describe_decision(request: ActionRequest, *, approved: bool, digest: Digest, **facts: Any) -> dict[str, Any]:
    """The fields of an `action.approved` or `action.denied`, with a keyed digest of what was decided on.

    Args:
        request: what was decided, with the arguments it was decided on.
        approved: the decision.
        digest: of the arguments, when it is about a call.
        **facts: for the metadata, as far as they are known: `always` (also for calls to come), `standing` (taken
            before, for all such calls), `message`, `decided_by`, `edited`; those that are None are left out.
    """
    return {
        "event_type": AuditEventType.ACTION_APPROVED if approved else AuditEventType.ACTION_DENIED,
        "outcome": Outcome.SUCCESS if approved else Outcome.DENIED,
        **request.fields,
        "metadata": _known({**facts, **digest_of(request, digest)}),
    }


def digest_of(request: ActionRequest, digest: Digest) -> dict[str, Any]:
    """`arguments` for the metadata: question, decision and call of the same arguments have the same there.

    Nothing for what is not about a call: `tool.` begins its action, and it has a `call_id`. Never raises: of arguments
    that cannot be spelled out, the reason stands in place of the digest.
    """
    if request.call_id is None or not request.action.startswith("tool."):
        return {}
    try:
        return {"arguments": digest(request.argument_bytes())}
    except Exception as error:
        return {"arguments": {"hmac_absent": f"cannot be read: {type(error).__name__}"}}


def same_arguments(one: Any, other: Any) -> bool:
    """Whether two arguments, or all those of two calls, have the same digest. Never raises.

    They are not compared with `==`: what an application passes to its tools may answer that with an array, or raise.
    """
    if one is other:
        return True
    try:
        return _spelled(one) == _spelled(other)
    except Exception:  # keys of several types, a cycle, a `repr` that fails
        return False


def _spelled(arguments: Any) -> bytes:
    return json.dumps(arguments, sort_keys=True, default=repr).encode()


def _known(facts: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in facts.items() if value is not None} or None
