"""Where a collector is, and what the standard variables say about talking to it (OTEL_EXPORTER_OTLP_…)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from agent_audit.errors import ConfigurationError

_PATH = "/v1/logs"
_PORTS = {"otlp": 4318, "otlps": 443}
_COMPRESSIONS = {"gzip": True, "none": False}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OURS = {"content-type", "content-encoding", "content-length", "transfer-encoding", "accept-encoding"}
_SHORTEST_SECRET = 6


class Endpoint(NamedTuple):
    """The address of a collector; as text, it is the URL that was asked for, with its port."""

    scheme: str
    """`otlp` or, with TLS, `otlps`."""
    host: str
    port: int
    base: str
    """Path in front of `/v1/logs`; empty where there is none."""

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """From `otlp://host[:4318][/base]` or `otlps://host[:443][/base]`.

        Raises:
            ConfigurationError: it is none, or carries what might be a secret.
        """
        try:
            parts = urlsplit(url)
        except ValueError:  # its message may hold what stands before an @
            raise ConfigurationError("not a URL of a collector; write otlp://host:4318, or otlps://host") from None
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ConfigurationError(
                f"{parts.scheme}://{_bracketed(parts.hostname or '')} must be without user, query and fragment: "
                "credentials go into OTEL_EXPORTER_OTLP_HEADERS, which no process list shows"
            )
        try:
            port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
        except ValueError as error:
            raise ConfigurationError(f"{url}: {error}") from None
        if not port or not parts.hostname or parts.scheme not in _PORTS:
            raise ConfigurationError(f"{url} is no collector; write otlp://host:4318, or otlps://host for TLS")
        base = parts.path.rstrip("/").removesuffix(_PATH)
        return cls(parts.scheme, parts.hostname, port, base)

    @property
    def tls(self) -> bool:
        """Encrypted."""
        return self.scheme == "otlps"

    @property
    def path(self) -> str:
        """What log records are sent to."""
        return self.base + _PATH

    def __str__(self) -> str:
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}{self.base}"


@dataclass(frozen=True)
class Settings:
    """How to talk to a collector. What is for logs alone (OTEL_EXPORTER_OTLP_LOGS_…) goes before what is for all."""

    headers: dict[str, str] = field(repr=False)
    """Sent with each request, names in lower case; they are secrets."""
    timeout: float
    """Seconds for an answer. The variable is in milliseconds, as OpenTelemetry specifies all its durations."""
    gzip: bool
    certificate: str | None
    """File of the authorities that a collector's certificate may be from (PEM); None: the system's."""
    client_certificate: str | None
    client_key: str | None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """From the environment.

        Raises:
            ConfigurationError: a value is not what it should be; the message names the variable, not its value.
        """
        found = _Variables(environ)
        return cls(
            headers=found.headers(),
            timeout=found.seconds(),
            gzip=found.compressed(),
            certificate=found.text("CERTIFICATE"),
            client_certificate=found.text("CLIENT_CERTIFICATE"),
            client_key=found.text("CLIENT_KEY"),
        )

    def tls(self) -> ssl.SSLContext:
        """What verifies the collector, and shows it who we are.

        Raises:
            ConfigurationError: a file is missing, or is no certificate or key.
        """
        try:
            context = ssl.create_default_context(cafile=self.certificate)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigurationError(f"OTEL_EXPORTER_OTLP_CERTIFICATE ({self.certificate}): {_told(error)}") from None
        if self.client_certificate:
            try:
                context.load_cert_chain(self.client_certificate, self.client_key, password=_no_password)
            except (OSError, ValueError) as error:
                raise ConfigurationError(
                    f"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE ({self.client_certificate}) and _CLIENT_KEY "
                    f"({self.client_key or 'in the same file'}): {_told(error)}"
                ) from None
        return context

    def hide(self, text: str) -> str:
        """A text from outside, without what the headers say: a collector may well repeat a token that it refuses."""
        words = {word for value in self.headers.values() for word in (value, *value.split())}
        for word in sorted(words, key=len, reverse=True):
            if len(word) >= _SHORTEST_SECRET:
                text = text.replace(word, "***")
        return text


class _Variables:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def _named(self, name: str) -> tuple[str, str]:
        """A variable that is set, and its value; an empty one counts as not set (the specification says so)."""
        names = (f"OTEL_EXPORTER_OTLP_LOGS_{name}", f"OTEL_EXPORTER_OTLP_{name}")
        return next(((full, value) for full in names if (value := self._environ.get(full, "").strip())), (names[1], ""))

    def text(self, name: str) -> str | None:
        return self._named(name)[1] or None

    def seconds(self) -> float:
        variable, value = self._named("TIMEOUT")
        if not value:
            return 10.0
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            raise ConfigurationError(f"{variable} is {value!r}; a whole number of milliseconds is asked for")
        return int(value) / 1000

    def compressed(self) -> bool:
        variable, value = self._named("COMPRESSION")
        if value and value not in _COMPRESSIONS:
            raise ConfigurationError(f"{variable} is {value!r}; one of: {', '.join(_COMPRESSIONS)}")
        return _COMPRESSIONS.get(value, True)

    def headers(self) -> dict[str, str]:
        """`name=value,name=value`, percent-encoded where needed (W3C Baggage, as OpenTelemetry specifies it)."""
        variable, value = self._named("HEADERS")
        headers = {}
        for number, pair in enumerate(filter(str.strip, value.split(",")), start=1):
            name, equals, text = pair.partition("=")
            name, text = unquote(name.strip()).lower(), unquote(text.strip())
            if not equals or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
                raise ConfigurationError(
                    f"part {number} of {variable} is no header; write name=value,name=value, with %2C for a comma "
                    "inside a value"
                )
            if name in _OURS:
                raise ConfigurationError(f"{variable} cannot set {name}: it follows from what is sent")
            headers[name] = text
        return headers


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _no_password() -> str:
    """Instead of a question on the terminal, which a service has not."""
    raise ValueError("the key is encrypted; a key without a password is needed")


def _told(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
