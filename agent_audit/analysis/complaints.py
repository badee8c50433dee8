"""What an engine has against a question, in words for whoever has asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent_audit.errors import pruned_meanwhile

if TYPE_CHECKING:
    from agent_audit.analysis.engine import Engine


def complaint(error: BaseException) -> str:
    """On one line, without the copy of the query that an engine puts below."""
    return " ".join(str(error).strip().split("\n\n")[0].split())


def is_of_engine(error: BaseException) -> bool:
    """Whether DuckDB or Ibis has raised it."""
    return type(error).__module__.startswith(("_duckdb", "duckdb", "ibis"))


@contextmanager
def pruning_told(engine: Engine) -> Iterator[None]:
    """Turn an engine's error into one that says that events went while they were looked at, if that is so.

    Raises:
        StorageError: they went.
    """
    try:
        yield
    except Exception as error:
        log = engine.shrunk() if is_of_engine(error) else None
        if log is None:
            raise
        raise pruned_meanwhile(log) from error
