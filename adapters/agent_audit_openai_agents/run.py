"""One run of the SDK: whose it is, which agent acts in it, what was asked for in it and what is known about that."""

from __future__ import annotations

from collections.abc import Hashable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from agents import RunContextWrapper, get_current_trace

from agent_audit import AdapterSettings, AuditEventType, Outcome, RunTracker, current_identity
from agent_audit_openai_agents.identity import identity_of
from agent_audit_openai_agents.items import Call
from agent_audit_openai_agents.recording import Recording
from agent_audit_openai_agents.told import Told
from agent_audit_openai_agents.verdicts import Verdict

T = AuditEventType

active: ContextVar[AgentRun | None] = ContextVar("agent_audit_openai_agents_run", default=None)
"""The run that is executing here, when a wrapped runner runs it."""


class AgentRun:
    """What the parts of a `RunRecorder` share; used by one event loop.

    Args:
        recording: of the logger.
        settings: whose run it is, which tools change data.
        told: what is known before it begins.
        has_runner: a wrapped runner tells of the end. Without one, an agent's output is the end of the run, for
            nothing tells of what comes after.
    """

    def __init__(self, recording: Recording, settings: AdapterSettings, told: Told, *, has_runner: bool) -> None:
        self.recording = recording
        self.settings = settings
        self.has_runner = has_runner
        self.told = told
        self.key: Hashable = uuid4().hex
        self.agent: Any = None
        self.agent_key: Hashable | None = None
        self.asked: dict[str, Call] = {}
        """Calls that nothing is on record of but the request."""
        self.asker: Any = None
        """The agent whose model has asked for them."""
        self.under_way: dict[str, Hashable] = {}
        """The tools that run: call id -> key of the operation."""
        self.decided: dict[str, bool] = {}
        """Call id -> a decision that is on record."""
        self.known_decisions: dict[Hashable, bool] = {}
        """The same by what they were about: agents inside a run may number their calls alike."""
        self.guardrails_seen: list[tuple[str, bool, BaseException | None]] = []
        """What their spans tell: name, whether it tripped, what has ended it instead of a verdict."""
        self.verdicts: list[Verdict] = []
        """What the guardrails of its tools have found."""
        self._agents = 0
        self._known_as: str | None = None
        """What the agents of this run are called instead of their names."""
        self._opened = False

    @property
    def tracker(self) -> RunTracker:
        return self.recording.tracker

    # -- agents ----------------------------------------------------------------------------------------

    def enter(self, context: RunContextWrapper[Any] | None) -> None:
        """Open the scope of the run, as soon as there is a context that tells whose it is."""
        if self._opened:
            return
        self._opened = True
        session_id = self.told.session_id
        if session_id is None and not (self.has_runner and current_identity().session_id):
            # With a runner, what is left is the group of a trace around the run: less than `identify`.
            session_id = getattr(get_current_trace(), "group_id", None)
        identity = identity_of(self.settings, context or self._given_context(), session_id)
        self._known_as = identity.get("agent_id")
        if self._known_as is None and self.told.agent is not None:
            identity["agent_id"] = self.told.agent
        scope = self.tracker.enter(self.key, parent=self.told.parent, trace_id=self.told.trace_id, **identity)
        if self.has_runner:
            self.tracker.detach(scope)

    def _given_context(self) -> RunContextWrapper[Any] | None:
        """What a run that has failed before its first hook was given."""
        given = self.told.context
        return given if given is None or isinstance(given, RunContextWrapper) else RunContextWrapper(given)

    def agent_started(self, context: RunContextWrapper[Any], agent: Any, hook: str) -> None:
        """An agent begins, or a tool or model call shows that it has."""
        if self.agent_key is not None and self.agent.name == agent.name:
            return
        self.told.agent = self.told.agent or agent.name
        self.enter(context)
        self.agent_stopped(Outcome.UNKNOWN)
        self._agents += 1
        key = (self.key, "agent", self._agents)
        trace = get_current_trace()
        self.tracker.start(
            T.AGENT_START,
            key,
            parent=self.key,
            hook=hook,
            action=f"agent.{agent.name}",
            agent_id=self._known_as or agent.name,
            metadata=None if trace is None or trace.trace_id == "no-op" else {"openai_trace_id": trace.trace_id},
        )
        self.agent, self.agent_key = agent, key

    def continued(self) -> None:
        """A tool of a resumed run goes on: so does the agent that called it, though no hook tells so yet."""
        if self.agent_key is None and self.told.goes_on is not None:
            self.agent_started(*self.told.goes_on, "resume")

    def agent_stopped(self, outcome: Outcome, hook: str | None = None, **fields: Any) -> None:
        """The current agent is done."""
        key, self.agent_key, self.agent = self.agent_key, None, None
        if key is not None:
            self.tracker.end(key, outcome, hook=hook, **fields)

    def leave(self) -> None:
        """The run is over."""
        self.tracker.end(self.key, Outcome.UNKNOWN)
        self.asked.clear()

    def handed_off(self, from_agent: Any, to_agent: Any) -> None:
        """An agent hands over to another one."""
        call = self.handoff_call(from_agent, to_agent.name)
        self.note(
            T.AGENT_HANDOFF,
            "on_handoff",
            outcome=Outcome.SUCCESS,
            action=call.action if call else "handoff",
            resource=to_agent.name,
            call_id=call.call_id if call else None,
            parameters=call.arguments or None if call else None,
        )
        if call is not None and call.call_id:
            self.asked.pop(call.call_id, None)
        self.agent_stopped(Outcome.SUCCESS, hook="on_handoff", metadata={"handed_off_to": to_agent.name})

    def handoff_call(self, from_agent: Any, target: str | None = None) -> Call | None:
        """The first call of its model that hands over to an agent of that name; None: to any."""
        names = {
            getattr(handoff, "tool_name", None) or f"transfer_to_{_as_tool_name(handoff.name)}"
            for handoff in getattr(from_agent, "handoffs", ())
            if target is None or target in (getattr(handoff, "agent_name", None), getattr(handoff, "name", None))
        }
        return next((call for call in self.asked.values() if call.name in names), None)

    # -- points in time --------------------------------------------------------------------------------

    def name_of(self, agent: Any) -> str | None:
        """The agent_id of an agent of this run; without one, of the agent that it began with."""
        return self._known_as or (self.told.agent if agent is None else str(agent.name))

    def note(self, event_type: AuditEventType, hook: str, *, after_effect: bool = False, **fields: Any) -> None:
        """Record a point in time under the current agent, or the run."""
        under = self.agent_key or self.key
        self.tracker.note(event_type, under=under, hook=hook, after_effect=after_effect, **fields)


def active_run(recording: Recording) -> AgentRun | None:
    """The run that a wrapped runner executes here and that is recorded by this logger."""
    run = active.get()
    return run if run is not None and run.recording is recording else None


def _as_tool_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name).lower()
