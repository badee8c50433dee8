"""Recording for the whole process: one handler that LangChain adds to every run."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from langchain_core.tracers import context as tracing

from agent_audit import AuditLogger, ForkSafeLock
from agent_audit_langchain.handler import AuditCallbackHandler
from agent_audit_langchain.hooks import Modifies
from agent_audit_langchain.identity import ContextReader

log = logging.getLogger(__name__)

_GRAPH_BUILDERS = (
    "get_sync_graph_callback_manager_for_config",
    "get_async_graph_callback_manager_for_config",
)


class _ProcessHandler(AuditCallbackHandler):
    """The one handler of the process. It stays the same object, so that nothing is recorded twice."""

    enabled = False

    def _starts(self, run_id: Any) -> bool:
        # Runs that are under way keep the handler when it is disabled: their ends are still recorded.
        return self.enabled and super()._starts(run_id)


_handler = _ProcessHandler()
# As the default of the variable it is seen in every thread and context, whoever started them.
_variable: ContextVar[Any] = ContextVar("agent_audit_langchain", default=_handler)
_lock = ForkSafeLock()


def enable(
    logger: AuditLogger | None = None,
    *,
    agent_id: str | None = None,
    user_id: str | None = None,
    session_id: str | None = None,
    context: ContextReader | None = None,
    modifies: Modifies = (),
) -> None:
    """Record everything that LangChain and LangGraph do in this process from now on.

    Takes the arguments of `AuditCallbackHandler`. Calling it again only changes them. Handlers passed in
    `callbacks` as well record nothing twice when they have the same logger.
    """
    with _lock:
        _handler.__init__(  # type: ignore[misc]  # the same object with other settings
            logger,
            agent_id=agent_id,
            user_id=user_id,
            session_id=session_id,
            context=context,
            modifies=modifies,
        )
        _handler.enabled = True
        if not any(hook[0] is _variable for hook in tracing._configure_hooks):
            tracing.register_configure_hook(_variable, inheritable=True)
        _wrap_graph_builders()


def disable() -> None:
    """Record no more new runs. What is under way still gets its ends on record."""
    with _lock:
        _handler.enabled = False
        hooks = tracing._configure_hooks
        hooks[:] = [hook for hook in hooks if hook[0] is not _variable]
        _unwrap_graph_builders()


def _wrap_graph_builders() -> None:
    """LangGraph tells of breakpoints only to the handlers in a call's own `callbacks`: join them.

    Without these functions (another version, no LangGraph) breakpoints go unseen, nothing else.
    """
    pregel = _pregel()
    for name in _GRAPH_BUILDERS:
        builder = getattr(pregel, name, None)
        if builder is not None and not hasattr(builder, "without_audit"):
            setattr(pregel, name, _with_audit(builder))


def _unwrap_graph_builders() -> None:
    pregel = _pregel()
    for name in _GRAPH_BUILDERS:
        builder = getattr(pregel, name, None)
        original = getattr(builder, "without_audit", None)
        if original is not None:
            setattr(pregel, name, original)


def _with_audit(builder: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(builder)
    def build(config: Any, *args: Any, **kwargs: Any) -> Any:
        manager = builder(config, *args, **kwargs)
        try:
            if _handler.enabled:
                _handler.on_graph_settings(manager.run_id, config.get("configurable") or {})
                if _handler not in manager.handlers:
                    manager.add_handler(_handler, inherit=False)
        except Exception:
            log.warning("the audit handler could not join a graph's handlers", exc_info=True)
        return manager

    build.without_audit = builder  # type: ignore[attr-defined]  # how to find it again
    return build


def _pregel() -> Any:
    try:
        return importlib.import_module("langgraph.pregel.main")
    except ImportError:
        return None
