from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent_audit import AuditEvent, AuditEventType, FileAuditBackend
from agent_audit.backends.file import Layout, Retention, Rotation, sealing
from agent_audit.backends.file.making import log_keys
from agent_audit.backends.file.read import read_header
from agent_audit.backends.file.sealing import Sealing
from agent_audit.errors import ConfigurationError, WriteError
from agent_audit.event import encode_record
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.merkle import leaf_hashes, root_of
from agent_audit.integrity.note import Ed25519Signer, VerifierKey
from agent_audit.keys import key_directory
from agent_audit.signing import known_keys, read_signed_head


def record(number: int) -> bytes:
    event = AuditEvent(event_type=AuditEventType.TOOL_CALL, parameters={"n": number})
    return encode_record(event.to_record())


def fill(log: FileAuditBackend, count: int) -> None:
    log.append([record(number) for number in range(count)])


def lines(layout: Layout) -> list[bytes]:
    return [one for start in layout.segment_starts() for one in layout.segment(start).read_bytes().splitlines()]


def head_of(layout: Layout) -> Checkpoint:
    """The head on disk, its signature checked with the keys that the log names."""
    note, head = parse_checkpoint(layout.checkpoint.read_bytes())
    note.verify(map(VerifierKey.parse, log_keys(layout)))
    return head


def assert_sealed(layout: Layout) -> None:
    head = head_of(layout)
    found = lines(layout)
    assert head.size == len(found)
    assert head.root == root_of(leaf_hashes(found))


def test_a_log_that_was_closed_is_under_a_checkpoint_and_keeps_it(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir)
    fill(log, 700)
    log.close()
    assert_sealed(log.layout)
    head = head_of(log.layout)
    assert log.layout.kept_checkpoint(head.size).read_bytes() == log.layout.checkpoint.read_bytes()
    assert read_signed_head(head.origin) == head
    assert head.origin == read_header(log.layout)["origin"]
    for index in range(2):
        leaves = leaf_hashes(lines(log.layout)[index * 256 : index * 256 + 256])
        assert log.layout.tile(0, index).read_bytes() == b"".join(leaves)
    assert not log.layout.tile(0, 2).exists(), "only full tiles are kept"


def test_checkpoints_are_made_while_the_log_is_written(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir)
    fill(log, 1_200)  # so many that it is due at once
    log.sync()
    deadline = time.monotonic() + 200
    while not log.layout.checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert head_of(log.layout).size == 1_201
    log.close()


def heartbeats(layout: Layout) -> list[AuditEvent]:
    events = [AuditEvent.from_json(line) for line in lines(layout)]
    return [event for event in events if event.event_type is AuditEventType.LOG_HEARTBEAT]


def test_a_process_that_writes_says_so_when_nothing_was_written_for_a_while(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir, heartbeat=0.2)
    fill(log, 1_200)
    log.sync()
    deadline = time.monotonic() + 200
    while not heartbeats(log.layout) and time.monotonic() < deadline:
        time.sleep(0.05)
    (event,) = heartbeats(log.layout)
    assert event.metadata is not None
    assert event.metadata["pid"] == os.getpid()
    assert event.metadata["idle_seconds"] >= 0
    log.close()
    assert_sealed(log.layout)


def test_a_heartbeat_that_fails_ends_no_thread_that_has_checkpoints_to_make(capsys: pytest.CaptureFixture[str]) -> None:
    class Log:
        def make(self, *_: object) -> None:
            return None

        def idle(self) -> None:
            raise MemoryError

    log = Log()
    Sealing(log.make, idle=log.idle).beat()
    assert "no heartbeat could be recorded: MemoryError()" in capsys.readouterr().err


def test_there_is_no_heartbeat_while_other_processes_write_nor_from_one_that_never_wrote(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir, heartbeat=60.0, auto_seal=False)
    log.ensure()
    log._say_idle()
    assert not lines(log.layout)
    fill(log, 3)
    log._say_idle()
    assert heartbeats(log.layout) == []
    os.utime(log.layout.segment(0), (0, 0))
    log._say_idle()
    assert len(heartbeats(log.layout)) == 1
    log.close()


