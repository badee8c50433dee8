"""A record of its own for each test, checked when the test is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from langchain_record import Record

from agent_audit_langchain import disable


@pytest.fixture
def record() -> Iterator[Record]:
    record = Record()
    yield record
    record.check()
    record.logger.close()


@pytest.fixture(autouse=True)
def _process_wide_recording_is_off() -> Iterator[None]:
    yield
    disable()
