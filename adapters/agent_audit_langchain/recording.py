"""What all handlers and middleware of one logger share: open runs, open questions, and who was first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import uuid4

from agent_audit import AuditEvent, AuditEventType, AuditLogger, Outcome, Run, RunTracker
from agent_audit_langchain.approvals import Approvals

_MAX_CLAIMS = 20_000
_STATE = "agent_audit_langchain.recording"


class Recording:
    """The adapter's state for one logger."""

    def __init__(self, logger: AuditLogger) -> None:
        self.logger = logger
        self.tracker = RunTracker.shared(logger, "langchain", _version())
        self.approvals = Approvals(logger, self.note)
        self._lock = threading.Lock()
        self._claims: OrderedDict[Hashable, None] = OrderedDict()

    @classmethod
    def of(cls, logger: AuditLogger) -> Recording:
        """The one recording of this logger."""
        made: Recording | None = logger.adapter_state.get(_STATE)
        # setdefault is atomic: of two threads, both get the first one's.
        return made or logger.adapter_state.setdefault(_STATE, cls(logger))

    def claim(self, key: Hashable) -> bool:
        """True for the first who asks: several handlers of one logger may be told of one run, even at once."""
        with self._lock:
            if key in self._claims:
                return False
            self._claims[key] = None
            if len(self._claims) > _MAX_CLAIMS:
                self._claims.popitem(last=False)
            return True

    def note(
        self, event_type: AuditEventType, run: Run, hook: str, *, after_effect: bool = False, **fields: Any
    ) -> AuditEvent | None:
        """Record a point in time under a run, which may have ended just now."""
        return self.tracker.note(
            event_type,
            hook=hook,
            after_effect=after_effect,
            **{"trace_id": run.trace_id, "parent_span_id": run.recorded_span_id, **run.identity, **fields},
        )

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
