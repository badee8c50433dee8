"""The same questions on Spark, for more events than one machine can hold: the executors read what hosts have shipped.

A query is made once, as for DuckDB: over an empty relation there, which knows the types; Spark runs it (`sparksql`).
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent_audit.analysis.badline import BadLine
from agent_audit.analysis.convert import Converter
from agent_audit.analysis.schema import COLUMNS, FACTS, STORED
from agent_audit.analysis.source import Expr, Progress, load_ibis, run_elsewhere
from agent_audit.analysis.sparksql import spark_select, spark_sql
from agent_audit.errors import ConfigurationError, missing_extra
from agent_audit.scratch import Scratch

_TYPES = {"BIGINT": "bigint", "VARCHAR": "string", "TIMESTAMPTZ": "timestamp", "JSON": "string", "DOUBLE": "double"}
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    # Log text is in queries: none of it is a variable.
    "spark.sql.variable.substitute": "false",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # A damaged file has no rows; its events are read from the lines.
    "spark.sql.files.ignoreCorruptFiles": "true",
}
_OWN = {
    "spark.app.name": "agent-audit-log",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_LOCAL = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
}
"""For masters that run here: nobody else is to connect, and a few partitions do."""
_CONNECTORS = {
    "s3": "org.apache.hadoop:hadoop-aws:{version}",
    "gs": "com.google.cloud.bigdataoss:gcs-connector",
    "az": "org.apache.hadoop:hadoop-azure:{version}",
}
"""URL scheme -> what Spark reads such a store with; it does not come with Spark."""

_MOST_NAMED = 1_000


class SparkLog:
    """Logs in stores of objects, opened for analysis on Spark; otherwise as `source.Log`.

    Args:
        urls: the stores.
        master: the cluster, e.g. `spark://host:7077`, `local[4]`, `local-cluster[2,1,1024]`; None: what Spark's own
            settings say. A Spark session that the process has already is used, whatever its master.
        progress: is told how many stores of how many are ready.

    Raises:
        LogNotFoundError: nothing was shipped there.
        ConfigurationError: an extra or Java is missing, Spark cannot start, or cannot read the store.
        StoreUnavailableError, StoreRefusedError: a store cannot be read.
    """

    def __init__(self, urls: Sequence[str], master: str | None = None, progress: Progress | None = None) -> None:
        self._connection = load_ibis().duckdb.connect()
        self._scratch = Scratch()
        self._folder = self._scratch.path
        self.bad_lines: list[BadLine] = []
        """The first thousand of them."""
        self.bad_line_count = 0
        self._names: list[str] = []
        self._kept: list[tuple[str, Any]] = []
        self._prefix = f"audit_{uuid.uuid4().hex[:8]}"
        self._spark, self._ours = _session(master)
        try:
            run_elsewhere(self._connection, self._table_of)
            self._connection.con.execute("SET TimeZone = 'UTC'")
            frames = []
            for number, url in enumerate(urls):
                frames.append(self._store(url))
                (progress or (lambda done, total: None))(number + 1, len(urls))
            events = frames[0]
            for frame in frames[1:]:
                events = events.unionByName(frame)
            self._view("events", events)
            self._facts = events.select(*FACTS).persist()
            self._view("facts", self._facts)
        except BaseException:
            self.close()
            raise

    @property
    def events(self) -> Expr:
        """See `Log.events`."""
        return self._typed("events", self._connection.table("events").schema())

    @property
    def facts(self) -> Expr:
        """See `Log.facts`; kept in the executors' memory."""
        return self._typed("facts", self._connection.table("facts").schema())

    @property
    def directories(self) -> list[str]:
        """Names of the logs."""
        return self._names

    def between(self, start: datetime | None, end: datetime | None, session_id: str | None = None) -> Expr:
        """See `Log.between`; Spark itself leaves out what is of other days."""
        return self.events

    def facts_of(self, events: Expr) -> Expr:
        """See `Log.facts_of`."""
        return self.facts if events.equals(self.events) else events.select(*FACTS)

    def arrow(self, query: str, limit: int | None) -> Any:
        """See `Log.arrow`.

        Raises:
            ConfigurationError: it is no single SELECT over `events`, or Spark refuses it.
        """
        text = spark_select(query)
        name = f"{self._prefix}_events"
        try:
            found = self._spark.sql(f"WITH events AS (SELECT * FROM {name}) SELECT * FROM ({text}) AS asked")
            return (found if limit is None else found.limit(limit)).toArrow()
        except Exception as error:
            raise _told(error, "Spark refuses the query") from error

    def shrunk(self) -> str | None:
        """What is missing in a store is Spark's to say."""
        return None

    def store(self, expr: Expr) -> Expr:
        """See `Log.store`."""
        name = f"kept_{len(self._kept)}"
        try:
            frame = self._spark.sql(spark_sql(expr)).persist()
        except Exception as error:
            raise _told(error, "Spark gives no answer") from error
        self._kept.append((name, frame))
        frame.createOrReplaceTempView(f"{self._prefix}_{name}")
        return self._typed(name, expr.schema())

    def forget(self) -> None:
        """Drop what `store` kept."""
        while self._kept:
            name, frame = self._kept.pop()
            self._spark.catalog.dropTempView(f"{self._prefix}_{name}")
            self._connection.con.execute(f"DROP TABLE IF EXISTS {self._prefix}_{name}")
            frame.unpersist()

    def close(self) -> None:
        """Give memory and executors back."""
        self.forget()
        for name in ("events", "facts"):
            self._spark.catalog.dropTempView(f"{self._prefix}_{name}")
        if hasattr(self, "_facts"):
            self._facts.unpersist()
        if self._ours:
            self._spark.stop()
        self._connection.disconnect()
        self._scratch.close()

    # -- relations -------------------------------------------------------------------------------------

    def _view(self, name: str, frame: Any) -> None:
        """A relation of Spark, and an empty one with the same types for DuckDB to plan with."""
        typed = ", ".join(f'NULL::{COLUMNS[column]} AS "{column}"' for column in frame.columns)
        self._connection.con.execute(f"CREATE VIEW {name} AS SELECT {typed} WHERE false")
        self._connection.con.execute(f"CREATE VIEW {self._prefix}_{name} AS FROM {name}")
        frame.createOrReplaceTempView(f"{self._prefix}_{name}")

    def _typed(self, name: str, schema: Any) -> Expr:
        """A table without a catalog in its name, for Spark has another one."""
        from ibis.expr import operations as ops  # type: ignore[import-untyped,unused-ignore]

        full = f"{self._prefix}_{name}"
        return ops.DatabaseTable(full, schema=schema, source=self._connection).to_expr()

    def _table_of(self, expr: Expr) -> Any:
        try:
            return self._spark.sql(spark_sql(expr)).toArrow()
        except Exception as error:
            raise _told(error, "Spark gives no answer") from error

    # -- stores ----------------------------------------------------------------------------------------

    def _store(self, url: str) -> Any:
        """Every event of a store, with the columns `COLUMNS`."""
        from agent_audit.analysis.opening import open_source
        from agent_audit.analysis.shipped import Shipped

        found = open_source(url)
        if not isinstance(found, Shipped):
            raise ConfigurationError(f"Spark reads stores of objects and directories, not {urlsplit(url).scheme}://")
        logs = found.logs()
        twice = sorted(set(self._names).intersection(log.origin for log in logs))
        if twice:
            raise ConfigurationError(f"{', '.join(twice)}: in {url} and in another source; name one of them")
        self._names += [log.origin for log in logs]
        files = [entry for log in logs for part in log.parts for entry in part.files]
        try:
            return self._relation(found, logs, bool(files))
        except Exception as error:
            raise _told(error, f"Spark cannot read {url}{self._connector_for(url, error)}") from error

    def _connector_for(self, url: str, error: Exception) -> str:
        """What Spark lacks for a bucket; nothing when that is not why it failed."""
        scheme = urlsplit(url).scheme
        lacking = any(text in str(error) for text in ("No FileSystem for scheme", "ClassNotFoundException"))
        if not lacking or scheme not in _CONNECTORS:
            return ""
        version = self._spark.sparkContext._jvm.org.apache.hadoop.util.VersionInfo.getVersion()
        package = _CONNECTORS[scheme].format(version=version)
        return f", for which it needs Hadoop's connector ({package}; docs/analysis.md)"

    def _relation(self, store: Any, logs: Sequence[Any], has_files: bool) -> Any:
        stored = ", ".join(f"`{name}` {_TYPES[kind]}" for name, kind in STORED.items())
        if has_files:
            names, root = [log.origin for log in logs], f"{spark_url(store.url)}/events"
            reader = self._spark.read.schema(f"{stored}, origin string, date string").option("basePath", root)
            raw = reader.parquet(root).selectExpr(
                *(f"`{name}`" for name in STORED),
                # Spark takes the bytes of a name for characters.
                "decode(encode(origin, 'ISO-8859-1'), 'UTF-8') AS log",
                "_metadata.file_name AS file",
                "date",
            )
            # Of what lies there beside shipped files, DuckDB sees nothing either.
            shipped = raw["file"].rlike(r"^[0-9]+\.parquet$") & raw["date"].rlike(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
            raw = raw.where(raw["log"].isin(names) & shipped).drop("date")
            counted = raw.groupBy("log", "file").count().collect()
        else:
            raw, counted = None, []
        made, replaced = self._made(store, logs, {(row["log"], row["file"]): row["count"] for row in counted})
        frames = []
        if raw is not None:
            for log, file in replaced:
                raw = raw.where((raw["log"] != log) | (raw["file"] != file))
            frames.append(raw.drop("file"))
        if made is not None:
            frames.append(made)
        events = frames[0] if frames else self._spark.createDataFrame([], f"{stored}, log string")
        return events.unionByName(frames[1]) if len(frames) > 1 else events

    def _made(self, store: Any, logs: Sequence[Any], counted: dict[tuple[str, str], int]) -> tuple[Any, list[Any]]:
        """Events of parts whose Parquet has not all lines, and the files that they take the place of."""
        from agent_audit.analysis.gather import lines_of

        converter, tables, replaced = Converter(self._connection.con), [], []
        by_part: dict[tuple[str, int], int] = defaultdict(int)
        for (log, file), count in counted.items():
            by_part[log, int(file.partition(".")[0])] += count
        for log in logs:
            for part in log.parts:
                rows = by_part[log.origin, part.first_seq]
                if part.end is not None and rows == part.end - part.first_seq:
                    continue
                lines = lines_of(store, log, part)
                if isinstance(lines, str):
                    self._bad(log.origin, [(part.first_seq + 1, lines)], 1)
                elif lines is not None and len(lines) != rows:
                    tables.append(self._table(converter, log.origin, part.first_seq, lines))
                    replaced.append((log.origin, f"{part.first_seq:020d}.parquet"))
        return (self._frame(tables) if tables else None), replaced

    def _table(self, converter: Converter, origin: str, first_seq: int, lines: list[bytes]) -> Any:
        source, target = self._folder / "lines.jsonl", self._folder / "made.parquet"
        source.write_bytes(b"".join(line + b"\n" for line in lines))
        contents = converter.lines(source, target, first_seq)
        self._bad(origin, [(first_seq + n, why) for n, why in contents.bad_lines], contents.bad_line_count)
        names = ", ".join(f'"{n}"::VARCHAR AS "{n}"' if kind == "JSON" else f'"{n}"' for n, kind in STORED.items())
        found = self._connection.con.execute(f"SELECT {names}, ? AS log FROM read_parquet('{target}')", [origin])
        return found.to_arrow_table()

    def _frame(self, tables: list[Any]) -> Any:
        """Arrow tables as a relation."""
        import pyarrow  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

        whole = pyarrow.concat_tables(tables)
        columns = {**STORED, "log": "VARCHAR"}
        return self._spark.createDataFrame(whole).selectExpr(
            *(f"CAST(`{name}` AS {_TYPES[kind]}) AS `{name}`" for name, kind in columns.items())
        )

    def _bad(self, origin: str, named: list[tuple[int, str]], count: int) -> None:
        self.bad_line_count += count
        room = max(0, _MOST_NAMED - len(self.bad_lines))
        self.bad_lines += [BadLine(Path(origin), *bad) for bad in named[:room]]


def spark_url(url: str) -> str:
    """The same place as Hadoop's file systems call it."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return f"s3a://{parts.netloc}{parts.path.rstrip('/')}"
    if parts.scheme == "az":
        container, _, prefix = parts.path.strip("/").partition("/")
        return f"abfss://{container}@{parts.netloc}.dfs.core.windows.net/{prefix}".rstrip("/")
    return url.rstrip("/")


def _session(master: str | None) -> tuple[Any, bool]:
    """A Spark session, and whether it was started here.

    Raises:
        ConfigurationError: pyspark or Java is missing, or Spark cannot start.
    """
    try:
        from pyspark.sql import SparkSession  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an extra
    except ImportError as error:
        raise missing_extra("--engine spark", error, "spark") from error
    running = SparkSession.getActiveSession()
    if running is None and shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise ConfigurationError("Spark needs Java 17 or later: install it, or name it in JAVA_HOME")
    try:
        if running is not None:
            session = running.newSession()
        else:
            builder = SparkSession.builder
            local = _LOCAL if master is None or master.startswith("local") else {}
            for name, value in {**_OWN, **local}.items():
                builder = builder.config(name, value)
            session = (builder if master is None else builder.master(master)).getOrCreate()
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
    except Exception as error:
        raise _told(error, f"Spark does not start with master {master or 'of its own settings'}") from error
    return session, running is None


def _told(error: Exception, what: str) -> Exception:
    """An error of Spark as ours; others stay what they are."""
    if not type(error).__module__.startswith(("pyspark", "py4j")):
        return error
    text = re.sub(r"\s+", " ", str(getattr(error, "java_exception", None) or error)).strip()
    return ConfigurationError(f"{what}: {text[:500]}")
