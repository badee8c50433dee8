"""What an engine has against a question, in words for whoever has asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent_audit.errors import StorageError, pruned_meanwhile


def complaint(error: BaseException) -> str:
    """On one line, without the copy of the query that an engine puts below."""
    return " ".join(str(error).strip().split("\n\n")[0].split())


def is_of_engine(error: BaseException) -> bool:
    """Whether DuckDB or Ibis has raised it."""
    return type(error).__module__.startswith(("_duckdb", "duckdb", "ibis"))


@contextmanager
def pruning_told(shrunk: Callable[[], str | None]) -> Iterator[None]:
    """Turn an engine's error into one that says that events went while they were looked at, if that is so.

    Args:
        shrunk: says which log they went from; see `Engine.shrunk`.

    Raises:
        StorageError: they went; or a disk fails, or has no room for temporary files.
    """
    try:
        yield
    except Exception as error:
        if not is_of_engine(error):
            raise
        if (log := shrunk()) is not None:
            raise pruned_meanwhile(log) from error
        if type(error).__name__ == "IOException":
            raise StorageError(f"no answer, because a file cannot be read or written: {complaint(error)}") from error
        raise
