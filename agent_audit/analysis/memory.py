"""How much memory and disk an analysis may take, from the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

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


def memory_limit() -> str:
    """The limit as DuckDB writes it."""
    return f"{max(bytes_of(MEMORY, _MEMORY), 1 << 20) // 1024}KiB"


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
