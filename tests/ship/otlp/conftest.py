"""A receiver that the tests of a module share, and a sink that ships to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent_audit.ship.sinks.otlp import OtlpSink

from .lab import Receiver, running


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with running(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture
def receiver(_server: Receiver) -> Receiver:
    _server.plan()
    _server.forget()
    return _server


@pytest.fixture
def sink(receiver: Receiver) -> Iterator[OtlpSink]:
    opened = OtlpSink(receiver.url)
    yield opened
    opened.close()
