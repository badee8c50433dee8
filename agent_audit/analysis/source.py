"""A log as one relation: the only place that knows DuckDB, and the only one that imports Ibis (late).

Sealed segments are read by DuckDB straight from their JSON lines, with every column's type given. A segment
in which anything is odd, and the active one up to its last line feed, are read line by line instead, so that
a bad line is named and everything around it still counts. DuckDB's `ignore_errors` is never used: it would
turn a bad line into a row of NULLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import open_layout
from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEvent, format_timestamp

Expr = Any
"""An Ibis expression; Ibis has no type information of its own."""

COLUMNS = {
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
    "log": "VARCHAR",
}
"""Columns of `events` and their DuckDB types; JSON is JSON text. `log` is the directory of the log, for many
logs can be looked at together; null for events from memory."""

PAYLOADS = ("parameters", "result")
"""Columns left out of `facts`: long, and no count or finding needs them."""

_GLOB = re.compile(r"[*?\[\]{}]")
_BATCH = 5_000
_MOST_NAMED = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LARGEST = 2**63 - 1


class BadLine(NamedTuple):
    """A line that is no audit event."""

    path: Path
    number: int
    """Line number in the file, from 1."""
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: {self.reason}"


def load_ibis() -> Any:
    """The Ibis module.

    Raises:
        ConfigurationError: the extra `analysis` is not installed.
    """
    try:
        import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401 - an optional extra
        import ibis  # type: ignore[import-not-found,import-untyped,unused-ignore]  # untyped, an optional extra
    except ImportError as error:
        raise ConfigurationError(
            f"analysing a log needs an extra that is not installed ({error.name} is missing): "
            "pip install 'agent-audit-log[analysis]'"
        ) from error
    return ibis


def rows(expr: Expr) -> list[dict[str, Any]]:
    """Run a query: one dict a row, moments as aware datetimes in UTC.

    What `expr.to_pyarrow().to_pylist()` returns, without the second and a half that takes to import pandas.
    """
    backend = expr.get_backend()
    own = backend.name == "duckdb"
    table = backend.con.sql(backend.compile(expr)).to_arrow_table() if own else expr.to_pyarrow()
    columns = [_values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: Any) -> list[Any]:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

    if pyarrow.types.is_decimal(column.type) and column.type.scale == 0:
        return [None if value is None else int(value) for value in column.to_pylist()]  # a sum of integers
    if not pyarrow.types.is_timestamp(column.type):
        return list(column.to_pylist())
    microseconds = column.cast(pyarrow.timestamp("us", "UTC")).cast(pyarrow.int64())
    return [None if value is None else _EPOCH + timedelta(microseconds=value) for value in microseconds.to_pylist()]


class Log:
    """A log opened for analysis, as it was at that moment (later events are not seen).

    Args:
        log: a log directory; an object with `query()` that yields events (a backend, a logger); or events.

    Raises:
        LogNotFoundError: no log in that directory.
        FormatError: a log of a newer version.
        ConfigurationError: the extra `analysis` is not installed.
    """

    def __init__(self, log: Any) -> None:
        self._connection = load_ibis().duckdb.connect()
        self._duckdb = self._connection.con
        self._duckdb.execute("SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false")
        self.bad_lines: list[BadLine] = []
        """The first thousand of them."""
        self.bad_line_count = 0
        self._kept: list[str] = []
        self._create("facts", _but_payloads())
        self._create("odd", list(COLUMNS))
        whole = self._load(log)
        self._create_events(whole)

    @property
    def events(self) -> Expr:
        """Every event with all `COLUMNS`, as an Ibis table. Payloads are read from the files when needed."""
        return self._connection.table("events")

    @property
    def facts(self) -> Expr:
        """The same without `PAYLOADS`, in memory."""
        return self._connection.table("facts")

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        self._connection.disconnect()

    def store(self, expr: Expr) -> Expr:
        """Compute a relation now and keep its rows until `forget`."""
        name = f"kept_{len(self._kept)}"
        self._duckdb.execute(f"CREATE TABLE {name} AS {load_ibis().to_sql(expr, dialect='duckdb')}")
        self._kept.append(name)
        return self._connection.table(name)

    def forget(self) -> None:
        """Drop what `store` kept."""
        while self._kept:
            self._duckdb.execute(f"DROP TABLE {self._kept.pop()}")

    # -- loading ---------------------------------------------------------------------------------------

    def _load(self, log: Any) -> list[Path]:
        """Fill `facts` and `odd`; return the files that may be read again as they are."""
        directory = _directory_of(log)
        if directory is None:
            self._insert_events(log.query() if hasattr(log, "query") else log)
            return []
        layout = open_layout(directory)
        starts = layout.segment_starts()
        sealed = [layout.segment(start) for start in starts[:-1]]
        whole = [path for path in sealed if self._insert_whole(path)]
        for path in sorted({layout.segment(start) for start in starts} - set(whole)):
            self._insert_lines(path, sealed=path in sealed)
        return whole

    def _insert_whole(self, path: Path) -> bool:
        """Take a segment in as it is; False, with nothing taken in, when anything about it is odd."""
        if _GLOB.search(str(path)):
            return False  # DuckDB would read it as a pattern
        columns = ", ".join(_quoted(_but_payloads()))
        self._duckdb.execute("BEGIN")
        try:
            insert = f"INSERT INTO facts SELECT {columns} FROM {_read_json([path])}"
            taken = self._duckdb.execute(insert).fetchone()
            proper = self._is_proper(path, taken[0])
        except Exception as error:
            if not type(error).__module__.endswith("duckdb"):
                raise
            proper = False
        self._duckdb.execute("COMMIT" if proper else "ROLLBACK")
        return proper

    def _is_proper(self, path: Path, taken: int) -> bool:
        """Whether the rows just taken in are those that the file's name and its line feeds promise."""
        first = int(path.stem)
        found = self._duckdb.execute(
            "SELECT count(*), count(DISTINCT seq), count(event_id), count(timestamp), count(event_type) "
            "FROM facts WHERE seq >= ? AND seq < ?",
            [first, first + taken],
        ).fetchone()
        return taken == _count_lines(path) and found == (taken,) * 5

    def _insert_lines(self, path: Path, *, sealed: bool) -> None:
        self._insert_events(self._readable_lines(path, sealed))

    def _readable_lines(self, path: Path, sealed: bool) -> Iterator[AuditEvent]:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    if sealed:
                        self._bad(BadLine(path, number, "cut off: no line feed at its end"))
                    return
                try:
                    event = AuditEvent.from_json(line)
                except (orjson.JSONDecodeError, ValidationError) as error:
                    self._bad(BadLine(path, number, _reason(error)))
                    continue
                if max(event.seq or 0, event.writer_seq or 0) > _LARGEST:
                    self._bad(BadLine(path, number, "not an audit event: a number beyond 64 bits"))
                    continue
                yield event

    def _bad(self, line: BadLine) -> None:
        self.bad_line_count += 1
        if len(self.bad_lines) < _MOST_NAMED:
            self.bad_lines.append(line)

    def _insert_events(self, events: Iterable[AuditEvent]) -> None:
        """Take events in through Arrow; those without `seq` get their place as one."""
        rows = (_row(place, event) for place, event in enumerate(events))
        while batch := b"\n".join(islice(rows, _BATCH)):
            arrow = _arrow(batch)
            self._duckdb.register("batch", arrow)
            for table, columns in (("odd", list(COLUMNS)), ("facts", _but_payloads())):
                self._duckdb.execute(f"INSERT INTO {table} SELECT {', '.join(_quoted(columns))} FROM batch")
            self._duckdb.unregister("batch")

    def _create(self, table: str, columns: list[str]) -> None:
        body = ", ".join(f'"{name}" {COLUMNS[name]}' for name in columns)
        self._duckdb.execute(f"CREATE TABLE {table} ({body})")

    def _create_events(self, whole: list[Path]) -> None:
        columns = ", ".join(_quoted(COLUMNS))
        files = f" UNION ALL SELECT {columns} FROM {_read_json(whole)}" if whole else ""
        self._duckdb.execute(f"CREATE VIEW events AS SELECT {columns} FROM odd{files}")


