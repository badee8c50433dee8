"""What the hooks of chains, models and tools share: settings, the logger's recording, and how an end is taken."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from langchain_core.utils.function_calling import convert_to_openai_tool

from agent_audit import (
    ActionRequest,
    AdapterSettings,
    AuditEventType,
    AuditLogger,
    ContextReader,
    Modifies,
    Outcome,
    Run,
    RunTracker,
    WriteError,
    get_logger,
)
from agent_audit_langchain.beginnings import being_told
from agent_audit_langchain.graph import GraphInterrupt, outcome_of
from agent_audit_langchain.identity import GIVEN, Who, running_in
from agent_audit_langchain.recording import Recording
from agent_audit_langchain.talks import call_answered

log = logging.getLogger(__name__)

_STOPPED = {"on_chat_model_start": "on_llm_error"}
"""Hooks of starts whose failure has a hook of another name."""


def begins_run(hook: Callable[..., None]) -> Callable[..., None]:
    """For hooks that begin a run: what one handler could not record does not happen, so no other one records it.

    LangChain tells all of them at once in async runs. It is one telling to all, by its metadata: an application may try
    again under the same run id. Where LangChain is stopped while it tells them, it tells nothing more of that run.
    """
    ended_by = _STOPPED.get(hook.__name__, hook.__name__.replace("start", "error"))

    @functools.wraps(hook)
    def guarded(self: Hooks, *told: Any, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if not self.enabled or (metadata is not None and self.recording.refused.get(kwargs["run_id"]) is metadata):
            return
        try:
            hook(self, *told, metadata=metadata, **kwargs)
        except WriteError:
            if metadata is not None:
                self.recording.refused[kwargs["run_id"]] = metadata
            raise
        if (beginning := being_told.get()) is not None:
            beginning.began(partial(getattr(self, ended_by), run_id=kwargs["run_id"]))

    return guarded


def takes_run(hook: Callable[..., None]) -> Callable[..., None]:
    """For hooks that end a run: they get the run if its end is theirs to record, and must not raise either.

    Whatever goes wrong in one, a KeyboardInterrupt too, the run gets an end.
    """

    @functools.wraps(hook)
    def guarded(self: Hooks, told: Any, *, run_id: UUID, **kwargs: Any) -> None:
        run: Run | None = None
        try:
            run = self._tracker.take(run_id)
            if run is not None:
                hook(self, told, run, **kwargs)
            elif self.before is not None:
                getattr(self.before, hook.__name__)(told, run_id=run_id, **kwargs)
        except BaseException as problem:
            if run is not None and not run.ended:
                facts = {"unread": f"{hook.__name__}: {type(problem).__name__}"}
                self._tracker.finish(run, Outcome.UNKNOWN, hook=hook.__name__, metadata=facts)
            if not isinstance(problem, Exception):
                raise
            log.warning("the audit handler failed in %s", hook.__name__, exc_info=True)

    return guarded


class Hooks:
    """Base of the hooks. Takes the arguments of `AuditCallbackHandler`."""

    enabled = True
    for_process: ClassVar[Hooks | None] = None
    """The one of `enable()`, while it is enabled."""
    before: Hooks | None = None
    """The same with the logger it had before, for the ends of runs that began under it."""

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
        self._who = Who(self.settings)
        self._recording: Recording | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Of a copy, also one in another process: what it shares with the others of its logger it finds again."""
        return {**self.__dict__, "_recording": None, "before": None}

    @property
    def recording(self) -> Recording:
        """What the handlers of this logger share; opens the default logger when there is no other.

        When another logger takes over, by `enable` or as the default one, what is under way keeps the log of its start.
        """
        logger, known = self._logger or get_logger(), self._recording
        if known is None or known.logger is not logger:
            if known is not None:
                self.before = copy(self)
                self.before._logger, self.before._recording, self.before.before = known.logger, known, None
            known = self._recording = Recording.of(logger)
        return known

    @property
    def _tracker(self) -> RunTracker:
        return self.recording.tracker

    def fails_closed(self) -> bool:
        """Whether an operation must not go on that cannot be recorded."""
        try:
            return self.recording.logger.on_failure == "raise"
        except Exception:  # the default logger cannot be opened
            return os.environ.get("AGENT_AUDIT_ON_FAILURE") == "raise"

    def _starts(self, run_id: UUID, parent_run_id: UUID | None) -> bool:
        """Whether this handler is the one to record the start: several may be told of it, even at the same time.

        Whichever it is, what the others were given counts as well.
        """
        if not self.enabled:
            return False
        if self is not Hooks.for_process and self.settings.given and self._parent(parent_run_id) is None:
            self.recording.given[run_id] = {**(self.recording.given.get(run_id) or {}), **self.settings.given}
            run = self._tracker.get(run_id)
            if run is not None:  # another handler has begun it
                self._serves(run)
        return self._tracker.claim(run_id)

    def _given(self, run_id: UUID) -> dict[str, str]:
        """What was given for a run; what is given for one call comes before what is for the whole process."""
        process = Hooks.for_process
        common = process.settings.given if process is not None and process._writes_to_log_of(self) else {}
        return {**common, **(self.recording.given.get(run_id) or {})}

    def _writes_to_log_of(self, other: Hooks) -> bool:
        """Asked without opening a default logger that may not be wanted yet."""
        if self._logger is None:
            return other._logger is None or self._recording is other.recording
        return self._logger is other.recording.logger

    def _serves(self, run: Run) -> Run:
        """Whom a run serves that is part of no other, as far as any handler was given that."""
        given = self._given(run.key)  # type: ignore[arg-type]  # LangChain's run id
        if given:
            run.identity.update(given)
            run.state[GIVEN] = given
        return run

    def _is_known(self, run_id: UUID) -> bool:
        """Whether the start of a run was told, now or under the settings before."""
        return self._tracker.is_claimed(run_id) or (self.before is not None and self.before._is_known(run_id))

    def _parent(self, run_id: UUID | None) -> Run | None:
        """The run around one that starts.

        LangChain does not tell it to a run that was given `callbacks` of its own, and beside LangSmith's `traceable` it
        tells one that only LangSmith knows. What executes here is known all the same. So is what has broken off, or was
        closed with the run around it: its threads, and LangGraph's tasks in it, go on.
        """
        return self._known(run_id) or self._known(running_in())

    def _known(self, run_id: Any) -> Run | None:
        return None if run_id is None else self._tracker.known(run_id) or self.recording.broken_off.get(run_id)

    def _facts(
        self, parent: Run | None, request: ActionRequest, description: str | None, tool: Any = None
    ) -> dict[str, Any] | None:
        """For the metadata of a `tool.call`: what was decided on, and the tool's definition if it is not on record yet.

        Handlers are told the description alone; the middleware sees the tool with its parameters.
        """
        owner = (None if parent is None else parent.identity.get("agent_id"), request.action)
        schema = getattr(tool, "args_schema", None)
        defined = self.recording.definitions.new(owner, description, schema, lambda: convert_to_openai_tool(tool))
        return {**(self.recording.approvals.decided_on(parent, request) or {}), **defined} or None

    def _start_operation(
        self,
        event_type: AuditEventType,
        run_id: UUID,
        parent: Run | None,
        run_metadata: Mapping[str, Any] | None,
        **fields: Any,
    ) -> Run:
        if parent is None:
            fields.update(self._who.of_root(run_metadata or {}, given=self._given(run_id)))
        else:
            self._who.learn(parent)
            self.recording.approvals.before_effect(parent)
        try:
            run = self._tracker.start(event_type, run_id, parent=parent, **fields)
            return self._serves(run) if parent is None else run
        except WriteError as error:
            # Another handler of the logger may try as well, and fail as well.
            if event_type is AuditEventType.TOOL_CALL and self._tracker.claim(("not let through", run_id)):
                self._note_not_let_through(parent, error, fields)
            raise

    def _note_not_let_through(self, parent: Run | None, error: WriteError, fields: Mapping[str, Any]) -> None:
        """No record, no tool: the model's request gets its answer, as soon as anything can be recorded."""
        facts = {name: fields.get(name) for name in ("action", "call_id", "parameters", "hook")}
        if parent is not None:
            call_answered(parent, facts["call_id"])
        self._tracker.note(
            AuditEventType.ACTION_FAILED,
            under=parent,
            after_effect=True,
            outcome=Outcome.FAILURE,
            exception=error,
            **facts,
        )

    def _end_with_error(self, run: Run, error: BaseException, hook: str, **fields: Any) -> None:
        outcome = outcome_of(error)
        raised = error if outcome in (Outcome.FAILURE, Outcome.CANCELLED) else None
        self._tracker.finish(run, outcome, hook=hook, exception=raised, **fields)

    def _interrupted(self, run: Run, error: GraphInterrupt, hook: str) -> None:
        self.recording.approvals.interrupted(run, error.args[0] if error.args else (), hook)


def name_of(serialized: Mapping[str, Any] | None, default: str) -> str:
    """The name of a tool, model or chain, from what LangChain tells of its class."""
    if not serialized:
        return default
    path = serialized.get("id")
    return str(serialized.get("name") or (path[-1] if path else default))
