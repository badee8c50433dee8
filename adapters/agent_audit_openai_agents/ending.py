"""The end of a run that a wrapped runner executes: what only its result or its exception tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents.exceptions import (
    AgentsException,
    InputGuardrailTripwireTriggered,
    MaxTurnsExceeded,
    ModelBehaviorError,
    OutputGuardrailTripwireTriggered,
    ToolTimeoutError,
)

from agent_audit import AuditEventType, Outcome, Run, outcome_of
from agent_audit_openai_agents.answers import is_unknown_tool, note_answers
from agent_audit_openai_agents.approvals import note_question
from agent_audit_openai_agents.failures import failure_of
from agent_audit_openai_agents.guardrails import VERDICTS
from agent_audit_openai_agents.items import Call, field_of, outputs_in
from agent_audit_openai_agents.outcomes import (
    TRIPWIRES,
    cause_of,
    failure_fields,
    guardrail_name,
    raised_by_handoff,
    raised_by_native_tool,
)
from agent_audit_openai_agents.recorder import RunRecorder
from agent_audit_openai_agents.verdicts import Verdict, behavior_of

T = AuditEventType

_STAGES = ("input", "output", "tool_input", "tool_output")


def guardrail_counts(source: Any) -> dict[str, int]:
    """How many guardrail results a saved state brings along: they are on record."""
    return {stage: len(getattr(source, f"_{stage}_guardrail_results", None) or ()) for stage in _STAGES}


class Ending:
    """Completes the record of a run.

    Args:
        recorder: of the run.
        known_guardrails: results that were there before it began, by stage.
    """

    def __init__(self, recorder: RunRecorder, known_guardrails: dict[str, int] | None = None) -> None:
        self.recorder = recorder
        self._run = recorder.run
        self._tools, self._models = recorder.tools, recorder.models
        self._known = known_guardrails or {}

    def returned(self, result: Any) -> None:
        """The runner has returned a result, which may only be a pause."""
        run = self._run
        context = getattr(result, "context_wrapper", None)
        run.enter(context)
        note_answers(run, _outputs(result.new_items), context)
        tripped = self._note_guardrails(result)
        interruptions = list(getattr(result, "interruptions", None) or ())
        for item in interruptions:
            note_question(run, item, context)
        self._close_open(Outcome.SUSPENDED if interruptions else Outcome.UNKNOWN)
        if interruptions:
            run.agent_stopped(Outcome.SUSPENDED, hook="runner")
        elif (problem := _unraised(result, tripped)) is not None:
            run.agent_stopped(Outcome.FAILURE, hook="runner", exception=problem)
        elif self.recorder.finished or result.final_output is not None:
            run.agent_stopped(Outcome.SUCCESS, hook="runner", result=result.final_output)
        else:
            self._give_up_requests(None)
            run.agent_stopped(Outcome.CANCELLED, hook="runner")

    def raised(self, exception: BaseException) -> None:
        """The run has ended with an exception."""
        run = self._run
        data = getattr(exception, "run_data", None)
        run.enter(getattr(data, "context_wrapper", None))
        self._recover_response(exception, data)
        outputs = _outputs(getattr(data, "new_items", ()))
        note_answers(run, outputs, getattr(data, "context_wrapper", None))
        for call_id, output in outputs_in(outputs).items():
            self._tools.answered(call_id, output)
        self._end_failed_tool(exception)
        self._note_guardrails(data, exception)
        self._close_open(Outcome.CANCELLED)
        # A guardrail, a tool or a limit is not the model's failure: it was only stopped.
        of_model = not isinstance(exception, TRIPWIRES)
        self._models.failed(outcome_of(exception) if of_model else Outcome.CANCELLED, exception if of_model else None)
        self._give_up_requests(exception)
        if run.agent_key is not None:
            run.agent_stopped(outcome_of(exception), hook="runner", exception=exception)
        elif outcome_of(exception) is Outcome.FAILURE and not isinstance(exception, TRIPWIRES):
            run.tracker.error(exception, under=run.key, hook="runner")

    # -- guardrails ------------------------------------------------------------------------------------

    def _note_guardrails(self, source: Any, exception: BaseException | None = None) -> Any:
        """Record each verdict; returns the one of an input guardrail that tripped."""
        run = self._run
        noted: list[Any] = []
        tripped: Any = None
        for stage in _STAGES:
            for result in self._verdicts(stage, source):
                noted.append(result.guardrail)
                agent = getattr(result, "agent", None) or (None if stage == "input" else run.agent)
                if self._note_verdict(stage, result.guardrail, result.output, agent=agent) and stage == "input":
                    tripped = result
        self._note_tripwire(exception, noted)
        self._note_seen_guardrails(exception, with_verdicts=source is None)
        return tripped

    def _verdicts(self, stage: str, source: Any) -> list[Any]:
        """Of a stage: what was heard from tools' guardrails, else what the results tell; those have copies of it."""
        if stage in VERDICTS and VERDICTS[stage].is_wrapped:
            return [one for one in self._run.verdicts if one.stage == stage and one.problem is None]
        return list(getattr(source, f"{stage}_guardrail_results", None) or ())[self._known.get(stage, 0) :]

    def _note_tripwire(self, exception: BaseException | None, noted: list[Any]) -> None:
        """The guardrail that raised, where the lists end before it."""
        if not isinstance(exception, TRIPWIRES):
            return
        source: Any = getattr(exception, "guardrail_result", exception)
        if not any(guardrail is source.guardrail for guardrail in noted):
            stage = _stage_of(exception)
            agent = getattr(source, "agent", None) or (None if stage == "input" else self._run.agent)
            self._note_verdict(stage, source.guardrail, source.output, tripped=True, agent=agent)

    def _note_seen_guardrails(self, exception: BaseException | None, *, with_verdicts: bool) -> None:
        """What the spans told: which one has failed; without a result, also names and verdicts."""
        run = self._run
        raised = getattr(getattr(exception, "guardrail_result", exception), "guardrail", None)
        for name, tripped, problem in run.guardrails_seen:
            if isinstance(problem, Exception):
                run.tracker.error(
                    problem,
                    under=run.agent_key or run.key,
                    hook="on_span_end",
                    action=f"guardrail.{name}",
                    agent_id=run.name_of(None),
                )
            elif with_verdicts and problem is None and (raised is None or name != guardrail_name(raised)):
                self._note_guardrail("unknown", name, tripped, None, None)

    def _note_verdict(self, stage: str, guardrail: Any, output: Any, *, agent: Any, tripped: bool = False) -> bool:
        stops = behavior_of(output)["type"] != "allow"
        tripped = tripped or bool(getattr(output, "tripwire_triggered", stops))
        info = getattr(output, "output_info", None)
        self._note_guardrail(stage, guardrail_name(guardrail), tripped, info, agent)
        return tripped

    def _note_guardrail(self, stage: str, name: str, tripped: bool, info: Any, agent: Any) -> None:
        self._run.note(
            T.GUARDRAIL_TRIPPED if tripped else T.GUARDRAIL_PASSED,
            "runner",
            after_effect=True,
            outcome=Outcome.DENIED if tripped else Outcome.SUCCESS,
            action=f"guardrail.{name}",
            agent_id=self._run.name_of(agent),
            result=info,
            metadata={"stage": stage},
        )

    # -- what is still open ----------------------------------------------------------------------------

    def _recover_response(self, exception: BaseException, data: Any) -> None:
        """`on_llm_end` does not come for an answer that the SDK cannot accept, e.g. a call of an unknown tool."""
        responses = list(getattr(data, "raw_responses", None) or ())
        if isinstance(exception, ModelBehaviorError) and len(responses) > self._models.responses:
            self._models.ended(responses[-1], hook="runner", after_effect=True)

    def _end_failed_tool(self, exception: BaseException) -> None:
        """Without spans: what was raised is known, or the exception names the tool, or there is but one."""
        run = self._run
        tools = {call_id: op for call_id, key in run.under_way.items() if (op := run.tracker.get(key)) is not None}
        stopped = _stopped_by(exception, tools) if isinstance(exception, AgentsException) else []
        for call_id, op in list(tools.items()):
            if self._tools.stopped_after(op, cause_of(exception) if call_id in stopped else None, "runner"):
                del tools[call_id]
        failed: dict[str, BaseException] = {}
        for call_id, op in tools.items():
            if isinstance(failure := failure_of(op.state["context"]), Exception):
                failed[call_id] = failure
        if not failed and isinstance(exception, AgentsException) and run.tracker.get(self._models.key) is None:
            failed = {call_id: cause_of(exception) for call_id in _stopped_by(exception, tools)}
        for call_id, failure in failed.items():
            facts = failure_fields(failure, field_of(tools[call_id].state["call"].raw, "arguments"))
            run.tracker.end(run.under_way.pop(call_id), outcome_of(failure), **facts)
        if len(self._tools.native_open) == 1 and raised_by_native_tool(exception):
            run.tracker.end(self._tools.native_open.pop()[1], outcome_of(exception), exception=exception)

    def _close_open(self, outcome: Outcome) -> None:
        self._tools.close(outcome)
        self._models.close(outcome)

    def _give_up_requests(self, exception: BaseException | None) -> None:
        """What the model asked for and nothing came of."""
        run = self._run
        handoff = self._failed_handoff(exception)
        for call_id, call in list(run.asked.items()):
            del run.asked[call_id]
            facts = call.fields
            verdict = self._verdict_on(call)
            if verdict is not None and verdict.problem is None:
                facts |= {"outcome": Outcome.DENIED, "error": behavior_of(verdict.output).get("message")}
                run.note(T.PERMISSION_DENIED, "runner", after_effect=True, metadata={"stage": "tool_input"}, **facts)
                continue
            problem = exception if call_id == handoff else None if verdict is None else verdict.problem
            if problem is not None:
                facts |= {"outcome": outcome_of(problem), "exception": problem}
                run.note(T.ACTION_FAILED, "runner", after_effect=True, **facts)
                continue
            unknown = isinstance(exception, ModelBehaviorError) and is_unknown_tool(str(exception), call.name)
            if unknown:
                facts |= {"outcome": Outcome.FAILURE, "error": str(exception), "error_type": "UnknownTool"}
            else:
                facts |= {"outcome": Outcome.CANCELLED, "error": "the run ended before it was carried out"}
            run.note(T.ACTION_FAILED, "runner", after_effect=True, **facts)

    def _verdict_on(self, call: Call) -> Verdict | None:
        """Of the guardrail that has not let a call pass, if one has not."""
        about = (verdict for verdict in self._run.verdicts if verdict.call is call)
        return next((one for one in about if one.problem or behavior_of(one.output)["type"] != "allow"), None)

    def _failed_handoff(self, exception: BaseException | None) -> str | None:
        call = self._run.handoff_call(self._run.agent) if exception and raised_by_handoff(exception) else None
        return None if call is None else call.call_id


