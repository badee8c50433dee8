"""The tool calls of one run."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any
from uuid import uuid4

from agents import ApplyPatchTool, ComputerTool, CustomTool, LocalShellTool, RunContextWrapper, ShellTool
from agents.tool_context import ToolContext

from agent_audit import AuditEventType, Outcome, Run, Seam, digest_of, outcome_of
from agent_audit_openai_agents.approvals import note_standing, standing_decision
from agent_audit_openai_agents.failures import failure_of, listen
from agent_audit_openai_agents.invocations import about_to_invoke, ended_by_cancelling, returned
from agent_audit_openai_agents.items import Call, field_of, parse_arguments
from agent_audit_openai_agents.outcomes import TRIPWIRES, cause_of, failure_fields, judge
from agent_audit_openai_agents.recording import ToolSpan, current_span_id
from agent_audit_openai_agents.run import AgentRun

T = AuditEventType

MARKS = Seam(
    "agents:RunContextWrapper._mark_tool_invocation_executed",
    "of several shell, computer or patch calls at once it is not known which one runs when some may wait for approval",
)
"""Only looked for: it marks a call in the run's context right before the hook that tells of its tool."""

_MARKED = "_tool_invocations"
"""Where in the context: by call id."""

_NATIVE_KINDS = {
    LocalShellTool: "local_shell_call",
    ShellTool: "shell_call",
    ApplyPatchTool: "apply_patch_call",
    ComputerTool: "computer_call",
}
"""Tools whose hooks tell neither the call nor its arguments, and the response items that ask for them."""


