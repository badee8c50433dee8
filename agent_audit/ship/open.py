"""From a URL to the store behind it; what a store needs is imported only when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from agent_audit.errors import ConfigurationError, missing_extra, require_name
from agent_audit.object_store.credentials import refuse_password
from agent_audit.ship.sink import Copies, Sink

_OBJECTS = ("objects", "ObjectSink", "ObjectCopies", "objects")
_OTLP = ("otlp", "OtlpSink", None, "otlp")
_POSTGRESQL = ("postgresql", "PostgreSQLSink", "PostgreSQLCopies", "postgresql")

SCHEMES: dict[str, tuple[str, str, str | None, str]] = {
    "s3": _OBJECTS,
    "gs": _OBJECTS,
    "az": _OBJECTS,
    "file": _OBJECTS,
    "otlp": _OTLP,
    "otlps": _OTLP,
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
}
"""URL scheme -> module in `agent_audit.ship.sinks`, its sink, its reading side, and the extra that it needs."""


def open_sink(url: str) -> Sink:
    """The store to ship to. Nothing is connected to yet.

    Raises:
        ConfigurationError: a scheme that is not known, a password in the URL, or an extra that is not installed.
    """
    module, sink, _, _ = _known(url)
    found: Callable[[str], Sink] = _load(url, module, sink)
    return found(url)


def open_copies(url: str) -> Copies:
    """The store to read copies of logs from.

    Raises:
        ConfigurationError: as `open_sink`; or the store keeps no whole logs.
    """
    module, _, copies, _ = _known(url)
    if copies is None:
        readable = ", ".join(f"{scheme}://" for scheme, known in SCHEMES.items() if known[2])
        raise ConfigurationError(f"{urlsplit(url).scheme}:// keeps no copies that can be read back; one of: {readable}")
    found: Callable[[str], Copies] = _load(url, module, copies)
    return found(url)


def _known(url: str) -> tuple[str, str, str | None, str]:
    require_name("a store", url)
    refuse_password(url)
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        if not parts.scheme:
            raise ConfigurationError(f"a store is named by a URL, one of: {known}; a directory as file:///path")
        raise ConfigurationError(f"{parts.scheme} is no store to ship to; one of: {known}")
    return SCHEMES[parts.scheme]


def _load(url: str, module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(f"agent_audit.ship.sinks.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("agent_audit."):
            raise
        raise missing_extra(f"shipping to {urlsplit(url).scheme}://", error, _known(url)[3]) from error
