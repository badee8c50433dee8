"""What a tool raised, where the SDK gives the model a text in its place and tells hooks and spans no more."""

from __future__ import annotations

import copy
from contextvars import ContextVar
from typing import Any

from agents.tool_context import ToolContext

from agent_audit import Seam

_FAILURE = "_agent_audit_failure"

_UNSEEN = (
    "with tracing disabled, a tool whose failure_error_function puts a text of its own in place of an exception "
    "passes for a success"
)
FAILURES = (
    Seam("agents.tool:maybe_invoke_function_tool_failure_error_function", _UNSEEN),
    Seam("agents.run_internal.tool_execution:maybe_invoke_function_tool_failure_error_function", _UNSEEN),
)
"""One function under two names: it turns what a tool raised into words for the model."""


NATIVE_FAILURES = Seam(
    "agents.run_internal.tool_actions:format_shell_error",
    "with tracing disabled, a shell, patch or custom tool that raises passes for a success",
)
"""Turns into words for the model what such a tool raised, right before the hook that tells of its end."""

PATCHES = Seam(
    "agents.run_internal.tool_actions:normalize_apply_patch_result",
    "a patch that the application's editor says has failed passes for a success",
)
"""Gets what the editor returns; the hook gets the text only."""

_native: ContextVar[list[BaseException] | None] = ContextVar("agent_audit_openai_agents_native", default=None)
"""What it raised, until that hook takes it out: the hook runs in a task of its own, with a copy of this context."""

_Failures = list[tuple[str, BaseException]]
_here: ContextVar[_Failures | None] = ContextVar("agent_audit_openai_agents_failures", default=None)


class MCPToolError(Exception):
    """What an MCP server answered with `isError`."""


class PatchFailed(Exception):
    """What an editor answered whose result has the status `failed`."""


def remember(context: Any, error: BaseException) -> None:
    """Keep with the context of a call what went wrong in it, for the hook that tells of its end gets the same one."""
    if isinstance(context, ToolContext):
        setattr(context, _FAILURE, error)
        if (here := _here.get()) is not None:
            here.append((context.tool_call_id, error))


def failures_here() -> _Failures:
    """From now on gets the call ids and exceptions of this task, for events that come without a call's context."""
    here: _Failures = []
    _here.set(here)
    return here


def failure_of(context: Any) -> BaseException | None:
    """What went wrong in a call; forgotten then, for a traceback holds on to much."""
    failure: BaseException | None = getattr(context, _FAILURE, None)
    if failure is not None:
        setattr(context, _FAILURE, None)
    elif native := _native.get():
        return native.pop()
    return failure


def record_failures() -> None:
    """Have every exception remembered that becomes a text."""

    def wrap(original: Any) -> Any:
        async def put_into_words(*, context: Any, error: BaseException, **facts: Any) -> Any:
            remember(context, error)
            return await original(context=context, error=error, **facts)

        return put_into_words

    def wrap_native(original: Any) -> Any:
        def put_into_words(error: Any) -> Any:
            _native.set([error])
            return original(error)

        return put_into_words

    def wrap_patch(original: Any) -> Any:
        def normalize(result: Any) -> Any:
            patched = original(result)
            if getattr(patched, "status", None) == "failed":
                _native.set([PatchFailed(patched.output or "")])
            return patched

        return normalize

    for seam in FAILURES:
        seam.wrap(wrap)
    PATCHES.wrap(wrap_patch)
    NATIVE_FAILURES.wrap(wrap_native)


def sees_failures() -> bool:
    """Whether every exception of a function tool is remembered, so that its text need not be looked at."""
    return FAILURES[0].is_wrapped and FAILURES[1].is_wrapped


class _Listener:
    """A `RunConfig.tool_error_formatter` that remembers the exception and leaves the text to the user's own.

    For hooks without `enable()`: the SDK asks it only where a tool has no `failure_error_function` of its own.
    """

    def __init__(self, config: Any) -> None:
        self.config = config
        """The user's, without us."""

    def __call__(self, args: Any) -> Any:
        error = getattr(args, "error", None)
        if error is not None:
            remember(args.run_context, error)
        theirs = self.config.tool_error_formatter
        return None if theirs is None else theirs(args)


def listen(context: ToolContext[Any]) -> None:
    """Have the exception of this one call remembered. Only the call's own context is changed, not the run's."""
    config = context.run_config
    if FAILURES[0].is_wrapped or config is None or not hasattr(config, "tool_error_formatter"):
        return
    context.run_config = copy.copy(config)
    context.run_config.tool_error_formatter = _Listener(config)


def without_listener(config: Any) -> Any:
    """A run config as the user made it: an agent as a tool inherits that of its call."""
    listener = getattr(config, "tool_error_formatter", None)
    return listener.config if isinstance(listener, _Listener) else config
