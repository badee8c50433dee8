"""Shipping to an OpenTelemetry collector: what it must have said before an event counts as shipped."""

from __future__ import annotations

import os
from http import HTTPStatus

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from agent_audit.errors import StoreRefusedError, StoreUnavailableError
from agent_audit.notice import RareNotice
from agent_audit.ship.sink import Batch, Evidence, Position
from agent_audit.ship.sinks.otlp.connection import PROTOBUF, Answer, Connection, UnansweredError
from agent_audit.ship.sinks.otlp.endpoint import Endpoint, Settings
from agent_audit.ship.sinks.otlp.records import export_request
from agent_audit.ship.sinks.otlp.sizes import RequestSizes

_PASSING = {408, 425, 429}
_ADVICE = {
    401: "set OTEL_EXPORTER_OTLP_HEADERS to what it asks for as proof",
    403: "these OTEL_EXPORTER_OTLP_HEADERS do not allow it",
    404: "no OTLP receiver there; the path before /v1/logs belongs into the URL",
    405: "no OTLP receiver there; the path before /v1/logs belongs into the URL",
    415: "it takes no protobuf, or no gzip (then: OTEL_EXPORTER_OTLP_COMPRESSION=none)",
}
_TOO_LARGE = "request body too large"
"""What collectors say with a 400 in place of a 413 (confighttp, Go's http.MaxBytesReader)."""


