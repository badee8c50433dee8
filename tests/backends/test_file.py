from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend, MemoryAuditBackend, Query
from agent_audit.backends.file import Layout, Rotation, segments
from agent_audit.backends.file.layout import MAX_LINE
from agent_audit.backends.file.segments import ActiveSegment
from agent_audit.errors import (
    CorruptLineError,
    FormatError,
    LockTimeoutError,
    LogNotFoundError,
    StorageError,
    WriteError,
)
from agent_audit.event import encode_record
from agent_audit.testing import check_backend
from tests.interrupting import interrupted_at_each_step


def record(**fields: object) -> bytes:
    return encode_record(AuditEvent(event_type=AuditEventType.TOOL_CALL, **fields).to_record())  # type: ignore[arg-type]


def lines_of(root: Path) -> list[bytes]:
    layout = Layout(root)
    return b"".join(layout.segment(start).read_bytes() for start in layout.segment_starts()).splitlines()


def types_of(root: Path) -> list[str]:
    return [orjson.loads(line)["event_type"] for line in lines_of(root)]


def test_it_keeps_the_contract_of_a_backend(log_dir: Path) -> None:
    check_backend(lambda: FileAuditBackend(log_dir))


def test_the_memory_backend_keeps_the_contract_of_a_backend() -> None:
    backend = MemoryAuditBackend()
    check_backend(lambda: backend)


@pytest.mark.parametrize("part", [ActiveSegment.append_next, ActiveSegment._follow])
def test_an_interrupt_at_any_step_of_an_append_gives_no_number_twice(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch, part: Callable[..., object]
) -> None:
    monkeypatch.setattr(segments, "LOOK_INTERVAL", 600.0)  # else a step may be one of the long way
    ours, theirs = FileAuditBackend(log_dir), FileAuditBackend(log_dir)

    def run() -> None:
        theirs.append([record()])
        ours.append([record()])

    for _ in range(3):  # what is opened is looked at once more
        run()
    steps = list(interrupted_at_each_step(part.__code__, run))
    run()
    assert len(steps) > 20
    seqs = [orjson.loads(line)["seq"] for line in lines_of(log_dir)]
    assert seqs == list(range(len(seqs)))


def test_the_directory_is_private_ignored_by_git_and_named_once(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    backend.append([record()])
    assert log_dir.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in log_dir.rglob("*") if path.is_file()} == {0o600}
    assert (log_dir / ".gitignore").read_text() == "*\n"
    header = json.loads((log_dir / "log.json").read_text())
    assert header["format"] == 1
    FileAuditBackend(log_dir).append([record()])
    assert json.loads((log_dir / "log.json").read_text()) == header


def test_the_position_of_a_line_is_its_seq_across_segments(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=512))
    for size in (1, 700, 3, 256, 600):
        backend.append([record() for _ in range(size)])
    layout = Layout(log_dir)
    assert layout.segment_starts() == [0, 512, 1024, 1536]
    assert [orjson.loads(line)["seq"] for line in lines_of(log_dir)] == list(range(1561))


def test_a_segment_is_sealed_by_size_at_the_next_multiple_of_256(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_bytes=10_000))
    for _ in range(600):
        backend.append([record(action="x" * 100)])
    assert Layout(log_dir).segment_starts() == [0, 256, 512]


def test_a_last_line_that_does_not_say_where_it_stands_is_told_to_whoever_must_know(log_dir: Path) -> None:
    with AuditLogger(FileAuditBackend(log_dir, signer=False)) as logger:
        logger.record("error")
    with Layout(log_dir).segment(0).open("ab") as file:
        file.write(b"somebody's note\n")
    with (
        AuditLogger(FileAuditBackend(log_dir, signer=False), on_failure="raise") as logger,
        pytest.raises(WriteError, match=r"^the backend failed: the last line of .* run `agent-audit-log verify`, and"),
    ):
        logger.record("error")


@pytest.mark.parametrize("most", [1, 100, 257])
def test_a_segment_is_sealed_by_number_at_the_next_multiple_of_256(log_dir: Path, most: int) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=most))
    for size in (3, 300, 1, 1, 700):
        backend.append([record() for _ in range(size)])
    assert Layout(log_dir).segment_starts() == list(range(0, 1005, 512 if most > 256 else 256))


