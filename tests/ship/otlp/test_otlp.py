"""Shipping to an OTLP receiver in a process of its own: what arrives, and what is said when it does not."""

from __future__ import annotations

import random
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file.layout import Layout
from agent_audit.errors import ConfigurationError, StoreRefusedError, StoreUnavailableError
from agent_audit.export import Recorded, otlp_logs
from agent_audit.ship import ShipLimits, Shipper, open_copies, open_sink
from agent_audit.ship.sinks.otlp import OtlpSink
from agent_audit.ship.sinks.otlp.endpoint import Endpoint

from .lab import ORIGIN, QUICK, Receiver, attributes, batch, log_of, running, write

TOKEN = "Bearer ey0123456789-not-for-your-eyes"


# -- what arrives ----------------------------------------------------------------------------------------


def test_every_event_arrives_once_in_order_with_the_attributes_of_the_mapping(
    receiver: Receiver, log_dir: Path
) -> None:
    write(log_dir, 50)

    shipped = Shipper(log_dir, open_sink(receiver.url), limits=ShipLimits(batch_events=7)).run(once=True)

    origin, lines = log_of(log_dir)
    records = receiver.records()
    assert receiver.seqs() == list(range(len(lines)))
    assert shipped.position == len(lines)
    for line, one in zip(lines, records, strict=True):
        [group] = otlp_logs(Recorded(AuditEvent.from_json(line), line, origin))["resourceLogs"]
        [wanted] = group["scopeLogs"][0]["logRecords"]
        assert attributes(one["record"]) == attributes(wanted)
        assert attributes(one["resource"]).items() >= attributes(group["resource"]).items()
        assert one["record"]["body"]["stringValue"].encode() == line
        assert one["record"]["timeUnixNano"] == wanted["timeUnixNano"]
        assert one["record"]["severityText"] == wanted["severityText"]


def test_it_goes_on_where_its_note_says_and_over_one_connection(receiver: Receiver, log_dir: Path) -> None:
    write(log_dir, 20)
    Shipper(log_dir, open_sink(receiver.url), limits=ShipLimits(batch_events=5)).run(once=True)
    first = receiver.requests()
    receiver.forget()
    write(log_dir, 3)

    Shipper(log_dir, open_sink(receiver.url)).run(once=True)

    assert len({request["client"] for request in first}) == 1
    assert len(first) > 3
    _, lines = log_of(log_dir)
    assert receiver.seqs() == list(range(sum(request["records"] for request in first), len(lines)))


def test_requests_are_compressed_unless_the_environment_says_no(
    receiver: Receiver, sink: OtlpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.append(batch(3, size=10_000))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    OtlpSink(receiver.url).append(batch(3, size=10_000))

    zipped, plain = receiver.requests()
    assert zipped["headers"]["content-encoding"] == "gzip"
    assert int(zipped["headers"]["content-length"]) < zipped["size"] / 20
    assert "content-encoding" not in plain["headers"]
    assert int(plain["headers"]["content-length"]) == plain["size"]
    assert zipped["path"] == "/v1/logs"
    assert zipped["headers"]["content-type"] == "application/x-protobuf"


def test_a_collector_is_asked_for_no_position_and_keeps_no_copies(sink: OtlpSink, receiver: Receiver) -> None:
    assert sink.position(ORIGIN) is None
    with pytest.raises(ConfigurationError, match="keeps no copies"):
        open_copies(receiver.url)


# -- what is in the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_and_nothing_is_lost(receiver: Receiver, log_dir: Path, status: int) -> None:
    write(log_dir, 10)
    receiver.plan({"status": status}, {"status": status, "type": "text/html", "text": "<h1>later</h1>"})
    errors = []

    shipped = Shipper(
        log_dir, open_sink(receiver.url), limits=QUICK, report=lambda progress: errors.append(progress.error)
    ).run(once=True)

    assert shipped.retries == 2
    assert receiver.seqs() == list(range(shipped.position))
    assert f"{receiver.url} answers {status}" in errors
    assert f"{receiver.url} answers {status}: <h1>later</h1>" in errors


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 400, "text": "no\nresource\x1b[31m here"}, "answers 400: no resource\\[31m here"),
        ({"status": 401}, "set OTEL_EXPORTER_OTLP_HEADERS"),
        ({"status": 403, "text": "project 7", "type": "text/plain"}, "answers 403: project 7"),
        ({"status": 404}, "the path before /v1/logs belongs into the URL"),
        ({"status": 415}, "OTEL_EXPORTER_OTLP_COMPRESSION=none"),
        ({"status": 422, "text": '{"message":"too old"}', "type": "application/json"}, "answers 422: too old"),
        ({"status": 307, "headers": {"location": "/v1/logs"}}, "sends us elsewhere"),
        ({"text": "<h1>Welcome</h1>", "type": "text/html"}, "not as an OTLP receiver does \\(text/html\\)"),
        ({"text": "{", "type": "application/json"}, "not as an OTLP receiver does"),
    ],
)
def test_a_batch_that_is_refused_says_why_and_what_to_do(
    receiver: Receiver, sink: OtlpSink, answer: dict[str, Any], said: str
) -> None:
    receiver.plan(answer)

    with pytest.raises(StoreRefusedError, match=said):
        sink.append(batch(3, first=40))

    assert len(receiver.requests()) == 1  # neither again nor elsewhere


