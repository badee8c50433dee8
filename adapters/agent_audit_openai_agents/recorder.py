"""What follows a run of the SDK as its hooks tell of it, and the runs that nothing else tells of."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from agents import RunContextWrapper

from agent_audit import AdapterSettings, BoundedMap, Outcome, shared_state
from agent_audit_openai_agents.models import ModelCalls
from agent_audit_openai_agents.recording import Recording, current_span_id
from agent_audit_openai_agents.run import AgentRun
from agent_audit_openai_agents.told import Told
from agent_audit_openai_agents.tools import ToolCalls

_STATE = "openai-agents.hooked-runs"


class RunRecorder:
    """Follows one run.

    Args:
        run: which.
        forget: called when it is over.
    """

    def __init__(self, run: AgentRun, forget: Callable[[], Any] | None = None) -> None:
        self.run = run
        self.models = ModelCalls(run)
        self.tools = ToolCalls(run)
        self.finished = False
        """Whether an agent has given its final output."""
        self.left = False
        self.watched = False
        """Whether the end of its context is the end of it."""
        self._forget = forget

    def agent_finished(self, output: Any) -> None:
        """An agent has given the run's final output; with a runner, its guardrails are still to come."""
        self.finished = True
        if not self.run.has_runner:
            self.run.agent_stopped(Outcome.SUCCESS, hook="on_agent_end", result=output)
            self.leave()

    def leave(self) -> None:
        """The run is over: forget everything."""
        self.left = True
        self.run.leave()
        self.models.forget()
        forget, self._forget = self._forget, None
        if forget is not None:
            forget()


class HookedRuns:
    """The runs of one logger that hooks tell of and no wrapped runner."""

    def __init__(self) -> None:
        self.by_context: BoundedMap[RunRecorder] = BoundedMap()
        """By the id of what the contexts of a run share."""
        self.claims: BoundedMap[RunRecorder] = BoundedMap()
        """By the id of an agent's span that hooks were called under."""

    @classmethod
    def of(cls, recording: Recording) -> HookedRuns:
        """Those of this recording's logger."""
        return shared_state(recording.logger, _STATE, cls)

    def run_of(self, recording: Recording, settings: AdapterSettings, context: Any) -> RunRecorder:
        """The run that a hook tells of."""
        recorder = self._run_of_context(recording, settings, context)
        span_id = current_span_id()
        agent = recording.agents.get(span_id) if span_id is not None else None
        if agent is not None:
            self.claims[agent] = recorder
        return recorder

    def _run_of_context(self, recording: Recording, settings: AdapterSettings, context: Any) -> RunRecorder:
        # Agent, model and tool hooks get different wrappers; these of one run share this dict, and no other run does.
        shared = getattr(context, "_approvals", None)
        if shared is None:
            shared = context.usage
        recorder = self.by_context.get(id(shared))
        if recorder is None or recorder.left:
            told = Told(parent=recording.tool_around(current_span_id()))
            run = AgentRun(recording, settings, told, has_runner=False)

            def forget() -> None:  # keeps `shared` alive: until then its id is not given to another object
                self.by_context.pop(id(shared))

            recorder = RunRecorder(run, forget)
            self.by_context[id(shared)] = recorder
        if type(context) is RunContextWrapper and not recorder.watched:
            recorder.watched = True
            weakref.finalize(context, recorder.leave).atexit = False
        return recorder
