"""The columns of the events relation, and how DuckDB is told to read them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

STORED = {
    "seq": "BIGINT",
    "event_id": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "event_type": "VARCHAR",
    "outcome": "VARCHAR",
    "agent_id": "VARCHAR",
    "session_id": "VARCHAR",
    "user_id": "VARCHAR",
    "trace_id": "VARCHAR",
    "span_id": "VARCHAR",
    "parent_span_id": "VARCHAR",
    "call_id": "VARCHAR",
    "action": "VARCHAR",
    "resource": "VARCHAR",
    "parameters": "JSON",
    "result": "JSON",
    "error": "VARCHAR",
    "error_type": "VARCHAR",
    "duration_ms": "DOUBLE",
    "source": "JSON",
    "metadata": "JSON",
    "writer": "VARCHAR",
    "writer_seq": "BIGINT",
}
"""Columns of a copy and their DuckDB types; JSON is JSON text."""

COLUMNS = {**STORED, "log": "VARCHAR"}
"""Columns of the relation. `log` is the directory of the log, or its name in a database, for many logs can be looked at
together; null for events from memory."""

PAYLOADS = ("parameters", "result")
"""Columns left out of `facts`: long, and no count or finding needs them."""

FACTS = tuple(name for name in COLUMNS if name not in PAYLOADS)
"""Columns of `facts`."""


def as_json(name: str) -> str:
    """A column of JSON that may be text; what is none is no value, for anybody may have put it there."""
    return f'TRY_CAST("{name}" AS JSON) AS "{name}"'


def read_parquet(paths: Iterable[Path], *options: str) -> str:
    """What DuckDB reads of files in a query: the columns that are in them, none made of their paths."""
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{listed}], {', '.join(('hive_partitioning = false', *options))})"
