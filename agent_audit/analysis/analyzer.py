"""The one object through which a log is analysed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from agent_audit.analysis.activity import AgentActivity, agent_activity
from agent_audit.analysis.anomalies import AnomalyReport, find_anomalies
from agent_audit.analysis.compliance import ComplianceReport, compliance_report
from agent_audit.analysis.result import period
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.analysis.scope import Scope, count
from agent_audit.analysis.source import BadLine, Log
from agent_audit.event import AuditEvent


class Queryable(Protocol):
    """A backend or a logger, as far as the analyzer needs it."""

    def query(self) -> Iterable[AuditEvent]:
        """Every event, in order of `seq`."""
        ...


AnyLog = str | Path | Queryable | Iterable[AuditEvent]
"""What can be analysed."""


class AuditAnalyzer:
    """Answers questions about a log as it is at the moment the analyzer is made.

    Args:
        log: a log directory; a backend or a logger; or the events themselves.
        session_id: look at this session alone.
        user_id: look at what was done for this user alone.
        event_type: look at events of this type alone.

    Raises:
        LogNotFoundError: no log in that directory.
        FormatError: a log of a newer version.
        ConfigurationError: the extra `analysis` is not installed.

    Example:
        `print(AuditAnalyzer("agent-audit-log").detect_anomalies())`
    """

    def __init__(
        self,
        log: AnyLog,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        event_type: str | None = None,
    ) -> None:
        self._log = Log(log)
        self._conditions = {"session_id": session_id, "user_id": user_id, "event_type": event_type}

    @property
    def events(self) -> Any:
        """Every event of the log as an Ibis table, for questions of your own. Times are UTC; `parameters`,
        `result`, `source` and `metadata` are JSON."""
        return self._log.events

    @property
    def bad_lines(self) -> tuple[BadLine, ...]:
        """Lines that are no events, the first thousand of them; nothing below counts them."""
        return tuple(self._log.bad_lines)

    @property
    def bad_line_count(self) -> int:
        """How many lines are no events."""
        return self._log.bad_line_count

    @property
    def is_empty(self) -> bool:
        """Whether the log has no events at all."""
        return count(self._log.facts) == 0

    def get_agent_activity(
        self, agent_id: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> AgentActivity:
        """What an agent did.

        Args:
            agent_id: the agent; None: all of them together.
            start: first moment of the period, aware.
            end: first moment after it, aware.

        Raises:
            ConfigurationError: a moment without a time zone.
        """
        with self._scope(start, end, agent_id) as scope:
            return agent_activity(scope, agent_id)

    def detect_anomalies(
        self,
        agent_id: str | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        rules: Ruleset | None = None,
    ) -> AnomalyReport:
        """What was unusual: see `agent_audit.analysis.rules` for what is looked for.

        Args:
            agent_id: the agent; None: each of them.
            start: first moment of the period, aware.
            end: first moment after it, aware.
            rules: what is looked for, and from where on it is unusual; the built-in rules when left out.

        Raises:
            ConfigurationError: a moment without a time zone.
        """
        with self._scope(start, end, agent_id) as scope:
            return find_anomalies(scope, rules or Ruleset(), agent_id)

    def generate_compliance_report(
        self, start: datetime | None = None, end: datetime | None = None, *, agent_id: str | None = None
    ) -> ComplianceReport:
        """What an auditor asks for, and what the log cannot show.

        Args:
            start: first moment of the period, aware.
            end: first moment after it, aware.
            agent_id: the agent; None: all of them.

        Raises:
            ConfigurationError: a moment without a time zone.
        """
        with self._scope(start, end, agent_id) as scope:
            return compliance_report(scope)

    def close(self) -> None:
        """Give the memory back; the analyzer cannot be used any more."""
        self._log.close()

    def __enter__(self) -> AuditAnalyzer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _scope(self, start: datetime | None, end: datetime | None, agent_id: str | None) -> Iterator[Scope]:
        scope = Scope.of(
            self._log.facts,
            period(start, end),
            self.bad_line_count,
            whole=self._log.events,
            store=self._log.store,
            agent_id=agent_id,
            **self._conditions,
        )
        try:
            yield scope
        finally:
            self._log.forget()