def test_an_answer_in_json_or_without_a_word_is_a_success_too(receiver: Receiver, sink: OtlpSink) -> None:
    receiver.plan(
        {"text": '{"partialSuccess":{}}', "type": "application/json"},
        {"text": "", "type": "text/plain"},
        {"status": 204},
    )

    assert [sink.append(batch(2)) for _ in range(3)] == [2, 2, 2]


def test_events_that_are_rejected_out_of_a_batch_are_never_taken_for_shipped(receiver: Receiver, log_dir: Path) -> None:
    write(log_dir, 10)
    receiver.plan({"rejected": 2, "message": "timestamp too old"})
    with pytest.raises(StoreRefusedError, match=r"rejected 2 of events 0 to \d+ of .*: timestamp too old; have it"):
        Shipper(log_dir, open_sink(receiver.url), limits=QUICK).run(once=True)
    receiver.forget()

    Shipper(log_dir, open_sink(receiver.url), limits=QUICK).run(once=True)

    assert receiver.seqs() == list(range(len(log_of(log_dir)[1])))


def test_a_warning_with_a_success_is_passed_on(
    receiver: Receiver, sink: OtlpSink, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.plan({"message": "attributes were cut"})

    assert sink.append(batch(2)) == 2

    assert "has accepted events 0 to 1" in (said := capsys.readouterr().err)
    assert "warns: attributes were cut" in said


def test_what_listens_there_and_speaks_no_http_is_said(receiver: Receiver, sink: OtlpSink) -> None:
    receiver.plan({"raw": "\x00\x00\x12\x04\x00\x00\x00 HTTP/2 settings\r\n"})

    with pytest.raises(StoreUnavailableError, match="4318, not the one for gRPC"):
        sink.append(batch(2))


def test_a_port_where_nobody_listens_and_a_name_that_nobody_has_are_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailableError, match=f"127.0.0.1:{port} cannot be reached: Connection refused"):
            OtlpSink(f"otlp://127.0.0.1:{port}").append(batch(1))
    with pytest.raises(StoreUnavailableError, match="cannot be found"):
        OtlpSink("otlp://nobody.invalid").append(batch(1))


# -- kills -----------------------------------------------------------------------------------------------


def test_a_receiver_that_dies_before_it_answers_gets_the_batch_again(tmp_path: Path, log_dir: Path) -> None:
    write(log_dir, 10)
    with running(tmp_path / "own") as receiver:
        receiver.plan({"die": True})
        sink = open_sink(receiver.url)
        shipper = Shipper(log_dir, sink, limits=QUICK)
        thread = threading.Thread(target=shipper.run, kwargs={"once": True}, daemon=True)
        thread.start()
        until = time.monotonic() + 200
        while shipper.progress.error is None and time.monotonic() < until:
            time.sleep(0.01)
        receiver.kill()
        receiver.start()
        thread.join(timeout=200)
        assert not thread.is_alive()

        count = len(log_of(log_dir)[1])
        assert receiver.seqs() == [*range(count), *range(count)]


