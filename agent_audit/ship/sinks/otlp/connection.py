"""One request to a collector, and what came of it."""

from __future__ import annotations

import gzip
import math
import ssl
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import urllib3
from urllib3 import exceptions as failures

from agent_audit.errors import ConfigurationError, StoreRefusedError, StoreUnavailableError
from agent_audit.ship.sinks.otlp.endpoint import Endpoint, Settings

PROTOBUF = "application/x-protobuf"
_MOST_ANSWER = 64 * 1024
_LONGEST_WAIT = 300.0
_UNCONNECTED = (failures.ConnectTimeoutError, failures.NewConnectionError)


class Answer(NamedTuple):
    """What a collector says."""

    status: int
    content_type: str
    """Without its parameters."""
    body: bytes
    """At most 64 KiB of it."""


class UnansweredError(StoreUnavailableError):
    """A request was sent and not answered, or not in time; a smaller one might have been."""


class Connection:
    """A way to a collector; connected when it is first needed.

    Args:
        endpoint: where it is.
        settings: how to talk to it.

    Raises:
        ConfigurationError: a certificate or key cannot be read.
    """

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._endpoint, self._settings = endpoint, settings
        self._headers = {"user-agent": _user_agent(), **settings.headers, "content-type": PROTOBUF}
        self._not_before = -math.inf
        self._pool: urllib3.HTTPConnectionPool | None = None
        if endpoint.tls:
            settings.tls()  # what is wrong with the files is said at once

    def post(self, data: bytes) -> Answer:
        """Send an encoded request, and wait for the answer to it.

        Raises:
            UnansweredError: no answer to what was sent.
            StoreUnavailableError: no connection; or the collector has asked for a pause that is not over.
            StoreRefusedError: no trust on one of the two sides.
        """
        wait = self._not_before - time.monotonic()
        if wait > 0:
            raise StoreUnavailableError(f"{self._endpoint} asked to wait (Retry-After), {wait:.0f} s more")
        headers = self._headers
        if self._settings.gzip:
            headers, data = {**headers, "content-encoding": "gzip"}, gzip.compress(data, mtime=0)
        try:
            return self._request(data, headers)
        except (failures.HTTPError, OSError) as error:
            raise self._failure(error) from None  # the chain would show what this message leaves out

    def close(self) -> None:
        """Give the connection back."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _request(self, data: bytes, headers: dict[str, str]) -> Answer:
        pool = self._pool = self._pool or self._opened()
        response = pool.urlopen(
            "POST", self._endpoint.path, data, headers, retries=False, redirect=False, preload_content=False
        )
        try:
            if response.status == 429 or response.status >= 500:
                self._leave_alone(response)
            body = response.read(_MOST_ANSWER, decode_content=True)
            content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            complete = response.read(1, decode_content=True) == b""
        except BaseException:
            response.close()
            raise
        # A connection with an answer that was not read to its end cannot be used again.
        response.release_conn() if complete else response.close()
        return Answer(response.status, content_type, body)

    def _opened(self) -> urllib3.HTTPConnectionPool:
        timeout = urllib3.Timeout(total=self._settings.timeout)
        host, port = self._endpoint.host, self._endpoint.port
        if not self._endpoint.tls:
            return urllib3.HTTPConnectionPool(host, port, timeout=timeout)
        try:
            context = self._settings.tls()  # again: certificates are renewed
        except ConfigurationError as error:
            raise StoreUnavailableError(str(error)) from error
        return urllib3.HTTPSConnectionPool(host, port, timeout=timeout, ssl_context=context)

    def _leave_alone(self, response: urllib3.BaseHTTPResponse) -> None:
        """Until when the collector wants no request, up to five minutes."""
        try:
            seconds = urllib3.Retry().get_retry_after(response)
        except (failures.InvalidHeader, ValueError):  # ValueError: a year that no date has
            seconds = None
        if seconds:
            self._not_before = time.monotonic() + min(seconds, _LONGEST_WAIT)

    def _failure(self, error: Exception) -> StoreUnavailableError | StoreRefusedError:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLError) and (advice := _advice(cause)):
                return StoreRefusedError(f"{self._endpoint}: {advice} ({_told(cause)})")
        kind = StoreUnavailableError if isinstance(error, _UNCONNECTED) else UnansweredError
        return kind(f"{self._endpoint} {self._settings.hide(self._reason(error, causes))}")

    def _reason(self, error: Exception, causes: list[BaseException]) -> str:
        if isinstance(error, failures.NameResolutionError):
            return "cannot be found: its name is not known"
        if isinstance(error, failures.NewConnectionError):
            return f"cannot be reached: {_told(error.__cause__ or error.__context__ or error)}"
        if any(isinstance(cause, (failures.TimeoutError, TimeoutError)) for cause in causes):
            return f"did not answer within {self._settings.timeout:g} s (OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds)"
        advice = "is it the port for OTLP over HTTP, usually 4318, not the one for gRPC?"
        if self._endpoint.tls and not self._settings.client_certificate:
            advice += " Or does it ask for an OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE?"
        return f"broke off: {_told(error)} ({advice})"


def _advice(error: ssl.SSLError) -> str | None:
    """What to do about a connection that is not trusted; None when it may come to be by itself."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "its certificate does not verify; if it is the right one, name the file of its authority in "
            "OTEL_EXPORTER_OTLP_CERTIFICATE"
        )
    reason = error.reason or ""
    if reason == "WRONG_VERSION_NUMBER":
        return "it speaks no TLS; otlp:// is without"
    if "CERTIFICATE" in reason or "UNKNOWN_CA" in reason:
        return (
            "it wants to know who we are; OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _CLIENT_KEY name the files of a "
            "certificate that it accepts"
        )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what has led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__ or _inner(error)


def _inner(error: BaseException) -> BaseException | None:
    """urllib3 hands some causes over as an argument."""
    return next((one for one in error.args if isinstance(one, BaseException)), None)


def _told(error: BaseException) -> str:
    inner = _inner(error)
    return _told(inner) if inner is not None else getattr(error, "strerror", None) or str(error)


def _user_agent() -> str:
    try:
        return f"agent-audit-log/{version('agent-audit-log')}"
    except PackageNotFoundError:  # run from its sources
        return "agent-audit-log"