def _directory_of(log: Any) -> Path | None:
    """The directory of a log that is kept in one, after what was logged so far is written."""
    if isinstance(log, (str, Path)):
        return Path(log)
    path = getattr(getattr(log, "backend", log), "path", None)
    if not isinstance(path, Path):
        return None
    if hasattr(log, "flush"):
        log.flush(sync=False)
    return path if Layout(path).exists() else None


def _read_json(paths: list[Path], columns: list[str] | None = None) -> str:
    """The DuckDB table function that reads these files as JSON lines."""
    files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    types = ", ".join(f"'{name}': '{COLUMNS[name]}'" for name in columns or COLUMNS)
    return f"read_json([{files}], format = 'newline_delimited', columns = {{{types}}})"


def _count_lines(path: Path) -> int:
    """Complete lines; -1 for a file whose last line is cut off."""
    lines, chunk = 0, b"\n"
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            lines += chunk.count(b"\n")
    return lines if chunk.endswith(b"\n") else -1


def _row(place: int, event: AuditEvent) -> bytes:
    """The event as a flat JSON object: what is JSON inside becomes text."""
    row: dict[str, Any] = {name: getattr(event, name, None) for name in COLUMNS}
    row["seq"] = place if event.seq is None else event.seq
    row["timestamp"] = format_timestamp(event.timestamp)
    row["source"] = None if event.source is None else event.source.model_dump(exclude_none=True)
    for name, kind in COLUMNS.items():
        if kind == "JSON" and row[name] is not None:
            row[name] = orjson.dumps(row[name], default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    return orjson.dumps(row)


def _arrow(lines: bytes) -> Any:
    """Flat JSON lines as an Arrow table (making Arrow arrays of Python lists would import pandas)."""
    import pyarrow
    from pyarrow import json  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

    kinds = {"BIGINT": pyarrow.int64(), "DOUBLE": pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds.get(kind, pyarrow.string())) for name, kind in COLUMNS.items()])
    return json.read_json(
        pyarrow.BufferReader(lines),
        read_options=json.ReadOptions(block_size=len(lines) + 1, use_threads=False),
        parse_options=json.ParseOptions(explicit_schema=schema),
    )


def _but_payloads() -> list[str]:
    return [name for name in COLUMNS if name not in PAYLOADS]


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"not an audit event: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"not JSON: {error}"
