"""How much memory and disk an analysis may take, from the environment, and how DuckDB is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_audit.errors import ConfigurationError

MEMORY = "AGENT_AUDIT_MEMORY_BYTES"
"""Names the limit of DuckDB's memory in the environment. Beyond it, it uses the disk; Python and Arrow come on top."""

_MEMORY = 512_000_000


def bytes_of(name: str, default: int) -> int:
    """A number of bytes that the environment may name.

    Raises:
        ConfigurationError: it is no such number.
    """
    given = os.environ.get(name) or str(default)
    if not (given.isascii() and given.isdecimal()):
        raise ConfigurationError(f"{name} is {given!r}: a number of bytes")
    return int(given)


def settings(folder: Path) -> str:
    """What a session of DuckDB begins with, in SQL: moments in UTC, no order that nobody asks for, and the limits.

    Args:
        folder: where its temporary files are.

    Raises:
        ConfigurationError: a variable is no number.
    """
    limit = max(bytes_of(MEMORY, _MEMORY), 1 << 20) // 1024
    spill = str(folder / "spill").replace("'", "''")
    return (
        f"SET TimeZone = 'UTC'; SET memory_limit = '{limit}KiB'; SET temp_directory = '{spill}'; "
        "SET autoinstall_known_extensions = false; SET preserve_insertion_order = false"
    )


@contextmanager
def memory_told() -> Iterator[None]:
    """Turn DuckDB's want of memory into an error that says what to do.

    Raises:
        ConfigurationError: the answer needs more memory than it may take.
    """
    import duckdb  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an optional extra

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise ConfigurationError(
            f"the answer needs more than the {bytes_of(MEMORY, _MEMORY) / 1e6:,.0f} MB of memory that it may take: ask "
            f"for a shorter period (--since, --until), or set {MEMORY} to more"
        ) from error