def test_processes_with_different_rotations_follow_one_another(log_dir: Path) -> None:
    long, short = FileAuditBackend(log_dir), FileAuditBackend(log_dir, rotation=Rotation(max_events=256))
    for _ in range(8):
        for backend in (long, short):
            backend.append([record() for _ in range(150)])
    opened = 2
    assert [orjson.loads(line)["seq"] for line in lines_of(log_dir)] == list(range(8 * 2 * 150 + opened))
    assert all(start % 256 == 0 for start in Layout(log_dir).segment_starts())


def test_a_segment_is_sealed_by_age_at_the_next_multiple_of_256(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_age=0.0))
    backend.append([record() for _ in range(600)])
    assert Layout(log_dir).segment_starts() == [0, 256, 512]


def test_processes_that_live_for_less_than_that_age_seal_a_segment_between_them(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    for hours in (0, 20, 25):
        monkeypatch.setattr(time, "time", lambda hours=hours: now + hours * 3600)
        with contextlib.closing(FileAuditBackend(log_dir)) as backend:
            backend.append([record() for _ in range(200)])
    assert Layout(log_dir).segment_starts() == [0, 512]


@pytest.mark.parametrize("said", [b"2026-99-99T", b"2999-01-01T"])
def test_a_segment_whose_first_event_tells_no_sensible_time_is_old_enough_to_be_sealed(
    log_dir: Path, said: bytes
) -> None:
    with contextlib.closing(FileAuditBackend(log_dir, signer=False)) as backend:
        backend.append([record() for _ in range(200)])
    path = Layout(log_dir).segment(0)
    lines = path.read_bytes()
    path.write_bytes(lines.replace(re.search(rb"[0-9-]{10}T", lines)[0], said, 1))  # type: ignore[index]
    with contextlib.closing(FileAuditBackend(log_dir, signer=False)) as backend:
        backend.append([record() for _ in range(600)])
    assert Layout(log_dir).segment_starts() == [0, 256]


def test_a_segment_whose_first_event_is_a_little_ahead_of_the_clock_is_not_sealed_for_that(log_dir: Path) -> None:
    ahead = AuditEvent(event_type="error", timestamp=datetime.now(timezone.utc) + timedelta(hours=2))
    with contextlib.closing(FileAuditBackend(log_dir, signer=False)) as backend:
        backend.append([encode_record(ahead.to_record())])
    with contextlib.closing(FileAuditBackend(log_dir, signer=False)) as backend:
        backend.append([record() for _ in range(600)])
    assert Layout(log_dir).segment_starts() == [0]


def test_every_field_and_the_time_can_be_asked_for(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    events = [
        AuditEvent(event_type="tool.call", agent_id=f"a{n % 3}", user_id=f"u{n % 2}", action=f"tool.{n}")
        for n in range(12)
    ]
    backend.append([encode_record(event.to_record()) for event in events])
    ids = [event.event_id for event in events]
    found = backend.query(agent_id="a1", user_id=("u0", "u1"), start=events[2].timestamp, end=events[8].timestamp)
    assert [event.event_id for event in found] == [ids[4], ids[7]]
    assert [event.event_id for event in backend.query(Query(event_id=ids[5]))] == [ids[5]]  # type: ignore[call-arg]
    assert [event.seq for event in backend.query(min_seq=5, limit=2)] == [5, 6]
    with pytest.raises(ValueError, match="unknown query condition colour"):
        backend.query(colour="red")


def _write_many(root: Path, name: str, threads: int, events: int) -> None:
    logger = AuditLogger(FileAuditBackend(root))

    def work(thread: int) -> None:
        for n in range(events):
            logger.record(AuditEventType.TOOL_CALL, agent_id=f"{name}-{thread}", parameters={"n": n})

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    logger.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_8_threads_in_4_processes_lose_and_duplicate_nothing_and_keep_their_order(log_dir: Path, method: str) -> None:
    events = 2_500 if method == "fork" else 250
    context = multiprocessing.get_context(method)
    processes = [context.Process(target=_write_many, args=(log_dir, f"p{n}", 8, events)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    recorded = [orjson.loads(line) for line in lines_of(log_dir)]
    assert [line["seq"] for line in recorded] == list(range(len(recorded)))
    numbers: dict[str, list[int]] = {}
    for line in recorded:
        if line["event_type"] == "tool.call":
            numbers.setdefault(line["agent_id"], []).append(line["parameters"]["n"])
    assert len(numbers) == 32
    assert all(seen == list(range(events)) for seen in numbers.values())
    assert Counter(line["event_id"] for line in recorded).most_common(1)[0][1] == 1
    assert Counter(types_of(log_dir))["log.opened"] == Counter(types_of(log_dir))["log.closed"] == 4


@pytest.mark.parametrize("torn", [b'{"seq":3,"event_id":"half', b"\x00" * 300, b"{"])
@pytest.mark.parametrize("running", [True, False])
def test_a_torn_last_line_is_put_aside_and_reported(log_dir: Path, torn: bytes, running: bool) -> None:
    backend = FileAuditBackend(log_dir)
    backend.append([record(action="before")])
    with Layout(log_dir).segment(0).open("ab") as file:
        file.write(torn)
    if not running:
        backend = FileAuditBackend(log_dir)
    backend.append([record(action="after")])
    events = list(backend.query())
    recovered = next(event for event in events if event.event_type is AuditEventType.LOG_RECOVERED)
    assert recovered.error == "a torn last line was put aside"
    assert recovered.metadata is not None
    assert recovered.metadata["bytes"] == len(torn)
    assert (log_dir / recovered.metadata["file"]).read_bytes() == torn
    assert [event.action for event in events if event.event_type is AuditEventType.TOOL_CALL] == ["before", "after"]


def test_a_payload_over_the_line_limit_goes_to_a_blob_that_the_line_names(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    parameters = {"text": "ä" * 200_000}
    backend.append([record(parameters=parameters, action="big")])
    line = next(line for line in lines_of(log_dir) if b'"big"' in line)
    assert len(line) <= MAX_LINE
    assert line.startswith(b'{"seq":1,"blobs":[{"sha256":"')
    (blob,) = orjson.loads(line)["blobs"]
    data = Layout(log_dir).blob(blob["sha256"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == blob["sha256"]
    assert len(data) == blob["bytes"]
    assert orjson.loads(data) == parameters
    assert blob["field"] == "parameters"


@pytest.mark.parametrize("size", range(65_000, 65_800, 37))
def test_no_line_is_ever_longer_than_the_limit(tmp_path: Path, size: int) -> None:
    backend = FileAuditBackend(tmp_path / "log")
    backend.append([record(result="x" * size)])
    assert all(len(line) <= MAX_LINE for line in lines_of(tmp_path / "log"))


def test_when_the_active_segment_is_deleted_the_log_goes_on_and_says_what_is_missing(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    backend.append([record() for _ in range(9)])
    Layout(log_dir).segment(0).unlink()
    assert backend.append([record(action="next")]) >= 10
    gaps = [e for e in _raw(log_dir) if e["event_type"] == "log.recovered"]
    assert {gap["error"] for gap in gaps} == {"the active segment was deleted", "recorded events are missing"}
    assert gaps[-1]["metadata"] == {"missing_from": 0, "missing_to": 9}


def test_when_the_active_segment_is_replaced_the_log_goes_on_in_the_new_file(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    backend.append([record(action="one")])
    segment = Layout(log_dir).segment(0)
    copy = segment.with_suffix(".copy")
    shutil.copy(segment, copy)
    copy.rename(segment)
    backend.append([record(action="two")])
    assert [event.action for event in backend.query(event_type="tool.call")] == ["one", "two"]
    assert "log.recovered" in types_of(log_dir)


def test_when_the_active_segment_is_cut_short_no_number_is_given_twice(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    backend.append([record() for _ in range(9)])
    segment = Layout(log_dir).segment(0)
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:4]))
    seq = backend.append([record()])
    assert seq > 9
    assert len({event["seq"] for event in _raw(log_dir)}) == len(_raw(log_dir))


def test_when_the_whole_directory_is_deleted_a_new_log_is_begun(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    backend.append([record()])
    origin = json.loads((log_dir / "log.json").read_text())["origin"]
    shutil.rmtree(log_dir)
    backend.append([record(action="after")])
    assert json.loads((log_dir / "log.json").read_text())["origin"] != origin
    assert "after" in {event.get("action") for event in _raw(log_dir)}


def test_when_the_file_lock_is_deleted_all_who_write_lock_the_new_one_again(log_dir: Path) -> None:
    first, second = FileAuditBackend(log_dir), FileAuditBackend(log_dir)
    first.append([record()])
    Layout(log_dir).lock.unlink()
    second.append([record()])
    first.append([record()])
    with pytest.raises(LockTimeoutError):
        first.while_nobody_writes(1.0, lambda: second.append([record()], timeout=0.01))
    assert [event["seq"] for event in _raw(log_dir)] == list(range(len(_raw(log_dir))))
    (recovered,) = (event for event in _raw(log_dir) if event["event_type"] == "log.recovered")
    assert recovered["error"] == "the file LOCK was deleted or replaced"


def test_when_the_folder_of_the_segments_is_deleted_the_log_goes_on(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, signer=False)
    backend.append([record()])
    shutil.rmtree(Layout(log_dir).segments)
    backend.append([record(action="next")])
    assert {"the active segment was deleted", "recorded events are missing"} <= {e.get("error") for e in _raw(log_dir)}
    assert [event.action for event in backend.query(event_type="tool.call")] == ["next"]


def test_a_log_whose_segments_are_gone_is_one_that_was_rolled_back(log_dir: Path) -> None:
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.record(AuditEventType.TOOL_CALL, action="before")
    shutil.rmtree(Layout(log_dir).segments)
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.record(AuditEventType.TOOL_CALL, action="after")
    beside = FileAuditBackend(log_dir.with_name(f"{log_dir.name}-2"))
    assert [event.action for event in beside.query(event_type="tool.call")] == ["after"]


def test_a_long_payload_goes_along_into_the_log_in_which_a_writer_goes_on(log_dir: Path) -> None:
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.record(AuditEventType.TOOL_CALL, action="before")
    Layout(log_dir).segment(0).write_bytes(b"")
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.record(AuditEventType.TOOL_CALL, parameters={"text": "word " * 20_000})
    beside = Layout(log_dir.with_name(f"{log_dir.name}-2"))
    (event,) = FileAuditBackend(beside.root).query(event_type="tool.call")
    assert event.metadata is None
    (blob,) = (b["sha256"] for e in _raw(beside.root) for b in e.get("blobs", ()))  # type: ignore[attr-defined]
    assert beside.blob(blob).exists()


def _raw(root: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in lines_of(root)]


def test_a_clock_that_goes_backwards_changes_neither_the_order_on_record_nor_what_is_found(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=256))
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    moments = [noon - timedelta(minutes=n) for n in range(600)]
    for moment in moments:
        backend.append([record(timestamp=moment)])
    found = [event.timestamp for event in backend.query(event_type="tool.call")]
    assert found == moments
    early = list(backend.query(event_type="tool.call", end=moments[500]))
    assert [event.timestamp for event in early] == moments[501:]


def test_a_log_of_a_newer_format_is_refused_by_name(log_dir: Path) -> None:
    log_dir.mkdir()
    (log_dir / "log.json").write_text('{"format":2,"origin":"x"}')
    with pytest.raises(FormatError, match=r"log format 2; this version reads up to 1: upgrade"):
        FileAuditBackend(log_dir)


def test_a_log_that_is_not_there_is_a_named_error_and_looking_makes_nothing(log_dir: Path) -> None:
    with pytest.raises(LogNotFoundError, match="no audit log at"):
        list(FileAuditBackend(log_dir).query())
    assert not log_dir.exists()


def test_a_line_that_is_no_event_is_named_by_file_and_line(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    backend.append([record() for _ in range(3)])
    segment = Layout(log_dir).segment(0)
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[2] = b"{broken}\n"
    segment.write_bytes(b"".join(lines))
    with pytest.raises(CorruptLineError, match=r"00000000000000000000\.jsonl:3 \(seq 2\) is not an audit event"):
        list(backend.query())


def test_a_path_that_cannot_be_a_directory_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write to the log"):
        FileAuditBackend(tmp_path / "file" / "log").append([record()])
