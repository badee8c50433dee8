"""What a tool raised, where the SDK gives the model a text in its place and tells hooks and spans no more."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from agents.tool_context import ToolContext

if TYPE_CHECKING:
    from agent_audit_openai_agents.tools import ToolCalls


class _Listener:
    """A `RunConfig.tool_error_formatter` that remembers the exception and leaves the text to the user's own."""

    def __init__(self, tools: ToolCalls, config: Any) -> None:
        self._tools = tools
        self.config = config
        """The user's, without us."""

    def __call__(self, args: Any) -> Any:
        error = getattr(args, "error", None)
        if error is not None:
            self._tools.errors[args.call_id] = error
        theirs = self.config.tool_error_formatter
        return None if theirs is None else theirs(args)


def listen(tools: ToolCalls, context: Any) -> None:
    """Have the exception of this one call remembered. Only the call's own context is changed, not the run's."""
    config = context.run_config if isinstance(context, ToolContext) else None
    if config is None or not hasattr(config, "tool_error_formatter"):
        return
    context.run_config = copy.copy(config)
    context.run_config.tool_error_formatter = _Listener(tools, config)


def without_listener(config: Any) -> Any:
    """A run config as the user made it: an agent as a tool inherits that of its call."""
    listener = getattr(config, "tool_error_formatter", None)
    return listener.config if isinstance(listener, _Listener) else config
