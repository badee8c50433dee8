"""A log that is deleted, put back or begun anew under its shipper, and shippers that share a folder for their notes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent_audit import AuditLogger, FileAuditBackend
from agent_audit.backends.file import Layout, Retention
from agent_audit.errors import LogNotFoundError, ShipError, StoreRefusedError, StoreUnavailableError
from agent_audit.ship import Batch, Progress, ShipLimits, Shipper, open_copies, open_sink
from agent_audit.ship.cursor import Cursor, ReplacedError
from agent_audit.ship.eventparts import EventParts
from tests.ship.stores import QUICK, FlakySink, lines_of, write
from tests.ship.test_in_process import record
from tests.ship.test_objects import stored
from tests.ship.test_shipper import origin_of


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Following:
    """A shipper that follows a log in a thread of its own."""

    def __init__(self, log_dir: Path, sink: FlakySink) -> None:
        self.error: Exception | None = None
        self.shipper = Shipper(log_dir, sink, limits=QUICK)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.shipper.run()
        except Exception as error:
            self.error = error


@contextmanager
def following(log_dir: Path, sink: FlakySink) -> Iterator[Following]:
    found = Following(log_dir, sink)
    try:
        yield found
    finally:
        found.shipper.stop(within=20)
        found.thread.join(200)
        assert not found.thread.is_alive()


@contextmanager
def put_back_afterwards(*places: Path) -> Iterator[None]:
    """What is written to these places is undone, as by a backup: they are other files then."""
    for place in places:
        shutil.copytree(place, place.with_name(place.name + ".backup"))
    yield
    for place in places:
        shutil.rmtree(place)
        place.with_name(place.name + ".backup").rename(place)


def keys_of_this_user() -> Path:
    return Path(os.environ["XDG_STATE_HOME"])


def replaced(log_dir: Path, other: Path) -> None:
    """One directory in place of another, at once."""
    log_dir.rename(log_dir.with_name("gone"))
    other.rename(log_dir)


def test_a_follower_ships_the_log_that_was_begun_anew_where_its_own_was(log_dir: Path) -> None:
    write(log_dir, 30)
    write(log_dir.with_name("new"), 10)
    old, new = origin_of(log_dir), origin_of(log_dir.with_name("new"))
    sink = FlakySink()
    with following(log_dir, sink):
        wait_until(lambda: len(sink.logs[old]) == 32)
        replaced(log_dir, log_dir.with_name("new"))
        wait_until(lambda: len(sink.logs[new]) == 12)
        write(log_dir, 10)
        wait_until(lambda: len(sink.logs[new]) == 24)
    assert sink.logs[new] == lines_of(log_dir)
    assert sink.logs[old] == lines_of(log_dir.with_name("gone"))
    assert not [name for name in sink.files[old] if sink.files[old][name] in sink.files[new].values()]


def test_a_follower_refuses_the_log_that_was_put_back_and_went_on_with_other_events(log_dir: Path) -> None:
    write(log_dir, 30)
    copy = log_dir.with_name("copy")
    shutil.copytree(log_dir, copy)
    with put_back_afterwards(keys_of_this_user()):
        write(log_dir, 30)
    sink = FlakySink()
    with following(log_dir, sink) as follower:
        wait_until(lambda: len(sink.logs[origin_of(log_dir)]) == 64)
        write(copy, 100)
        replaced(log_dir, copy)
        follower.thread.join(200)
        assert isinstance(follower.error, StoreRefusedError)
    assert "changed or set back" in str(follower.error)
    assert len(sink.logs[origin_of(log_dir)]) == 64


def test_a_follower_ends_when_its_log_is_deleted_and_says_so(log_dir: Path) -> None:
    write(log_dir, 30)
    origin = origin_of(log_dir)
    sink = FlakySink()
    with following(log_dir, sink) as follower:
        wait_until(lambda: len(sink.logs[origin]) == 32)
        log_dir.rename(log_dir.with_name("gone"))
        follower.thread.join(200)
        assert isinstance(follower.error, LogNotFoundError)
    assert not log_dir.exists()


def test_the_process_that_logs_ships_what_it_writes_after_its_log_was_deleted(log_dir: Path) -> None:
    sink = FlakySink()
    logger = AuditLogger(FileAuditBackend(log_dir), ship_to=[sink])
    record(logger, 5)
    old = origin_of(log_dir)
    wait_until(lambda: len(sink.logs[old]) >= 6)
    log_dir.rename(log_dir.with_name("gone"))
    shutil.rmtree(log_dir.with_name("gone"))
    wait_until(lambda: record(logger, 1) or (log_dir / "log.json").exists())
    record(logger, 5)
    new = origin_of(log_dir)
    wait_until(lambda: len(sink.logs[new]) >= 5)
    logger.close()
    assert sink.logs[new] == lines_of(log_dir)


def test_lines_that_were_written_over_in_place_are_not_taken_for_new_ones(log_dir: Path) -> None:
    write(log_dir, 10)
    segment = Layout(log_dir).segment(0)
    cursor = Cursor(Layout(log_dir), 0)
    assert len(cursor.read(100, 1 << 20)) == 12
    with segment.open("r+b") as file:
        file.write(b"x" * (segment.stat().st_size + 100) + b"\n")
    with pytest.raises(ReplacedError, match="restored from a backup"):
        cursor.read(100, 1 << 20)
    with segment.open("r+b") as file:
        file.truncate(10)
    with pytest.raises(ReplacedError):
        cursor.read(100, 1 << 20)
    cursor.close()


def test_nothing_is_pruned_while_a_store_that_follows_has_not_answered_yet(log_dir: Path) -> None:
    write(log_dir, 600)
    limits = ShipLimits(first_pause=0.01, give_up_after=0.05)
    with pytest.raises(StoreUnavailableError):
        Shipper(log_dir, FlakySink(lambda: True), limits=limits).run(once=True)
    log = FileAuditBackend(log_dir)
    log.seal()
    assert log.prune(Retention(max_bytes=0)) == []
    log.close()


def test_what_a_store_has_may_be_pruned_though_its_note_was_lost(log_dir: Path) -> None:
    write(log_dir, 600)
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    (note,) = Layout(log_dir).shipments()
    before = note.read_bytes()
    note.unlink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    assert b'"next_seq":602' in before
    assert b'"next_seq":602' in note.read_bytes()


def test_between_attempts_there_are_pauses_when_it_is_to_end_too(log_dir: Path) -> None:
    write(log_dir, 5)
    heard: list[Progress] = []
    limits = ShipLimits(first_pause=0.2)
    shipper = Shipper(log_dir, FlakySink(lambda: True), limits=limits, report=heard.append)
    shipper.stop(within=1.5)
    with pytest.raises(StoreUnavailableError):
        shipper.run()
    assert 1 <= heard[-1].retries <= 8


def test_logs_that_share_a_folder_for_their_notes_are_shipped_beside_each_other(log_dir: Path, tmp_path: Path) -> None:
    sink, notes = FlakySink(knows=False), tmp_path / "notes"
    logs = [log_dir, tmp_path / "other"]
    shippers = []
    for log in logs:
        write(log, 10)
        shippers.append(Shipper(log, sink, state=notes, limits=QUICK))
    threads = [threading.Thread(target=shipper.run) for shipper in shippers]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: all(len(sink.logs[origin_of(log)]) == 12 for log in logs))
    finally:
        for shipper in shippers:
            shipper.stop(within=20)
        for thread in threads:
            thread.join(200)
    for log in logs:
        write(log, 10)
        Shipper(log, sink, state=notes, limits=QUICK).run(once=True)
        assert sink.logs[origin_of(log)] == lines_of(log)  # each once: neither has taken the other's note


class AnotherWasHere(FlakySink):
    """Whenever a batch comes, somebody has shipped it a moment before, and more."""

    def __init__(self, further: list[bytes]) -> None:
        super().__init__()
        self.further = further

    def append(self, batch: Batch) -> int:
        self.logs[batch.origin] = [*batch.lines, *self.further]
        return super().append(batch)


def test_what_another_has_shipped_further_must_be_what_the_log_has(log_dir: Path) -> None:
    write(log_dir, 30)
    lines, limits = lines_of(log_dir), replace(QUICK, batch_events=10)
    with pytest.raises(StoreRefusedError, match="a different event 19"):
        Shipper(log_dir, AnotherWasHere([b"{}"] * 10), limits=limits).run(once=True)
    sink = AnotherWasHere(lines[10:])
    done = Shipper(log_dir, sink, limits=limits).run(once=True)
    assert (done.position, done.shipped) == (32, 10)
    assert sink.logs[origin_of(log_dir)] == lines


class SetBack(FlakySink):
    """Says, like the tables of PostgreSQL, where to go on when a batch begins behind what it has."""

    def append(self, batch: Batch) -> int:
        here = len(self.logs[batch.origin])
        return here if batch.first_seq > here else super().append(batch)


def test_a_store_that_is_set_back_while_it_is_followed_gets_lines_and_evidence_again(log_dir: Path) -> None:
    write(log_dir, 30)
    sink, origin = SetBack(), origin_of(log_dir)
    with following(log_dir, sink):
        wait_until(lambda: len(sink.logs[origin]) == 32 and any("checkpoints" in name for name in sink.files[origin]))
        before = set(sink.files[origin])
        sink.logs[origin], sink.files[origin] = sink.logs[origin][:10], {}
        write(log_dir, 30)
        wait_until(lambda: before <= set(sink.files[origin]))
    assert sink.logs[origin] == lines_of(log_dir)


def test_a_log_that_was_set_back_is_refused_where_only_the_note_tells_what_was_sent(
    log_dir: Path, tmp_path: Path
) -> None:
    sink, notes = FlakySink(knows=False), tmp_path / "notes"
    write(log_dir, 10)
    with put_back_afterwards(log_dir, keys_of_this_user()):
        write(log_dir, 10)
        Shipper(log_dir, sink, state=notes, limits=QUICK).run(once=True)
    write(log_dir, 50)
    with pytest.raises(StoreRefusedError, match="a different event 23"):
        Shipper(log_dir, sink, state=notes, limits=QUICK).run(once=True)
    assert len(sink.logs[origin_of(log_dir)]) == 24


def test_a_position_that_cannot_be_noted_ends_only_what_has_no_other(log_dir: Path, tmp_path: Path) -> None:
    write(log_dir, 10)
    url = f"file://{tmp_path}/store"
    (full := tmp_path / "notes").mkdir()
    for store, sink in (("objects", open_sink(url)), ("flaky", FlakySink(knows=False))):
        shipper = Shipper(log_dir, sink, state=full, limits=QUICK)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("agent_audit.ship.note.os.write", _no_room)
            if store == "objects":
                assert "cannot be noted" in str(shipper.run(once=True).error)
                continue
            with pytest.raises(ShipError, match=r"cannot be noted in .*notes: No space left on device"):
                shipper.run(once=True)
    assert stored(url, origin_of(log_dir)) == lines_of(log_dir)


def test_a_temporary_directory_without_room_is_waited_for_like_a_store(
    log_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(log_dir, 10)
    url, full = f"file://{tmp_path}/store", [True, True]

    def no_room_twice(*args: object) -> object:
        if full:
            full.pop()
            raise OSError(28, "No space left on device")
        return make(*args)

    make, told = EventParts._convert, set()
    monkeypatch.setattr(EventParts, "_convert", no_room_twice)
    Shipper(log_dir, open_sink(url), limits=QUICK, report=lambda progress: told.add(progress.error)).run(once=True)
    assert any("cannot be made in" in error and "(TMPDIR): No space left on device" in error for error in told if error)
    assert stored(url, origin_of(log_dir)) == lines_of(log_dir)


def test_an_object_that_a_directory_cannot_sync_is_put_again(
    log_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(log_dir, 10)
    url, failures, whole = f"file://{tmp_path}/store", [5, 5, 5], os.fsync

    def fsync(handle: int) -> None:
        if failures and f"{tmp_path}/store/logs" in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(failures.pop(), "Input/output error")
        whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    progress = Shipper(log_dir, open_sink(url), limits=QUICK).run(once=True)
    assert (progress.retries, failures) == (3, [])
    assert stored(url, origin_of(log_dir)) == lines_of(log_dir)


def _no_room(*_: object) -> int:
    raise OSError(28, "No space left on device")


def ship_command(*args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "agent_audit.cli.main", "ship", *args])


def test_the_command_goes_on_with_the_log_in_which_writers_went_on(log_dir: Path, tmp_path: Path) -> None:
    url, second = f"file://{tmp_path}/store", log_dir.with_name(f"{log_dir.name}-2")
    write(log_dir, 30)
    with put_back_afterwards(log_dir):
        write(log_dir, 30)
    command = ship_command(str(log_dir), "--to", url, "--linger", "0")
    try:
        write(log_dir, 25)  # is found to be older than its key has signed
        assert (log_dir / "SUCCESSOR").read_text() == f"{second.name}\n"
        wait_until(lambda: origin_of(second) in open_copies(url).origins() if (tmp_path / "store").exists() else False)
        wait_until(lambda: len(stored(url, origin_of(second))) == len(lines_of(second)))
        command.terminate()
        assert command.wait(200) == 0
    finally:
        command.kill()
        command.wait(200)
    assert stored(url, origin_of(log_dir)) == lines_of(log_dir)


def test_the_command_ships_the_next_log_though_the_one_that_was_set_back_is_refused(
    log_dir: Path, tmp_path: Path
) -> None:
    url, second = f"file://{tmp_path}/store", log_dir.with_name(f"{log_dir.name}-2")
    write(log_dir, 30)
    with put_back_afterwards(log_dir):
        write(log_dir, 30)
        assert ship_command(str(log_dir), "--to", url, "--once").wait(200) == 0
    write(log_dir, 25)
    assert ship_command(str(log_dir), "--to", url, "--once").wait(200) == 2
    assert stored(url, origin_of(second)) == lines_of(second)
