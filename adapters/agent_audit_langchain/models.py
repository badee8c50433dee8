"""Hooks of models: `llm.request`, `llm.response`, and an `action.request` for each tool call a model asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult

from agent_audit import AuditEventType, Outcome, Run
from agent_audit_langchain.hooks import Hooks, after_the_fact, name_of
from agent_audit_langchain.messages import model_answer, new_messages


class ModelHooks(Hooks):
    """Starts and ends of model calls."""

    def on_chat_model_start(self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any) -> None:
        """A chat model is about to be asked."""
        news = [new_messages(conversation) for conversation in messages]
        length = sum(len(conversation) for conversation in messages)
        self._start_model("on_chat_model_start", serialized, {"messages": _one_or_all(news)}, kwargs, messages=length)

    def on_llm_start(self, serialized: dict[str, Any], prompts: list[str], **kwargs: Any) -> None:
        """A text-completion model is about to be asked."""
        self._start_model("on_llm_start", serialized, {"prompt": _one_or_all(prompts)}, kwargs)

    def _start_model(
        self, hook: str, serialized: dict[str, Any], asked: dict[str, Any], told: dict[str, Any], **facts: Any
    ) -> None:
        if not self._starts(told["run_id"]):
            return
        metadata = told.get("metadata") or {}
        model = _model_name(metadata, told.get("invocation_params") or {}) or name_of(serialized, "model")
        run = self._start_operation(
            AuditEventType.LLM_REQUEST,
            told["run_id"],
            told.get("parent_run_id"),
            metadata,
            hook=hook,
            action=f"llm.{model}",
            parameters=asked,
            metadata={"model": model, **facts},
        )
        run.state["model"] = model

    @after_the_fact
    def on_llm_end(
        self, response: LLMResult, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A model has answered; each tool call it asks for is a request."""
        if not self._ends(run_id):
            return
        run = self._tracker.get(run_id)
        answer, facts, said = model_answer(response)
        if run is None and self._starts(run_id):
            # Beside an inline handler, LangChain does not tell of the start of a text model in async runs.
            facts["start"] = "not told by the framework"
            self._tracker.note(
                AuditEventType.LLM_RESPONSE,
                under=parent_run_id,
                hook="on_llm_end",
                after_effect=True,
                outcome=Outcome.SUCCESS,
                result=answer,
                metadata=facts,
            )
            return
        if run is not None:
            facts.setdefault("model", run.state["model"])
        self._tracker.end(run_id, Outcome.SUCCESS, hook="on_llm_end", result=answer, metadata=facts)
        if run is not None:
            self._note_requests(run, said)

    def _note_requests(self, run: Run, messages: Sequence[AIMessage]) -> None:
        for message in messages:
            for call in message.tool_calls:
                self._note_call(AuditEventType.ACTION_REQUEST, run, call)
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

    @after_the_fact
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A model has failed or was stopped."""
        if self._ends(run_id):
            run = self._tracker.get(run_id)
            facts = {"model": run.state["model"]} if run is not None else None
            self._end_with_error(run_id, error, "on_llm_error", metadata=facts)


def _one_or_all(asked: Sequence[Any]) -> Any:
    return asked[0] if len(asked) == 1 else asked


def _model_name(metadata: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    return metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name")
