from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai_scripts import Record

import agent_audit_openai_agents
from agent_audit import AuditLogger, MemoryAuditBackend


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
