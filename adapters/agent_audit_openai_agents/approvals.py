"""Questions to humans, `permission.check`, and their answers, `action.approved` and `action.denied`."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agents import RunContextWrapper

from agent_audit import AuditEventType, Outcome
from agent_audit_openai_agents.identity import Who
from agent_audit_openai_agents.items import Call, call_of, field_of, parse_arguments
from agent_audit_openai_agents.recording import Recording

if TYPE_CHECKING:
    from agent_audit_openai_agents.run import RunRecorder

T = AuditEventType

_METHOD = "_apply_approval_decision"
"""The one place that every decision passes, also on states restored from JSON."""

_IDENTITY = ("agent_id", "session_id", "user_id")


def call_in_question(item: Any) -> Call:
    """What a `ToolApprovalItem` asks about."""
    raw = item.raw_item
    call = call_of(raw)
    if call is not None:
        return call
    name = getattr(item, "name", None) or field_of(raw, "name") or "unknown"
    arguments = parse_arguments(field_of(raw, "arguments"))
    return Call(str(name), field_of(raw, "call_id") or field_of(raw, "id"), arguments, str(field_of(raw, "type")))


def note_question(run: RunRecorder, item: Any) -> None:
    """A run stops to ask somebody; a question that is open already is not asked again."""
    call = call_in_question(item)
    run.asked.pop(call.call_id or "", None)
    if call.call_id is None or run.recording.questions.get(call.call_id) is not None:
        return
    scope = run.tracker.get(run.agent_key or run.key)
    identity = dict(scope.identity) if scope is not None else {}
    if scope is None or run.agent is None or item.agent.name != run.agent.name:
        identity["agent_id"] = item.agent.name  # an agent as a tool asks through the run around it
    known = {**identity, "trace_id": scope.trace_id if scope else None}
    run.recording.questions[call.call_id] = known
    run.note(
        T.PERMISSION_CHECK,
        "runner",
        after_effect=True,
        action=call.action,
        call_id=call.call_id,
        parameters=call.arguments,
        **{name: value for name, value in identity.items() if value},
    )


def note_decision(
    recording: Recording,
    who: Who,
    item: Any,
    context: Any,
    *,
    approve: bool,
    always: bool = False,
    message: str | None = None,
    hook: str = _METHOD,
) -> None:
    """Somebody has decided.

    Raises:
        WriteError: fail-closed logger, not recorded.
    """
    call = call_in_question(item)
    known = recording.questions.pop(call.call_id) if call.call_id else None
    if known is None:  # asked in another process
        known = {"agent_id": getattr(item.agent, "name", None), **who.of(context)}
    arguments = json.dumps(call.arguments, sort_keys=True, default=repr).encode()
    facts = {"always": always or None, "message": message, "arguments": recording.logger.digest(arguments)}
    recording.tracker.note(
        T.ACTION_APPROVED if approve else T.ACTION_DENIED,
        hook=hook,
        outcome=Outcome.SUCCESS if approve else Outcome.DENIED,
        action=call.action,
        call_id=call.call_id,
        parameters=call.arguments,
        metadata={name: value for name, value in facts.items() if value is not None},
        **{name: value for name, value in known.items() if value},
    )


def can_wrap_decisions() -> bool:
    """Whether this version of the SDK has the place that decisions pass."""
    return hasattr(RunContextWrapper, _METHOD)


def wrap_decisions(decided: Callable[..., None]) -> None:
    """Have `decided(item, context, approve=, always=, message=)` called before each decision takes effect."""
    original = getattr(RunContextWrapper, _METHOD, None)
    if original is None or hasattr(original, "without_audit"):
        return

    @functools.wraps(original)
    def apply(self: Any, approval_item: Any, **choice: Any) -> Any:
        decided(
            approval_item,
            self,
            approve=bool(choice.get("approve")),
            always=bool(choice.get("always")),
            message=choice.get("rejection_message"),
        )
        return original(self, approval_item, **choice)

    apply.without_audit = original  # type: ignore[attr-defined]  # how to find it again
    setattr(RunContextWrapper, _METHOD, apply)


def unwrap_decisions() -> None:
    """Put the SDK's own method back."""
    original = getattr(getattr(RunContextWrapper, _METHOD, None), "without_audit", None)
    if original is not None:
        setattr(RunContextWrapper, _METHOD, original)
