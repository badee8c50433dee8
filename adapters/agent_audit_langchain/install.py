"""Recording for the whole process: one handler that LangChain adds to every run."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from langchain_core.callbacks.manager import shielded
from langchain_core.tracers import context as tracing

from agent_audit import AuditLogger, ContextReader, ForkSafeLock, Modifies, Seam, held
from agent_audit_langchain.beginnings import Beginning, being_told
from agent_audit_langchain.handler import AuditCallbackHandler
from agent_audit_langchain.hooks import Hooks

log = logging.getLogger(__name__)

GRAPH_BUILDERS = tuple(
    Seam(f"langgraph.pregel.main:{name}", "breakpoints (interrupt_before, interrupt_after) are not seen")
    for name in ("get_sync_graph_callback_manager_for_config", "get_async_graph_callback_manager_for_config")
)

STARTS = tuple(
    Seam(
        f"langchain_core.callbacks.manager:AsyncCallbackManager.{name}",
        "what is cancelled while its start is told is open until what is around it, or the process, ends",
    )
    for name in ("on_chain_start", "on_chat_model_start", "on_llm_start", "on_tool_start", "on_retriever_start")
)

TOOL_ENDS = tuple(
    Seam(
        f"langchain_core.callbacks.manager:AsyncCallbackManagerForToolRun.{name}",
        "the end of an async tool is not seen where its task is cancelled while that is told",
    )
    for name in ("on_tool_end", "on_tool_error")
)

MODEL_CALLS = Seam(
    "langchain_core.language_models.chat_models:BaseChatModel._agenerate_with_cache",
    "the end of a model call that was cancelled is not seen, unless it streams",
)


class _ProcessHandler(AuditCallbackHandler):
    """The one handler of the process. It stays the same object, so that nothing is recorded twice."""

    enabled = False
    """Runs that are under way keep the handler when it is disabled: their ends are still recorded."""


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
        known = _handler._recording
        _handler.__init__(  # type: ignore[misc]  # the same object with other settings
            logger,
            agent_id=agent_id,
            user_id=user_id,
            session_id=session_id,
            context=context,
            modifies=modifies,
        )
        _handler._recording = known  # that runs are under way in
        _handler.enabled = True
        Hooks.for_process = _handler
        if not any(hook[0] is _variable for hook in tracing._configure_hooks):
            tracing.register_configure_hook(_variable, inheritable=True)
        _wrap_graph_builders()
        for start in STARTS:
            start.wrap(_until_told)
        for end in TOOL_ENDS:
            # LangChain shields what it tells of the ends of chains, models and retrievers. A cancel scope of anyio, as
            # around the stream of a web server, cancels again and again, and what is told is cancelled too.
            end.wrap(shielded)
        MODEL_CALLS.wrap(_until_cancelled)


def disable() -> None:
    """Stop recording new runs. Runs in progress still get their ends recorded."""
    with _lock:
        _handler.enabled = False
        Hooks.for_process = None
        hooks = tracing._configure_hooks
        hooks[:] = [hook for hook in hooks if hook[0] is not _variable]
        for seam in (*GRAPH_BUILDERS, *STARTS, *TOOL_ENDS, MODEL_CALLS):
            seam.unwrap()


def _wrap_graph_builders() -> None:
    """LangGraph tells of breakpoints only to the handlers in a call's own `callbacks`: join them."""
    if importlib.util.find_spec("langgraph") is not None:
        for builder in GRAPH_BUILDERS:
            builder.wrap(_with_audit)


def _with_audit(builder: Callable[..., Any]) -> Callable[..., Any]:
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

    return build


def _until_told(start: Callable[..., Any]) -> Callable[..., Any]:
    """Cancelled while it tells of a start, LangChain tells of no end. Its handlers' threads go on."""

    async def tell(*args: Any, **kwargs: Any) -> Any:
        beginning = Beginning()
        try:
            with held(being_told, beginning):
                return await start(*args, **kwargs)
        except asyncio.CancelledError as stop:
            await _give_up(beginning, stop)
            raise
        except GeneratorExit as stop:  # left behind with its loop: nothing can be awaited here
            beginning.give_up(stop)
            raise

    return tell


@shielded
async def _give_up(beginning: Beginning, stop: asyncio.CancelledError) -> None:
    await asyncio.to_thread(beginning.give_up, stop)


def _until_cancelled(generate: Callable[..., Any]) -> Callable[..., Any]:
    """A chat model fails in any way but one: LangChain does not tell that its task was cancelled."""

    async def call(*args: Any, run_manager: Any = None, **kwargs: Any) -> Any:
        try:
            return await generate(*args, run_manager=run_manager, **kwargs)
        except asyncio.CancelledError as stop:
            await _tell_stopped(run_manager, stop)
            raise

    return call


@shielded
async def _tell_stopped(run_manager: Any, stop: asyncio.CancelledError) -> None:
    """Ours alone, and off the loop, as LangChain tells."""
    for handler in getattr(run_manager, "handlers", ()):
        if isinstance(handler, AuditCallbackHandler):
            await asyncio.to_thread(handler.on_llm_error, stop, run_id=run_manager.run_id)
