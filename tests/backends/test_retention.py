from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

import orjson
import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.atomic import draft_of
from agent_audit.backends.file import Layout, Retention, Rotation, retention, upkeep
from agent_audit.backends.file import space as space_module
from agent_audit.backends.file.fs import PosixFileSystem
from agent_audit.errors import ConfigurationError, HeldError, StorageError
from agent_audit.event import encode_record
from agent_audit.verify import Verdict, verify

T = TypeVar("T")
NOW = datetime.now(timezone.utc) + timedelta(days=100)
"""The log's own events are of today: seen from here, they are old as well."""
MONTH = Retention(max_age=timedelta(days=30))


def record(age_days: float, **fields: object) -> bytes:
    event = AuditEvent(event_type="tool.call", timestamp=NOW - timedelta(days=age_days), **fields)  # type: ignore[arg-type]
    return encode_record(event.to_record())


def log_of_ages(root: Path, *ages: float) -> FileAuditBackend:
    """A segment of 256 events for each age, and an active one behind them."""
    backend = FileAuditBackend(root, rotation=Rotation(max_events=256))
    for age in ages:
        backend.append([record(age) for _ in range(255 if age is ages[0] else 256)])
    backend.append([record(0)])
    return backend


def test_sealed_segments_past_their_age_go_and_an_event_says_so_first(log_dir: Path) -> None:
    backend = log_of_ages(log_dir, 90, 60, 10)
    digests = [hashlib.sha256(Layout(log_dir).segment(start).read_bytes()).hexdigest() for start in (0, 256)]
    dropped = backend.prune(MONTH, now=NOW)
    assert [(segment.first, segment.last) for segment in dropped] == [(0, 255), (256, 511)]
    assert Layout(log_dir).segment_starts() == [512, 768]
    (event,) = backend.query(event_type=AuditEventType.LOG_PRUNED)
    assert event.metadata is not None
    assert (event.metadata["from"], event.metadata["to"]) == (0, 511)
    assert [segment["sha256"] for segment in event.metadata["segments"]] == digests
    assert event.metadata["policy"]["max_age_seconds"] == 30 * 86400
    assert next(iter(backend.query())).seq == 512


def test_only_a_prefix_goes_one_younger_event_keeps_its_segment_and_all_behind_it(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=256))
    backend.append([record(90) for _ in range(255)])
    backend.append([record(90) for _ in range(255)] + [record(1)])
    backend.append([record(90) for _ in range(300)])
    assert [segment.first for segment in backend.prune(MONTH, now=NOW)] == [0]


def test_by_size_the_oldest_go_until_the_rest_fits_and_the_active_one_stays(log_dir: Path) -> None:
    backend = log_of_ages(log_dir, 3, 2, 1)
    total = sum(path.stat().st_size for path in Layout(log_dir).segments.iterdir())
    assert len(backend.prune(Retention(max_bytes=total - 1))) == 1
    assert len(backend.prune(Retention(max_bytes=0))) == 2
    assert Layout(log_dir).segment_starts() == [768]


def test_nothing_to_prune_records_nothing(log_dir: Path) -> None:
    backend = log_of_ages(log_dir, 1)
    assert backend.prune(MONTH, now=NOW) == []
    assert not list(backend.query(event_type=AuditEventType.LOG_PRUNED))


def test_a_held_log_is_not_pruned_and_the_reason_is_named(log_dir: Path) -> None:
    backend = log_of_ages(log_dir, 90)
    retention.hold(Layout(log_dir), "case 42")
    with pytest.raises(HeldError, match="case 42"):
        backend.prune(MONTH, now=NOW)
    assert retention.release(Layout(log_dir))
    assert not retention.release(Layout(log_dir))
    assert len(backend.prune(MONTH, now=NOW)) == 1


