"""The SDK's hooks, from which most of the record comes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from agents import ModelResponse, RunContextWrapper, RunHooks, Tool
from agents.lifecycle import RunHooksBase

from agent_audit import AdapterSettings, AuditLogger, ContextReader, Modifies, WriteError, get_logger
from agent_audit_openai_agents.recorder import HookedRuns, RunRecorder
from agent_audit_openai_agents.recording import Recording
from agent_audit_openai_agents.run import active_run

log = logging.getLogger(__name__)


def _hook(*, before_effect: bool) -> Callable[[Callable[..., None]], Any]:
    """Makes a hook: finds the run that it tells of, and keeps what goes wrong in recording from the host.

    Args:
        before_effect: what is told of can still be stopped: with a fail-closed logger, whatever goes wrong stops it.
    """

    def decorate(record: Callable[..., None]) -> Any:
        async def told(self: RecordingHooks, context: Any, *args: Any, **kwargs: Any) -> None:
            recorder: RunRecorder | None = None
            try:
                recorder = self._recorder(context)
                if recorder is not None:
                    record(recorder, context, *args, **kwargs)
            except WriteError:
                raise
            except Exception:
                if before_effect and recorder is not None and recorder.run.recording.logger.on_failure == "raise":
                    raise
                log.warning("the audit hooks failed in %s", record.__name__, exc_info=True)

        told.__name__ = record.__name__
        return told

    return decorate


class RecordingHooks(RunHooks[Any]):
    """Passes each hook on to the recorder of its run."""

    def _recorder(self, context: RunContextWrapper[Any]) -> RunRecorder | None:
        raise NotImplementedError

    # Each gets the recorder in place of `self`; the names of the others are the SDK's, which uses some of them.

    @_hook(before_effect=True)
    def on_agent_start(recorder: RunRecorder, context: Any, agent: Any) -> None:
        recorder.run.agent_started(context, agent, "on_agent_start")

    @_hook(before_effect=False)
    def on_agent_end(recorder: RunRecorder, context: Any, agent: Any, output: Any) -> None:
        recorder.agent_finished(output)

    @_hook(before_effect=True)
    def on_llm_start(recorder: RunRecorder, context: Any, agent: Any, system_prompt: Any, input_items: Any) -> None:
        recorder.models.started(context, agent, system_prompt, input_items)

    @_hook(before_effect=False)
    def on_llm_end(recorder: RunRecorder, context: Any, agent: Any, response: ModelResponse) -> None:
        recorder.models.ended(response)

    @_hook(before_effect=True)
    def on_tool_start(recorder: RunRecorder, context: Any, agent: Any, tool: Tool) -> None:
        recorder.tools.started(context, agent, tool)

    @_hook(before_effect=False)
    def on_tool_end(recorder: RunRecorder, context: Any, agent: Any, tool: Tool, result: object) -> None:
        recorder.tools.ended(context, agent, tool, result)

    @_hook(before_effect=True)
    def on_handoff(recorder: RunRecorder, context: Any, from_agent: Any, to_agent: Any) -> None:
        recorder.run.handed_off(from_agent, to_agent)


class BoundHooks(RecordingHooks):
    """Hooks of one run that a wrapped runner executes."""

    def __init__(self, recorder: RunRecorder) -> None:
        self._bound = recorder

    def _recorder(self, context: RunContextWrapper[Any]) -> RunRecorder | None:
        return self._bound


class AuditRunHooks(RecordingHooks):
    """Records the runs it is passed to: `Runner.run(agent, question, hooks=AuditRunHooks())`.

    One object may serve any number of runs, also at the same time. Hooks alone miss failed runs, guardrails, agents as
    tools, approvals, and failures that a tool's own error function has turned into text. `enable()` records all of
    these, and nothing twice; `AuditTracingProcessor` adds all but approvals. A run that failed unseen is closed as
    unknown when its context is gone.

    Args:
        logger: the default logger when left out.
        agent_id: instead of the agents' names.
        user_id: for whom; else `user_id` of the run's context object.
        session_id: else the trace's group; `enable()` also knows the run's session and conversation.
        context: gets the run's context wrapper, returns a dict with any of agent_id, session_id, user_id, decided_by.
        modifies: names of the tools that change data, or a predicate of name and arguments.
    """

    def __init__(
        self,
        logger: AuditLogger | None = None,
        *,
        agent_id: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        context: ContextReader | None = None,
        modifies: Modifies = (),
    ) -> None:
        self._logger = logger
        self.settings = AdapterSettings(agent_id, session_id, user_id, context, modifies)

    @property
    def recording(self) -> Recording:
        """What is shared by everything that records to the same logger."""
        return Recording.of(self._logger or get_logger())

    def _recorder(self, context: RunContextWrapper[Any]) -> RunRecorder | None:
        recording = self.recording
        if active_run(recording) is not None:
            return None  # a wrapped runner has this run recorded
        return HookedRuns.of(recording).run_of(recording, self.settings, context)


class FanOut(RunHooks[Any]):
    """Calls the audit hooks first, then the user's: what is not recorded does not happen."""

    def __init__(self, audit: RecordingHooks, theirs: RunHooksBase[Any, Any]) -> None:
        self._audit = audit
        self._theirs = theirs


def _both(name: str) -> Any:
    async def call(self: FanOut, *args: Any, **kwargs: Any) -> None:
        await getattr(self._audit, name)(*args, **kwargs)
        await getattr(self._theirs, name)(*args, **kwargs)

    call.__name__ = name
    return call


for _name in dir(RunHooksBase):  # also those that a newer SDK may have
    if _name.startswith("on_"):
        setattr(FanOut, _name, _both(_name))