class ToolCalls:
    """Follows the tools that a run calls, from their start to their end.

    Args:
        run: that they are part of.
    """

    def __init__(self, run: AgentRun) -> None:
        self._run = run
        self.native_open: list[tuple[int, Hashable]] = []
        self._begun: set[Hashable] = set()
        """Keys of all operations that this run has begun."""

    def close(self, outcome: Outcome) -> None:
        """The run is over, and with it what is open."""
        for key in (*self._run.under_way.values(), *(key for _, key in self.native_open)):
            run = self._run.tracker.get(key)
            if run is not None:
                cancelled = outcome is Outcome.CANCELLED
                ended = ended_by_cancelling(run, run.state["tool"]) if cancelled else outcome
                self._run.tracker.end(key, ended)
        self._run.under_way.clear()
        self.native_open.clear()

    def started(self, context: RunContextWrapper[Any], agent: Any, tool: Any) -> None:
        """A tool is about to run."""
        self._run.agent_started(context, agent, "on_tool_start")
        call = self._call_of(context, tool)
        key = (self._run.key, "tool", call.call_id or uuid4().hex)
        if getattr(tool, "needs_approval", False):
            self._note_standing_approval(context, call, tool.name)
        run = self._run.tracker.start(
            T.TOOL_CALL,
            key,
            parent=self._run.agent_key,
            hook="on_tool_start",
            metadata=self._facts(agent, tool, call) or None,
            **call.fields,
        )
        run.state["call"] = call
        run.state["tool"] = tool
        run.state["context"] = context
        self._begun.add(key)
        if call.call_id:
            self._run.asked.pop(call.call_id, None)
            self._run.under_way[call.call_id] = key
        if not isinstance(context, ToolContext):
            self.native_open.append((id(tool), key))
            return
        about_to_invoke(run, context)
        listen(context)
        if (span_id := current_span_id()) is not None:
            self._run.recording.tools[span_id] = ToolSpan(key, partial(self.span_ended, key))

    def _facts(self, agent: Any, tool: Any, call: Call) -> dict[str, Any]:
        """For the metadata of a call: whose tool it is, what it was said to be, what was decided on."""
        server = getattr(getattr(tool, "_tool_origin", None), "mcp_server_name", None)
        facts: dict[str, Any] = {} if server is None else {"mcp_server": server}
        owner = (getattr(agent, "name", None), call.action, server)
        description, parameters = getattr(tool, "description", None), getattr(tool, "params_json_schema", None)
        facts |= self._run.recording.definitions.new(owner, description, parameters)
        if call.call_id in self._run.decided:
            facts |= digest_of(call.request, self._run.recording.logger.digest)
        return facts

    def _note_standing_approval(self, context: RunContextWrapper[Any], call: Call, tool_name: str) -> None:
        """Nobody is asked any more once a tool was approved for good."""
        if standing_decision(self._run, context, call, tool_name):
            note_standing(self._run, call.request, True, "on_tool_start")

    def ended(self, context: RunContextWrapper[Any], agent: Any, tool: Any, result: Any) -> None:
        """A tool has returned."""
        if (span_id := current_span_id()) is not None:
            self._run.recording.tools.pop(span_id)
        key = self._open_key(context, tool)
        run: Run | None = self._run.tracker.take(key)
        if run is None and key in self._begun:
            return  # a callback of the tool outlived its cancellation; the end is on record
        raw = None if isinstance(tool, CustomTool) else getattr(context, "tool_arguments", None)
        verdict = judge(tool, raw, result, run, raised=failure_of(context))
        if run is None:
            self._run.agent_started(context, agent, "on_tool_end")
            self._continued(context, tool, verdict)
            return
        self._end(run, "on_tool_end", verdict)

    def answered(self, call_id: str, output: Any) -> None:
        """The run has taken the output of a call, though it ended before a hook could tell."""
        run: Run | None = self._run.tracker.take(self._run.under_way.get(call_id))
        if run is not None:
            raw, raised = field_of(run.state["call"].raw, "arguments"), failure_of(run.state["context"])
            self._end(run, "runner", judge(None, raw, output, run, raised=raised))

    def stopped_after(self, run: Run, exception: BaseException | None, hook: str) -> bool:
        """Something has ended the run after a tool has returned, like its output guardrail. False when it has not.

        Args:
            run: the call.
            exception: what that was, when it is about this call.
            hook: which tells of it.
        """
        done = returned(run)
        if done is None or not self._run.tracker.take(run.key):
            return done is not None
        raw, raised = field_of(run.state["call"].raw, "arguments"), failure_of(run.state["context"])
        call: Call = run.state["call"]
        self._end(run, hook, judge(done.tool, raw, done.output, run, raised=raised, in_hook=False))
        if isinstance(exception, Exception) and not isinstance(exception, TRIPWIRES):
            facts = {"action": call.action, "call_id": call.call_id}
            self._run.tracker.error(exception, under=self._run.agent_key or self._run.key, hook=hook, **facts)
        return True

    def _end(self, run: Run, hook: str, verdict: dict[str, Any]) -> None:
        call: Call = run.state["call"]
        self._run.under_way.pop(call.call_id or "", None)
        outcome = verdict.pop("outcome")
        self._run.tracker.finish(run, outcome, hook=hook, **verdict)
        if outcome is Outcome.SUCCESS:
            self._note_modification(call, run.span_id)

    def _note_modification(self, call: Call, span_id: str | None) -> None:
        if self._run.settings.changes_data(call.name, call.arguments):
            self._run.note(
                T.DATA_MODIFY,
                "on_tool_end",
                after_effect=True,
                outcome=Outcome.SUCCESS,
                span_id=span_id,
                **call.fields,
            )

    def _continued(self, context: Any, tool: Any, verdict: dict[str, Any]) -> None:
        """An agent as a tool that waited for approvals in a run before: no hook tells that it goes on."""
        call = self._call_of(context, tool)
        if call.call_id is None:
            return
        self._run.asked.pop(call.call_id, None)
        facts = {"action": call.action, "call_id": call.call_id, "metadata": {"resumed": True}}
        self._run.note(T.TOOL_RESPONSE, "on_tool_end", after_effect=True, **verdict, **facts)
        if verdict["outcome"] is Outcome.SUCCESS:
            self._note_modification(call, None)

    def span_ended(self, key: Hashable, exception: BaseException | None) -> None:
        """The span of a function call is over; without `on_tool_end` the tool has raised or was cancelled."""
        run: Run | None = self._run.tracker.get(key)
        if run is None or exception is None:
            return  # without an exception it waits for somebody, or an ancestor was cancelled
        if self.stopped_after(run, cause_of(exception), "on_span_end"):
            return
        self._run.under_way.pop(run.state["call"].call_id or "", None)
        facts = failure_fields(cause_of(exception), field_of(run.state["call"].raw, "arguments"))
        outcome = outcome_of(exception)
        if outcome is Outcome.CANCELLED:
            outcome = ended_by_cancelling(run, run.state["tool"])
        self._run.tracker.end(key, outcome, hook="on_span_end", **facts)

    def _call_of(self, context: Any, tool: Any) -> Call:
        if isinstance(context, ToolContext):
            name = getattr(context, "qualified_tool_name", None) or context.tool_name
            asked = self._run.asked.get(context.tool_call_id)
            if asked is not None and asked.name == name and field_of(asked.raw, "arguments") == context.tool_arguments:
                return asked  # parsed when the model asked for it
            raw = getattr(context, "tool_call", None)
            return Call(name, context.tool_call_id, parse_arguments(context.tool_arguments), raw=raw)
        return self._native_call(context, tool) or Call(getattr(tool, "name", type(tool).__name__), None, None)

    def _native_call(self, context: Any, tool: Any) -> Call | None:
        """Which call a native tool carries out. Those that wait or were refused are asked for as well."""
        kind = next((kind for native, kind in _NATIVE_KINDS.items() if isinstance(tool, native)), None)
        asked = [call for call in self._run.asked.values() if call.kind == kind or call.name == tool.name]
        marks = getattr(context, _MARKED, None) or {}
        for call in asked:
            if getattr(marks.get(call.call_id), "executed", False):
                return call
        # Without marks: native calls of one kind run one after the other, but for those that wait.
        none_waits = len(asked) == 1 or not getattr(tool, "needs_approval", False)
        return asked[0] if asked and none_waits else None

    def _open_key(self, context: Any, tool: Any) -> Hashable:
        if isinstance(context, ToolContext):
            return (self._run.key, "tool", context.tool_call_id)
        for place, (tool_id, key) in enumerate(self.native_open):
            if tool_id == id(tool):
                del self.native_open[place]
                return key
        return None
