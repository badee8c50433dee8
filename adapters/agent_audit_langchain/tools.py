"""Hooks of tools and retrievers: what an agent does to the world, and what it looks up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agent_audit import AuditEventType, Outcome
from agent_audit_langchain.approvals import call_answered
from agent_audit_langchain.graph import GraphInterrupt
from agent_audit_langchain.hooks import Hooks, after_the_fact, name_of
from agent_audit_langchain.messages import documents_found, tool_result
from agent_audit_langchain.questions import Request


class ToolHooks(Hooks):
    """Starts and ends of tool calls and look-ups."""

    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        """A tool is about to run."""
        if not self._starts(run_id):
            return
        name = name_of(serialized, "tool")
        request = Request(f"tool.{name}", input_str if inputs is None else inputs, tool_call_id)
        outer = self._tracker.get(("call", parent_run_id, tool_call_id)) if tool_call_id else None
        if outer is not None and outer.state["request"].parameters == request.parameters:
            # On record by AuditMiddleware; had an inner middleware changed the arguments, these would not be.
            self._tracker.enter(run_id, parent=outer.key)
            outer.state["modifies"] |= self._changes_data(name, request.parameters)
            return
        run = self._start_operation(
            AuditEventType.TOOL_CALL,
            run_id,
            parent_run_id if outer is None else outer.key,
            metadata,
            hook="on_tool_start",
            action=request.action,
            call_id=tool_call_id,
            parameters=request.parameters,
            metadata=self.recording.approvals.digest_if_decided(self._tracker.get(parent_run_id), request),
        )
        run.state["request"] = request
        run.state["modifies"] = self._changes_data(name, request.parameters)
        call_answered(run, tool_call_id)

    @after_the_fact
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool has returned, which is not yet a success."""
        if not self._ends(run_id):
            return
        run = self._tracker.get(run_id)
        result, failed = tool_result(output)
        outcome = Outcome.FAILURE if failed else Outcome.SUCCESS
        self._tracker.end(run_id, outcome, hook="on_tool_end", result=result)
        if run is not None and run.state.get("modifies") and not failed:
            self.recording.note_modification(run, "on_tool_end")

    @after_the_fact
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool has raised, was stopped, or asks a human."""
        if not self._ends(run_id):
            return
        run = self._tracker.get(run_id)
        if run is not None and isinstance(error, GraphInterrupt):
            self._interrupted(run, error, "on_tool_error")
        self._end_with_error(run_id, error, "on_tool_error")

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Documents are about to be looked up."""
        if not self._starts(run_id):
            return
        name = name or name_of(serialized, "retriever")
        self._start_operation(
            AuditEventType.ACTION_REQUEST,
            run_id,
            parent_run_id,
            metadata,
            end_type=AuditEventType.DATA_ACCESS,
            hook="on_retriever_start",
            action=f"retrieve.{name}",
            resource=(metadata or {}).get("ls_vector_store_provider") or name,
            parameters={"query": query},
        )

    @after_the_fact
    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **kwargs: Any) -> None:
        """Documents were found."""
        if self._ends(run_id):
            found = documents_found(documents)
            self._tracker.end(run_id, Outcome.SUCCESS, hook="on_retriever_end", result=found)

    @after_the_fact
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """The look-up has failed."""
        if self._ends(run_id):
            self._end_with_error(run_id, error, "on_retriever_error")
