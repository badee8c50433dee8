"""The server is killed and started, or frozen, while events flow."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_audit.backends.postgresql.address import Address
from agent_audit.backends.postgresql.connection import Server
from agent_audit.backends.postgresql.writing import Writer
from agent_audit.errors import StoreUnavailableError
from agent_audit.ship import ShipLimits, Shipper
from agent_audit.ship.fleet import verify_fleet
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink
from agent_audit.verify import Verdict
from tests.postgresql_server import PostgreSQLServer
from tests.ship.stores import lines_of, write
from tests.ship.test_objects import SHIP, WRITING
from tests.ship.test_shipper import origin_of

_SECONDS = 200
_QUICK = ShipLimits(batch_events=64, linger=0.0, poll=0.02, first_pause=0.05, longest_pause=0.2)


def shipped(url: str, origin: str) -> list[tuple[int, bytes]]:
    batches = PostgreSQLCopies(url).batches(origin)
    return [(batch.first_seq + i, line) for batch in batches for i, line in enumerate(batch.lines)]


class _CrashingWriter(Writer):
    """The server is restarted when a batch has been copied and not yet committed, where `crashes` says so."""

    crashes: Iterator[bool]
    restart: Callable[[], None]

    def add(self, *args: Any) -> None:
        super().add(*args)
        if next(self.crashes, False):
            self.restart()


def test_a_server_that_is_restarted_in_mid_batch_loses_and_doubles_nothing(
    fragile_postgresql: PostgreSQLServer, log_dir: Path
) -> None:
    url = fragile_postgresql.tables()
    write(log_dir, 300)
    sink = PostgreSQLSink(url)
    sink._writer = writer = _CrashingWriter(Server(Address(url)))
    writer.crashes, writer.restart = iter([False, True, False, True, True]), fragile_postgresql.restart
    shipper = Shipper(log_dir, sink, limits=_QUICK)
    assert shipper.run(once=True).retries >= 3
    assert shipped(url, origin_of(log_dir)) == list(enumerate(lines_of(log_dir)))


def test_both_sides_killed_at_random_while_events_flow_lose_and_double_nothing(
    fragile_postgresql: PostgreSQLServer, log_dir: Path, tmp_path: Path
) -> None:
    url, chance = fragile_postgresql.tables(), random.Random()
    write(log_dir, 1)
    origin, position = origin_of(log_dir), PostgreSQLSink(url)
    victims = chance.sample(["shipper", "server", "both"] * 2, 6)
    ended, shipper = tmp_path / "ended", None
    writer = subprocess.Popen([sys.executable, "-c", WRITING, str(log_dir), str(ended)])
    try:
        for victim in victims:
            before = _events(position, origin)
            if shipper is None or shipper.poll() is not None:
                shipper = subprocess.Popen([*SHIP, str(log_dir), "--to", url, "--linger", "0"])
            deadline = time.monotonic() + _SECONDS
            while _events(position, origin) <= before + 20:
                assert time.monotonic() < deadline, f"{victims}: nothing is shipped any more"
                time.sleep(0.02)
            deeds = [] if victim == "server" else [shipper.kill]
            deeds += [] if victim == "shipper" else [fragile_postgresql.stop]
            for deed in chance.sample(deeds, len(deeds)):
                time.sleep(chance.random() * 0.2)
                assert shipper.poll() in (None, -signal.SIGKILL)
                deed()
            if victim != "shipper":
                time.sleep(chance.random() * 0.3)
                fragile_postgresql.start()
            if victim != "server":
                assert shipper.wait(_SECONDS) == -signal.SIGKILL
    finally:
        ended.touch()
        writer.wait(_SECONDS)
        if shipper is not None:
            shipper.kill()
            shipper.wait(_SECONDS)
        position.close()
    Shipper(log_dir, PostgreSQLSink(url)).run(once=True)
    assert shipped(url, origin) == list(enumerate(lines_of(log_dir)))
    assert fragile_postgresql.run(url, "SELECT * FROM {schema}.gap") == []
    assert [found.verdict for found in verify_fleet(PostgreSQLCopies(url))] == [Verdict.VALID]


def _events(sink: PostgreSQLSink, origin: str) -> int:
    """How many the server has; asked again where the connection is of a server that is no more."""
    while True:
        try:
            position = sink.position(origin)
            assert position is not None
            return position.next_seq
        except StoreUnavailableError:
            time.sleep(0.02)


def test_a_server_that_is_frozen_is_given_up_in_time(fragile_postgresql: PostgreSQLServer) -> None:
    url = fragile_postgresql.tables()
    connection = Server(Address(url)).connect(0.5)
    backend = connection.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    try:
        connection.within(0.5)
        with pytest.raises(TimeoutError, match="does not answer"):
            connection.execute("SELECT 1")
        connection.close()
    finally:
        os.kill(backend, signal.SIGCONT)
    os.kill(fragile_postgresql.pid, signal.SIGSTOP)
    try:
        sink = PostgreSQLSink(url + "&connect_timeout=2")
        with pytest.raises(StoreUnavailableError, match="timeout"):
            sink.position("o")
    finally:
        os.kill(fragile_postgresql.pid, signal.SIGCONT)
    assert sink.position("o") is not None
    sink.close()


def test_a_store_that_was_set_back_gets_again_what_it_has_lost(
    fragile_postgresql: PostgreSQLServer, log_dir: Path
) -> None:
    """A stand-by that takes over may lack the last commits."""
    url = fragile_postgresql.tables()
    write(log_dir, 300)
    Shipper(log_dir, PostgreSQLSink(url), limits=_QUICK).run(once=True)
    whole = list(enumerate(lines_of(log_dir)))
    assert shipped(url, origin_of(log_dir)) == whole
    for statement in (
        "ALTER TABLE {schema}.event DISABLE TRIGGER USER",
        "DELETE FROM {schema}.event WHERE seq >= 100",
        "ALTER TABLE {schema}.event ENABLE TRIGGER USER",
        "UPDATE {schema}.log SET next_seq = 100, last_digest = "
        "(SELECT encode(sha256(line), 'hex') FROM {schema}.event WHERE seq = 99)",
    ):
        fragile_postgresql.run(url, statement)
    Shipper(log_dir, PostgreSQLSink(url), limits=_QUICK).run(once=True)
    assert shipped(url, origin_of(log_dir)) == whole
