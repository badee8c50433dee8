"""What runs the questions: DuckDB in this process, or Spark on a cluster. The answers are the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from agent_audit.analysis.badline import BadLine
from agent_audit.analysis.opening import urls_of
from agent_audit.analysis.source import Expr, Log, Progress
from agent_audit.errors import ConfigurationError

ENGINES = ("duckdb", "spark")


class Engine(Protocol):
    """Logs that are open for analysis. `source.Log` is the one that is documented in full."""

    bad_lines: list[BadLine]
    bad_line_count: int

    @property
    def events(self) -> Expr:
        """Every event with all columns."""
        ...

    @property
    def facts(self) -> Expr:
        """The same without the payloads."""
        ...

    @property
    def directories(self) -> list[str]:
        """Names of the logs."""
        ...

    def between(self, start: datetime | None, end: datetime | None, session_id: str | None = None) -> Expr:
        """Every event of a session that may lie in a period, and perhaps others."""
        ...

    def facts_of(self, events: Expr) -> Expr:
        """Events without their payloads."""
        ...

    def arrow(self, query: str, limit: int | None) -> Any:
        """Rows of an SQL query as an Arrow table."""
        ...

    def shrunk(self) -> str | None:
        """The first log of which something is gone that was there when it was opened; None when all is there."""
        ...

    def store(self, expr: Expr) -> Expr:
        """Keep the rows of a relation until `forget`."""
        ...

    def forget(self) -> None:
        """Drop what `store` kept."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_log(log: Any, engine: str, master: str | None, progress: Progress | None) -> Engine:
    """Open logs for analysis.

    Args:
        log: as for `AuditAnalyzer`.
        engine: one of `ENGINES`.
        master: Spark's cluster.
        progress: is told how far the opening is.

    Raises:
        ConfigurationError: no such engine, or it cannot read such logs.
    """
    if engine not in ENGINES:
        raise ConfigurationError(f"engine is {engine!r}; one of: {', '.join(ENGINES)}")
    if engine == "duckdb":
        if master is not None:
            raise ConfigurationError("a master is for --engine spark")
        return Log(log, progress)
    from agent_audit.analysis.spark import SparkLog

    urls = urls_of(log)
    if urls is None:
        raise ConfigurationError("Spark reads what hosts have shipped: name a store with --source, as a URL")
    return SparkLog(urls, master, progress)