class Meanwhile(PosixFileSystem):
    """Does something else just before the log's lock is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.something: list[Callable[[], object]] = []

    def lock(self, handle: int, timeout: float) -> bool:
        while self.something:
            self.something.pop()()
        return super().lock(handle, timeout)


@pytest.mark.parametrize("who", ["who writes", "who prunes"])
def test_a_payload_that_is_named_again_while_its_last_line_goes_is_kept(log_dir: Path, who: str) -> None:
    long, rotation = record(0, result="y" * 70_000), Rotation(max_events=256)
    FileAuditBackend(log_dir, rotation=rotation).append([record(90, result="y" * 70_000), *[record(90)] * 254])
    slow = Meanwhile()
    writer = FileAuditBackend(log_dir, rotation=rotation, fs=slow if who == "who writes" else None)
    pruner = FileAuditBackend(log_dir, rotation=rotation, fs=slow if who == "who prunes" else None)
    writer.append([record(0)])
    if who == "who writes":
        slow.something = [lambda: pruner.prune(MONTH, now=NOW)]
        writer.append([long])
    else:
        taken = pruner.while_nobody_writes

        def after_a_line(timeout: float, work: Callable[[], T]) -> T:
            writer.append([long])
            return taken(timeout, work)

        pruner.while_nobody_writes = after_a_line  # type: ignore[method-assign]
        assert len(pruner.prune(MONTH, now=NOW)) == 1
        assert sum(b'"blobs"' in line for line in Layout(log_dir).segment(256).read_bytes().splitlines()) == 1
    assert Layout(log_dir).segment_starts() == [256]
    (blob,) = Layout(log_dir).blobs.glob("*/*")
    assert blob.stat().st_size > 70_000


def test_blobs_go_with_the_last_line_that_names_them(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=256))
    shared, old = {"t": "s" * 70_000}, {"t": "o" * 70_000}
    backend.append([record(90, parameters=shared), record(90, parameters=old)] + [record(90) for _ in range(253)])
    backend.append([record(0, parameters=shared)])
    assert len(list(Layout(log_dir).blobs.glob("*/*"))) == 2
    assert len(backend.prune(MONTH, now=NOW)) == 1
    (left,) = Layout(log_dir).blobs.glob("*/*")
    assert orjson.loads(left.read_bytes()) == shared


@pytest.mark.parametrize("named", ['[{"sha256":"%s"}]', "[1]", '["%s"]', "5", "[{}]"])
def test_what_a_line_names_as_a_blob_without_being_one_is_no_file_that_goes_with_it(
    log_dir: Path, tmp_path: Path, named: str
) -> None:
    other = tmp_path / "no-blob"
    other.write_text("of somebody else")
    backend = log_of_ages(log_dir, 90)
    segment = Layout(log_dir).segment(0)
    lines = segment.read_bytes().splitlines(keepends=True)
    path = f"../{'../' * 30}{other.relative_to('/')}"
    blobs = named.replace("%s", path).encode()
    lines[7] = b'{"seq":7,"blobs":%s,%s' % (blobs, lines[7].partition(b",")[2])
    segment.write_bytes(b"".join(lines))
    assert len(backend.prune(MONTH, now=NOW)) == 1
    assert other.exists()


def test_a_log_goes_on_behind_what_was_pruned(log_dir: Path) -> None:
    backend = log_of_ages(log_dir, 90)
    backend.prune(MONTH, now=NOW)
    backend.close()
    other = FileAuditBackend(log_dir)
    last = other.append([record(0)])
    assert last > 256
    assert [event.seq for event in other.query()] == list(range(256, last + 1))


def test_a_logger_with_retention_prunes_when_it_seals_a_segment(log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=256), retention=Retention(max_bytes=0))
    with AuditLogger(backend, durability="synced") as logger:
        for _ in range(600):
            logger.record(AuditEventType.TOOL_CALL)
    assert Layout(log_dir).segment_starts()[0] >= 256
    assert list(FileAuditBackend(log_dir).query(event_type="log.pruned"))


def test_of_several_that_prune_at_once_one_drops_and_records_and_the_others_find_it_done(log_dir: Path) -> None:
    log_of_ages(log_dir, *range(80, 60, -1)).close()
    begin = threading.Barrier(4)

    def prune() -> int:
        backend = FileAuditBackend(log_dir)
        begin.wait()
        dropped = backend.prune(MONTH, now=NOW)
        backend.close()
        return len(dropped)

    with ThreadPoolExecutor(4) as pool:
        found = sorted(task.result() for task in [pool.submit(prune) for _ in range(4)])
    assert found == [0, 0, 0, 20]
    assert len(list(FileAuditBackend(log_dir).query(event_type=AuditEventType.LOG_PRUNED))) == 1


def test_a_hold_whose_reason_cannot_be_kept_is_refused_and_does_not_stand(log_dir: Path) -> None:
    backend = log_of_ages(log_dir, 90)
    with pytest.raises(ConfigurationError, match=r"reason .* is no UTF-8"):
        retention.hold(Layout(log_dir), "case \udcff")
    assert len(backend.prune(MONTH, now=NOW)) == 1


def test_holds_that_come_at_once_do_not_get_into_each_others_way(log_dir: Path, file_logger: AuditLogger) -> None:
    file_logger.log(AuditEvent(event_type="tool.call"))
    file_logger.flush()
    layout = Layout(log_dir)

    def hold(reason: str) -> None:
        for _ in range(50):
            retention.hold(layout, reason)
            assert orjson.loads(layout.hold.read_bytes())["reason"] in {"case 1", "case 2"}

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(hold, ["case 1", "case 2"]))
    assert not [path for path in log_dir.iterdir() if path.name.startswith(".HOLD")]


def test_each_pruning_makes_the_tiles_of_its_own_events_durable_and_not_those_of_all_before(log_dir: Path) -> None:
    synced: list[str] = []

    class Watched(PosixFileSystem):
        def open(self, path: Path, *, create: bool = False) -> int:
            if "tile" in path.parts and not create:
                synced.append(str(path.relative_to(log_dir)))
            return super().open(path, create=create)

    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=256), fs=Watched())
    for first in (0, 2):
        backend.append([record(0) for _ in range(520)])
        backend.prune(Retention(max_bytes=0))
        assert synced == [f"tile/0/{first + number:03d}" for number in (0, 1)]
        synced.clear()
    backend.close()
    assert verify(log_dir).verdict is Verdict.VALID


@pytest.mark.parametrize("then", ["hold", "release"])
def test_what_a_killed_hold_has_left_is_removed_when_it_is_a_day_old_and_that_of_another_stays(
    log_dir: Path, file_logger: AuditLogger, then: str
) -> None:
    file_logger.record(AuditEventType.TOOL_CALL)
    layout = Layout(log_dir)
    for _ in range(2):
        draft_of(layout.hold).touch()  # where a process is killed before it is put in place
    old, fresh = log_dir.glob(".HOLD.*")
    os.utime(old, (time.time() - 90_000,) * 2)
    if then == "hold":
        retention.hold(layout, "case 7")
    else:
        assert not retention.release(layout)
    assert list(log_dir.glob(".HOLD.*")) == [fresh]


def test_a_hold_for_which_there_is_no_room_leaves_nothing(
    log_dir: Path, file_logger: AuditLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_logger.record(AuditEventType.TOOL_CALL)

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PosixFileSystem, "fsync", no_room)
    with pytest.raises(StorageError, match="No space left"):
        retention.hold(Layout(log_dir), "case 7")
    assert not list(log_dir.glob(".HOLD*"))
    retention.refuse_if_held(Layout(log_dir))


def test_a_hold_that_comes_while_a_log_is_pruned_keeps_what_is_there_yet_and_waits_for_the_end_of_the_pruning(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, look = Layout(log_dir), retention.blobs_named
    backend = log_of_ages(log_dir, 90, 60)
    holder = threading.Thread(target=retention.hold, args=(layout, "case 42"))

    def held_meanwhile(path: Path) -> set[str]:
        if not layout.hold.exists():
            holder.start()
            while not layout.hold.exists() or not layout.hold.read_bytes():
                time.sleep(0.001)
        assert holder.is_alive()
        return look(path)

    with monkeypatch.context() as pruning:
        pruning.setattr(retention, "blobs_named", held_meanwhile)
        with pytest.raises(HeldError, match="case 42"):
            backend.prune(MONTH, now=NOW)
    holder.join()
    assert layout.segment_starts() == [0, 256, 512]
    assert verify(log_dir).verdict is Verdict.VALID
    retention.release(layout)
    assert [segment.first for segment in backend.prune(MONTH, now=NOW)] == [0, 256]
    assert verify(log_dir).verdict is Verdict.VALID


def test_a_writer_that_cannot_record_what_it_would_prune_says_that_nothing_was_pruned(
    log_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backend, other = log_of_ages(log_dir, 90, 60), FileAuditBackend(log_dir)
    other.while_nobody_writes(1.0, lambda: upkeep.prune_quietly(backend, Retention(max_bytes=1)))
    assert "nothing was pruned: " in capsys.readouterr().err
    assert backend.layout.segment_starts() == [0, 256, 512]


def test_a_signed_log_is_not_pruned_by_a_user_who_could_make_no_checkpoint_of_that(
    log_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_of_ages(log_dir, 90, 60).close()
    before = [path.name for path in log_dir.iterdir()]
    with monkeypatch.context() as another_user:
        another_user.setenv("XDG_STATE_HOME", str(tmp_path / "of another user"))
        with pytest.raises(ConfigurationError, match=r"key that signs .* is not this user's"):
            FileAuditBackend(log_dir).prune(MONTH, now=NOW)
    assert Layout(log_dir).segment_starts() == [0, 256, 512]
    assert [path.name for path in log_dir.iterdir()] == before
    assert verify(log_dir).verdict is Verdict.VALID


@pytest.mark.parametrize("limits", [{}, {"max_age": timedelta(0)}, {"max_bytes": -1}])
def test_impossible_limits_are_refused(limits: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Retention(**limits)  # type: ignore[arg-type]


def test_low_space_is_told_before_the_disk_is_full_and_not_again_and_again(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Usage:
        free, total = 10 * 2**20, 100 * 2**30

    monkeypatch.setattr(space_module.shutil, "disk_usage", lambda path: Usage)
    monkeypatch.setattr(space_module, "_LOOK_EVERY", 0.0)
    backend = FileAuditBackend(log_dir)
    for _ in range(3):
        backend.append([record(0)])
        backend.sync()
    err = capsys.readouterr().err
    assert err.count("10 MiB are left") == 1
    assert "agent-audit-log prune" in err


def test_pruning_that_seals_a_segment_itself_is_one_pruning(log_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backend = FileAuditBackend(log_dir, rotation=Rotation(max_events=256), retention=Retention(max_bytes=0))
    backend.append([record(1) for _ in range(511)])  # with `log.opened` two segments: `log.pruned` begins another
    backend.sync()
    backend.close()
    assert capsys.readouterr().err == ""
    pruned = [event.metadata for event in FileAuditBackend(log_dir).query(event_type=AuditEventType.LOG_PRUNED)]
    assert len({metadata["from"] for metadata in pruned if metadata}) == len(pruned) > 0


def test_what_stands_beside_the_segments_is_the_owners_alone_whatever_the_umask(log_dir: Path) -> None:
    before = os.umask(0)
    try:
        backend = FileAuditBackend(log_dir)
        backend.append([record(0)])
        backend.rotate_key()
        backend.close()
        retention.hold(Layout(log_dir), "case 1")
    finally:
        os.umask(before)
    for path in (Layout(log_dir).hold, Layout(log_dir).keys):
        assert path.stat().st_mode & 0o077 == 0, path
