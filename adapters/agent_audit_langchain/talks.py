"""What belongs to one conversation with an agent or graph, whatever else runs below the same root, before or beside it.

Ids of tool calls are unique within a conversation at best: some models number them, and begin anew with each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_audit import ActionRequest, Run

_STATE = "talk"


@dataclass(slots=True)
class Talk:
    """One run of an agent, or of a graph that nobody made part of another one."""

    decided_by: str | None = None
    """Who decides in it, as far as its own metadata say."""
    thread: tuple[str, Any] | None = None
    """Of a graph: its name and LangGraph's thread."""
    goes_on: bool = False
    """It was given nothing new: it goes on from where it was."""
    settings: Mapping[str, Any] | None = None
    """Its `configurable`, where that is known."""
    decided: dict[str | None, Any] = field(default_factory=dict)
    """The arguments that somebody decided on, by the id of the tool call."""
    told_tools: dict[str | None, ActionRequest] = field(default_factory=dict)
    """What somebody told a tool to do in place of what it was called for, when it asked, by the id of its call."""
    requested: dict[str | None, Mapping[str, Any]] = field(default_factory=dict)
    """The tool calls that its models have asked for, by id."""
    answered: set[str | None] = field(default_factory=set)
    """The tool calls of which it is on record what became of them."""


def begin_talk(run: Run, decided_by: str | None, thread: tuple[str, Any] | None, inputs: Any) -> Talk:
    """A conversation begins with a run."""
    run.state[_STATE] = talk = Talk(decided_by, thread, inputs is None)
    return talk


def begins_talk(run: Run) -> bool:
    """Whether a conversation begins with that run."""
    return _STATE in run.state


def talk_of(run: Run) -> Talk:
    """The conversation that a run is part of."""
    while _STATE not in run.state and run.parent is not None:
        run = run.parent
    talk: Talk = run.state.get(_STATE) or run.state.setdefault(_STATE, Talk())
    return talk


def call_answered(run: Run, call_id: str | None) -> None:
    """Remember that what became of a tool call is on record."""
    if call_id is not None:
        talk_of(run).answered.add(call_id)