def _unraised(result: Any, tripped: Any) -> BaseException | None:
    """What the consumer of a stream is told with an exception that its task does not raise."""
    if tripped is not None:
        return InputGuardrailTripwireTriggered(tripped)
    limit = getattr(result, "max_turns", None)
    if limit is not None and result.final_output is None and getattr(result, "current_turn", 0) > limit:
        return MaxTurnsExceeded(f"Max turns ({limit}) exceeded")
    return None


def _stopped_by(exception: AgentsException, tools: dict[str, Run]) -> list[str]:
    """The call that has ended the run, as far as its exception tells."""
    if isinstance(exception, (InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered)):
        return []  # the agent's guardrails; the tools were cancelled
    name = exception.tool_name if isinstance(exception, ToolTimeoutError) else None
    named = [
        call_id
        for call_id, op in tools.items()
        if (called := op.state["call"].name) == name or _names(exception, called)
    ]
    # Of several calls of one tool, the one that began first has run out of time first.
    if name is not None or len(named) == 1:
        return named[:1]
    names_another = _names(exception)
    return list(tools) if len(tools) == 1 and not names_another else []


def _names(exception: BaseException, tool: str | None = None) -> bool:
    """Whether an exception says that it is about this tool, or about any."""
    return str(exception).startswith("Error running tool " if tool is None else f"Error running tool {tool}:")


def _outputs(items: Iterable[Any]) -> list[Any]:
    return [item.raw_item for item in items if getattr(item, "type", None) == "tool_call_output_item"]


def _stage_of(exception: BaseException) -> str:
    return _STAGES[next(place for place, kind in enumerate(TRIPWIRES) if isinstance(exception, kind))]
