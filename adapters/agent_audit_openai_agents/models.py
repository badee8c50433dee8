"""The model calls of one run, and what a model's provider carries out itself."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agents import ModelResponse, RunContextWrapper
from agents.models import get_default_model

from agent_audit import ActionRequest, AuditEventType, HostedCall, Outcome, digest_of
from agent_audit_openai_agents.answers import note_answers
from agent_audit_openai_agents.items import Call, called_in, history_before, message_of, news, read_answer, tokens_of
from agent_audit_openai_agents.run import AgentRun

T = AuditEventType


class ModelCalls:
    """Follows what the models of a run are asked and answer.

    Args:
        run: that they are part of.
    """

    def __init__(self, run: AgentRun) -> None:
        self._run = run
        self.key: Hashable = (run.key, "llm")
        """Of the call that is under way: there is one at a time."""
        self.requests = 0
        self.responses = 0
        self._hosted: dict[str | None, Hashable] = {}
        """The tools that the provider runs, and has begun to, by call id -> key of the operation."""
        self._sent: Sequence[Any] = ()
        self._instructions: str | None = None

    def started(
        self, context: RunContextWrapper[Any], agent: Any, instructions: str | None, items: Sequence[Any]
    ) -> None:
        """A model is about to be asked."""
        self._run.agent_started(context, agent, "on_llm_start")
        self.failed(Outcome.UNKNOWN, None)  # one whose end nobody has told of
        # What the caller says is new, whoever is said to have said it.
        known = self._sent if self.requests else history_before(self._run.told.asked, items)
        new = news(known, items) if self.requests else list(items[len(known) :])
        note_answers(self._run, new, context)
        self.requests += 1
        self._sent = list(items)
        said_before, self._instructions = self._instructions, instructions
        model = _model_name(self._run.told.model or agent.model)
        name_of = partial(self._tool_called, items)
        parameters: dict[str, Any] = {"messages": [message_of(item, name_of) for item in new]}
        if instructions is not None and instructions != said_before:
            parameters["instructions"] = instructions
        run = self._run.tracker.start(
            T.LLM_REQUEST,
            self.key,
            parent=self._run.agent_key,
            hook="on_llm_start",
            action=f"llm.{model}",
            parameters=parameters,
            metadata={"model": model, "items": len(items)},
        )
        run.state["model"] = model

    def _tool_called(self, items: Sequence[Any], call_id: str) -> str | None:
        """Asked for in this run, else in what it goes on from."""
        call = self._run.asked.get(call_id)
        return call.name if call is not None else called_in(items, call_id)

    def ended(self, response: ModelResponse, hook: str = "on_llm_end", *, after_effect: bool = False) -> None:
        """A model has answered; each call it asks for is a request."""
        self.responses += 1
        self._run.asker = self._run.agent
        run = self._run.tracker.get(self.key)
        if run is None:
            return
        usage = response.usage
        facts = tokens_of(usage)
        answer = read_answer(response)
        if answer.refused:
            facts["refusal"] = True
        if usage.requests > 1:
            facts["requests"] = usage.requests
        self._run.tracker.end(
            self.key,
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
            self._run.note(T.ACTION_REQUEST, hook, after_effect=after_effect, **call.fields)
            if call.call_id:
                self._run.asked[call.call_id] = call

    def failed(self, outcome: Outcome, exception: BaseException | None) -> None:
        """A model call that was begun will not be answered."""
        run = self._run.tracker.get(self.key)
        if run is not None:
            facts = {"model": run.state["model"]}
            self._run.tracker.end(self.key, outcome, exception=exception, metadata=facts)

    def close(self, outcome: Outcome) -> None:
        """The run is over, and with it what the provider runs for it."""
        for key in self._hosted.values():
            self._run.tracker.end(key, outcome)
        self._hosted.clear()

    def forget(self) -> None:
        """The run is over, and what was said in it is on record."""
        self._sent = ()

    def _note_hosted(self, call: HostedCall, hook: str) -> None:
        """A tool that ran at the provider; one that somebody was asked about has a digest of what was decided on."""
        if call.facts:
            request = ActionRequest(call.action, call.parameters.get("arguments"), call.call_id)
            call = replace(call, facts={**call.facts, **digest_of(request, self._run.recording.logger.digest)})
        for told in call.events():
            self._run.note(hook=hook, after_effect=True, **told)

    def _begin_hosted(self, call: Call, hook: str) -> None:
        """A tool that runs at the provider from this answer on: its output comes with a later one."""
        key = self._hosted[call.call_id] = (self._run.key, "hosted", call.call_id)
        about: dict[str, Any] = {"parent": self._run.agent_key, "metadata": {"hosted": True}, **call.fields}
        self._run.tracker.start(T.TOOL_CALL, key, hook=hook, **about)

    def _end_hosted(self, call: HostedCall, hook: str) -> None:
        """A hosted tool has run that had begun with an earlier answer, in this run or in one that this goes on from."""
        key = self._hosted.pop(call.call_id, None)
        if key is not None:
            self._run.tracker.end(key, hook=hook, metadata={"hosted": True}, **call.ended)
            return
        facts = {"action": call.action, "call_id": call.call_id, "metadata": {"hosted": True, "resumed": True}}
        self._run.note(T.TOOL_RESPONSE, hook, after_effect=True, **facts, **call.ended)


def _model_name(model: Any) -> str:
    if model is None:
        return get_default_model()
    return model if isinstance(model, str) else str(getattr(model, "model", None) or type(model).__name__)
