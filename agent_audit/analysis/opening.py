"""From a URL to the logs behind it; what a store needs is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from agent_audit.errors import ConfigurationError, LogNotFoundError, missing_extra
from agent_audit.object_store.credentials import refuse_password

if TYPE_CHECKING:
    from agent_audit.analysis.shipped import Shipped
    from agent_audit.analysis.stored import LineStore
    from agent_audit.backends.postgresql.connection import Server

_OBJECTS = ("s3", "gs", "az", "file")
_DATABASES = ("postgresql", "postgres")


def urls_of(log: Any) -> list[str] | None:
    """The URLs of stores that are meant; None: something else is meant.

    Raises:
        ConfigurationError: URLs and something else together.
    """
    several = list(log) if isinstance(log, (list, tuple)) else [log]
    urls = [one for one in several if isinstance(one, str) and "://" in one]
    if urls and len(urls) < len(several):
        raise ConfigurationError("stores and log directories cannot be analysed together: name one kind")
    return list(dict.fromkeys(urls)) or None


def open_source(url: str) -> Shipped | list[LineStore]:
    """The store of objects, or every log of a database, that a URL names.

    Raises:
        ConfigurationError: a scheme that is not known, a password in the URL, or an extra that is not installed.
        LogNotFoundError: there is nothing.
        StoreUnavailableError, StoreRefusedError: a database cannot be read.
    """
    refuse_password(url)
    scheme = urlsplit(url).scheme
    if scheme in _OBJECTS:
        shipped: Shipped = _with_extra(scheme, "objects", lambda: _shipped(url))
        return shipped
    if scheme in _DATABASES:
        recorded: list[LineStore] = _with_extra(scheme, "postgresql", lambda: _recorded(url))
        return recorded
    known = ", ".join(f"{one}://" for one in (*_OBJECTS, *_DATABASES))
    raise ConfigurationError(f"{scheme}:// keeps no logs that can be analysed; one of: {known}")


def _shipped(url: str) -> Any:
    from agent_audit.analysis.shipped import Shipped

    return Shipped(url)


class _Recorded(NamedTuple):
    """A log in PostgreSQL, as a `LineStore`."""

    origin: str
    server: Server

    def batches(self) -> Iterator[tuple[int, list[bytes]]]:
        from agent_audit.backends.postgresql.reading import batches

        return batches(self.server, self.origin)


def _recorded(url: str) -> Any:
    from agent_audit.backends.postgresql.address import Address
    from agent_audit.backends.postgresql.connection import Server
    from agent_audit.backends.postgresql.reading import origins

    server = Server(Address(url))
    found = origins(server)
    if not found:
        raise LogNotFoundError(f"{url} has no log: nothing was shipped or written there")
    return [_Recorded(origin, server) for origin in found]


def _with_extra(scheme: str, extra: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("agent_audit."):
            raise
        raise missing_extra(f"reading {scheme}://", error, extra) from error
