"""Questions to humans, `permission.check`, and their answers, `action.approved` and `action.denied`."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from agents import ToolApprovalItem

from agent_audit import ActionRequest, AdapterSettings, Seam, describe_check, describe_decision
from agent_audit_openai_agents.identity import identity_of
from agent_audit_openai_agents.items import Call, call_of, field_of, parse_arguments
from agent_audit_openai_agents.pending import Decision, Pending, asked_about, attach, likeness, pending_of
from agent_audit_openai_agents.recording import Recording
from agent_audit_openai_agents.run import AgentRun, active, active_run

DECISIONS = Seam(
    "agents:RunContextWrapper._apply_approval_decision",
    "approvals and rejections go on record when the run is resumed, not when they are taken",
)
"""The one place that every decision passes, also on states restored from JSON, of callbacks, of realtime sessions."""


deciding: ContextVar[str | None] = ContextVar("agent_audit_openai_agents_deciding", default=None)
"""Id of the call that a realtime session is deciding on: that is on record already."""


def call_in_question(item: Any) -> Call:
    """What a `ToolApprovalItem` asks about."""
    raw = item.raw_item
    call = call_of(raw)
    if call is not None:
        return call
    name = getattr(item, "name", None) or field_of(raw, "name") or "unknown"
    arguments = parse_arguments(field_of(raw, "arguments"))
    return Call(str(name), field_of(raw, "call_id") or field_of(raw, "id"), arguments, str(field_of(raw, "type")))


def note_question(run: AgentRun, item: Any, context: Any) -> None:
    """A run stops to ask somebody; a question that is open already is not asked again."""
    call, open_questions = call_in_question(item), run.told.pending.questions
    asked = asked_about(item, call.request)
    run.asked.pop(call.call_id or "", None)
    attach(context, run.told.pending)
    if call.call_id is None or asked in open_questions:
        return
    scope = run.tracker.get(run.agent_key or run.key)
    identity = dict(scope.identity) if scope is not None else {}
    if scope is None or run.agent is None or item.agent.name != run.agent.name:
        identity["agent_id"] = item.agent.name  # an agent as a tool asks through the run around it
    known = open_questions[asked] = {**identity, "trace_id": scope.trace_id if scope else None}
    if not run.recording.questions.claim(same := likeness(run.settings, asked, context), known):
        run.recording.questions[same] = {}
    run.note(
        hook="runner",
        after_effect=True,
        **describe_check(call.request, digest=run.recording.logger.digest),
        **{name: value for name, value in identity.items() if value},
    )


def note_decision(
    recording: Recording,
    settings: AdapterSettings,
    item: Any,
    context: Any,
    *,
    approve: bool,
    hook: str = "_apply_approval_decision",
    session_id: str | None = None,
    **facts: Any,
) -> None:
    """Somebody has decided.

    Args:
        recording: where it is kept who asked.
        settings: tell who it is when that is not known, for it was asked in another process.
        item: the `ToolApprovalItem`.
        context: the run's.
        approve: the decision.
        hook: which told of it.
        session_id: of the run, where that is known and who asked is not.
        **facts: for the metadata, see `describe_decision`.

    Raises:
        WriteError: fail-closed logger, not recorded.
    """
    call = call_in_question(item)
    pending, asked = pending_of(context), asked_about(item, call.request)
    if pending is None:
        pending = Pending(from_json=active_run(recording) is None)
    same = likeness(settings, asked, context)
    known = pending.questions.pop(asked, None) or _asked_before(pending.decided.get(asked))
    alike = recording.questions.pop(same) or _asked_before(recording.decided.get(same))
    if known is None and pending.from_json:
        known = alike
    if not known:
        known = {"agent_id": getattr(item.agent, "name", None), **identity_of(settings, context, session_id)}
    facts.setdefault("decided_by", settings.told(context).get("decided_by"))
    recording.tracker.note(
        hook=hook,
        **describe_decision(call.request, approved=approve, digest=recording.logger.digest, **facts),
        **{name: value for name, value in known.items() if value},
    )
    if call.call_id is not None:
        attach(context, pending)
        pending.decided[asked] = recording.decided[same] = Decision(approve, known)


def _asked_before(decision: Decision | None) -> dict[str, Any] | None:
    """Who asked what somebody has decided on already, and thinks better of."""
    return None if decision is None else decision.asked


def forget_decision(recording: Recording, settings: AdapterSettings, item: Any, context: Any) -> bool | None:
    """Take a decision that is on record from memory; None when there is none."""
    asked = asked_about(item, call_in_question(item).request)
    found, pending = recording.decided.pop(likeness(settings, asked, context)), pending_of(context)
    if pending is not None:
        found = pending.decided.pop(asked, None)
    return None if found is None else found.approved


def mark_decided(run: AgentRun, item: Any, call: Call, approve: bool) -> None:
    """A decision is on record that this run goes by, and that the SDK may apply once more."""
    run.known_decisions[asked_about(item, call.request)] = approve
    if call.call_id is not None:
        run.decided[call.call_id] = approve


def record_decisions(decided: Callable[..., None], not_accepted: Callable[[Any, Any, Exception], None]) -> None:
    """Have decisions recorded before they take effect.

    Args:
        decided: called with item and context, `approve`, `always`, `message`.
        not_accepted: called with item, context and exception when the SDK refuses the decision after all.
    """

    def wrap(original: Any) -> Any:
        def apply(self: Any, approval_item: Any, **choice: Any) -> Any:
            if _is_repeated(approval_item, bool(choice.get("approve"))):
                return original(self, approval_item, **choice)
            decided(
                approval_item,
                self,
                approve=bool(choice.get("approve")),
                always=bool(choice.get("always")) or None,
                message=choice.get("rejection_message"),
            )
            try:
                return original(self, approval_item, **choice)
            except Exception as error:
                not_accepted(approval_item, self, error)
                raise

        return apply

    DECISIONS.wrap(wrap)


def _is_repeated(item: Any, approve: bool) -> bool:
    """When a run is resumed, the SDK itself applies the decisions once more."""
    call, run = call_in_question(item), active.get()
    if deciding.get() == (call.call_id or ""):
        return True
    return run is not None and run.known_decisions.get(asked_about(item, call.request)) is approve


# -- decisions that hold for calls to come ---------------------------------------------------------------


def take_over(run: AgentRun, state: Any) -> None:
    """The questions of a saved state that were decided on. Those whose decision was not seen go on record now."""
    context = getattr(state, "_context", None)
    for item in state.get_interruptions():
        call = call_in_question(item)
        decision = _status(context, item, existing_pending=item)
        if call.call_id is None:
            continue
        if decision is None:
            about = asked_about(item, call.request)
            asked = run.recording.questions.get(likeness(run.settings, about, context))
            if asked is not None:
                run.told.pending.questions.setdefault(about, asked)
            continue
        mark_decided(run, item, call, decision)
        if decision:
            run.asked[call.call_id] = call
        if forget_decision(run.recording, run.settings, item, context) is not decision:
            of_this_call = _decided_by_id(context, call.call_id)
            # Whoever resumes the run has not decided.
            facts: dict[str, Any] = {"standing": True}
            if of_this_call:
                facts = {"seen": "when resumed", "decided_by": None}
            facts |= {"hook": "resume", "session_id": run.told.session_id}
            note_decision(run.recording, run.settings, item, context, approve=decision, **facts)
            forget_decision(run.recording, run.settings, item, context)


def standing_decision(run: AgentRun, context: Any, call: Call, tool_name: str | None = None) -> bool | None:
    """Whether a call was approved or rejected beforehand, with all others of its tool.

    Args:
        run: the run.
        context: of the run; has the decisions.
        call: the call.
        tool_name: of its tool, where that is known; a shell may have any.
    """
    if call.call_id is None or call.call_id in run.decided or call.raw is None:
        return None
    if _decided_by_id(context, call.call_id, otherwise=False):
        return None
    name = field_of(call.raw, "name") or tool_name or call.name
    item = ToolApprovalItem(agent=run.agent, raw_item=call.raw, tool_name=name)
    return _status(context, item, current_invocation=item)


def note_standing(run: AgentRun, request: ActionRequest, approve: bool, hook: str, **fields: Any) -> None:
    """A call goes ahead, or does not, by a decision that was taken before."""
    described = describe_decision(request, approved=approve, digest=run.recording.logger.digest, standing=True)
    run.note(hook=hook, **described, **fields)
    if request.call_id is not None:
        run.decided[request.call_id] = approve


def _status(context: Any, item: ToolApprovalItem, **which: Any) -> bool | None:
    try:
        tool = {"tool_namespace": item.tool_namespace, "tool_lookup_key": item.tool_lookup_key}
        status = context.get_approval_status(item.tool_name, call_in_question(item).call_id, **tool, **which)
    except Exception:  # its arguments change from version to version
        return None
    return status if isinstance(status, bool) else None


def _decided_by_id(context: Any, call_id: str, *, otherwise: bool = True) -> bool:
    """Whether a decision names this very call; one that stands for all calls of a tool does not."""
    try:
        records = list(context._approvals.values())
    except AttributeError:  # an SDK that keeps them elsewhere
        return otherwise
    lists = [ids for record in records for ids in (record.approved, record.rejected) if isinstance(ids, list)]
    return any(call_id in ids for ids in lists)
