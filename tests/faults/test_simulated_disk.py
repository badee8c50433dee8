"""A power cut, an error or a short write at every single operation of the store, on a disk that forgets."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_audit.backends.file import FileAuditBackend
from agent_audit.backends.file import backend as file_backend
from tests.faults.disk import Crash, ForgetfulDisk
from tests.faults.workload import BATCHES, Story, check_recovery, open_log, recorded, write

SURVIVAL: dict[str, Callable[[int], int]] = {
    "nothing unsynced survives": lambda size: 0,
    "everything unsynced survives": lambda size: size,
    "half of it survives, torn": lambda size: size // 2,
    "all but the last byte survives": lambda size: max(0, size - 1),
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause after a failed sync is tested elsewhere."""
    monkeypatch.setattr(file_backend, "_FIRST_PAUSE", 0.0)


def operations_of_a_good_run(root: Path) -> list[str]:
    disk = ForgetfulDisk(root)
    log = open_log(root / "log", disk)
    story = Story()
    write(log, story)
    assert not story.errors
    assert len(story.synced) == sum(BATCHES)
    disk.switch_off()
    return disk.operations


def run_until_crash(
    root: Path, crash_at: int, make: type[ForgetfulDisk] = ForgetfulDisk
) -> tuple[ForgetfulDisk, Story]:
    disk, story = make(root, crash_at=crash_at), Story()
    try:
        write(open_log(root / "log", disk), story)
    except Crash:
        pass
    return disk, story


@pytest.mark.parametrize("survival", SURVIVAL)
def test_a_power_cut_at_any_operation_loses_nothing_that_was_synced(tmp_path: Path, survival: str) -> None:
    (tmp_path / "good").mkdir()
    count = len(operations_of_a_good_run(tmp_path / "good"))
    assert count >= 40
    for crash_at in range(count + 1):
        root = tmp_path / str(crash_at)
        root.mkdir()
        disk, story = run_until_crash(root, crash_at)
        disk.power_cut(SURVIVAL[survival])
        disk.switch_off()
        check_recovery(root / "log", story)


@given(crash_at=st.integers(0, 60), share=st.integers(0, 1000))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_power_cut_that_tears_at_any_byte_loses_nothing_that_was_synced(
    tmp_path_factory: pytest.TempPathFactory, crash_at: int, share: int
) -> None:
    root = tmp_path_factory.mktemp("torn")
    disk, story = run_until_crash(root, crash_at)
    disk.power_cut(lambda size: size * share // 1000)
    disk.switch_off()
    check_recovery(root / "log", story)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, "short"])
def test_an_error_at_any_operation_is_a_named_error_and_the_log_goes_on(tmp_path: Path, error: int | str) -> None:
    (tmp_path / "good").mkdir()
    count = len(operations_of_a_good_run(tmp_path / "good"))
    for fail_at in range(count):
        root = tmp_path / str(fail_at)
        root.mkdir()
        disk, story = ForgetfulDisk(root, fail_at=fail_at, error=error), Story()
        write(open_log(root / "log", disk), story)
        if disk.failed and error != "short":
            assert len(story.errors) <= 1, "one fault, at most one failed batch"
        appended = [e["parameters"]["n"] for e in recorded(root / "log") if e["event_type"] == "tool.call"]  # type: ignore[index]
        assert set(appended) == story.appended, "what was acknowledged is there, what was refused is not"
        disk.power_cut(SURVIVAL["nothing unsynced survives"])
        disk.switch_off()
        check_recovery(root / "log", story)


def test_two_faults_in_a_row_lose_nothing_that_was_synced(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    count = len(operations_of_a_good_run(tmp_path / "good"))
    for fail_at, later in itertools.product(range(0, count, 3), (1, 2, 5, 9)):
        root = tmp_path / f"{fail_at}-{later}"
        root.mkdir()
        disk = ForgetfulDisk(root, fail_at=fail_at, error=errno.EIO, crash_at=fail_at + later)
        story = Story()
        try:
            write(open_log(root / "log", disk), story)
        except Crash:
            pass
        disk.power_cut(SURVIVAL["nothing unsynced survives"])
        disk.switch_off()
        check_recovery(root / "log", story)


# -- mutants: what the harness must catch, so that its silence means something ---------------------------


class NoFsync(ForgetfulDisk):
    def fsync(self, handle: int) -> None:
        pass


class NoDirectoryFsync(ForgetfulDisk):
    def fsync_dir(self, path: Path) -> None:
        pass


class NoRewriteAfterFailedFsync(ForgetfulDisk):
    def redirty(self, path: Path) -> None:
        pass


class AcknowledgeBeforeFsync(FileAuditBackend):
    def sync(self) -> None:
        super().sync() if getattr(self, "_behind", False) else None
        self._behind = not getattr(self, "_behind", False)


class RetryAfterFailedFsync(FileAuditBackend):
    def sync(self) -> None:
        try:
            super().sync()
        except Exception:
            self._poison = None
            super().sync()


def caught(root: Path, disk_type: type[ForgetfulDisk], log_type: type[FileAuditBackend] | None, error: bool) -> bool:
    """Whether some crash or error of the harness shows that the mutant loses what it acknowledged."""
    (root / "good").mkdir()
    for number in range(len(operations_of_a_good_run(root / "good"))):
        here = root / str(number)
        here.mkdir()
        faults = {"fail_at": number, "error": errno.EIO} if error else {"crash_at": number}
        disk, story = disk_type(here, **faults), Story()  # type: ignore[arg-type]
        log = open_log(here / "log", disk)
        if log_type is not None:
            log.__class__ = log_type
        try:
            write(log, story)
        except Crash:
            pass
        disk.power_cut(SURVIVAL["nothing unsynced survives"])
        disk.switch_off()
        try:
            check_recovery(here / "log", story)
        except AssertionError:
            return True
        except Exception:  # e.g. a hole where a line should be
            return True
    return False


MUTANTS: dict[str, tuple[type[ForgetfulDisk], type[FileAuditBackend] | None, bool]] = {
    "no fsync": (NoFsync, None, False),
    "acknowledge before fsync": (ForgetfulDisk, AcknowledgeBeforeFsync, False),
    "no directory fsync after creating a segment": (NoDirectoryFsync, None, False),
    "retry after a failed fsync": (ForgetfulDisk, RetryAfterFailedFsync, True),
    "go on behind a failed fsync without writing again": (NoRewriteAfterFailedFsync, None, True),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_harness_catches_the_mutant(tmp_path: Path, mutant: str) -> None:
    assert caught(tmp_path, *MUTANTS[mutant])


@pytest.mark.parametrize("error", [False, True])
def test_the_harness_finds_nothing_in_the_store_as_it_is(tmp_path: Path, error: bool) -> None:
    assert not caught(tmp_path, ForgetfulDisk, None, error)
