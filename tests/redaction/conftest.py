from __future__ import annotations

import pytest

from agent_audit.redaction import DefaultRedactor


@pytest.fixture(scope="session")
def redactor() -> DefaultRedactor:
    return DefaultRedactor()
