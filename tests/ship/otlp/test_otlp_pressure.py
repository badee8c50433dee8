"""Shipping to an OTLP receiver that cannot take so much: it is spared, and it gets everything all the same."""

from __future__ import annotations

import socket
import time
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.errors import StoreRefusedError, StoreUnavailableError
from agent_audit.ship import ShipLimits, Shipper, open_sink
from agent_audit.ship.sinks.otlp import OtlpSink, connection
from agent_audit.ship.sinks.otlp.sizes import RequestSizes

from .lab import QUICK, Receiver, batch, log_of, write

# -- full ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "told_as"), [(429, "seconds"), (503, "date")])
def test_a_collector_that_asks_for_time_gets_no_request_until_it_is_over(
    receiver: Receiver, sink: OtlpSink, status: int, told_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = "100" if told_as == "seconds" else formatdate(time.time() + 100, usegmt=True)
    receiver.plan({"status": status, "headers": {"retry-after": after}})
    with pytest.raises(StoreUnavailableError, match=f"answers {status}"):
        sink.append(batch(2))
    sink.close()
    with pytest.raises(StoreUnavailableError, match="asked to wait"):
        sink.append(batch(2))
    assert len(receiver.requests()) == 1

    monkeypatch.setattr(connection, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 100))

    assert sink.append(batch(2)) == 2
    assert receiver.seqs() == [0, 1]
    assert len(receiver.requests()) == 2


@pytest.mark.parametrize("when", ["soon", "-1", "0", "Fri, 31 Dec 99999 23:59:59 GMT", "9" * 5000])
def test_a_time_to_wait_that_means_nothing_is_none(receiver: Receiver, sink: OtlpSink, when: str) -> None:
    receiver.plan({"status": 429, "headers": {"retry-after": when}})
    with pytest.raises(StoreUnavailableError, match="answers 429"):
        sink.append(batch(2))

    assert sink.append(batch(2)) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_shipper_waits_as_long_as_it_is_asked_to_and_nothing_is_lost(
    receiver: Receiver, log_dir: Path, status: int
) -> None:
    write(log_dir, 10)
    receiver.plan({"status": status, "headers": {"retry-after": "1"}})

    shipped = Shipper(log_dir, open_sink(receiver.url), limits=QUICK).run(once=True)

    assert shipped.retries > 1  # it would have asked again by itself
    assert [request["status"] for request in receiver.requests()] == [status, 200]
    assert receiver.seqs() == list(range(len(log_of(log_dir)[1])))


def test_what_was_accepted_of_a_batch_is_not_sent_again_when_the_rest_of_it_is_put_off(
    receiver: Receiver, sink: OtlpSink
) -> None:
    limit = {"limit": 60_000}
    receiver.plan(limit, limit, limit, {"status": 429}, always=limit)
    with pytest.raises(StoreUnavailableError):
        sink.append(batch(50, size=2_000))
    accepted = receiver.seqs()
    sink.close()

    assert sink.append(batch(50, size=2_000)) == 50

    assert 0 < len(accepted) < 50
    assert receiver.seqs() == list(range(50))


# -- too large -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", [{}, {"too_large": 400, "text": "http: request body too large"}], ids=["413", "400 of a collector"]
)
def test_a_batch_that_is_too_large_is_sent_in_parts_and_the_size_is_remembered(
    receiver: Receiver, sink: OtlpSink, how: dict[str, Any]
) -> None:
    receiver.plan(always={"limit": 60_000, **how})

    assert sink.append(batch(50, size=2_000)) == 50
    refused = sum(request["status"] != 200 for request in receiver.requests())
    assert sink.append(batch(50, first=50, size=2_000)) == 100

    assert receiver.seqs() == list(range(100))
    assert refused > 0
    assert sum(request["status"] != 200 for request in receiver.requests()) == refused


def test_an_event_that_is_too_large_alone_is_named_and_those_before_it_are_there(
    receiver: Receiver, sink: OtlpSink
) -> None:
    receiver.plan(always={"limit": 10_000})
    before, large = batch(5), batch(1, first=5, size=20_000)

    with pytest.raises(StoreRefusedError, match=r"event 5 of host/log/.* alone is that large; raise its limit"):
        sink.append(before._replace(lines=[*before.lines, *large.lines]))

    assert receiver.seqs() == [0, 1, 2, 3, 4]


# -- slow ------------------------------------------------------------------------------------------------


def test_a_collector_that_is_slow_is_given_up_on_in_time(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "9000")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "300")
    receiver.plan({"delay": 2})
    sink = OtlpSink(receiver.url)

    with pytest.raises(StoreUnavailableError, match=r"did not answer within 0\.3 s"):
        sink.append(batch(2))

    assert sink.append(batch(2)) == 2
    sink.close()


def test_a_collector_that_is_too_slow_for_a_batch_gets_it_in_parts(
    receiver: Receiver, log_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "400")
    write(log_dir, 50, size=4_000)
    receiver.plan(always={"pace": 400_000})

    limits = ShipLimits(first_pause=0.02, longest_pause=0.1, give_up_after=20)
    shipped = Shipper(log_dir, open_sink(receiver.url), limits=limits).run(once=True)

    count = len(log_of(log_dir)[1])
    assert receiver.requests()[0]["records"] == count
    assert shipped.position == count
    assert shipped.retries > 0
    assert list(dict.fromkeys(receiver.seqs())) == list(range(count))


def test_a_collector_that_breaks_down_under_a_request_gets_smaller_ones(receiver: Receiver, sink: OtlpSink) -> None:
    receiver.plan({"raw": ""})
    with pytest.raises(StoreUnavailableError, match="broke off"):
        sink.append(batch(100, size=2_000))
    sink.close()

    assert sink.append(batch(100, size=2_000)) == 100

    broken, *later = receiver.requests()
    assert broken["records"] == 100
    assert later[0]["size"] <= broken["size"] / 2
    assert receiver.seqs() == [*range(100), *range(100)]  # the receiver did get them before


def test_one_that_takes_a_connection_and_reads_nothing_is_slow_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "300")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        sink = OtlpSink(f"otlp://127.0.0.1:{deaf.getsockname()[1]}")

        with pytest.raises(StoreUnavailableError, match=r"did not answer within 0\.3 s"):
            sink.append(batch(100, size=60_000))
        sink.close()


@given(st.lists(st.integers(1, 1 << 24), max_size=40), st.integers(64 * 1024 + 1, 1 << 24))
def test_however_often_there_is_no_answer_small_requests_are_tried_and_large_ones_come_back(
    unanswered: list[int], size: int
) -> None:
    sizes = RequestSizes()
    for each in [*unanswered, size]:
        sizes.unanswered(each)

    assert sizes.fits(64 * 1024)
    assert not sizes.fits(size)
    for _ in range(60):
        sizes.accepted()
    assert sizes.fits(size)
