"""Recording for the whole process: a runner, a tracing processor, and a look at decisions."""

from __future__ import annotations

import threading
from typing import Any

from agents import RunContextWrapper, add_trace_processor, set_trace_processors
from agents.run import get_default_agent_runner, set_default_agent_runner
from agents.tracing import get_trace_provider

from agent_audit import AuditLogger
from agent_audit_openai_agents.approvals import note_decision, unwrap_decisions, wrap_decisions
from agent_audit_openai_agents.hooks import AuditRunHooks
from agent_audit_openai_agents.identity import ContextReader
from agent_audit_openai_agents.mcp import unwrap_mcp_results, wrap_mcp_results
from agent_audit_openai_agents.processor import AuditTracingProcessor
from agent_audit_openai_agents.runner import AuditRunner
from agent_audit_openai_agents.settings import Modifies

_lock = threading.Lock()
_hooks: AuditRunHooks | None = None
_runner: AuditRunner | None = None
_processor = AuditTracingProcessor()
_processor.enabled = False


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
    disabled everything is recorded but what code outside a runner does.
    """
    global _hooks
    with _lock:
        _hooks = AuditRunHooks(
            logger, agent_id=agent_id, user_id=user_id, session_id=session_id, context=context, modifies=modifies
        )
        _stand_in_front(_hooks)
        _processor.use(logger)
        _processor.enabled = True
        if _processor not in _registered_processors():
            add_trace_processor(_processor)
        wrap_decisions(_decided)
        wrap_mcp_results()


def _stand_in_front(hooks: AuditRunHooks) -> None:
    global _runner
    current = get_default_agent_runner()
    if current is not _runner:
        if _runner is not None:
            _runner.hooks = None  # it may still stand somewhere behind `current`
        _runner = AuditRunner(current, hooks)
        set_default_agent_runner(_runner)
    _runner.hooks = hooks


def disable() -> None:
    """Record no more new runs and put back what `enable` found. What is under way still gets its ends on record."""
    global _hooks, _runner
    with _lock:
        _hooks = None
        if _runner is not None:
            _runner.hooks = None  # if somebody has put another runner in front, it still passes through here
            if get_default_agent_runner() is _runner:
                set_default_agent_runner(_runner.inner)
            _runner = None
        _processor.enabled = False
        others = [processor for processor in _registered_processors() if processor is not _processor]
        if len(others) != len(_registered_processors()):
            set_trace_processors(others)
        unwrap_decisions()
        unwrap_mcp_results()


def _decided(item: Any, context: RunContextWrapper[Any], **choice: Any) -> None:
    hooks = _hooks
    if hooks is not None:
        note_decision(hooks.recording, hooks.settings.who, item, context, **choice)


def _registered_processors() -> list[Any]:
    """The SDK has no way to ask; where it looks different inside, we may be registered twice but stay one object."""
    return list(getattr(getattr(get_trace_provider(), "_multi_processor", None), "_processors", ()))
