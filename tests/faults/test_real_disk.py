"""The same faults from a real kernel: killed and failed system calls, a full disk, a file size limit, a power cut."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_audit.backends.file import FileAuditBackend, Layout
from agent_audit.backends.file.retention import hold, refuse_if_held
from agent_audit.errors import HeldError, StorageError
from tests.faults.workload import record, recorded

WRITER = """
import os, sys, resource, signal, time
from agent_audit import AuditLogger, AuditEventType, FileAuditBackend, WriteError
from agent_audit.backends.file import backend as file_backend
file_backend._FIRST_PAUSE = 0.05
root, level, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
logger = AuditLogger(FileAuditBackend(root, fingerprint_key="00" * 32), durability=level, on_failure="raise")
for n in range(first, first + count):
    while True:
        try:
            logger.record(AuditEventType.TOOL_CALL, parameters={"n": n})
        except WriteError as error:
            print("refused", n, type(error).__name__, flush=True)
            time.sleep(0.06)
        else:
            print("acknowledged", n, flush=True)
            break
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a file system")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def writer(root: Path, level: str, count: int, *, first: int = 0, prefix: tuple[str, ...] = ()) -> dict[str, list[int]]:
    """Run the writer; what it said of each number."""
    command = [*prefix, sys.executable, "-c", WRITER, str(root), level, str(first), str(count)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said: dict[str, list[int]] = {"acknowledged": [], "refused": []}
    for line in result.stdout.splitlines():
        word, number, *_ = line.split()
        said[word].append(int(number))
    return said


def numbers(root: Path) -> list[int]:
    return [e["parameters"]["n"] for e in recorded(root) if e["event_type"] == "tool.call"]  # type: ignore[index]


def types(root: Path) -> set[object]:
    return {event["event_type"] for event in recorded(root)}


def strace(segment: Path, *injections: str) -> tuple[str, ...]:
    inject = [part for injection in injections for part in ("-e", f"inject={injection}")]
    return ("strace", "-f", "-qq", "-o", "/dev/null", "-P", str(segment), "-e", "trace=write,fdatasync", *inject)


@needs_strace
@pytest.mark.parametrize("call", ["write", "fdatasync"])
@pytest.mark.parametrize("when", [1, 2, 5])
def test_killed_at_that_system_call_nothing_acknowledged_is_lost(log_dir: Path, call: str, when: int) -> None:
    writer(log_dir, "synced", 3)
    said = writer(
        log_dir, "synced", 9, first=3, prefix=strace(Layout(log_dir).segment(0), f"{call}:signal=KILL:when={when}")
    )
    assert len(said["acknowledged"]) < 9, "it was not killed"
    said_after = writer(log_dir, "synced", 2, first=100)
    assert said_after["acknowledged"] == [100, 101]
    found = numbers(log_dir)
    assert set(said["acknowledged"]) <= set(found)
    assert found == sorted(set(found))


@needs_strace
@pytest.mark.parametrize("when", [1, 2, 4])
def test_a_failed_fdatasync_is_never_acknowledged_and_the_log_goes_on(log_dir: Path, when: int) -> None:
    writer(log_dir, "synced", 2)
    prefix = strace(Layout(log_dir).segment(0), f"fdatasync:error=EIO:when={when}")
    said = writer(log_dir, "synced", 6, first=2, prefix=prefix)
    assert said["refused"], "the error did not arrive"
    assert said["acknowledged"] == [2, 3, 4, 5, 6, 7]
    assert set(said["acknowledged"]) <= set(numbers(log_dir))
    assert "log.recovered" in types(log_dir)


@needs_strace
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("when", [1, 3])
def test_a_write_that_fails_is_refused_and_tried_again_without_a_gap(log_dir: Path, error: str, when: int) -> None:
    writer(log_dir, "written", 2)
    prefix = strace(Layout(log_dir).segment(0), f"write:error={error}:when={when}")
    said = writer(log_dir, "written", 6, first=2, prefix=prefix)
    assert len(said["refused"]) == 1
    assert numbers(log_dir) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_a_file_size_limit_leaves_whole_lines_and_the_log_goes_on_behind_it(log_dir: Path) -> None:
    code = WRITER.replace(
        "for n in",
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, resource.RLIM_INFINITY))\nfor n in",
        1,
    ).replace("time.sleep(0.06)", "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))", 1)
    command = [sys.executable, "-c", code, str(log_dir), "written", "0", "60"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
    assert "refused" in result.stdout, "a write of half a line, then EFBIG"
    assert numbers(log_dir) == list(range(60))


@contextlib.contextmanager
def mounted(target: Path, *arguments: str) -> Iterator[None]:
    target.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, str(target)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(target)], check=True)


