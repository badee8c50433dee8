"""What all handlers and middleware of one logger share: open runs and open questions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import uuid4

from agent_audit import (
    AuditEvent,
    AuditEventType,
    AuditLogger,
    BoundedMap,
    Outcome,
    Run,
    RunTracker,
    ToolDefinitions,
    shared_state,
)
from agent_audit_langchain.approvals import Approvals
from agent_audit_langchain.identity import running_in

_MAX_BROKEN_OFF = 200
_MAX_REFUSED = 200
_STATE = "agent_audit_langchain.recording"


class Recording:
    """The adapter's state for one logger."""

    def __init__(self, logger: AuditLogger) -> None:
        self.logger = logger
        self.tracker = RunTracker.shared(logger, "langchain", _version())
        self.tracker.running = running_in
        self.approvals = Approvals(logger, self.note)
        self.definitions = ToolDefinitions.of(logger)
        self.given: BoundedMap[dict[str, str]] = BoundedMap()
        """Who, for whom and in which conversation, by the run at the top: what all handlers told of it were given."""
        self.broken_off: BoundedMap[Run] = BoundedMap(_MAX_BROKEN_OFF)
        """Chains, graphs and nodes that an exception has ended, by their run ids: some of what they run may go on."""
        self.refused: BoundedMap[dict[str, Any]] = BoundedMap(_MAX_REFUSED)
        """Runs that do not happen, for they cannot be recorded: by run id, the metadata that was told of each."""
        self.modifying: BoundedMap[bool] = BoundedMap()
        """The tool calls under way that any handler told of them was given as changing data."""

    @classmethod
    def of(cls, logger: AuditLogger) -> Recording:
        """The one recording of this logger."""
        return shared_state(logger, _STATE, lambda: cls(logger))

    def note(
        self, event_type: AuditEventType, run: Run, hook: str, *, after_effect: bool = False, **fields: Any
    ) -> AuditEvent | None:
        """Record a point in time under a run, which may have ended just now."""
        return self.tracker.note(event_type, under=run, hook=hook, after_effect=after_effect, **fields)

    def note_modification(self, run: Run, hook: str) -> None:
        """A tool that is declared to change data has done so."""
        self.note(
            AuditEventType.DATA_MODIFY,
            run,
            hook,
            after_effect=True,
            outcome=Outcome.SUCCESS,
            span_id=uuid4().hex,
            parameters=run.state["request"].parameters,
            **run.fields,
        )


def _version() -> str | None:
    try:
        return version("langchain-core")
    except PackageNotFoundError:
        return None
