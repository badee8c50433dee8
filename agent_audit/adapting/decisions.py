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

    def argument_bytes(self) -> bytes:
        """The exact arguments as bytes, for a digest: the same for the same arguments, whatever their order."""
        return json.dumps(self.parameters, sort_keys=True, default=repr).encode()


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
        "action": request.action,
        "call_id": request.call_id,
        "parameters": request.parameters,
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
        "action": request.action,
        "call_id": request.call_id,
        "parameters": request.parameters,
        "metadata": _known({**facts, **digest_of(request, digest)}),
    }


def digest_of(request: ActionRequest, digest: Digest) -> dict[str, Any]:
    """`arguments` for the metadata: question, decision and call of the same arguments have the same there.

    Nothing for what is not about a call: `tool.` begins its action, and it has a `call_id`.
    """
    is_call = request.call_id is not None and request.action.startswith("tool.")
    return {"arguments": digest(request.argument_bytes())} if is_call else {}


def _known(facts: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in facts.items() if value is not None} or None
