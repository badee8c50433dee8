"""The tool calls of one realtime session. Its events name tool and arguments, only some of them the call's id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from agent_audit import AuditEventType, Outcome, Run, WriteError, describe_check, describe_decision, digest_of
from agent_audit_openai_agents.failures import failures_here
from agent_audit_openai_agents.invocations import about_to_invoke, ended_by_cancelling, returned
from agent_audit_openai_agents.items import Call, parse_arguments
from agent_audit_openai_agents.outcomes import TRIPWIRES, judge, raised_by_input_guardrail
from agent_audit_openai_agents.speakers import Speaker, Speakers

T = AuditEventType


@dataclass(frozen=True)
class Asked:
    """A call that the model asks for."""

    call: Call
    raw: str
    """Its arguments as they came."""

    @classmethod
    def of(cls, name: str, call_id: str, raw: str) -> Asked:
        return cls(Call(name, call_id, parse_arguments(raw)), raw)


@dataclass(eq=False)
class Started:
    """A tool that runs."""

    call: Call
    tool: Any
    run: Run
    speaker: Speaker
    task: Any
    failures: list[tuple[str, BaseException]]
    """What was raised in its task, by call id."""

    def failure(self) -> BaseException | None:
        """What the tool itself has raised."""
        return next((error for call_id, error in self.failures if call_id == self.call.call_id), None)


class SpokenCalls:
    """Follows the calls from the model's request to their end.

    Args:
        speakers: the agents that carry them out.
        digest: the logger's.
    """

    def __init__(self, speakers: Speakers, digest: Callable[[bytes], dict[str, str]]) -> None:
        self._speakers = speakers
        self._digest = digest
        self._asked: dict[str | None, Asked] = {}
        """Calls that nothing is on record of but the request, and perhaps a decision."""
        self._waiting: dict[str, Asked] = {}
        self._started: list[Started] = []
        self._standing: dict[str, bool] = {}
        """Tool -> a decision for all calls to come."""
        self._decided: set[str | None] = set()
        """Calls whose own decision is on record."""

    # -- asked and decided -----------------------------------------------------------------------------

    def requested(self, request: Any) -> None:
        """The model asks for a call."""
        asked = Asked.of(request.name, request.call_id, request.arguments)
        self._asked[request.call_id] = asked
        self._speakers.note(T.ACTION_REQUEST, "function_call", **asked.call.fields)

    def take_named(self, names: set[Any]) -> Call | None:
        """The call of a handoff, which is no tool; it is asked for by one of several names."""
        call_id = next((call_id for call_id, asked in self._asked.items() if asked.call.name in names), None)
        return self._asked.pop(call_id).call if call_id is not None else None

    def approval_required(self, event: Any) -> None:
        """A call waits for the application's decision."""
        asked = self._asked.pop(event.call_id, None) or Asked.of(event.tool.name, event.call_id, event.arguments)
        self._waiting[event.call_id] = asked
        described = describe_check(asked.call.request, digest=self._digest)
        self._speakers.note(described.pop("event_type"), event.type, **described)

    def decided(self, call_id: str, *, approve: bool, always: bool, words: str | None) -> None:
        """The application approves or rejects a call. Raises `WriteError` when that cannot be recorded."""
        waiting = self._waiting.get(call_id)
        if waiting is None:
            return
        facts = {"always": always or None, "message": words, "decided_by": self._speakers.told().get("decided_by")}
        described = describe_decision(waiting.call.request, approved=approve, digest=self._digest, **facts)
        hook = "approve_tool_call" if approve else "reject_tool_call"
        self._speakers.note(described.pop("event_type"), hook, after_effect=False, **described)
        if always:
            self._standing[waiting.call.name] = approve
        self._asked[call_id] = self._waiting.pop(call_id)
        self._decided.add(call_id)

    def _note_standing(self, call: Call, approve: bool, hook: str, **fields: Any) -> None:
        described = describe_decision(call.request, approved=approve, digest=self._digest, standing=True)
        self._speakers.note(described.pop("event_type"), hook, **described, **fields)
        self._decided.add(call.call_id)

    # -- carried out -----------------------------------------------------------------------------------

    def started(self, event: Any) -> None:
        """A tool is about to run. Raises `WriteError` when that cannot be recorded."""
        call = self._take(event) or Call(event.tool.name, None, parse_arguments(event.arguments))
        try:
            self._start(call, event.tool, event.type)
        except WriteError as error:  # so the tool does not run; the model's request gets its answer all the same
            facts: dict[str, Any] = {"outcome": Outcome.FAILURE, "exception": error}
            self._speakers.note(T.ACTION_FAILED, event.type, **facts, **call.fields)
            raise

    def _start(self, call: Call, tool: Any, hook: str) -> None:
        if self._standing.get(call.name) and call.call_id not in self._decided:
            self._note_standing(call, True, hook, after_effect=False)
        key = (self._speakers.key, "tool", call.call_id or uuid4().hex)
        facts = digest_of(call.request, self._digest) if call.call_id in self._decided else None
        begun = self._speakers.begins(T.TOOL_CALL, key, hook, metadata=facts, **call.fields)
        if begun is not None:
            speaker, run = begun
            about_to_invoke(run)
            self._started.append(Started(call, tool, run, speaker, _current_task(), failures_here()))

    def ended(self, event: Any) -> None:
        """The model is given an answer, be it a tool's or a refusal."""
        started = self._running(event)
        if started is None:
            self._note_refusal(event)
            return
        self._finish(started, event.type, event.tool, event.arguments, event.output)

    def _finish(self, started: Started, hook: str, tool: Any, arguments: Any, output: Any) -> None:
        speakers, call = self._speakers, started.call
        verdict = judge(tool, arguments, output, started.run, raised=started.failure())
        self._end(started, hook, verdict)
        if verdict["outcome"] is Outcome.SUCCESS and speakers.settings.changes_data(call.name, call.arguments):
            facts: dict[str, Any] = {"outcome": Outcome.SUCCESS, "span_id": started.run.span_id}
            speakers.note(T.DATA_MODIFY, hook, **facts, **call.fields)

    def failed(self, text: str, hook: str) -> bool:
        """The session tells of an error. True when it was that of a call."""
        failed = [(one, error) for one in self._started if (error := one.failure()) is not None]
        for started, error in failed:
            self._end(started, hook, {"outcome": Outcome.FAILURE, "exception": error})
        unknown = next((one.call for one in self._asked.values() if text == f"Tool {one.call.name} not found"), None)
        if unknown is not None:
            del self._asked[unknown.call_id]
            facts: dict[str, Any] = {"outcome": Outcome.FAILURE, "error": text, "error_type": "UnknownTool"}
            self._speakers.note(T.ACTION_FAILED, hook, **facts, **unknown.fields)
        return bool(failed) or unknown is not None

    def give_up(self, hook: str, problem: BaseException | None) -> None:
        """The session is closed: what runs is cancelled, what was asked for is not carried out any more.

        Args:
            hook: which tells of it.
            problem: what has ended the session, if anything has.
        """
        for started in list(self._started):
            if (done := returned(started.run)) is not None:  # its output guardrail has raised, or the end came first
                self._finish(started, hook, done.tool, None, done.output)
            else:
                self._end(started, hook, {"outcome": ended_by_cancelling(started.run, started.tool)})
        if problem is not None and len(self._asked) == 1 and raised_by_input_guardrail(problem):
            self._note_guarded(self._asked.popitem()[1].call, hook, problem)
        facts: dict[str, Any] = {"outcome": Outcome.CANCELLED, "error": "the session ended before it was carried out"}
        for asked in (*self._waiting.values(), *self._asked.values()):
            if asked.call.call_id not in self._decided:
                self._speakers.note(T.ACTION_FAILED, hook, **facts, **asked.call.fields)
        self._waiting.clear()
        self._asked.clear()

    def _note_guarded(self, call: Call, hook: str, problem: BaseException) -> None:
        """The input guardrail of a call has ended the session."""
        if isinstance(problem, TRIPWIRES):
            facts: dict[str, Any] = {"outcome": Outcome.DENIED, "metadata": {"stage": "tool_input"}}
            self._speakers.note(T.PERMISSION_DENIED, hook, **facts, **call.fields)
        else:
            facts = {"outcome": Outcome.FAILURE, "exception": problem}
            self._speakers.note(T.ACTION_FAILED, hook, **facts, **call.fields)

    def _end(self, started: Started, hook: str, verdict: dict[str, Any]) -> None:
        self._started.remove(started)
        self._speakers.ends(started.speaker, started.run.key, hook, **verdict)

    def _note_refusal(self, event: Any) -> None:
        """No tool has run: somebody has rejected the call, or a guardrail."""
        call = self._take(event)
        if call is None or call.call_id in self._decided:
            return
        if self._standing.get(call.name) is False:
            self._note_standing(call, False, event.type, error=str(event.output))
            return
        facts: dict[str, Any] = {
            "outcome": Outcome.DENIED,
            "error": str(event.output),
            "metadata": {"stage": "tool_input"},
        }
        self._speakers.note(T.PERMISSION_DENIED, event.type, **facts, **call.fields)

    # -- which call an event means ---------------------------------------------------------------------

    def _take(self, event: Any) -> Call | None:
        """The request behind an event."""
        for call_id, asked in self._asked.items():
            if asked.call.name == event.tool.name and asked.raw == event.arguments:
                return self._asked.pop(call_id).call
        return None

    def _running(self, event: Any) -> Started | None:
        """The call that an end belongs to: start and end come from one task."""
        same = [one for one in self._started if one.call.name == event.tool.name]
        task, arguments = _current_task(), parse_arguments(event.arguments)
        in_this_task = (one for one in same if task is not None and one.task is task)
        return next(in_this_task, None) or next((one for one in same if one.call.arguments == arguments), None)


def _current_task() -> Any:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