def test_nothing_is_lost_while_the_receiver_is_killed_at_random_and_a_logger_writes(
    tmp_path: Path, log_dir: Path
) -> None:
    chance = random.Random(20)
    done = threading.Event()

    def work() -> None:
        with AuditLogger(FileAuditBackend(log_dir)) as logger:
            while not done.is_set():
                logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL, agent_id="a", action="tool.search"))
                time.sleep(chance.random() * 0.01)

    write(log_dir, 1)
    writer = threading.Thread(target=work, daemon=True)
    with running(tmp_path / "own") as receiver:
        shipper = Shipper(log_dir, open_sink(receiver.url), limits=QUICK)
        following = threading.Thread(target=shipper.run, daemon=True)
        writer.start()
        following.start()
        try:
            for _ in range(4):
                time.sleep(0.2 + chance.random() * 0.4)
                receiver.kill()
                receiver.start()
        finally:
            done.set()
            writer.join(timeout=200)
            shipper.stop(within=60)
            following.join(timeout=90)
        assert not following.is_alive()

        _, lines = log_of(log_dir)
        first_times = list(dict.fromkeys(receiver.seqs()))
        assert first_times == list(range(len(lines)))
        assert len(lines) > 50
        assert shipper.progress.retries > 0
        bodies = {one["record"]["body"]["stringValue"].encode() for one in receiver.records()}
        assert bodies == set(lines)


# -- addresses and secrets -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown", "path"),
    [
        ("otlp://collector", "otlp://collector:4318", "/v1/logs"),
        ("otlp://collector:9/", "otlp://collector:9", "/v1/logs"),
        ("otlp://collector/v1/logs", "otlp://collector:4318", "/v1/logs"),
        ("otlps://gateway.example/otlp/", "otlps://gateway.example:443/otlp", "/otlp/v1/logs"),
        ("otlps://[::1]:4318", "otlps://[::1]:4318", "/v1/logs"),
    ],
)
def test_an_address_is_completed_and_shown_as_one(url: str, shown: str, path: str) -> None:
    assert OtlpSink(url).url == shown
    assert Endpoint.parse(url).path == path
    assert Endpoint.parse(shown) == Endpoint.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "otlp://",
        "otlp://host:port",
        "otlp://host:0",
        "otlp://token@host",
        "otlp://token:s3cret@[::1",
        "otlp://host?key=s3cret-s3cret",
        "otlp://host#s3cret",
    ],
)
def test_an_address_that_is_none_or_has_a_secret_in_it_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        OtlpSink(url)

    assert "s3cret" not in str(refused.value)
    assert "token" not in str(refused.value)


def test_headers_come_from_the_environment_those_for_logs_first(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-other=1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_HEADERS", " Authorization = Bearer%20a%2Cb=c , X-Scope-OrgID=7,")
    OtlpSink(receiver.url).append(batch(1))

    sent = receiver.requests()[0]["headers"]
    assert sent["authorization"] == "Bearer a,b=c"
    assert sent["x-scope-orgid"] == "7"
    assert "x-other" not in sent


@pytest.mark.parametrize("status", [401, 503])
def test_what_is_in_the_headers_is_in_no_message_and_no_note(
    receiver: Receiver, log_dir: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={TOKEN.replace(' ', '%20')}")
    write(log_dir, 2)
    receiver.plan(always={"status": status, "text": "not good: ", "echo": "authorization"})
    sink = OtlpSink(receiver.url)

    with pytest.raises((StoreRefusedError, StoreUnavailableError)) as failed:
        Shipper(log_dir, sink, limits=ShipLimits(first_pause=0.02, give_up_after=0.01)).run(once=True)

    assert receiver.requests()[0]["headers"]["authorization"] == TOKEN
    secret = TOKEN.split()[1]
    assert "not good: ***" in str(failed.value)
    everything = [str(failed.value), repr(failed.value), repr(vars(sink)), repr(failed.value.__context__)]
    notes = [path.read_text(errors="replace") for path in Layout(log_dir).state.iterdir() if path.is_file()]
    assert all(secret not in text for text in [*everything, *notes])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADERS", "authorization"),
        ("HEADERS", "s3cret name=s3cret"),
        ("HEADERS", "authorization=s3cret%0d%0ax: y"),
        ("HEADERS", "authorization=s3cret€"),
        ("HEADERS", "content-length=s3cret"),
        ("TIMEOUT", "10s"),
        ("TIMEOUT", "0"),
        ("COMPRESSION", "zstd"),
    ],
)
def test_a_variable_that_is_not_understood_is_named_without_what_it_holds(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_LOGS_{name}", value)

    with pytest.raises(ConfigurationError, match=f"OTEL_EXPORTER_OTLP_LOGS_{name}") as refused:
        OtlpSink("otlp://collector")

    assert "s3cret" not in str(refused.value)
