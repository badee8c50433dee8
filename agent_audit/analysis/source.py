"""Logs as one relation: the only place that opens DuckDB, and the only one that imports Ibis (late).

Every segment is read from a column copy: a sealed one from the copy in the log's `columns/`, which the first
analysis makes, the active one, up to its last line feed, from a copy that lives as long as the analysis; so do the
copies of what is in a database. Of a store that hosts ship to, the shipped Parquet is read.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agent_audit.analysis.badline import BadLine
from agent_audit.analysis.columns import EPOCH, Contents, known, overlaps
from agent_audit.analysis.complaints import complaint, pruning_told
from agent_audit.analysis.convert import Converter
from agent_audit.analysis.maker import make_columns
from agent_audit.analysis.memory import memory_told, settings
from agent_audit.analysis.opening import open_source, urls_of
from agent_audit.analysis.schema import COLUMNS, FACTS, PAYLOADS, STORED, as_json, read_parquet
from agent_audit.analysis.stored import LineStore, pieces_of, stores_of
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import open_layout
from agent_audit.errors import ConfigurationError, missing_extra, pruned_meanwhile, require
from agent_audit.event import AuditEvent
from agent_audit.scratch import Scratch

if TYPE_CHECKING:
    from agent_audit.analysis.fetch import Cache

__all__ = ["COLUMNS", "PAYLOADS", "BadLine", "Expr", "Log", "Progress", "load_ibis", "rows"]

Expr = Any
"""An Ibis expression; Ibis has no type information of its own."""

Progress = Callable[[int, int], None]
"""Is told how many segments of how many are ready."""

_MOST_NAMED = 1_000
_ELSEWHERE = "_agent_audit_runs_elsewhere"


def load_ibis() -> Any:
    """The Ibis module.

    Raises:
        ConfigurationError: the extra `analysis` is not installed.
    """
    try:
        import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401 - an optional extra
        import ibis  # type: ignore[import-not-found,import-untyped,unused-ignore]  # untyped, an optional extra
    except ImportError as error:
        raise missing_extra("analysing a log", error, "analysis") from error
    return ibis


def rows(expr: Expr) -> list[dict[str, Any]]:
    """Run a query: one dict a row, moments as aware datetimes in UTC.

    What `expr.to_pyarrow().to_pylist()` returns, without the second and a half that takes to import pandas.

    Raises:
        ConfigurationError: it needs more memory than it may take.
    """
    backend = expr.get_backend()
    elsewhere: Callable[[Expr], Any] | None = getattr(backend, _ELSEWHERE, None)
    if elsewhere:
        return rows_of(elsewhere(expr))
    with memory_told():
        return rows_of(backend.con.sql(duckdb_sql(expr)).to_arrow_table())


def run_elsewhere(backend: Any, run: Callable[[Expr], Any]) -> None:
    """Have another engine run the queries that are made over a DuckDB connection's (empty) tables.

    Args:
        backend: the connection, as Ibis has it.
        run: gives an Arrow table.
    """
    setattr(backend, _ELSEWHERE, run)


def rows_of(table: Any) -> list[dict[str, Any]]:
    """An Arrow table as `rows` returns it."""
    columns = [_values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def duckdb_sql(expr: Expr) -> str:
    """The query as DuckDB's SQL. A recorded id may hold a NUL, at which its parser would end: that becomes `chr(0)`."""
    load_ibis()
    from ibis.backends.duckdb import Backend  # type: ignore[import-not-found,import-untyped,unused-ignore]

    sql = str(mended(Backend.compiler.to_sqlglot(expr)).sql(dialect="duckdb"))
    return sql.replace("\x00", "' || chr(0) || '")  # it can stand inside of string literals alone


def mended(tree: Any) -> Any:
    """The query as sqlglot has it, without what Ibis makes too slow or of a wrong type."""
    from sqlglot import exp  # comes with Ibis

    for node in tree.find_all(exp.TimeToUnix, exp.Interval):
        if isinstance(node, exp.Interval):
            # Ibis gives a unit as text, which sqlglot's compiled form (`sqlglot[c]`) refuses.
            if isinstance(node.args.get("unit"), str):
                node.set("unit", exp.var(node.args["unit"]))
        # Ibis casts to a time without zone first, for which DuckDB asks ICU's calendar, row by row: most of a query.
        elif isinstance(node.this, exp.Cast) and node.this.is_type(exp.DataType.Type.TIMESTAMP):
            node.set("this", node.this.this)
    return tree


