"""An event that cannot be stored, however often it is tried, does not stand in front of all others for ever."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend, MemoryAuditBackend
from agent_audit.content import LONGEST_NAME
from agent_audit.errors import EncodingError, WriteError
from agent_audit.event import Source
from agent_audit.redaction import Redacted
from agent_audit.verify import Verdict, verify

NAMES = ("session_id", "agent_id", "user_id", "trace_id", "span_id", "parent_span_id", "call_id", "error_type")


def call(action: str = "x", **fields: Any) -> AuditEvent:
    return AuditEvent(event_type=AuditEventType.TOOL_CALL, action=action, **fields)


def unstorable() -> AuditEvent:
    """Its `source` is the one text of an event that is nowhere shortened."""
    return call("unstorable", source=Source(framework="f" * 70_000))


class Particular(MemoryAuditBackend):
    """Stores everything but what is called `unstorable`."""

    def append(self, records: Sequence[bytes], *, timeout: float = 1.0) -> int:
        if any(b'"unstorable"' in record for record in records):
            raise EncodingError("event 7 is not to be stored")
        return super().append(records, timeout=timeout)


@pytest.mark.parametrize("level", ["buffered", "written", "synced"])
def test_the_others_are_recorded_and_the_loss_is_on_record(log_dir: Path, level: str) -> None:
    backend = FileAuditBackend(log_dir)
    logger = AuditLogger(backend, durability=level)
    for number in range(20):
        logger.log(unstorable() if number % 7 == 3 else call(f"call {number}"))
    assert logger.flush(20)
    logger.log(call("later"))
    logger.close()
    assert logger.lost == 3
    found = list(backend.query())
    assert [one.action for one in found if one.event_type == "tool.call"] == [
        *(f"call {number}" for number in range(20) if number % 7 != 3),
        "later",
    ]
    gaps = [one.metadata for one in found if one.event_type == "log.gap" and one.metadata]
    assert sum(gap["lost"] for gap in gaps) == 3
    assert "longer than a line may be" in gaps[0]["reasons"][0]
    assert verify(log_dir).verdict is Verdict.VALID


def test_of_a_batch_only_the_one_is_given_up_and_the_order_stays() -> None:
    backend = Particular()
    logger = AuditLogger(backend, durability="buffered")
    for number in range(300):
        logger.log(call("unstorable" if number in (0, 150, 151, 299) else str(number)))
    assert logger.flush(20)
    kept = [one.action for one in backend.events() if one.event_type == "tool.call"]
    assert kept == [str(number) for number in range(300) if number not in (0, 150, 151, 299)]
    assert logger.lost == 4


def test_who_fails_closed_is_told_and_nobody_else(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    logger = AuditLogger(backend, on_failure="raise")
    with pytest.raises(WriteError, match="longer than a line may be"):
        logger.log(unstorable())
    with pytest.raises(WriteError, match="longer than a line may be"):
        asyncio.run(logger.alog(unstorable()))
    logger.log(call("next"))
    assert logger.lost == 0
    assert [one.action for one in backend.query(event_type="tool.call")] == ["next"]


def test_the_loss_is_on_record_also_when_nothing_comes_after_it(log_dir: Path) -> None:
    program = (
        "import sys; from agent_audit import *; from agent_audit.event import Source\n"
        "logger = AuditLogger(FileAuditBackend(sys.argv[1]))\n"
        "logger.record(AuditEventType.TOOL_CALL, source=Source(framework='f' * 70_000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(log_dir)], capture_output=True, text=True, check=True, timeout=200
    )
    assert "1 event lost so far" in done.stderr
    assert [one.event_type for one in FileAuditBackend(log_dir).query()] == ["log.opened", "log.gap", "log.closed"]


class Unwritable:
    """A redactor whose results JSON has no form for."""

    def redact(self, payload: dict[str, Any], *, action: str | None = None) -> Redacted:
        return Redacted({name: object() for name in payload})


def test_a_redactor_whose_results_cannot_be_written_does_not_stop_the_agent() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend, redactor=Unwritable())
    logger.log(call("x"))
    asyncio.run(logger.alog(call("x")))
    assert logger.flush(20)
    assert logger.lost == 2
    gaps = [one.metadata for one in backend.events() if one.metadata]
    assert sum(gap["lost"] for gap in gaps) == 2
    assert all(gap["types"].keys() == {"tool.call"} for gap in gaps)


def test_a_redactor_whose_results_cannot_be_written_fails_closed() -> None:
    logger = AuditLogger(MemoryAuditBackend(), redactor=Unwritable(), on_failure="raise")
    with pytest.raises(WriteError, match="cannot be written as JSON"):
        logger.log(call("x"))
    with pytest.raises(WriteError, match="cannot be written as JSON"):
        asyncio.run(logger.alog(call("x")))
    assert logger.lost == 0


class SyncFails(MemoryAuditBackend):
    def sync(self) -> None:
        raise OSError(5, "Input/output error")


def test_a_sync_that_fails_is_told_as_a_write_error_whatever_the_store_raises() -> None:
    logger = AuditLogger(SyncFails(), durability="synced", on_failure="raise")
    with pytest.raises(WriteError, match="Input/output error"):
        logger.log(call())
    with pytest.raises(WriteError, match="Input/output error"):
        asyncio.run(logger.alog(call()))
    with pytest.raises(WriteError, match="Input/output error"):
        logger.flush(1)


# -- ids ---------------------------------------------------------------------------------------------------

ids = st.one_of(
    st.text(st.characters(), max_size=20),  # lone surrogates, too, as JSON of a model may bring them
    st.builds(
        lambda text, times: text * times, st.text(st.characters(), min_size=1, max_size=3), st.integers(1, 80_000)
    ),
)


def test_whatever_ids_an_event_has_it_is_recorded_and_can_be_read(tmp_path: Path) -> None:
    backend = FileAuditBackend(tmp_path / "log")
    logger = AuditLogger(backend)

    @given(st.dictionaries(st.sampled_from(NAMES), st.one_of(ids, st.integers(), st.binary(), st.lists(ids))))
    def holds(fields: dict[str, Any]) -> None:
        logger.log(AuditEvent.unchecked(AuditEventType.TOOL_CALL, **fields))
        (found,) = backend.query(min_seq=next(seqs))
        for name in fields:
            value = getattr(found, name)
            assert isinstance(value, str)
            assert len(value) <= LONGEST_NAME

    seqs = count(1)  # behind `log.opened`
    holds()
    assert logger.lost == 0
    logger.close()
    assert verify(tmp_path / "log").verdict is Verdict.VALID


@pytest.mark.parametrize("name", NAMES)
def test_a_long_id_is_shortened_alike_in_every_event_and_unlike_another(name: str) -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend)
    one, other = "user-" * 1_000 + "1", "user-" * 1_000 + "2"
    logger.log(call(**{name: one}))
    logger.log(call(**{name: one}, result="x" * 20_000, parameters={"text": "y" * 50_000}))
    logger.log(call(**{name: other}))
    first, second, third = backend.events()
    assert getattr(first, name) == getattr(second, name) != getattr(third, name)
    assert getattr(first, name).startswith("user-user-")
    assert first.metadata == {"shortened": {name: {"bytes": 5_001}}}
    assert second.metadata is not None
    assert second.metadata["shortened"].keys() == {name, "result"}


def test_an_id_of_the_longest_length_stays_as_it_is() -> None:
    backend = MemoryAuditBackend()
    AuditLogger(backend).log(call(session_id="s" * LONGEST_NAME))
    (found,) = backend.events()
    assert (found.session_id, found.metadata) == ("s" * LONGEST_NAME, None)


def test_lone_surrogates_of_an_id_cost_no_event() -> None:
    backend = MemoryAuditBackend()
    logger = AuditLogger(backend, on_failure="raise")
    logger.log(call(call_id="call_\ud800", error_type="Err\udfffor", parameters={"\ud800": "\ud800"}))
    (found,) = backend.events()
    assert (found.call_id, found.error_type) == ("call_\ufffd", "Err\ufffdor")
