"""Hooks of tools and retrievers: what an agent does to the world, and what it looks up."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from agent_audit import ActionRequest, AuditEventType, Outcome, Run, after_the_fact, same_arguments
from agent_audit_langchain.graph import GraphInterrupt
from agent_audit_langchain.hooks import Hooks, begins_run, name_of, takes_run
from agent_audit_langchain.messages import documents_found, tool_result, verdict
from agent_audit_langchain.talks import call_answered

call_begun: ContextVar[Run | None] = ContextVar("agent_audit_langchain.begun", default=None)
"""The call that an `AuditMiddleware` around here has put on record. What is executed twice at once has two of them."""


_ACTIONS = "actions"
"""In the state of an `AgentExecutor`: the tool calls that it has told of, and not begun yet."""

_ACTION = "action"
"""In the state of a call: the one of these that it carries out."""

_UNKNOWN_TOOL = "invalid_tool"
"""What an `AgentExecutor` runs in place of a tool that it does not have."""


class ToolHooks(Hooks):
    """Starts and ends of tool calls and look-ups."""

    @after_the_fact
    def on_agent_action(self, action: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """An `AgentExecutor` is about to call a tool, which is not told the id of its call."""
        run = self._tracker.get(run_id)
        if run is not None and getattr(action, "tool_call_id", None) is not None:
            told: list[Any] = run.state.setdefault(_ACTIONS, [])
            if not any(action is other for other in told):  # by another handler
                told.append(action)

    @begins_run
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
        name, arguments = name_of(serialized, "tool"), input_str if inputs is None else inputs
        if self.enabled and self.settings.changes_data(name, arguments):
            self.recording.modifying[run_id] = True
        if not self._starts(run_id, parent_run_id):
            return
        parent = self._parent(parent_run_id)
        action = None if tool_call_id is not None else _take_action(parent, name, arguments)
        call_id = getattr(action, "tool_call_id", None) if tool_call_id is None else str(tool_call_id)
        request = ActionRequest(f"tool.{name}", arguments, call_id)
        outer = self._begun(parent_run_id, call_id)
        if outer is not None and _is_same(outer, request):
            # On record by AuditMiddleware; had an inner middleware changed the arguments, these would not be.
            if self._executes(outer, run_id):
                return
            outer = None
        run = self._start_operation(
            AuditEventType.TOOL_CALL,
            run_id,
            outer or parent,
            metadata,
            hook="on_tool_start",
            **request.fields,
            metadata=self._facts(parent, request, (serialized or {}).get("description")),
        )
        run.state["request"], run.state[_ACTION] = request, action
        call_answered(run, call_id)

    def _begun(self, parent_run_id: UUID | None, call_id: str | None) -> Run | None:
        """What an `AuditMiddleware` of this logger has recorded of a call that starts now, if it has not ended yet."""
        run = call_begun.get()
        while run is not None and run.state["tracker"] is not self._tracker:
            run = run.state["around"]
        if run is None or run.ended or run.state["at"] != (parent_run_id, call_id):
            return None
        return run

    def _executes(self, outer: Run, run_id: UUID) -> bool:
        """Whether this is the first execution of a call: from here on, the call ends as the execution does."""
        return outer.state.setdefault("execution", run_id) is run_id and self._tracker.rename(outer, run_id)

    @takes_run
    def on_tool_end(self, output: Any, run: Run, **kwargs: Any) -> None:
        """A tool has returned, which is not yet a success."""
        result, failed = tool_result(output, run.fields.get("call_id"))
        stands_in = run.state.get(_ACTION) is not None and run.fields["action"] == f"tool.{_UNKNOWN_TOOL}"
        ending = verdict(result, failed=failed or stands_in)
        if stands_in:
            ending["error_type"] = "UnknownTool"
        self._tracker.finish(run, hook="on_tool_end", **ending)
        modifies = self.recording.modifying.pop(run.key) or run.state.get("modifies")
        if modifies and not failed:
            self.recording.note_modification(run, "on_tool_end")

    @takes_run
    def on_tool_error(self, error: BaseException, run: Run, **kwargs: Any) -> None:
        """A tool has raised, was stopped, or asks a human."""
        if isinstance(error, GraphInterrupt):
            self._interrupted(run, error, "on_tool_error")
        self.recording.modifying.pop(run.key)
        self._end_with_error(run, error, "on_tool_error")

    @begins_run
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
        if not self._starts(run_id, parent_run_id):
            return
        name = name or name_of(serialized, "retriever")
        self._start_operation(
            AuditEventType.ACTION_REQUEST,
            run_id,
            self._parent(parent_run_id),
            metadata,
            end_type=AuditEventType.DATA_ACCESS,
            hook="on_retriever_start",
            action=f"retrieve.{name}",
            resource=str((metadata or {}).get("ls_vector_store_provider") or name),
            parameters={"query": query},
        )

    @takes_run
    def on_retriever_end(self, documents: Sequence[Any], run: Run, **kwargs: Any) -> None:
        """Documents were found."""
        self._tracker.finish(run, Outcome.SUCCESS, hook="on_retriever_end", result=documents_found(documents))

    @takes_run
    def on_retriever_error(self, error: BaseException, run: Run, **kwargs: Any) -> None:
        """The look-up has failed."""
        self._end_with_error(run, error, "on_retriever_error")


def _take_action(executor: Run | None, name: str, arguments: Any) -> Any:
    """The action of an `AgentExecutor` that a tool carries out: in async runs, several are told of at once."""
    told: list[Any] = [] if executor is None else executor.state.get(_ACTIONS, [])
    if name == _UNKNOWN_TOOL and isinstance(arguments, dict):
        name, arguments = arguments.get("requested_tool_name", name), None
    by_name = [action for action in told if action.tool == name]
    same = (action for action in by_name if arguments is not None and same_arguments(action.tool_input, arguments))
    found = next(same, by_name[0] if by_name else None)
    told[:] = [action for action in told if action is not found]
    return found


def _is_same(begun: Run, request: ActionRequest) -> bool:
    """Whether the arguments are those on record, but for what a model made up for those that LangChain injects."""
    known, told = begun.state["request"].parameters, request.parameters
    if same_arguments(known, told):
        return True
    tool = begun.state["tool"]
    if tool is None or not isinstance(known, dict) or not isinstance(told, dict):
        return False
    more = known.keys() - told.keys()
    told_before = {name: known[name] for name in known if name in told}
    return not more & tool.args.keys() and same_arguments(told_before, told)
