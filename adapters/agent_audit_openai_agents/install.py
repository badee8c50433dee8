"""Recording for the whole process: a runner, a tracing processor, and a look at decisions and failures."""

from __future__ import annotations

import logging
from typing import Any

import agents.run
from agents import RunContextWrapper, add_trace_processor, set_trace_processors
from agents.tracing import get_trace_provider

from agent_audit import (
    AuditEventType,
    AuditLogger,
    ContextReader,
    Modifies,
    Outcome,
    Seam,
    WriteError,
    after_the_fact,
    fork_safe_lock,
)
from agent_audit_openai_agents.approvals import (
    DECISIONS,
    call_in_question,
    forget_decision,
    mark_decided,
    note_decision,
    record_decisions,
)
from agent_audit_openai_agents.failures import FAILURES, NATIVE_FAILURES, PATCHES, record_failures
from agent_audit_openai_agents.guardrails import VERDICTS, record_verdicts
from agent_audit_openai_agents.hooks import AuditRunHooks
from agent_audit_openai_agents.invocations import INVOCATIONS, record_invocations
from agent_audit_openai_agents.items import HOSTED_APPROVAL
from agent_audit_openai_agents.mcp import RESULTS, record_results
from agent_audit_openai_agents.processor import AuditTracingProcessor
from agent_audit_openai_agents.run import active_run
from agent_audit_openai_agents.runner import AuditRunner
from agent_audit_openai_agents.tools import MARKS

log = logging.getLogger(__name__)

RUNNER = Seam(
    "agents.run:set_default_agent_runner",
    "runs are recorded from spans: without call ids, tool calls only when they are over, nothing with tracing "
    "disabled; pass hooks=AuditRunHooks() to Runner.run",
)
"""Called experimental by the SDK."""

_lock = fork_safe_lock()
_hooks: AuditRunHooks | None = None
_runner: AuditRunner | None = None
_processor = AuditTracingProcessor()
_processor.enabled = False
_added_blindly = False
"""Whether the processor was added where it cannot be seen."""


def enable(
    logger: AuditLogger | None = None,
    *,
    agent_id: str | None = None,
    user_id: str | None = None,
    session_id: str | None = None,
    context: ContextReader | None = None,
    modifies: Modifies = (),
) -> None:
    """Record everything that the SDK runs in this process from now on.

    Takes the arguments of `AuditRunHooks`. Calling it again only changes them. A run's own hooks, a runner set
    before and other tracing processors stay as they are; the SDK's exporter is not touched, and with tracing
    disabled everything is recorded except what code outside a runner does. If this version of the SDK lacks a place
    that is needed, a warning says what is not seen.
    """
    global _hooks
    with _lock:
        _hooks = AuditRunHooks(
            logger, agent_id=agent_id, user_id=user_id, session_id=session_id, context=context, modifies=modifies
        )
        if RUNNER.check():
            _stand_in_front(_hooks)
        _processor.use(logger)
        _processor.enabled = True
        _add_processor()
        record_decisions(_decided, _not_accepted)
        record_failures()
        record_results()
        record_invocations(INVOCATIONS)
        record_verdicts()
        MARKS.check()


def _stand_in_front(hooks: AuditRunHooks) -> None:
    global _runner
    current = agents.run.get_default_agent_runner()
    if current is not _runner:
        if _runner is not None:
            _runner.hooks = None  # it may still stand somewhere behind `current`
        _runner = AuditRunner(current, hooks)
        agents.run.set_default_agent_runner(_runner)
    _runner.hooks = hooks


def disable() -> None:
    """Stop recording new runs and restore what `enable` found. Runs in progress still get their ends recorded."""
    global _hooks, _runner
    with _lock:
        _hooks = None
        if _runner is not None:
            _runner.hooks = None  # if somebody has put another runner in front, it still passes through here
            if agents.run.get_default_agent_runner() is _runner:
                agents.run.set_default_agent_runner(_runner.inner)
            _runner = None
        _processor.enabled = False
        _remove_processor()
        for seam in (DECISIONS, RESULTS, INVOCATIONS, *FAILURES, NATIVE_FAILURES, PATCHES, *VERDICTS.values()):
            seam.unwrap()


def _decided(item: Any, context: RunContextWrapper[Any], **choice: Any) -> None:
    hooks = _hooks
    if hooks is None:
        return
    try:
        note_decision(hooks.recording, hooks.settings, item, context, **choice)
    except WriteError:
        raise
    except Exception:
        if hooks.recording.logger.on_failure == "raise":
            raise
        log.warning("a decision could not be recorded", exc_info=True)
        return
    run, call = active_run(hooks.recording), call_in_question(item)
    if run is not None and call.call_id is not None:  # a callback has decided while the run goes on
        approved = bool(choice.get("approve"))
        mark_decided(run, item, call, approved)
        if not approved or call.kind == HOSTED_APPROVAL:
            run.asked.pop(call.call_id, None)


@after_the_fact
def _not_accepted(item: Any, context: RunContextWrapper[Any], error: Exception) -> None:
    hooks = _hooks
    if hooks is not None:
        call = call_in_question(item)
        forget_decision(hooks.recording, hooks.settings, item, context)
        facts = {"outcome": Outcome.FAILURE, "action": call.action, "call_id": call.call_id, "exception": error}
        hooks.recording.tracker.note(AuditEventType.ERROR, hook="_apply_approval_decision", after_effect=True, **facts)


def _add_processor() -> None:
    global _added_blindly
    registered = _registered_processors()
    if registered is None:
        if not _added_blindly:
            log.warning(
                "this version of the SDK does not show its trace processors: when somebody replaces ours it is not "
                "added again, and disable() leaves it registered, doing nothing"
            )
            _added_blindly = True
            add_trace_processor(_processor)
    elif _processor not in registered:
        add_trace_processor(_processor)


def _remove_processor() -> None:
    registered = _registered_processors() or []
    others = [processor for processor in registered if processor is not _processor]
    if len(others) != len(registered):
        set_trace_processors(others)


def _registered_processors() -> list[Any] | None:
    """None where the SDK looks different inside; it has no way to ask."""
    found = getattr(getattr(get_trace_provider(), "_multi_processor", None), "_processors", None)
    return None if found is None else list(found)
