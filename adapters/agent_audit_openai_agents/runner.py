"""A runner that has every run recorded, whoever starts it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import agents.run
from agents import RunState
from agents.lifecycle import RunHooksBase
from agents.tool_context import ToolContext

from agent_audit import WriteError, current_identity, held, identify
from agent_audit_openai_agents.approvals import take_over
from agent_audit_openai_agents.ending import Ending, guardrail_counts
from agent_audit_openai_agents.failures import without_listener
from agent_audit_openai_agents.hooks import AuditRunHooks, BoundHooks, FanOut
from agent_audit_openai_agents.pending import Pending, attach, pending_of
from agent_audit_openai_agents.recorder import RunRecorder
from agent_audit_openai_agents.recording import Recording, current_span_id
from agent_audit_openai_agents.run import AgentRun, active, active_run
from agent_audit_openai_agents.told import Told

log = logging.getLogger(__name__)

# Called experimental by the SDK. Without it nothing stands in front, see install.py.
if TYPE_CHECKING:
    from agents.run import AgentRunner
else:
    AgentRunner = getattr(agents.run, "AgentRunner", object)


class AuditRunner(AgentRunner):
    """Stands in front of the runner that was the default and adds hooks to each run.

    Args:
        inner: the runner that does the work.
        hooks: how runs are recorded that do not have `AuditRunHooks` of their own; None while disabled.
    """

    def __init__(self, inner: AgentRunner, hooks: AuditRunHooks | None) -> None:
        self.inner = inner
        self.hooks = hooks

    def __getattr__(self, name: str) -> Any:
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def _begin(self, starting_agent: Any, input: Any, options: dict[str, Any]) -> Ending | None:
        """None while disabled, and when another one in front of this one has the run recorded."""
        hooks = self.hooks
        if hooks is None or isinstance(options.get("hooks"), (BoundHooks, FanOut)):
            return None
        before = dict(options)
        try:
            return _begin(hooks, starting_agent, input, options)
        except Exception:
            if hooks.recording.logger.on_failure == "raise":
                raise
            log.warning("a run could not be prepared for recording", exc_info=True)
            options.clear()
            options.update(before)
            return None

    async def run(self, starting_agent: Any, input: Any, **options: Any) -> Any:
        ending = self._begin(starting_agent, input, options)
        if ending is None:
            return await self.inner.run(starting_agent, input, **options)
        with _within(ending.recorder.run):
            try:
                result = await self.inner.run(starting_agent, input, **options)
            except BaseException as error:
                _complete(ending, ending.raised, error)
                raise
            _complete(ending, ending.returned, result)
            return result

    def run_sync(self, starting_agent: Any, input: Any, **options: Any) -> Any:
        ending = self._begin(starting_agent, input, options)
        if ending is None:
            return self.inner.run_sync(starting_agent, input, **options)
        with _within(ending.recorder.run):
            try:
                result = self.inner.run_sync(starting_agent, input, **options)
            except BaseException as error:
                _complete(ending, ending.raised, error)
                raise
            _complete(ending, ending.returned, result)
            return result

    def run_streamed(self, starting_agent: Any, input: Any, **options: Any) -> Any:
        ending = self._begin(starting_agent, input, options)
        if ending is None:
            return self.inner.run_streamed(starting_agent, input, **options)
        with _within(ending.recorder.run):
            try:
                result = self.inner.run_streamed(starting_agent, input, **options)
            except BaseException as error:
                _complete(ending, ending.raised, error)
                raise
        task = getattr(result, "run_loop_task", None)
        if task is None:
            ending.recorder.run.has_runner = False  # then the output of the agent is the end
        else:
            task.add_done_callback(lambda done: _stream_ended(ending, result, done))
        return result


def _begin(ours: AuditRunHooks, starting_agent: Any, input: Any, options: dict[str, Any]) -> Ending:
    """Make the recorder of a run and add its hooks to `options`."""
    if options.get("run_config") is not None:
        options["run_config"] = without_listener(options["run_config"])
    theirs = options.get("hooks")
    audit = theirs if isinstance(theirs, AuditRunHooks) else ours
    recording = audit.recording
    run = AgentRun(recording, audit.settings, _told(recording, starting_agent, input, options), has_runner=True)
    recorder = RunRecorder(run)
    bound = BoundHooks(recorder)
    if theirs is None:
        options["hooks"] = bound
    elif isinstance(theirs, RunHooksBase):
        options["hooks"] = FanOut(bound, theirs)
    # Anything else the SDK refuses, in its own words.
    if not isinstance(input, RunState):
        return Ending(recorder)
    _take_over(run, input)
    return Ending(recorder, guardrail_counts(input))


def _told(recording: Recording, starting_agent: Any, input: Any, options: dict[str, Any]) -> Told:
    state = input if isinstance(input, RunState) else None
    context, agent = getattr(state, "_context", None), getattr(state, "_current_agent", None)
    config = options.get("run_config")
    names = (options.get("conversation_id"), getattr(state, "_conversation_id", None), _option(config, "group_id"))
    return Told(
        asked=input if state is None else None,
        session=options.get("session"),
        conversation=next((str(name) for name in names if name), None),
        agent=getattr(agent or starting_agent, "name", None),
        model=_option(config, "model"),
        parent=_operation_around(recording, options.get("context")),
        context=options.get("context") if state is None else context,
        goes_on=None if context is None or agent is None else (context, agent),
        pending=_pending(recording, context),
    )


def _pending(recording: Recording, context: Any) -> Pending:
    outer, known = active_run(recording), pending_of(context)
    if outer is None:
        return known or Pending()
    pending = outer.told.pending
    if known is not None and known is not pending:
        # Made from JSON, the state of an agent as a tool has begun one of its own when it was decided on.
        pending.take_in(known)
        attach(context, pending)
    return pending


def _option(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, dict) else getattr(config, name, None)


def _operation_around(recording: Recording, context: Any) -> Any:
    """Key of the tool call that starts this run, or of the agent around it."""
    if recording.tracker.here() is not current_identity():
        return None  # another framework's run is in between, and around this one
    outer = active_run(recording)
    span_key = recording.tool_around(current_span_id())
    if outer is None:
        return span_key
    if isinstance(context, ToolContext) and context.tool_call_id in outer.under_way:
        return outer.under_way[context.tool_call_id]
    if span_key is not None:
        return span_key
    if len(outer.under_way) == 1:
        return next(iter(outer.under_way.values()))
    outer.continued()
    return outer.agent_key or outer.key


def _take_over(run: AgentRun, state: Any) -> None:
    try:
        take_over(run, state)
    except WriteError:
        raise
    except Exception:
        log.warning("the open questions of a resumed run cannot be read", exc_info=True)


@contextmanager
def _within(run: AgentRun) -> Iterator[None]:
    """What runs in this block belongs to the run, also what the application records itself."""
    outer = run.tracker.here()
    parent = run.tracker.get(run.told.parent) if run.told.parent is not None else None
    trace_id = parent.trace_id if parent is not None else outer.trace_id or str(run.key)
    run.told.trace_id = trace_id
    given = run.settings.given
    whose = {
        "session_id": given.get("session_id") or run.told.session_id or outer.session_id,
        "user_id": given.get("user_id") or outer.user_id,
    }
    with held(active, run), identify(**whose, trace_id=trace_id, span_id=outer.span_id):
        yield


def _stream_ended(ending: Ending, result: Any, task: asyncio.Task[Any]) -> None:
    if task.cancelled():
        _complete(ending, ending.raised, _guardrail_failure(result) or asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        _complete(ending, ending.raised, error)
    else:
        _complete(ending, ending.returned, result)


def _guardrail_failure(result: Any) -> BaseException | None:
    """What an input guardrail has raised: the SDK cancels the run for it, and raises it to whoever reads the stream."""
    guardrails = getattr(result, "_input_guardrails_task", None)
    if guardrails is None or not guardrails.done() or guardrails.cancelled():
        return None
    failure: BaseException | None = guardrails.exception()
    return failure


def _complete(ending: Ending, end: Callable[[Any], None], value: Any) -> None:
    """The run is over, whatever goes wrong in recording that."""
    try:
        end(value)
    except Exception:
        log.warning("the end of a run could not be recorded completely", exc_info=True)
    finally:
        ending.recorder.leave()