def _values(column: Any) -> list[Any]:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

    if pyarrow.types.is_decimal(column.type) and column.type.scale == 0:
        return [None if value is None else int(value) for value in column.to_pylist()]  # a sum of integers
    if not pyarrow.types.is_timestamp(column.type):
        return list(column.to_pylist())
    microseconds = column.cast(pyarrow.timestamp("us", "UTC"), safe=False).cast(pyarrow.int64())
    return [None if value is None else EPOCH + timedelta(microseconds=value) for value in microseconds.to_pylist()]


class _Copy(NamedTuple):
    """A column copy that is part of the relation."""

    path: Path
    log: str | None
    contents: Contents
    shipped: bool = False
    """Whether another process has made it; JSON may be plain text in it."""


class Log:
    """Logs opened for analysis, as they were at that moment (later events are not seen).

    Args:
        log: a log directory, or a list of them; the URL of a store that logs are shipped to, or a list of them; a
            backend that is a `LineStore` (PostgreSQL), or a list of them; an object with `query()` that yields events
            (another backend, a logger); or events.
        progress: is told how far the opening is.

    Raises:
        LogNotFoundError: no log in that directory or store.
        FormatError: a log of a newer version.
        ConfigurationError: an extra is not installed; an impossible URL; or it takes more memory than it may.
        StorageError: events went while it was opened.
        StoreUnavailableError, StoreRefusedError: a store cannot be read.
    """

    def __init__(self, log: Any, progress: Progress | None = None) -> None:
        self._connection = load_ibis().duckdb.connect()
        self._duckdb = self._connection.con
        self._scratch = Scratch()
        self._folder = self._scratch.path
        self.bad_lines: list[BadLine] = []
        """The first thousand of them."""
        self.bad_line_count = 0
        self._copies: list[_Copy] = []
        self._kept: list[str] = []
        self._views: dict[tuple[_Copy, ...], str] = {}
        self._cache: Cache | None = None
        self._tables: dict[str, Expr] = {}
        try:
            self._prepare()
            with memory_told():
                self._load(log, progress or (lambda done, total: None))
            with pruning_told(self.shrunk):
                self._view("events", self._copies, tuple(COLUMNS))
            self._shut_in()
        except BaseException:
            self.close()
            raise

    @property
    def events(self) -> Expr:
        """Every event with all `COLUMNS`, as an Ibis table."""
        return self._table("events")

    @cached_property
    def facts(self) -> Expr:
        """The same without `PAYLOADS`."""
        return self.events.select(*FACTS)

    @property
    def directories(self) -> list[str]:
        """The logs that are part of the relation."""
        return list(dict.fromkeys(copy.log for copy in self._copies if copy.log is not None))

    def facts_of(self, events: Expr) -> Expr:
        """Events, as `between` gives them or some of those, without `PAYLOADS`."""
        return self.facts if events is self.events else events.select(*FACTS)

    def between(self, start: datetime | None, end: datetime | None, session_id: str | None = None) -> Expr:
        """Every event with all `COLUMNS` of the segments that can hold events from `start` until `end` of a session."""
        copies = [
            copy
            for copy in self._copies
            if overlaps(copy.contents, start, end) and _can_hold(copy.contents, session_id)
        ]
        if len(copies) == len(self._copies):
            return self.events
        name = self._views.get(tuple(copies))
        if name is None:
            name = self._views[tuple(copies)] = f"part_{len(self._views)}"
            self._view(name, copies, tuple(COLUMNS))
        return self._table(name)

    def _table(self, view: str) -> Expr:
        """A view as an Ibis table; DuckDB is asked for its columns once, which takes it as long as a small query."""
        if view not in self._tables:
            self._tables[view] = self._connection.table(view)
        return self._tables[view]

    def arrow(self, query: str, limit: int | None) -> Any:
        """Rows of an SQL query as an Arrow table, at most `limit`.

        Raises:
            ConfigurationError: it is no single SELECT, or DuckDB refuses it.
            StorageError: events went meanwhile.
        """
        import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an optional extra

        try:
            statements = self._duckdb.extract_statements(query)
            select = len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT
            if not select or _first_word(query) == "pragma":  # DuckDB makes a SELECT of some
                raise ConfigurationError("an SQL question is one SELECT; the log can only be read")
            with pruning_told(self.shrunk), memory_told():
                found = self._duckdb.sql(query)
                return (found if limit is None else found.limit(limit)).to_arrow_table()
        except duckdb.Error as error:
            raise ConfigurationError(f"DuckDB refuses the query: {complaint(error)}") from error

    def batches(self, expr: Expr, rows: int) -> Any:
        """The rows as an Arrow `RecordBatchReader`, so many at a time."""
        return self._duckdb.sql(duckdb_sql(expr)).to_arrow_reader(rows)

    def shrunk(self) -> str | None:
        """The first log of which a copy is gone, as it goes with a segment that is pruned; None when all are there."""
        return next((copy.log or "the log" for copy in self._copies if not copy.path.exists()), None)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give memory and disk back."""
        self._connection.disconnect()
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        self._scratch.close()

    def store(self, expr: Expr) -> Expr:
        """Compute a relation now and keep its rows until `forget`."""
        name = f"kept_{len(self._kept)}"
        with memory_told():
            self._duckdb.execute(f"CREATE TABLE {name} AS {duckdb_sql(expr)}")
        self._kept.append(name)
        return self._connection.table(name)

    def forget(self) -> None:
        """Drop what `store` kept."""
        while self._kept:
            self._duckdb.execute(f"DROP TABLE {self._kept.pop()}")

    # -- loading ---------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._duckdb.execute(
            f"{settings(self._folder)}; SET enable_progress_bar = false; SET parquet_metadata_cache = true"
        )

    def _shut_in(self) -> None:
        """From here on nothing but the copies can be read, and nothing written: queries are free text."""
        allowed = ", ".join(f"'{copy.path}'" for copy in self._copies)
        self._duckdb.execute(
            f"SET allowed_paths = [{allowed}]; SET enable_external_access = false; SET lock_configuration = true"
        )

    def _load(self, log: Any, progress: Progress) -> None:
        converter = Converter(self._duckdb)
        if (urls := urls_of(log)) is not None:
            for url in urls:
                self._add_source(converter, url, progress)
            return
        stores = stores_of(log)
        if stores is not None:
            for number, store in enumerate(stores):
                self._add_store(converter, store)
                progress(number + 1, len(stores))
            return
        directories = directories_of(log)
        if directories is None:
            target = self._folder / "events.parquet"
            contents = converter.events(_events_of(log), target)
            self._copies.append(_Copy(target, None, contents))
            return
        layouts = [open_layout(directory) for directory in directories]
        total, done = sum(len(layout.segment_starts()) for layout in layouts), 0
        for number, layout in enumerate(layouts):
            # A name without anything that DuckDB would take for a pattern.
            here = self._folder / f"log{number}"
            here.mkdir()
            (here / "log").symlink_to(layout.root.absolute(), target_is_directory=True)
            for start in (starts := layout.segment_starts()):
                try:
                    self._add(converter, layout, here, start, sealed=start != starts[-1])
                except OSError as error:
                    if not layout.segment(start).exists():
                        raise pruned_meanwhile(layout.root) from error
                    if error.filename is not None:  # it was met under our own name for the log
                        error.filename = str(error.filename).replace(str(here / "log"), str(layout.root.absolute()), 1)
                    raise
                done += 1
                progress(done, total)

    def _add(self, converter: Converter, layout: Layout, here: Path, start: int, *, sealed: bool) -> None:
        seen = Layout(here / "log")
        target = seen.column_files(start)[0]
        contents = known(layout, start) if sealed else None
        if contents is None and sealed:
            contents = make_columns(converter, seen, start)
        if contents is None:
            target = here / f"{start:020d}.parquet"
            contents = self._for_now(converter, seen.segment(start), target, start, sealed)
        self._take(_Copy(target, layout.name, contents), layout.segment(start))

    def _add_source(self, converter: Converter, url: str, progress: Progress) -> None:
        found = open_source(url)
        before, so_far = set(self.directories), len(self._copies)
        if isinstance(found, list):
            for place, store in enumerate(found):
                self._add_store(converter, store)
                progress(place + 1, len(found))
        else:
            from agent_audit.analysis.gather import Gatherer  # needs the extra `objects`
            from agent_audit.analysis.merge import merged

            folder = Path(tempfile.mkdtemp(prefix="source", dir=self._folder))
            files = Gatherer(found, converter, folder, self._files_of_stores).files(progress)
            for file in merged(files, self._duckdb, folder):
                self._take(_Copy(file.path, file.origin, file.contents, file.shipped), Path(file.origin))
        if twice := sorted(before.intersection(copy.log for copy in self._copies[so_far:] if copy.log is not None)):
            raise ConfigurationError(f"{', '.join(twice)}: in {url} and in another source; name one of them")

    def _files_of_stores(self) -> Cache:
        if self._cache is None:
            from agent_audit.analysis.fetch import Cache

            self._cache = Cache()
        return self._cache

    def _add_store(self, converter: Converter, store: LineStore) -> None:
        folder = Path(tempfile.mkdtemp(prefix="store", dir=self._folder))
        for part, piece in enumerate(pieces_of(store, folder / "lines.jsonl")):
            target = folder / f"{part}.parquet"
            contents = converter.lines(piece.path, target, piece.first_seq)
            bad = tuple((piece.place_of(line), reason) for line, reason in contents.bad_lines)
            self._take(_Copy(target, store.origin, contents.model_copy(update={"bad_lines": bad})), Path(store.origin))

    def _take(self, copy: _Copy, named: Path) -> None:
        """Make a copy part of the relation; its bad lines are of the file, or the log, of that name."""
        self._copies.append(copy)
        self.bad_line_count += copy.contents.bad_line_count
        room = max(0, _MOST_NAMED - len(self.bad_lines))
        self.bad_lines += [BadLine(named, *bad) for bad in copy.contents.bad_lines[:room]]

    def _for_now(self, converter: Converter, segment: Path, target: Path, start: int, sealed: bool) -> Contents:
        """A copy that lives as long as this object: of the active segment, or where the log cannot be written to."""
        if sealed:
            return converter.lines(segment, target, start)
        snapshot = target.with_suffix(".jsonl")
        _copy_complete_lines(segment, snapshot)
        try:
            return converter.lines(snapshot, target, start, sealed=False)
        finally:
            snapshot.unlink()

    def _view(self, name: str, copies: list[_Copy], columns: tuple[str, ...]) -> None:
        stored = [column for column in columns if column in STORED]
        typed = ", ".join(f'NULL::{kind} AS "{column}"' for column, kind in COLUMNS.items())
        parts = [f"SELECT {typed} WHERE false"]
        alike: dict[tuple[str | None, bool], list[Path]] = {}
        for copy in copies:
            alike.setdefault((copy.log, copy.shipped), []).append(copy.path)
        for (log, shipped), files in alike.items():
            told = "NULL" if log is None else "'" + log.replace("'", "''") + "'"
            names = ", ".join(as_json(name) if shipped and STORED[name] == "JSON" else f'"{name}"' for name in stored)
            parts.append(f"SELECT {names}, {told}::VARCHAR AS log FROM {read_parquet(files)}")
        body = parts[1] if len(parts) == 2 else " UNION ALL ".join(parts)
        self._duckdb.execute(f"CREATE OR REPLACE VIEW {name} AS {body}")


def _first_word(query: str) -> str:
    """The keyword that a query begins with, behind comments."""
    import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an optional extra

    text = query.encode()
    words = (text[at:].split(None, 1)[0] for at, kind in duckdb.tokenize(query) if kind == duckdb.token_type.keyword)
    return next(words, b"").decode(errors="replace").lower()


def directories_of(log: Any) -> list[Path] | None:
    """The directories of logs that are kept in some, after what was logged so far is written."""
    if isinstance(log, (str, Path)):
        return [Path(log)]
    if isinstance(log, (list, tuple)) and log and all(isinstance(one, (str, Path)) for one in log):
        return list(dict.fromkeys(map(Path, log)))
    path = getattr(getattr(log, "backend", log), "path", None)
    if not isinstance(path, Path):
        return None
    if hasattr(log, "flush"):
        log.flush(sync=False)
    return [path] if Layout(path).exists() else None


def _events_of(log: Any) -> Iterator[AuditEvent]:
    """The events of a backend or a logger, or those given.

    Raises:
        ConfigurationError: it is neither.
    """
    wanted = "a log's directory or URL, a list of those, a backend, a logger, or events"
    found = log.query() if hasattr(log, "query") else log
    require("log", found, Iterable, wanted)
    for one in found:
        require("something in log", one, AuditEvent, wanted)
        yield one


def _can_hold(contents: Contents, session_id: str | None) -> bool:
    if session_id is None or not contents.sessions_known:
        return True
    first, last = contents.first_session, contents.last_session
    return first is not None and last is not None and first <= session_id <= last


def _copy_complete_lines(source: Path, target: Path) -> None:
    """What stands before the last line feed, and it."""
    with source.open("rb") as file, target.open("wb") as copy:
        size = source.stat().st_size
        if not size:
            return
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
            left = data.rfind(b"\n") + 1
        while left:
            chunk = file.read(min(left, 1 << 20))
            if not chunk:
                return
            copy.write(chunk)
            left -= len(chunk)
