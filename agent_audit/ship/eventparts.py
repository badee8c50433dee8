"""The Parquet files of a batch, one for each day (UTC), with the columns of the events relation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent_audit.analysis.convert import Converter
from agent_audit.analysis.source import load_ibis
from agent_audit.scratch import Scratch
from agent_audit.ship.sink import Batch


class EventParts:
    """Makes them with one DuckDB connection, which is opened when it is first needed."""

    def __init__(self) -> None:
        load_ibis()  # says which extra is missing
        # Now, and not in a thread that the end of the process may strike: libraries in C++ abort it when that happens
        # while they are loaded.
        import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an optional extra
        from pyarrow import compute, parquet  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

        self._duckdb, self._compute, self._parquet = duckdb, compute, parquet
        self._converter: Converter | None = None

    def by_day(self, batch: Batch) -> Iterator[tuple[str, bytes]]:
        """Day as YYYY-MM-DD, and the file. Lines that are no events are in none; the copy of the lines has them."""
        compute, parquet = self._compute, self._parquet
        with Scratch() as folder:
            source, target = folder / "lines.jsonl", folder / "events.parquet"
            source.write_bytes(b"".join(line + b"\n" for line in batch.lines))
            self._convert(source, target, batch.first_seq)
            events = parquet.read_table(target)
            # Without a zone: not every machine has the time zone database that Arrow would look UTC up in.
            days = compute.cast(compute.cast(events["timestamp"], "timestamp[us]"), "date32", safe=False)
            for day in sorted(days.unique().to_pylist()):
                part = folder / f"{day}.parquet"
                parquet.write_table(events.filter(compute.equal(days, day)), part, compression="zstd")
                yield day.isoformat(), part.read_bytes()

    def _convert(self, source: Path, target: Path, first_seq: int) -> None:
        if self._converter is None:
            connection = self._duckdb.connect()
            connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '256MB'; SET threads = 1")
            self._converter = Converter(connection)
        self._converter.lines(source, target, first_seq)
