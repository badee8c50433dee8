"""One run of the SDK, as its hooks tell of it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from agents import ModelResponse, RunContextWrapper, get_current_trace
from agents.models import get_default_model

from agent_audit import (
    ActionRequest,
    AdapterSettings,
    AuditEventType,
    HostedCall,
    Outcome,
    RunTracker,
    current_identity,
    digest_of,
)
from agent_audit_openai_agents.answers import note_unexecuted
from agent_audit_openai_agents.identity import identity_of
from agent_audit_openai_agents.items import (
    Call,
    history_before,
    message_of,
    news,
    outputs_in,
    read_answer,
    tokens_of,
)
from agent_audit_openai_agents.recording import Recording
from agent_audit_openai_agents.told import Told
from agent_audit_openai_agents.tools import ToolCalls
from agent_audit_openai_agents.verdicts import Verdict

T = AuditEventType


class RunRecorder:
    """Translates the hooks of one run; used by one event loop.

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
        self.finished = False
        """Whether an agent has given its final output."""
        self.output: Any = None
        self.asked: dict[str, Call] = {}
        """Calls that nothing is on record of but the request."""
        self.asker: Any = None
        """The agent whose model has asked for them."""
        self.decided: dict[str, bool] = {}
        """Call id -> a decision that is on record."""
        self.known_decisions: dict[Hashable, bool] = {}
        """The same by what they were about: agents inside a run may number their calls alike."""
        self.tools = ToolCalls(self)
        self.guardrails_seen: list[tuple[str, bool, BaseException | None]] = []
        """What their spans tell: name, whether it tripped, what has ended it instead of a verdict."""
        self.verdicts: list[Verdict] = []
        """What the guardrails of its tools have found."""
        self.requests = 0
        self.responses = 0
        self.keeps: Any = None
        """Kept alive as long as the run is remembered by its id."""
        self.watched = False
        self.left = False
        self._sent: Sequence[Any] = ()
        self._instructions: str | None = None
        self._agents = 0
        self._known_as: str | None = None
        """What the agents of this run are called instead of their names."""
        self._opened = False

    @property
    def tracker(self) -> RunTracker:
        return self.recording.tracker

    @property
    def _llm_key(self) -> Hashable:
        return (self.key, "llm")

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

    def agent_finished(self, output: Any) -> None:
        """An agent has given the run's final output; with a runner, its guardrails are still to come."""
        self.finished, self.output = True, output
        if not self.has_runner:
            self.agent_stopped(Outcome.SUCCESS, hook="on_agent_end", result=output)
            self.leave()

    def agent_stopped(self, outcome: Outcome, hook: str | None = None, **fields: Any) -> None:
        """The current agent is done."""
        key, self.agent_key, self.agent = self.agent_key, None, None
        if key is not None:
            self.tracker.end(key, outcome, hook=hook, **fields)

    def leave(self) -> None:
        """The run is over: forget everything."""
        self.left = True
        self.tracker.end(self.key, Outcome.UNKNOWN)
        self.recording.runs.pop(id(self.keeps))
        self.keeps, self._sent, self.output = None, (), None
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

    # -- models ----------------------------------------------------------------------------------------

    def llm_started(
        self, context: RunContextWrapper[Any], agent: Any, instructions: str | None, items: Sequence[Any]
    ) -> None:
        """A model is about to be asked."""
        self.agent_started(context, agent, "on_llm_start")
        self.llm_failed(Outcome.UNKNOWN, None)  # one whose end nobody has told of
        # What the caller says is new, whoever is said to have said it.
        known = self._sent if self.requests else history_before(self.told.asked, items)
        new = news(known, items) if self.requests else list(items[len(known) :])
        self.note_answers(new, context)
        self.requests += 1
        self._sent = list(items)
        said_before, self._instructions = self._instructions, instructions
        model = _model_name(self.told.model or agent.model)
        parameters: dict[str, Any] = {"messages": [message_of(item) for item in new]}
        if instructions is not None and instructions != said_before:
            parameters["instructions"] = instructions
        run = self.tracker.start(
            T.LLM_REQUEST,
            self._llm_key,
            parent=self.agent_key,
            hook="on_llm_start",
            action=f"llm.{model}",
            parameters=parameters,
            metadata={"model": model, "items": len(items)},
        )
        run.state["model"] = model

    def llm_ended(self, response: ModelResponse, hook: str = "on_llm_end", *, after_effect: bool = False) -> None:
        """A model has answered; each call it asks for is a request."""
        self.responses += 1
        self.asker = self.agent
        run = self.tracker.get(self._llm_key)
        if run is None:
            return
        usage = response.usage
        facts = tokens_of(usage)
        answer = read_answer(response)
        if answer.refused:
            facts["refusal"] = True
        if usage.requests > 1:
            facts["requests"] = usage.requests
        self.tracker.end(
            self._llm_key,
            Outcome.SUCCESS,
            hook=hook,
            result="\n".join(answer.texts),
            metadata={"model": run.state["model"], **facts},
        )
        for hosted in answer.hosted:
            self._note_hosted(hosted, hook)
        for begun in answer.begun:
            self._begin_hosted(begun, hook)
        for done in answer.done:
            self._end_hosted(done, hook)
        for call in answer.calls:
            asked = {"action": call.action, "call_id": call.call_id, "parameters": call.arguments}
            self.note(T.ACTION_REQUEST, hook, after_effect=after_effect, **asked)
            if call.call_id:
                self.asked[call.call_id] = call

    def llm_failed(self, outcome: Outcome, exception: BaseException | None) -> None:
        """A model call that was begun will not be answered."""
        run = self.tracker.get(self._llm_key)
        if run is not None:
            facts = {"model": run.state["model"]}
            self.tracker.end(self._llm_key, outcome, exception=exception, metadata=facts)

    def _note_hosted(self, call: HostedCall, hook: str) -> None:
        """A tool that ran at the provider; one that somebody was asked about has a digest of what was decided on."""
        if call.facts:
            request = ActionRequest(call.action, call.parameters.get("arguments"), call.call_id)
            call = replace(call, facts={**call.facts, **digest_of(request, self.recording.logger.digest)})
        for told in call.events():
            self.note(hook=hook, after_effect=True, **told)

    def _begin_hosted(self, call: Call, hook: str) -> None:
        """A tool that runs at the provider from this answer on: its output comes with a later one."""
        key = self.tools.hosted_open[call.call_id] = (self.key, "hosted", call.call_id)
        facts = {"action": call.action, "call_id": call.call_id, "parameters": call.arguments}
        self.tracker.start(T.TOOL_CALL, key, parent=self.agent_key, hook=hook, metadata={"hosted": True}, **facts)

    def _end_hosted(self, call: HostedCall, hook: str) -> None:
        """A hosted tool has run that had begun with an earlier answer, in this run or in one that this goes on from."""
        key = self.tools.hosted_open.pop(call.call_id, None)
        if key is not None:
            self.tracker.end(key, hook=hook, metadata={"hosted": True}, **call.ended)
            return
        facts = {"action": call.action, "call_id": call.call_id, "metadata": {"hosted": True, "resumed": True}}
        self.note(T.TOOL_RESPONSE, hook, after_effect=True, **facts, **call.ended)

    # -- points in time --------------------------------------------------------------------------------

    def name_of(self, agent: Any) -> str | None:
        """The agent_id of an agent of this run; without one, of the agent that it began with."""
        return self._known_as or (self.told.agent if agent is None else str(agent.name))

    def note(self, event_type: AuditEventType, hook: str, *, after_effect: bool = False, **fields: Any) -> None:
        """Record a point in time under the current agent, or the run."""
        under = self.agent_key or self.key
        self.tracker.note(event_type, under=under, hook=hook, after_effect=after_effect, **fields)

    def note_answers(self, items: Sequence[Any], context: RunContextWrapper[Any] | None) -> None:
        """Calls that were answered though no tool ran: refused, or of tools that nobody knows."""
        for call_id, text in outputs_in(items).items():
            call = self.asked.pop(call_id, None)
            if call is not None:
                note_unexecuted(self, call, text, context)


def _as_tool_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name).lower()


def _model_name(model: Any) -> str:
    if model is None:
        return get_default_model()
    return model if isinstance(model, str) else str(getattr(model, "model", None) or type(model).__name__)