def test_when_a_checkpoint_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(sealing.time, "monotonic", lambda: now[0])
    made: list[tuple[int, bool]] = []

    class Log:
        def make(self, through: int, keep: bool, timeout: float) -> int:
            made.append((through, keep))
            return through

        def idle(self) -> None:
            raise AssertionError("there is no thread that could be idle")

    log = Log()
    seals = Sealing(log.make, auto=False, idle=log.idle)
    seals.synced(10)
    assert seals.due_in() == 10.0, "fewer than a hundred may wait ten seconds"
    now[0] += 4
    seals.synced(150)
    assert seals.due_in() == 0.0, "a hundred or more wait one second from the first"
    assert seals.tick() is None
    assert (made, seals.covered) == ([(150, False)], 150)
    seals.synced(1_150)
    assert seals.due_in() == 0.0, "a thousand wait not at all"
    seals.tick()
    seals.synced(1_151, rotated=True)
    assert seals.due_in() == 0.0, "nor does a segment that was sealed"
    seals.tick()
    assert made[-1] == (1_151, True), "and its checkpoint is kept"


def test_a_checkpoint_that_fails_is_tried_again_and_costs_no_event(
    log_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Moody(Ed25519Signer):
        refuses = True

        def sign(self, message: bytes) -> bytes:
            if self.refuses:
                raise ConnectionError("the key service is away")
            return super().sign(message)

    signer = Moody("example.com/log", bytes(32))
    log = FileAuditBackend(log_dir, signer=signer, auto_seal=False)
    fill(log, 5)
    log.sync()
    assert log._sealing._synced == 6
    log._sealing._since = 0.0
    assert log._sealing.tick() == sealing._RETRY
    assert "the key service is away" in capsys.readouterr().err
    signer.refuses = False
    assert log._sealing.tick() is None
    assert head_of(log.layout).size == 6
    assert head_of(log.layout).origin == "example.com/log", "a signer of one's own gives the log its origin"
    log.close()


def test_two_processes_with_the_key_continue_each_others_tree(log_dir: Path) -> None:
    first, second = (FileAuditBackend(log_dir, auto_seal=False) for _ in range(2))
    for count in (1, 300, 20, 256, 3):
        for log in (first, second):
            fill(log, count)
            head = log.seal()
            assert head is not None
            assert head.root == root_of(leaf_hashes(lines(log.layout)))
    first.close()
    second.close()
    assert_sealed(first.layout)


@pytest.mark.parametrize("what", ["missing", "damaged", "of another size"])
def test_the_cached_edge_of_the_tree_is_only_a_cache(log_dir: Path, what: str) -> None:
    log = FileAuditBackend(log_dir)
    fill(log, 600)
    log.close()
    state = log.layout.tree_state
    if what == "missing":
        state.unlink()
    elif what == "damaged":
        data = bytearray(state.read_bytes())
        data[40] ^= 1
        state.write_bytes(data)
    else:
        state.write_bytes(state.read_bytes()[:-32])
    if what != "missing":
        log.layout.tile(0, 0).write_bytes(b"x" * 8192)
    again = FileAuditBackend(log_dir)
    fill(again, 100)
    again.close()
    assert_sealed(again.layout)


def test_rebuild_makes_every_tile_as_it_was(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir)
    fill(log, 800)
    log.close()
    before = {path: path.read_bytes() for path in (log_dir / "tile").rglob("*") if path.is_file()}
    assert len(before) == 3
    log.layout.tile(0, 0).unlink()
    log.layout.tile(0, 1).write_bytes(b"no tile")
    again = FileAuditBackend(log_dir, auto_seal=False)
    assert again.rebuild() == 2
    assert again.rebuild() == 0
    assert before == {path: path.read_bytes() for path in (log_dir / "tile").rglob("*") if path.is_file()}
    again.close()


# -- keys ------------------------------------------------------------------------------------------------


def test_the_key_is_outside_the_log_and_for_its_owner_alone(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir)
    fill(log, 1)
    log.close()
    key = key_directory(str(read_header(log.layout)["origin"])) / "signing.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    secret = key.read_bytes().strip()
    assert not [path for path in log_dir.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_a_process_without_the_key_writes_and_leaves_the_checkpoint_to_one_that_has_it(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner = FileAuditBackend(log_dir, auto_seal=False)
    fill(owner, 1)
    owner.seal()
    with monkeypatch.context() as stranger:
        stranger.setenv("XDG_STATE_HOME", str(tmp_path / "stranger"))
        other = FileAuditBackend(log_dir)
        fill(other, 5)
        assert other.seal() is None
        other.close()
        assert not (key_directory(str(read_header(owner.layout)["origin"])) / "signing.key").exists()
    assert head_of(owner.layout).size < len(lines(owner.layout))
    owner.close()
    assert_sealed(owner.layout)


def test_a_writer_whose_signed_log_gets_no_checkpoint_by_it_says_so_once_and_one_that_wants_none_does_not(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(root: Path, **settings: Any) -> str:
        log = FileAuditBackend(root, auto_seal=False, **settings)
        for number in range(3):
            log.append([record(number)])
            log.sync()
            log.leave()
        log.close()
        return capsys.readouterr().err

    assert write(log_dir) == ""
    assert write(tmp_path / "unsigned", signer=False) == ""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "left behind"))
    assert write(log_dir).count(f"no key of the signed log {log_dir} is in {tmp_path}/left behind/") == 1
    assert write(log_dir, signer=False) == ""
    assert write(tmp_path / "unsigned") == ""


def test_an_unsigned_log_has_no_checkpoint_and_no_key(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir, signer=False)
    fill(log, 1_500)
    log.close()
    assert "vkey" not in read_header(log.layout)
    assert not log.layout.checkpoint.exists()
    with pytest.raises(ConfigurationError):
        FileAuditBackend(log_dir).rebuild()


def test_after_a_change_of_the_key_the_old_checkpoints_still_verify_and_the_event_names_the_new_one(
    log_dir: Path,
) -> None:
    log = FileAuditBackend(log_dir, auto_seal=False)
    fill(log, 3)
    old_head = log.seal()
    assert old_head is not None
    origin = old_head.origin
    (old,) = known_keys(origin)
    new = log.rotate_key()
    fill(log, 3)
    log.close()
    assert_sealed(log.layout)
    assert known_keys(origin) == [old, new]
    assert log_keys(log.layout) == [str(old), str(new)]
    kept, _ = parse_checkpoint(log.layout.kept_checkpoint(old_head.size).read_bytes())
    assert kept.verify([old]) == [old]
    latest, _ = parse_checkpoint(log.layout.checkpoint.read_bytes())
    assert latest.verify([old, new]) == [new]
    events = [AuditEvent.from_json(line) for line in lines(log.layout)]
    (change,) = [event for event in events if event.event_type is AuditEventType.LOG_KEY]
    assert change.metadata == {"vkey": str(new), "replaces": str(old)}
    assert change.seq is not None
    under_old = [
        size for path in log.layout.checkpoints.iterdir() if _signed_by(path, old) and (size := int(path.name))
    ]
    assert max(under_old) > change.seq, "the old key has signed the change"


def test_a_running_process_signs_with_the_key_that_another_one_has_changed_to(log_dir: Path) -> None:
    running = FileAuditBackend(log_dir, auto_seal=False)
    fill(running, 3)
    running.seal()
    other = FileAuditBackend(log_dir, auto_seal=False)
    new = other.rotate_key()
    other.close()
    fill(running, 3)
    running.seal()
    assert _signed_by(running.layout.checkpoint, new)
    last = running.rotate_key()
    running.close()
    assert _signed_by(running.layout.checkpoint, last)
    events = [AuditEvent.from_json(line) for line in lines(running.layout)]
    changes = [event.metadata for event in events if event.event_type is AuditEventType.LOG_KEY]
    assert [change["replaces"] for change in changes if change][1:] == [str(new)]


def test_a_signer_of_the_users_own_is_not_rotated_here(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir, signer=Ed25519Signer("own.example/log", bytes(range(32))), auto_seal=False)
    fill(log, 3)
    with pytest.raises(ConfigurationError, match="rotated where it is kept"):
        log.rotate_key()
    log.close()
    assert log_keys(log.layout) == [str(Ed25519Signer("own.example/log", bytes(range(32))).vkey)]


def _signed_by(path: Path, key: VerifierKey) -> bool:
    note, _ = parse_checkpoint(path.read_bytes())
    return any(signature.id == key.id for signature in note.signatures)


# -- retention -------------------------------------------------------------------------------------------


def test_pruning_keeps_the_tiles_and_the_tree_goes_on_without_the_events(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir, rotation=Rotation(max_events=256), auto_seal=False)
    fill(log, 600)
    all_lines = lines(log.layout)
    dropped = log.prune(Retention(max_bytes=1))
    assert [segment.first for segment in dropped] == [0, 256]
    assert log.layout.tile(0, 0).exists()
    assert log.layout.tile(0, 1).exists()
    pruned = lines(log.layout)
    assert head_of(log.layout).size == 512 + len(pruned), "a checkpoint covers the event that says so"
    log.layout.tree_state.unlink()
    again = FileAuditBackend(log_dir, auto_seal=False)
    fill(again, 100)
    head = again.seal()
    assert head is not None
    assert head.root == root_of(leaf_hashes([*all_lines[:512], *lines(log.layout)]))
    again.close()
    log.close()


def test_nothing_is_pruned_when_a_tile_cannot_be_made_durable(log_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = FileAuditBackend(log_dir, rotation=Rotation(max_events=256), auto_seal=False)
    fill(log, 600)
    log.seal()
    log.layout.tile(0, 1).unlink()
    with pytest.raises(WriteError, match="tile/0/001 is missing"):
        log.prune(Retention(max_bytes=1))
    assert log.layout.segment_starts() == [0, 256, 512]
    log.rebuild()
    assert len(log.prune(Retention(max_bytes=1))) == 2
    log.close()


# -- real processes --------------------------------------------------------------------------------------

_WRITER = """
import select, sys, time
from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file import Rotation
logger = AuditLogger(FileAuditBackend(sys.argv[1], rotation=Rotation(max_events=512)))
print("ready", flush=True)
number = 1
while number % 50 or not select.select([sys.stdin], [], [], 0.001)[0]:
    logger.record(AuditEventType.TOOL_CALL, parameters={"n": number})
    number += 1
logger.close()
"""


def writer(log_dir: Path) -> subprocess.Popen[str]:
    """A process that writes to a log until its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(log_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    """Have such a process end in order."""
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(120) == 0


def test_two_processes_that_write_with_checkpoints_leave_a_log_that_is_sealed_to_the_end(log_dir: Path) -> None:
    writers = [writer(log_dir) for _ in range(2)]
    kept = Layout(log_dir).checkpoints
    while not kept.is_dir() or len(list(kept.iterdir())) < 3:
        time.sleep(0.05)
    for process in writers:
        end(process)
    assert_sealed(Layout(log_dir))


def test_a_writer_killed_at_any_moment_leaves_a_log_whose_tree_goes_on(log_dir: Path) -> None:
    for attempt in range(12):
        process = writer(log_dir)
        time.sleep(0.2 + attempt * 0.13)
        process.send_signal(signal.SIGKILL)
        process.wait(200)
        log = FileAuditBackend(log_dir, auto_seal=False)
        fill(log, 1)
        assert log.seal() is not None
        log.close()
        assert_sealed(log.layout)
