from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent_audit.redaction import DefaultRedactor
from agent_audit.redaction.gate import AhoCorasickGate, Place


@pytest.fixture(scope="session")
def redactor() -> DefaultRedactor:
    return DefaultRedactor()


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that pass the gate of any redactor."""
    texts: list[str] = []
    find = AhoCorasickGate.find

    def note(gate: AhoCorasickGate, text: str) -> Sequence[Place]:
        texts.append(text)
        return find(gate, text)

    monkeypatch.setattr(AhoCorasickGate, "find", note)
    return texts