@needs_root
def test_a_full_disk_does_not_stop_the_agent_and_the_gap_is_on_record_afterwards(tmp_path: Path) -> None:
    code = """
import os, sys
from agent_audit import AuditLogger, AuditEventType, CommitLimits, FileAuditBackend
root = sys.argv[1]
limits = CommitLimits(max_events=20, block_timeout=0.01)
logger = AuditLogger(FileAuditBackend(root + "/log", fingerprint_key="00" * 32), limits=limits)
record = lambda n: logger.record(AuditEventType.TOOL_CALL, parameters={"n": n})
record(0)
filler = os.open(root + "/filler", os.O_WRONLY | os.O_CREAT)
try:
    while True: os.write(filler, b"x" * 512)
except OSError: pass
for n in range(1, 101): record(n)
os.close(filler); os.unlink(root + "/filler")
for n in range(101, 111): record(n)
assert logger.flush(10)
print(logger.lost)
logger.close()
"""
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=256k", "tmpfs"):
        root = tmp_path / "small"
        result = subprocess.run(
            [sys.executable, "-c", code, str(root)], capture_output=True, text=True, timeout=200, check=False
        )
        assert result.returncode == 0, result.stderr
        events = recorded(root / "log")
    lost = int(result.stdout)
    assert lost > 0
    gaps = [event["metadata"] for event in events if event["event_type"] == "log.gap"]
    assert sum(gap["lost"] for gap in gaps) == lost  # type: ignore[index]
    found = [e["parameters"]["n"] for e in events if e["event_type"] == "tool.call"]  # type: ignore[index]
    assert len(found) == 111 - lost
    assert found == sorted(found)
    assert found[0] == 0
    assert found[-1] == 110
    assert "No space left" in result.stderr


@needs_root
def test_a_hold_for_which_there_is_no_room_leaves_the_one_that_was_there(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=256k", "tmpfs"):
        with contextlib.closing(FileAuditBackend(disk / "log", fingerprint_key="00" * 32)) as log:
            log.append([record(0)])
        fill(disk)
        with pytest.raises(StorageError, match="No space left"):
            hold(log.layout, "case 42")
        refuse_if_held(log.layout)
        (disk / "filler").unlink()
        hold(log.layout, "case 42")
        fill(disk)
        with pytest.raises(StorageError, match="No space left"):
            hold(log.layout, "case 43")
        with pytest.raises(HeldError, match="case 42"):
            refuse_if_held(log.layout)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@needs_root
def test_a_directory_that_becomes_read_only_is_a_named_error_and_the_log_goes_on_afterwards(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        log = FileAuditBackend(disk / "log", fingerprint_key="00" * 32)
        log.append([record(0)])
        log.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        log = FileAuditBackend(disk / "log", fingerprint_key="00" * 32)
        with pytest.raises(StorageError, match=r"cannot write to the log .*Read-only file system"):
            log.append([record(1)])
        assert [event.parameters["n"] for event in log.query(event_type="tool.call")] == [0]
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        log.append([record(2)])
        log.close()
        assert numbers(disk / "log") == [0, 2]


@needs_root
@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="needs mkfs.ext4")
@pytest.mark.parametrize("attempt", range(3))
def test_a_power_cut_of_a_real_file_system_loses_nothing_acknowledged_as_synced(tmp_path: Path, attempt: int) -> None:
    image, mount = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    options = ("-o", "loop,noauto_da_alloc", str(image))
    with mounted(mount, *options):
        command = [sys.executable, "-c", WRITER, str(mount / "log"), "synced", "0", "100000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            for _ in range(20 + attempt * 37):
                process.stdout.readline()
            # Only what was acknowledged before this call counts: a sync that the call overtakes may still be told
            # that it succeeded, which no sync of a machine without power is.
            shut_down(mount)
            process.kill()
    with mounted(mount, *options):
        found = numbers(mount / "log")
        assert set(range(20 + attempt * 37)) <= set(found)
        assert writer(mount / "log", "synced", 1, first=999_999)["acknowledged"] == [999_999]


def shut_down(mount: Path) -> None:
    """EXT4_IOC_SHUTDOWN without flushing the log: what is not on the disk now never will be."""
    handle = os.open(mount, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, 0x8004587D, struct.pack("I", 2))
    finally:
        os.close(handle)


def test_of_10_000_events_none_is_lost_in_100_kills_at_random_moments(log_dir: Path) -> None:
    code = """
import os, random, signal, sys, time
from agent_audit import AuditLogger, AuditEventType, FileAuditBackend
root = sys.argv[1]
numbers, acknowledged = 0, []
rng = random.Random(7)
while numbers < 100:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        level = "synced" if numbers % 4 == 0 else "written"
        logger = AuditLogger(FileAuditBackend(root, fingerprint_key="00" * 32), durability=level)
        n = numbers * 100_000
        while True:
            logger.record(AuditEventType.TOOL_CALL, parameters={"n": n})
            os.write(writer, n.to_bytes(8, "big"))
            n += 1
    os.close(writer)
    data, enough = b"", 8 * rng.randint(60, 220)
    while len(data) < enough: data += os.read(reader, 4096)
    time.sleep(rng.random() * 0.002)
    os.kill(pid, signal.SIGKILL)
    while block := os.read(reader, 65536): data += block
    os.close(reader); os.waitpid(pid, 0)
    acknowledged += [int.from_bytes(data[i:i + 8], "big") for i in range(0, len(data) // 8 * 8, 8)]
    numbers += 1
print(*acknowledged)
"""
    result = subprocess.run(
        [sys.executable, "-c", code, str(log_dir)], capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 0, result.stderr
    acknowledged = [int(word) for word in result.stdout.split()]
    assert len(acknowledged) >= 10_000
    found = numbers(log_dir)
    assert len(set(found)) == len(found)
    assert not set(acknowledged) - set(found)


def test_processes_that_start_at_once_agree_on_one_log(log_dir: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(log_dir), "written", "0", "5"]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(12)]
    assert [process.wait(200) for process in processes] == [0] * 12
    assert sorted(numbers(log_dir)) == sorted(list(range(5)) * 12)
    assert not list(log_dir.glob("*.tmp")) and len(list(log_dir.glob("log.json*"))) == 1
