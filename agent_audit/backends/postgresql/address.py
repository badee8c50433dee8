"""From a URL to what libpq is told. A password is refused in it, for process lists and notes show URLs."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agent_audit.errors import ConfigurationError

SCHEMA = "agent_audit"
"""Schema of the tables when the URL names none."""

_SCHEMES = ("postgresql", "postgres")
_SECRETS = ("password", "sslpassword")
_LONGEST_NAME = 63
"""Bytes of an identifier; PostgreSQL cuts longer ones off."""

_DEFAULTS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "fallback_application_name": "agent-audit-log",
}


class Address:
    """Where the tables are.

    Args:
        url: `postgresql://[user@][host][:port]/[database][?schema=…&sslmode=verify-full&…]`: what libpq knows, and
            `schema`. The password comes from PGPASSWORD, a password file or a service file.

    Raises:
        ConfigurationError: not such a URL, or a password in it.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:  # its message may hold what stands before an @
            raise ConfigurationError("the PostgreSQL URL is not understood: postgresql://host/database") from None
        if parts.scheme not in _SCHEMES:
            raise ConfigurationError(
                f"{parts.scheme or 'what was given'} is no PostgreSQL URL: postgresql://host/database"
            )
        options = [item.partition("=")[::2] for item in parts.query.split("&")] if parts.query else []
        if parts.password is not None or any(unquote(name).lower() in _SECRETS for name, _ in options):
            raise ConfigurationError(
                "a password does not belong in the URL, where process lists and notes show it: put it into "
                "PGPASSWORD, a password file (~/.pgpass) or a service file"
            )
        self.url = url
        """As it was given; there is no password in it."""
        self.schema = next((unquote(value) for name, value in options if name == "schema"), SCHEMA)
        checked_name("schema", self.schema)
        rest = "&".join(f"{name}={value}" for name, value in options if name != "schema")
        self.parameters = _parameters(parts._replace(query=rest, fragment="").geturl())

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


def checked_name(what: str, name: str) -> str:
    """A name that can be quoted wherever it stands: in statements with parameters, function bodies and scripts.

    Raises:
        ConfigurationError: PostgreSQL would cut it off, or quoting does not cover it.
    """
    if not 1 <= len(name.encode(errors="replace")) <= _LONGEST_NAME:
        raise ConfigurationError(f"{what} is {name!r}: a name of 1 to {_LONGEST_NAME} bytes is needed")
    if not name.isprintable() or "$$" in name or "%" in name:
        raise ConfigurationError(f"{what} is {name!r}: a name without control characters, % and $$ is needed")
    return name


def _parameters(url: str) -> dict[str, Any]:
    """What libpq makes of the URL, with our time-outs where neither it nor the environment has others."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise ConfigurationError(f"the PostgreSQL URL is not understood: {scrubbed(str(error))}") from None
    if any(name in given for name in _SECRETS):
        raise ConfigurationError("a password does not belong in the URL: put it into PGPASSWORD or ~/.pgpass")
    defaults = dict(_DEFAULTS)
    if os.environ.get("PGCONNECT_TIMEOUT"):
        del defaults["connect_timeout"]
    return {**defaults, **given, "client_encoding": "UTF8"}


def scrubbed(message: str) -> str:
    """A message of libpq or the server in one line, and without the password of the environment."""
    secret = os.environ.get("PGPASSWORD")
    if secret:
        message = message.replace(secret, "***")
    return " ".join(message.split())