class OtlpSink:
    """Sends events as log records. Nothing can be asked of a collector, so each event arrives at least once.

    Receivers tell repeats by the resource's `agent_audit.origin` and the record's `agent_audit.seq`, or by
    `agent_audit.event_id`.

    Args:
        url: `otlp://host[:4318][/base]`, or `otlps://host[:443][/base]` for TLS; `/v1/logs` is put behind it. The
            rest comes from the standard variables: `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT` (milliseconds),
            `_COMPRESSION` (gzip when left out), `_CERTIFICATE`, `_CLIENT_CERTIFICATE` and `_CLIENT_KEY`, each also
            for logs alone (`OTEL_EXPORTER_OTLP_LOGS_HEADERS` …).

    Raises:
        ConfigurationError: the URL or a variable is wrong, or a certificate cannot be read.
    """

    def __init__(self, url: str) -> None:
        endpoint = Endpoint.parse(url)
        self.url = str(endpoint)
        self.linger = 1.0
        self._settings = Settings.read(os.environ)
        self._connection = Connection(endpoint, self._settings)
        self._notice = RareNotice()
        self._sizes = RequestSizes()
        self._begun: tuple[str, int] | None = None
        """Origin and first seq of the batch of which the events before `_reached` were accepted."""
        self._reached = 0

    def position(self, origin: str) -> Position | None:
        """None: a collector cannot tell what it was sent."""
        return None

    def append(self, batch: Batch) -> int:
        """Send events; they count when the collector has accepted all of them.

        What is too large for one request is sent in several. When one of them fails, those before it are not sent again
        with the next attempt.

        Raises:
            StoreUnavailableError: no answer, or one that asks to come again (429, 408, 425, 5xx).
            StoreRefusedError: another answer, or some of the events were rejected: a collector does not say which.
        """
        begun = batch.origin, batch.first_seq
        if begun != self._begun:
            self._begun, self._reached = begun, batch.first_seq
        rest = batch.since(self._reached)
        if rest.lines:
            self._send(rest)
        self._begun = None
        return batch.end

    def keep(self, origin: str, evidence: Evidence) -> None:
        """Does nothing: log records have no place for files. Ship the evidence to another store too."""

    def kept(self, origin: str) -> set[str] | None:
        """See `Sink.kept`: there is none."""
        return None

    def close(self) -> None:
        """Give the connection back, and forget what the collector's limits were."""
        self._connection.close()
        self._sizes.forget_refusals()

    def _send(self, batch: Batch) -> None:
        """Send events in order, in as many requests as it takes."""
        if not self._is_sent_whole(batch):
            middle = len(batch.lines) // 2
            self._send(batch._replace(lines=batch.lines[:middle]))
            self._send(batch.since(batch.first_seq + middle))

    def _is_sent_whole(self, batch: Batch) -> bool:
        """Send events in one request; False when that is too large, and there is more than one."""
        divisible = len(batch.lines) > 1
        # The lines alone are the smaller part of a request, but need not be encoded first.
        if divisible and not self._sizes.fits(sum(map(len, batch.lines))):
            return False
        data = export_request(batch)
        if divisible and not self._sizes.fits(len(data)):
            return False
        answer = self._post(data)
        if self._is_too_large(answer):
            self._sizes.refused(len(data))
            if divisible:
                return False
            raise StoreRefusedError(
                f"{self.url} takes no request of {len(data):,} bytes, and event {batch.first_seq:,} of "
                f"{batch.origin} alone is that large; raise its limit (max_request_body_size of a collector's "
                "otlp receiver) and ship again"
            )
        self._check(answer, batch)
        self._sizes.accepted()
        self._reached = batch.end
        return True

    def _post(self, data: bytes) -> Answer:
        try:
            answer = self._connection.post(data)
        except UnansweredError:
            self._sizes.unanswered(len(data))
            raise
        if answer.status == HTTPStatus.GATEWAY_TIMEOUT:
            self._sizes.unanswered(len(data))
        return answer

    def _is_too_large(self, answer: Answer) -> bool:
        if answer.status == HTTPStatus.BAD_REQUEST:
            return _TOO_LARGE in _reason(answer)
        return answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def _check(self, answer: Answer, batch: Batch) -> None:
        if 200 <= answer.status < 300:
            self._check_accepted(answer, batch)
            return
        said = self._shown(_reason(answer))
        status = f"{self.url} answers {answer.status}" + (f": {said}" if said else "")
        if answer.status in _PASSING or answer.status >= 500:
            raise StoreUnavailableError(status)
        advice = "it sends us elsewhere; name that place in the URL" if answer.status < 400 else None
        advice = advice or _ADVICE.get(answer.status, "the collector's own log says more")
        raise StoreRefusedError(f"{status} ({advice}); {_named(batch)} are still to be shipped")

    def _check_accepted(self, answer: Answer, batch: Batch) -> None:
        """Whether a success is one, and of all events."""
        partial = self._response(answer).partial_success
        said = self._shown(partial.error_message)
        if partial.rejected_log_records:
            raise StoreRefusedError(
                f"{self.url} has rejected {partial.rejected_log_records:,} of {_named(batch)}: "
                f"{said or 'no reason given'}; have it accept them (see its limits of size, age or rate) and ship "
                "again: what it did accept will arrive twice"
            )
        if said:
            self._notice.say(f"{self.url} has accepted {_named(batch)}, and warns: {said}")

    def _response(self, answer: Answer) -> ExportLogsServiceResponse:
        """What was answered. An empty answer is what protobuf makes of a success without a word."""
        try:
            if answer.body and answer.content_type == "application/json":
                return Parse(answer.body, ExportLogsServiceResponse(), ignore_unknown_fields=True)
            if not answer.body or answer.content_type == PROTOBUF:
                return ExportLogsServiceResponse.FromString(answer.body)
        except (DecodeError, ParseError):
            pass
        raise StoreRefusedError(
            f"{self.url} answers {answer.status}, but not as an OTLP receiver does "
            f"({answer.content_type or 'no type'}): is it the right address?"
        )

    def _shown(self, text: str) -> str:
        """Some of a text of the collector's: on one line, and without what is in the headers."""
        line = " ".join(self._settings.hide(text).split())
        return "".join(letter for letter in line if letter.isprintable())[:300]


def _reason(answer: Answer) -> str:
    """Why a request failed, as the collector or something in between says."""
    try:
        if answer.content_type == PROTOBUF:
            return str(Status.FromString(answer.body).message)
        if answer.content_type == "application/json":
            return str(Parse(answer.body, Status(), ignore_unknown_fields=True).message)
    except (DecodeError, ParseError):
        pass
    return answer.body.decode(errors="replace")


def _named(batch: Batch) -> str:
    return f"events {batch.first_seq:,} to {batch.end - 1:,} of {batch.origin}"
