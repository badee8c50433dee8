"""The one object through which a log is analysed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from agent_audit.analysis.activity import AgentActivity, agent_activity
from agent_audit.analysis.anomalies import AnomalyReport, find_anomalies
from agent_audit.analysis.complaints import pruning_told
from agent_audit.analysis.compliance import ComplianceReport, compliance_report
from agent_audit.analysis.data import DataAccess, data_access
from agent_audit.analysis.decisions import DecisionReport, decision_report
from agent_audit.analysis.engine import Engine, open_log
from agent_audit.analysis.failures import Failures, group_failures
from agent_audit.analysis.models import ModelStatistics, Price, TokenCost, model_statistics, token_cost
from agent_audit.analysis.overview import Limits, Overview, overview
from agent_audit.analysis.rehearsal import refusal_told, rehearse_condition
from agent_audit.analysis.result import period
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.analysis.scope import Scope, count, selected
from agent_audit.analysis.sessions import Sessions, list_sessions
from agent_audit.analysis.source import BadLine, Progress, rows
from agent_audit.analysis.sql import SqlAnswer, ask, conditioned
from agent_audit.analysis.timeline import Timeline, timeline
from agent_audit.analysis.tools import ToolStatistics, tool_statistics
from agent_audit.analysis.volume import Volume, volume
from agent_audit.errors import ConfigurationError, require, require_count, require_given, require_utf8
from agent_audit.event import AuditEvent
from agent_audit.verify import AnyVerification, FleetVerification, Verification


class Queryable(Protocol):
    """A backend or a logger, as far as the analyzer needs it."""

    def query(self) -> Iterable[AuditEvent]:
        """Every event, in order of `seq`."""
        ...


AnyLog = str | Path | list[str] | list[Path] | Queryable | Iterable[Queryable] | Iterable[AuditEvent]
"""What can be analysed; of log directories, of stores (as URLs), and of logs in a database, any number."""


class AuditAnalyzer:
    """Answers questions about a log, as it was when the analyzer was created.

    Args:
        log: a log directory, or a list of them; the URL of a store that many hosts ship to (`s3://bucket/prefix`,
            `gs://…`, `az://…`, `file:///directory`, `postgresql://host/database`), or a list of them; a
            backend or a logger, or a list of `PostgreSQLBackend`; or the events themselves.
        session_id: only this session.
        user_id: only what was done for this user.
        event_type: only events of this type.
        where: only events that match this SQL condition, e.g.
            `"duration_ms > 1000 AND parameters->>'$.to' LIKE '%@example.com'"`.
        progress: is told how many segments of how many are ready, while the log is opened.
        engine: `duckdb`, in this process, or `spark`, for stores of objects.
        master: for Spark, the cluster: `spark://host:7077`, `local[4]`; None: what Spark's own settings say.

    Raises:
        LogNotFoundError: no log in that directory or store.
        FormatError: a log of a newer version.
        OSError: a file cannot be read.
        ConfigurationError: an argument of a wrong kind, a missing extra, an impossible URL or one with a password.
        ShipError: a store or a database cannot be read.

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
        where: str | None = None,
        progress: Progress | None = None,
        engine: str = "duckdb",
        master: str | None = None,
    ) -> None:
        require_utf8(session_id=session_id, user_id=user_id, event_type=event_type, where=where, master=master)
        self._engine = open_log(log, engine, master, progress)
        self._closed = False
        self._where = where
        if where is not None:
            with pruning_told(self._log.shrunk):
                conditioned(self._log.events, where)  # one that is wrong is told at once
            rehearse_condition(where)
        self._conditions = {"session_id": session_id, "user_id": user_id, "event_type": event_type}

    @property
    def _log(self) -> Engine:
        if self._closed:
            raise ConfigurationError("this AuditAnalyzer was closed; make a new one to go on")
        return self._engine

    @property
    def events(self) -> Any:
        """Every event of the log as an Ibis table, for questions of your own. Times are UTC; `parameters`,
        `result`, `source` and `metadata` are JSON."""
        return self._log.events

    @property
    def bad_lines(self) -> tuple[BadLine, ...]:
        """Lines that are no events, the first thousand of them; nothing below counts them."""
        return tuple(self._engine.bad_lines)

    @property
    def bad_line_count(self) -> int:
        """How many lines are no events."""
        return self._engine.bad_line_count

    @property
    def is_empty(self) -> bool:
        """Whether the log has no events at all."""
        with pruning_told(self._log.shrunk):
            return count(self._log.facts) == 0

    def sql(self, query: str, limit: int | None = 10_000) -> SqlAnswer:
        """The answer to a question of your own, a SELECT of DuckDB's SQL over the table `events`.

        Args:
            query: the SELECT. Nothing but the log can be read, and nothing written.
            limit: the most rows; None: all.

        Raises:
            ConfigurationError: it is no single SELECT, or DuckDB refuses it; or `limit` is no number of rows.
        """
        require("query", query, str, "a SELECT")
        require_utf8(query=query)
        require_count("limit", limit)
        return ask(self._log, query, limit)

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
        require_given(Ruleset, rules=rules)
        with self._scope(start, end, agent_id) as scope:
            return find_anomalies(scope, rules or Ruleset(), agent_id)

    def generate_compliance_report(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        agent_id: str | None = None,
        verification: AnyVerification | None = None,
    ) -> ComplianceReport:
        """What an auditor asks for, and what the log cannot show.

        Args:
            start: first moment of the period, aware.
            end: first moment after it, aware.
            agent_id: the agent; None: all of them.
            verification: what `agent_audit.verify.verify` says of the log, or of a store
                `FleetVerification(logs=tuple(agent_audit.ship.fleet.verify_fleet(…)))`; None: the report says it was
                not asked.

        Raises:
            ConfigurationError: a moment without a time zone.
        """
        require_given((Verification, FleetVerification), verification=verification)
        with self._scope(start, end, agent_id) as scope:
            return compliance_report(scope, verification)

    def overview(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        agent_id: str | None = None,
        limits: Limits | None = None,
        verification: AnyVerification | None = None,
    ) -> Overview:
        """An overview of everything, as the HTML report shows it.

        Args:
            start: first moment of the period, aware.
            end: first moment after it, aware.
            agent_id: the agent; None: all of them.
            limits: how many sessions and events are listed one by one.
            verification: what `agent_audit.verify.verify` says of the log, or of a store
                `FleetVerification(logs=tuple(agent_audit.ship.fleet.verify_fleet(…)))`; None: the report says it was
                not asked.

        Raises:
            ConfigurationError: a moment without a time zone.
        """
        if limits is not None:  # rules have other ones
            require("limits", limits, Limits, "Limits of agent_audit.analysis.overview")
        require_given((Verification, FleetVerification), verification=verification)
        with self._scope(start, end, agent_id) as scope:
            whole = selected(self._log.events, scope.period, scope.conditions)
            if self._where is not None:
                whole = conditioned(whole, self._where)
            return overview(scope, whole, limits or Limits(), verification)

    def positions(
        self, start: datetime | None = None, end: datetime | None = None, *, agent_id: str | None = None
    ) -> list[int]:
        """The `seq` of every event, ascending.

        Args:
            start: first moment of the period, aware.
            end: first moment after it, aware.
            agent_id: the agent; None: all of them.

        Raises:
            ConfigurationError: a moment without a time zone, or several logs: each has its own completeness.
        """
        if len(self._log.directories) > 1:
            raise ConfigurationError(
                "a compliance report covers one log, because completeness is judged per log; name one"
            )
        with self._scope(start, end, agent_id) as scope:
            return [row["seq"] for row in rows(scope.events.select("seq").order_by("seq"))]

    # -- questions -------------------------------------------------------------------------------------
    #
    # All of them: `agent_id` None is every agent, `start` the first moment of the period, `end` the first one
    # after it, both aware; `limit` the most rows listed, None for all. All raise ConfigurationError for a moment
    # without a time zone, and for a limit that is no number of rows.

    def get_sessions(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = 100,
    ) -> Sessions:
        """The sessions, latest first: agents, duration, events, failures, denials."""
        with self._scope(start, end, agent_id, limit) as scope:
            return list_sessions(scope, limit)

    def get_timeline(self, session_id: str, *, limit: int = 10_000) -> Timeline:
        """One session: its steps nested, with durations, outcomes and approvals.

        Args:
            session_id: the session.
            limit: the most events read of a longer session, from its start.
        """
        require("session_id", session_id, str, "the id of a session")
        with self._scope(None, None, None, limit, session_id) as scope:
            return timeline(scope, session_id, limit)

    def get_tool_statistics(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = 100,
    ) -> ToolStatistics:
        """Statistics of tools: calls, outcomes, durations."""
        with self._scope(start, end, agent_id, limit) as scope:
            return tool_statistics(scope, limit)

    def get_model_statistics(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = 100,
    ) -> ModelStatistics:
        """Statistics of models: calls, outcomes, durations, tokens."""
        with self._scope(start, end, agent_id, limit) as scope:
            return model_statistics(scope, limit)

    def get_data_access(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = 100,
    ) -> DataAccess:
        """Which data was read and changed, by whom and for whom."""
        with self._scope(start, end, agent_id, limit) as scope:
            return data_access(scope, limit)

    def get_decisions(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = 100,
    ) -> DecisionReport:
        """Who approved and denied what, and how long the wait was; the latest first."""
        with self._scope(start, end, agent_id, limit) as scope:
            return decision_report(scope, limit)

    def get_failures(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = 100,
    ) -> Failures:
        """What failed, grouped by cause."""
        with self._scope(start, end, agent_id, limit) as scope:
            return group_failures(scope, limit)

    def get_token_cost(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = 100,
        *,
        by: str | None = None,
        prices: Mapping[str, Price] | None = None,
    ) -> TokenCost:
        """How many tokens models used, and what they cost.

        Args:
            agent_id: the agent; None: all of them together.
            start: first moment of the period, aware.
            end: first moment after it, aware.
            limit: the most rows listed.
            by: split by `agent_id`, `user_id`, `session_id` or `log`; always by model.
            prices: model -> price; there are none built in, because they change.

        Raises:
            ConfigurationError: a moment without a time zone, or it cannot be split by that.
        """
        with self._scope(start, end, agent_id, limit) as scope:
            return token_cost(scope, by, prices or {}, limit)

    def get_volume(
        self,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        unit: str = "hour",
    ) -> Volume:
        """How much happened when.

        Args:
            agent_id: the agent; None: all of them together.
            start: first moment of the period, aware.
            end: first moment after it, aware.
            unit: width of an interval: second, minute, hour, day, month.

        Raises:
            ConfigurationError: a moment without a time zone, or no such unit.
        """
        with self._scope(start, end, agent_id) as scope:
            return volume(scope, unit)

    def close(self) -> None:
        """Free the memory; the analyzer cannot be used any more. Closing it again does nothing."""
        if not self._closed:
            self._closed = True
            self._engine.close()

    def __enter__(self) -> AuditAnalyzer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _scope(
        self,
        start: datetime | None,
        end: datetime | None,
        agent_id: str | None,
        limit: int | None = None,
        session_id: str | None = None,
    ) -> Iterator[Scope]:
        """What is looked at; of a `session_id` no more than the segments that can hold it.

        Raises:
            ConfigurationError: one of them is of a wrong kind, or no number of rows.
            StorageError: events went while they were looked at.
        """
        require_utf8(agent_id=agent_id, session_id=session_id)
        require_count("limit", limit)
        asked = period(start, end)
        with pruning_told(self._log.shrunk):
            events = self._log.between(asked.start, asked.end, session_id or self._conditions["session_id"])
            if self._where is not None:
                events = conditioned(events, self._where)
            scope = Scope.of(
                self._log.facts_of(events),
                asked,
                self.bad_line_count,
                whole=events,
                store=self._log.store,
                log=self._log.facts,
                agent_id=agent_id,
                **self._conditions,
            )
            try:
                # What a condition makes of the values of an event shows only when it is asked.
                with refusal_told(f"the condition {self._where!r}") if self._where is not None else nullcontext():
                    yield scope
            finally:
                self._log.forget()
