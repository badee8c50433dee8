"""What belongs to one conversation with an agent or graph, whatever else runs below the same root, before or beside it.

Ids of tool calls are unique within a conversation at best: some models number them, and begin anew with each, or even
with each answer.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
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
    due: set[str | None] = field(default_factory=set)
    """Those of them that the agent itself is to execute, not a tool or a middleware that has asked a model."""
    asked: set[str | None] = field(default_factory=set)
    """The tool calls about which a question is open."""
    answered: set[str | None] = field(default_factory=set)
    """The tool calls of which it is on record what became of them."""
    namespace: str = ""
    """LangGraph's, of the task it runs in: it is the same when that task runs again."""

    @property
    def place(self) -> Hashable:
        """What it is known by when it goes on in another run; None: it cannot."""
        return None if self.thread is None else (self.thread, self.namespace)

    def request(self, call: Mapping[str, Any], *, is_due: bool) -> None:
        """Its model asks for a tool call; what had the same id before was another one."""
        call_id = call["id"]
        self.requested[call_id] = call
        if is_due:
            self.due.add(call_id)
        for earlier in (self.decided, self.told_tools):
            earlier.pop(call_id, None)
        self.answered.discard(call_id)

    def not_executed(self) -> list[Mapping[str, Any]]:
        """The calls that are to be executed, and nobody is asked about any more; they are not told again."""
        left = [call_id for call_id in self.requested if call_id in self.due - self.answered - self.asked]
        self.answered.update(left)
        return [self.requested[call_id] for call_id in left]

    def left_open(self) -> Talk | None:
        """What is needed of it when it goes on in another run."""
        due = self.due - self.answered
        requested = {call_id: call for call_id, call in self.requested.items() if call_id in due}
        if not requested and not self.decided and not self.told_tools:
            return None
        return Talk(
            decided=self.decided, told_tools=self.told_tools, requested=requested, due=due, asked=self.asked & due
        )

    def continue_from(self, before: Talk) -> None:
        """It goes on from there."""
        self.decided.update(before.decided)
        self.told_tools.update(before.told_tools)
        self.requested.update(before.requested)
        self.due.update(before.due)
        self.asked.update(before.asked)


def begin_talk(run: Run, talk: Talk) -> None:
    """A conversation begins with a run."""
    run.state[_STATE] = talk


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
