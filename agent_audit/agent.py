"""Audit events for agents without a framework."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from agent_audit.adapting import outcome_of
from agent_audit.default import get_logger
from agent_audit.errors import describe_error, require, require_given, require_name
from agent_audit.event import AuditEvent, AuditEventType, Outcome, Source
from agent_audit.identity import Identity, identify
from agent_audit.logger import AuditLogger
from agent_audit.runs import identity_here

_SOURCE = Source(framework="agent_audit")
_MODIFYING = frozenset({"write", "delete", "update", "create", "insert", "append", "modify", "replace"})


class AuditedAgent:
    """Records what one agent does, in one session.

    Args:
        agent_id: who acts.
        logger: the default logger when left out.
        session_id: the conversation; a new UUID when left out.
        user_id: for whom.

    Raises:
        ConfigurationError: one of them is of a wrong kind.
    """

    def __init__(
        self,
        agent_id: str,
        *,
        logger: AuditLogger | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
    ) -> None:
        require_name("agent_id", agent_id)
        require_given(str, session_id=session_id, user_id=user_id)
        require_given(AuditLogger, logger=logger)
        self.agent_id = agent_id
        self.logger = logger or get_logger()
        self.session_id = session_id or str(uuid.uuid4())
        self.user_id = user_id
        self.trace_id = uuid.uuid4().hex
        """Of whatever this object records outside any other run."""

    def audit_context(self, action: str, *, resource: str | None = None, **metadata: Any) -> AuditContext:
        """A `with` or `async with` block around one action.

        `action.request` is recorded before the body runs. Its end is `action.executed`, `permission.denied` for
        a PermissionError, or `action.failed` for any other exception, always with the duration. The exception
        goes on to the caller.

        Args:
            action: what is done, e.g. `invoice.pay`.
            resource: on what.
            **metadata: anything worth keeping; recorded with the request and with its end.

        Raises:
            ConfigurationError: `action` names nothing, or `resource` is no text.
            WriteError: on entry, with a fail-closed logger, when the request cannot be recorded.
        """
        require_name("action", action)
        require_given(str, resource=resource)
        return AuditContext(self, action, resource, metadata)

    def log_tool_call(
        self,
        tool_name: str,
        parameters: Any = None,
        result: Any = None,
        *,
        error: BaseException | str | None = None,
        duration_ms: float | None = None,
        call_id: str | None = None,
    ) -> AuditEvent:
        """Record a tool call that has happened: `tool.call` with the parameters, `tool.response` with the result.

        Long results are recorded as a preview with the size and a keyed digest of the whole. To record the
        intent before the tool runs, put the call into `audit_context`.

        Returns:
            The `tool.response` event as given to the log.

        Raises:
            ConfigurationError: `tool_name` names nothing, `call_id` is no text, or the duration is none.
        """
        require_name("tool_name", tool_name)
        require_given(str, call_id=call_id)
        shared = {**self._shared(), "span_id": uuid.uuid4().hex, "action": f"tool.{tool_name}", "call_id": call_id}
        call = AuditEvent(event_type=AuditEventType.TOOL_CALL, parameters=parameters, **shared)
        # Made before the call is recorded: arguments that it refuses leave no call without an outcome.
        response = AuditEvent(
            event_type=AuditEventType.TOOL_RESPONSE,
            outcome=_outcome_of(error),
            result=result,
            duration_ms=duration_ms,
            **_error_fields(error),
            **shared,
        )
        self.logger.log(call)
        self.logger.log(response)
        return response

    def log_data_access(
        self,
        resource: str,
        operation: str = "read",
        *,
        parameters: Any = None,
        error: BaseException | str | None = None,
        **metadata: Any,
    ) -> AuditEvent:
        """Record that data was touched: `data.modify` for write, delete, update and their like, else `data.access`.

        Args:
            resource: which data, e.g. `customers/42`.
            operation: what was done with it.
            parameters: with what, e.g. the query or the new values.
            error: what went wrong; a PermissionError makes the outcome `denied`.
            **metadata: anything worth keeping.

        Raises:
            ConfigurationError: `resource` is no text, or `operation` names nothing.
        """
        require("resource", resource, str, "a text")
        require_name("operation", operation)
        modifies = operation.lower() in _MODIFYING
        return self.logger.record(
            AuditEventType.DATA_MODIFY if modifies else AuditEventType.DATA_ACCESS,
            action=operation,
            resource=resource,
            parameters=parameters,
            outcome=_outcome_of(error),
            metadata=metadata or None,
            span_id=uuid.uuid4().hex,
            **_error_fields(error),
            **self._shared(),
        )

    def _shared(self) -> dict[str, Any]:
        """Fields of every event of this agent here and now."""
        ambient = identity_here(self.logger)
        return {
            "agent_id": self.agent_id,
            "session_id": self.session_id,
            "user_id": self.user_id or ambient.user_id,
            "trace_id": ambient.trace_id or self.trace_id,
            "parent_span_id": ambient.span_id,
            "source": _SOURCE,
        }


class AuditContext:
    """The block made by `AuditedAgent.audit_context`; use it once. Inside, `resource`, `result` and `metadata`
    may be set and are recorded with the end. What could not be recorded then is refused when it is set: at the end it
    would take the place of what the block came to."""

    def __init__(self, agent: AuditedAgent, action: str, resource: str | None, metadata: dict[str, Any]) -> None:
        self._agent = agent
        self.action = action
        self.resource = resource
        self.metadata = metadata
        self.result: Any = None
        self._scope: AbstractContextManager[Identity] | None = None

    @property
    def resource(self) -> str | None:
        """On what."""
        return self._resource

    @resource.setter
    def resource(self, value: str | None) -> None:
        require_given(str, resource=value)
        self._resource = value

    @property
    def metadata(self) -> dict[str, Any]:
        """Anything worth keeping, by names."""
        return self._metadata

    @metadata.setter
    def metadata(self, value: dict[str, Any]) -> None:
        require("metadata", value, dict, "a dict")
        self._metadata = value

    def _request(self) -> AuditEvent:
        if self._scope is not None:
            raise RuntimeError("an audit_context block can be entered once; call audit_context again")
        span_id = uuid.uuid4().hex
        self._shared = {**self._agent._shared(), "span_id": span_id}
        return AuditEvent(event_type=AuditEventType.ACTION_REQUEST, **self._fields())

    def _fields(self) -> dict[str, Any]:
        metadata = {str(name): value for name, value in self.metadata.items()}
        return {**self._shared, "action": self.action, "resource": self.resource, "metadata": metadata or None}

    def _begin(self) -> AuditContext:
        self._scope = identify(
            agent_id=self._agent.agent_id,
            session_id=self._agent.session_id,
            user_id=self._shared["user_id"],
            trace_id=self._shared["trace_id"],
            span_id=self._shared["span_id"],
        )
        self._scope.__enter__()
        self._started = time.perf_counter()
        return self

    def _end(self, error: BaseException | None) -> AuditEvent:
        duration_ms = (time.perf_counter() - self._started) * 1000
        if self._scope is not None:
            self._scope.__exit__(None, None, None)
        return AuditEvent(
            event_type=_end_type(error),
            outcome=_outcome_of(error),
            result=self.result,
            duration_ms=duration_ms,
            **_error_fields(error),
            **self._fields(),
        )

    def __enter__(self) -> AuditContext:
        self._agent.logger.log(self._request())
        return self._begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._agent.logger.log(self._end(error), after_effect=True)

    async def __aenter__(self) -> AuditContext:
        request = self._request()
        try:
            await self._agent.logger.alog(request)
        except asyncio.CancelledError as stop:  # the block does not run, but that it would is on record or about to be
            self._started = time.perf_counter()
            await self._record_end(stop)
            raise
        return self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._record_end(error)

    async def _record_end(self, error: BaseException | None) -> None:
        # Shielded: a task that is being cancelled still gets its end on record.
        await asyncio.shield(self._agent.logger.alog(self._end(error), after_effect=True))


def _end_type(error: BaseException | None) -> AuditEventType:
    if error is None or isinstance(error, GeneratorExit):
        return AuditEventType.ACTION_EXECUTED
    if isinstance(error, PermissionError):
        return AuditEventType.PERMISSION_DENIED
    return AuditEventType.ACTION_FAILED


def _outcome_of(error: BaseException | str | None) -> Outcome:
    if error is None:
        return Outcome.SUCCESS
    if isinstance(error, PermissionError):
        return Outcome.DENIED
    return Outcome.FAILURE if isinstance(error, str) else outcome_of(error)


def _error_fields(error: BaseException | str | None) -> dict[str, str]:
    if error is None:
        return {}
    return {"error": error} if isinstance(error, str) else describe_error(error)
