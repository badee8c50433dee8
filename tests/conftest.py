from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from agent_audit import AuditLogger, FileAuditBackend, set_logger
from tests import postgresql_server
from tests.postgresql_server import PostgreSQLServer

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has started the tests in the background; the processes that they interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is; what must hold is no matter of time.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Not to look through what stays anyway, thousands of tests and the frameworks, is a tenth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys, default log, caches and settings of the tests are their own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AGENT_AUDIT_DIR", str(tmp_path / "default-log"))
    before = set_logger(None)
    yield
    ours = set_logger(before)
    if ours is not None:
        ours.close()


@pytest.fixture
def log_dir(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def file_logger(log_dir: Path) -> Iterator[AuditLogger]:
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        yield logger


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """A running PostgreSQL server; the tests that want one are skipped where none can be run."""
    yield from _running(fsync=False)


@pytest.fixture
def fragile_postgresql() -> Iterator[PostgreSQLServer]:
    """A server of the test's own, to be crashed."""
    yield from _running(fsync=True)


def _running(*, fsync: bool) -> Iterator[PostgreSQLServer]:
    reason = postgresql_server.missing()
    if reason is not None:
        pytest.skip(reason)
    server = PostgreSQLServer(fsync=fsync)
    try:
        server.start()
        yield server
    finally:
        server.end()
