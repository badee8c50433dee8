"""Shipping over TLS: who is trusted, who is not, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from agent_audit.errors import ConfigurationError, StoreRefusedError, StoreUnavailableError
from agent_audit.ship.sinks.otlp import OtlpSink

from .certificates import Authority
from .lab import Receiver, batch, running


class Lab(NamedTuple):
    """What the tests share."""

    authority: Authority
    stranger: Authority
    open: Receiver
    """Takes events from everybody."""
    closed: Receiver
    """Takes events from clients that have a certificate of the authority."""
    plain: Receiver
    """Speaks no TLS."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    server = authority.issue("server", "127.0.0.1")
    with (
        running(folder / "open", server) as everybody,
        running(folder / "closed", server, authority.file) as known,
        running(folder / "plain") as plain,
    ):
        yield Lab(authority, stranger, everybody, known, plain)


def test_a_collector_of_a_known_authority_gets_the_events(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(lab.authority.file))
    sink = OtlpSink(lab.open.url)

    assert sink.append(batch(20)) == 20

    sink.close()
    assert lab.open.seqs() == list(range(20))


@pytest.mark.parametrize("given", ["the system's", "stranger"])
def test_a_collector_of_an_unknown_authority_gets_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    if given == "stranger":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(lab.stranger.file))
    before = len(lab.open.requests())

    with pytest.raises(StoreRefusedError, match=r"certificate does not verify.*OTEL_EXPORTER_OTLP_CERTIFICATE"):
        OtlpSink(lab.open.url).append(batch(2))

    assert len(lab.open.requests()) == before


def test_a_certificate_for_another_name_is_not_enough(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(lab.authority.file))

    with pytest.raises(StoreRefusedError, match="certificate does not verify"):
        OtlpSink(lab.open.url.replace("127.0.0.1", "localhost")).append(batch(2))


def test_a_client_shows_its_own_certificate_and_is_told_when_it_must(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(lab.authority.file))
    with pytest.raises(StoreRefusedError, match="wants to know who we are; OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"):
        OtlpSink(lab.closed.url).append(batch(2))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", str(lab.stranger.issue("unknown-client")))
    with pytest.raises(StoreRefusedError, match="wants to know who we are"):
        OtlpSink(lab.closed.url).append(batch(2))
    client = lab.authority.issue("client")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", str(client))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", str(client))

    sink = OtlpSink(lab.closed.url)

    assert sink.append(batch(2)) == 2
    sink.close()
    assert lab.closed.seqs() == [0, 1]


def test_tls_on_one_side_only_is_said(lab: Lab) -> None:
    with pytest.raises(StoreRefusedError, match="speaks no TLS; otlp:// is without"):
        OtlpSink(f"otlps://127.0.0.1:{lab.plain.port}").append(batch(2))
    with pytest.raises(StoreUnavailableError, match="broke off"):
        OtlpSink(f"otlp://127.0.0.1:{lab.open.port}").append(batch(2))


def test_a_certificate_that_is_renewed_is_read_again(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    file.write_bytes(lab.stranger.file.read_bytes())
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(file))
    sink = OtlpSink(lab.open.url)
    with pytest.raises(StoreRefusedError):
        sink.append(batch(2))
    sink.close()
    file.unlink()
    with pytest.raises(StoreUnavailableError, match="No such file"):
        sink.append(batch(2))
    file.write_bytes(lab.authority.file.read_bytes())

    assert sink.append(batch(2)) == 2
    sink.close()


def test_files_that_are_missing_wrong_or_encrypted_are_named_at_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(tmp_path / "nothing.pem"))
    with pytest.raises(ConfigurationError, match=r"OTEL_EXPORTER_OTLP_CERTIFICATE \(.*nothing.pem\): No such file"):
        OtlpSink("otlps://collector")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(lab.authority.file))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", str(lab.authority.file))
    with pytest.raises(ConfigurationError, match=r"CLIENT_KEY \(in the same file\)"):
        OtlpSink("otlps://collector")
    locked = lab.authority.issue("locked", password=b"s3cret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", str(locked))
    with pytest.raises(ConfigurationError, match="the key is encrypted"):
        OtlpSink("otlps://collector")
