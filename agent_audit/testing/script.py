"""An agent as a script, which a driver makes real in its framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent_audit.logger import AuditLogger


@dataclass(frozen=True)
class ScriptedCall:
    """A call that the model asks for."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    call_id: str = "c1"


@dataclass(frozen=True)
class ScriptedTool:
    """A tool of the agent."""

    name: str
    run: Callable[..., Any] | None = None
    """What it does: a function, or a coroutine function, with annotated parameters. None when `agent` is given."""
    needs_approval: bool = False
    """Whether a human is asked before it runs; `Script.approvals` has the answers."""
    agent: Script | None = None
    """The tool is this agent, in the framework's own way of agents that call agents. It gets one argument, `text`."""


@dataclass(frozen=True)
class Script:
    """An agent, what its model says, and what is asked of it."""

    steps: Sequence[str | Sequence[ScriptedCall] | BaseException]
    """One for each time the model is asked: an answer, calls that it asks for, or what it raises."""
    tools: Sequence[ScriptedTool] = ()
    name: str = "clerk"
    """What the agent is called."""
    question: str = "go on"
    approvals: Mapping[str, bool] = field(default_factory=dict)
    """Call id -> what the human decides. To be looked up when the human is asked, not before."""
    user_id: str | None = None
    session_id: str | None = None
    on_model: Callable[[], None] | None = None
    """Called each time the model is really asked."""
    tokens: tuple[int, int] | None = None
    """What the model says that each answer has taken: input and output tokens."""
    streamed: bool = False
    """Whether the run is read as a stream, to its end."""
    left_early: bool = False
    """The stream is left at the first thing that comes, in the way that the framework has for that."""


class AdapterDriver(Protocol):
    """What an adapter's tests supply: how a script is carried out in the real framework."""

    framework: str
    """As it stands in `source`."""
    missing: Mapping[str, str]
    """Name of a situation that the framework does not have -> why not."""

    def recording(self, logger: AuditLogger, **settings: Any) -> AbstractContextManager[None]:
        """Record to `logger` for a block, in the way that users are told to."""

    async def run(self, script: Script) -> None:
        """Build the agent with a scripted model and run it, through all approvals, to its end; a stream that is left
        early until the framework has cleaned up.

        The user and the session are given in the way that is usual in the framework. Exceptions of the run go on to
        the caller; so does cancellation.
        """
