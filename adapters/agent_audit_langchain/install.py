"""Recording for the whole process: one handler that LangChain adds to every run."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial
from typing import Any

from langchain_core.tracers import context as tracing

from agent_audit import AuditLogger, ContextReader, Modifies, Seam, fork_safe_lock, held
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

ENDS = tuple(
    Seam(
        f"langchain_core.callbacks.manager:AsyncCallbackManagerFor{run}Run.on_{run.lower()}_{how}",
        "what is cancelled while its end is told is open until what is around it, or the process, ends",
    )
    for run in ("Chain", "LLM", "Tool", "Retriever")
    for how in ("end", "error")
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
_lock = fork_safe_lock()


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
        for end in ENDS:
            end.wrap(_whatever_is_cancelled)
        MODEL_CALLS.wrap(_until_cancelled)


def disable() -> None:
    """Stop recording new runs. Runs in progress still get their ends recorded."""
    with _lock:
        _handler.enabled = False
        Hooks.for_process = None
        hooks = tracing._configure_hooks
        hooks[:] = [hook for hook in hooks if hook[0] is not _variable]
        for seam in (*GRAPH_BUILDERS, *STARTS, *ENDS, MODEL_CALLS):
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
            await _on_its_own(asyncio.to_thread(beginning.give_up, stop), partial(beginning.give_up, stop))
            raise
        except GeneratorExit as stop:  # left behind with its loop: nothing can be awaited here
            beginning.give_up(stop)
            raise

    return tell


def _whatever_is_cancelled(end: Callable[..., Any]) -> Callable[..., Any]:
    """LangChain shields what it tells of ends, but for those of tools: a cancel scope of anyio, as around the stream of
    a web server, cancels again and again. And where a loop ends, it cancels what is shielded, too."""

    def tell(manager: Any, *told: Any, **more: Any) -> Any:
        telling = end(manager, *told, **more)
        return _on_its_own(telling, partial(_tell_ours, manager, end.__name__, *told, **more))

    return tell


def _on_its_own(telling: Coroutine[Any, Any, Any], otherwise: Callable[[], None]) -> Coroutine[Any, Any, Any]:
    """Have something told in a task of its own, which nothing cancels but the end of its loop.

    Args:
        telling: tells it.
        otherwise: called in its place where the loop is ending, or has ended: without waiting for anything.
    """

    def ended(task: asyncio.Future[Any]) -> None:
        if task.cancelled():
            otherwise()

    try:
        asyncio.get_running_loop()
    except RuntimeError:  # left behind with its loop, and closed where it is collected
        otherwise()
        return telling
    task = asyncio.ensure_future(telling)
    task.add_done_callback(ended)
    return _wait(asyncio.shield(task))


async def _wait(future: asyncio.Future[Any]) -> Any:
    return await future


def _tell_ours(manager: Any, hook: str, *told: Any, **more: Any) -> None:
    """Each end is recorded once, whoever else has told of it."""
    for handler in getattr(manager, "handlers", ()):
        if isinstance(handler, AuditCallbackHandler):
            getattr(handler, hook)(*told, run_id=manager.run_id, parent_run_id=manager.parent_run_id, **more)


def _until_cancelled(generate: Callable[..., Any]) -> Callable[..., Any]:
    """A chat model fails in any way but one: LangChain does not tell that its task was cancelled."""

    async def call(*args: Any, run_manager: Any = None, **kwargs: Any) -> Any:
        try:
            return await generate(*args, run_manager=run_manager, **kwargs)
        except asyncio.CancelledError as stop:
            tell = partial(_tell_ours, run_manager, "on_llm_error", stop)  # others were never told
            await _on_its_own(asyncio.to_thread(tell), tell)
            raise

    return call
