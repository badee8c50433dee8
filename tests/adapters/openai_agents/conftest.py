from __future__ import annotations

from collections.abc import Iterator

import pytest
from agents import set_tracing_disabled
from openai_scripts import Record

import agent_audit_openai_agents
from agent_audit import AuditLogger, MemoryAuditBackend
from agent_audit.testing import FailingBackend


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    yield
    agent_audit_openai_agents.disable()


@pytest.fixture
def silent() -> Iterator[Record]:
    """A logger that nothing records to by itself."""
    backend = MemoryAuditBackend()
    with AuditLogger(backend) as logger:
        record = Record(logger, backend)
        yield record
        record.check()


@pytest.fixture
def record(silent: Record) -> Record:
    """Everything is recorded."""
    agent_audit_openai_agents.enable(silent.logger)
    return silent


@pytest.fixture
def backend() -> FailingBackend:
    """What `strict` writes to: it takes everything until it is told to refuse."""
    return FailingBackend(failing=False)


@pytest.fixture
def strict(backend: FailingBackend) -> Iterator[Record]:
    """A logger that lets nothing happen that it cannot record."""
    with AuditLogger(backend, on_failure="raise") as logger:
        yield Record(logger, backend)
        backend.failing, backend.refused_type = False, None


@pytest.fixture(params=["traced", "untraced"])
def traced_or_not(request: pytest.FixtureRequest) -> Iterator[None]:
    """For what holds with tracing disabled as well."""
    set_tracing_disabled(request.param == "untraced")
    yield
    set_tracing_disabled(False)
