"""Hooks of models: `llm.request`, `llm.response`, and an `action.request` for each tool call a model asks for.

Models that decide (`BaseDecisionModel`) answer typed questions about a state; LangChain tells of them as of chains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult

from agent_audit import AuditEventType, HostedCall, Outcome, Run, after_the_fact
from agent_audit_langchain.approvals import nearest_node
from agent_audit_langchain.conversation import digest_of
from agent_audit_langchain.hooks import Hooks, begins_run, name_of, takes_run
from agent_audit_langchain.hosted import hosted_calls
from agent_audit_langchain.messages import decision, first_new, messages_of, model_answer, new_messages, plain
from agent_audit_langchain.talks import begins_talk, talk_of

_MODEL_NODE = "model"
"""The node of an agent made by `create_agent` whose answer's calls it executes."""


class ModelHooks(Hooks):
    """Starts and ends of model calls."""

    @begins_run
    def on_chat_model_start(self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any) -> None:
        """A chat model is about to be asked."""
        if not self._starts(kwargs["run_id"], kwargs.get("parent_run_id")):
            return
        parent = self._parent(kwargs.get("parent_run_id"))
        if len(messages) == 1:
            asked, facts = self._said(messages[0], parent)
        else:
            asked = [self._said(conversation, None)[0] for conversation in messages]
            facts = {"messages": sum(map(len, messages))}
        self._start_model(serialized, {"messages": asked}, parent, kwargs, facts, hook="on_chat_model_start")

    def _said(self, conversation: list[BaseMessage], parent: Run | None) -> tuple[list[Any], dict[str, Any]]:
        """What is new in a conversation, and of the rest how much it is and a digest."""
        new = first_new(conversation)
        facts: dict[str, Any] = {"messages": len(conversation)}
        if new:
            facts["earlier"] = {"messages": new, **self._digest(conversation[:new], parent)}
        return new_messages(conversation), facts

    def _digest(self, conversation: list[BaseMessage], parent: Run | None) -> dict[str, str]:
        try:
            return self.recording.logger.digest(digest_of(conversation, parent))
        except Exception as error:  # a message that cannot be compared or spelled out: better the rest than nothing
            return {"hmac_absent": f"cannot be read: {type(error).__name__}"}

    @begins_run
    def on_llm_start(self, serialized: dict[str, Any], prompts: list[str], **kwargs: Any) -> None:
        """A text-completion model is about to be asked."""
        if self._starts(kwargs["run_id"], kwargs.get("parent_run_id")):
            parent = self._parent(kwargs.get("parent_run_id"))
            asked = {"prompt": _one_or_all(prompts)}
            self._start_model(serialized, asked, parent, kwargs, {}, hook="on_llm_start")

    def _start_model(
        self,
        serialized: dict[str, Any],
        asked: dict[str, Any],
        parent: Run | None,
        told: dict[str, Any],
        facts: dict[str, Any],
        *,
        hook: str,
    ) -> None:
        metadata = told.get("metadata") or {}
        model = _model_name(metadata, told.get("invocation_params") or {}) or name_of(serialized, "model")
        run = self._start_operation(
            AuditEventType.LLM_REQUEST,
            told["run_id"],
            parent,
            metadata,
            hook=hook,
            action=f"llm.{model}",
            parameters=asked,
            metadata={"model": model, **facts},
        )
        run.state["model"] = model
        structured = (told.get("options") or {}).get("ls_structured_output_format")
        if structured:
            run.state["form"] = structured["schema"].get("title")

    @after_the_fact
    def on_llm_end(
        self, response: LLMResult, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A model has answered; each tool call it asks for is a request."""
        if not self._is_known(run_id) and self._starts(run_id, parent_run_id):
            # Beside an inline handler, LangChain does not tell of the start of a text model in async runs.
            self._note_answer(response, parent_run_id)
        else:
            self._model_ended(response, run_id=run_id)

    def _note_answer(self, response: LLMResult, parent_run_id: UUID | None) -> None:
        answer, facts, _ = model_answer(response)
        self._tracker.note(
            AuditEventType.LLM_RESPONSE,
            under=parent_run_id,
            hook="on_llm_end",
            after_effect=True,
            outcome=Outcome.SUCCESS,
            result=answer,
            metadata={**facts, "start": "not told by the framework"},
        )

    @takes_run
    def _model_ended(self, response: LLMResult, run: Run, **kwargs: Any) -> None:
        answer, facts, said = model_answer(response)
        facts.setdefault("model", run.state["model"])
        hosted = list[HostedCall]()
        try:
            hosted += (call for message in said for call in hosted_calls(message))
        except Exception as error:  # providers' blocks take many forms, and LangChain translates what it finds
            facts["unread"] = f"content blocks: {type(error).__name__}"
        self._tracker.finish(run, Outcome.SUCCESS, hook="on_llm_end", result=answer, metadata=facts)
        self._note_requests(run, said)
        for call in hosted:
            for told in call.events():
                self.recording.note(run=run, hook="on_llm_end", after_effect=True, **told)

    def _note_requests(self, run: Run, messages: Sequence[AIMessage]) -> None:
        for message in messages:
            for call in message.tool_calls:
                self._note_call(AuditEventType.ACTION_REQUEST, run, call)
                if call["name"] == run.state.get("form"):  # the call is a form to fill in, and that has happened
                    facts = {"answered_by": "structured output, not a tool"}
                    self._note_call(AuditEventType.ACTION_EXECUTED, run, call, outcome=Outcome.SUCCESS, metadata=facts)
                elif not _is_below_tool(run):
                    node = nearest_node(run)
                    is_due = node is not None and node.state["node"].name == _MODEL_NODE
                    talk_of(run).request(call, is_due=is_due)
            for broken in message.invalid_tool_calls:
                self._note_call(
                    AuditEventType.ACTION_FAILED,
                    run,
                    broken,
                    outcome=Outcome.FAILURE,
                    error=broken["error"],
                    error_type="InvalidToolCall",
                )

    def _note_call(self, event_type: AuditEventType, run: Run, call: Mapping[str, Any], **fields: Any) -> None:
        self.recording.note(
            event_type,
            run,
            "on_llm_end",
            after_effect=True,
            action=f"tool.{call['name']}",
            call_id=call["id"],
            parameters=call["args"],
            **fields,
        )

    def _decision_begins(
        self, inputs: Any, run_id: UUID, parent_run_id: UUID | None, metadata: Mapping[str, Any], name: str
    ) -> None:
        """A model is about to decide."""
        asked, facts = inputs, dict[str, Any]()
        if isinstance(inputs, Mapping) and "state" in inputs:
            state, facts = self._state(inputs["state"])
            asked = {**inputs, "state": state}
        told = {"run_id": run_id, "metadata": metadata}
        parent = self._parent(parent_run_id)
        self._start_model({"name": name}, asked, parent, told, facts, hook="on_chain_start")

    def _state(self, state: Any) -> tuple[Any, dict[str, Any]]:
        """What a model is to decide about: of a conversation in it what is new, as of those with other models."""
        if isinstance(state, BaseMessage):
            return plain(state), {}
        if isinstance(state, (list, tuple)) and state and all(isinstance(said, BaseMessage) for said in state):
            return self._said(list(state), None)
        conversation = messages_of(state)
        if not conversation:
            return state, {}
        new, facts = self._said(list(conversation), None)
        return {**state, "messages": new}, facts

    def _decided(self, outputs: Any, run: Run) -> None:
        answer, facts = decision(outputs)
        facts.setdefault("model", run.state["model"])
        self._tracker.finish(run, Outcome.SUCCESS, hook="on_chain_end", result=answer, metadata=facts)

    @takes_run
    def on_llm_error(self, error: BaseException, run: Run, **kwargs: Any) -> None:
        """A model has failed or was stopped."""
        self._end_with_error(run, error, "on_llm_error", metadata={"model": run.state["model"]})


def _is_below_tool(run: Run | None) -> bool:
    """Whether a tool asks, which is the one to execute what it is answered."""
    while run is not None and not begins_talk(run):
        if "request" in run.state:
            return True
        run = run.parent
    return False


def _one_or_all(asked: Sequence[Any]) -> Any:
    return asked[0] if len(asked) == 1 else asked


def _model_name(metadata: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    return metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name")
