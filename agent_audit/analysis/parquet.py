"""The relation as one Parquet file, for other engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent_audit.analysis.complaints import pruning_told
from agent_audit.analysis.result import period
from agent_audit.analysis.scope import selected
from agent_audit.analysis.source import Expr, Log
from agent_audit.backends.interface import Query

_ROWS = 20_480


def write_parquet(log: Log, target: Path, query: Query) -> int:
    """Write the events that match, in order of log and seq, row group by row group.

    Returns:
        How many events were written.

    Raises:
        OSError: `target` cannot be written.
        StorageError: events went meanwhile.
    """
    from pyarrow import parquet  # type: ignore[import-untyped,unused-ignore]  # comes with the extra

    count = 0
    with pruning_told(log.shrunk):
        batches: Any = log.batches(_matching(log, query).order_by(["log", "seq"]), _ROWS)
        with parquet.ParquetWriter(target, batches.schema, compression="zstd") as file:
            for batch in batches:
                file.write_batch(batch)
                count += batch.num_rows
    return count


def _matching(log: Log, query: Query) -> Expr:
    asked = period(query.start, query.end)
    return selected(log.between(asked.start, asked.end, query.where.get("session_id")), asked, query.where)
