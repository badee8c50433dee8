"""A log that is not what its key has signed: rolled back, cut, written anew, or with events gone."""

from __future__ import annotations

import errno
import shutil
import time
from pathlib import Path

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file import Layout, segments
from agent_audit.backends.file.read import read_header
from agent_audit.errors import ProofError, RolledBackError, StorageError, WriteError
from agent_audit.keys import key_directory
from agent_audit.signing import read_signed_head
from agent_audit.verify import verify

from .test_checkpoints import assert_sealed, fill, lines, record


def rolled_back(log_dir: Path, tmp_path: Path) -> FileAuditBackend:
    """A log in an older state than its key has signed."""
    log = FileAuditBackend(log_dir)
    fill(log, 10)
    log.close()
    shutil.copytree(log_dir, tmp_path / "copy")
    log = FileAuditBackend(log_dir)
    fill(log, 10)
    log.close()
    shutil.rmtree(log_dir)
    shutil.copytree(tmp_path / "copy", log_dir)
    return log


@pytest.mark.parametrize("signed_before", [True, False])
def test_where_events_are_gone_nothing_behind_them_could_be_proved_so_a_new_log_is_begun(
    signed_before: bool, log_dir: Path
) -> None:
    log = FileAuditBackend(log_dir, auto_seal=False, on_rollback="new-log")
    fill(log, 10)
    if signed_before:
        log.seal()
        fill(log, 10)
    log.layout.segment(0).unlink()
    time.sleep(segments.LOOK_INTERVAL)
    fill(log, 1)
    assert [event.event_type for event in log.query()][:1] == [AuditEventType.LOG_RECOVERED], "the log went on"
    log.sync()
    log._sealing._since = 0.0
    log._sealing.tick()
    fill(log, 5)
    log.close()
    assert log.layout.root == log_dir.with_name(f"{log_dir.name}-2")
    assert_sealed(log.layout)
    first = AuditEvent.from_json(lines(log.layout)[0])
    assert (first.event_type, first.metadata) == (AuditEventType.LOG_RECOVERED, {"log": str(log_dir)})
    assert first.error is not None
    assert "are gone" in first.error


def test_a_log_that_was_rolled_back_is_not_written_to_and_both_heads_are_named(log_dir: Path, tmp_path: Path) -> None:
    signed = rolled_back(log_dir, tmp_path)
    head = read_signed_head(str(read_header(signed.layout)["origin"]))
    before = lines(signed.layout)
    log = FileAuditBackend(log_dir)
    with pytest.raises(RolledBackError) as caught:
        log.append([record(1)])
    assert head is not None
    assert str(head) in str(caught.value)
    assert f"only {len(before)} events" in str(caught.value)
    assert lines(log.layout) == before
    with AuditLogger(FileAuditBackend(log_dir), on_failure="raise") as logger, pytest.raises(WriteError):
        logger.record(AuditEventType.TOOL_CALL)


def test_with_warn_the_record_goes_on_in_a_new_log_whose_first_event_names_both_heads(
    log_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rolled_back(log_dir, tmp_path)
    before = lines(Layout(log_dir))
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.record(AuditEventType.TOOL_CALL, action="after")
    elsewhere = Layout(log_dir.with_name(log_dir.name + "-2"))
    events = [AuditEvent.from_json(line) for line in lines(elsewhere)]
    assert events[0].event_type is AuditEventType.LOG_RECOVERED
    assert "signed were 24 events" in (events[0].error or "")
    assert f"only {len(before)} events" in (events[0].error or "")
    assert events[0].metadata == {"log": str(log_dir)}
    assert "after" in [event.action for event in events]
    assert str(elsewhere.root) in capsys.readouterr().err
    assert lines(Layout(log_dir)) == before
    assert_sealed(elsewhere)


def test_all_who_wrote_to_a_log_that_was_rolled_back_go_on_in_the_same_one(log_dir: Path, tmp_path: Path) -> None:
    rolled_back(log_dir, tmp_path)
    log_dir.with_name(log_dir.name + "-2").mkdir()  # taken, by whatever it is
    logs = [FileAuditBackend(log_dir, on_rollback="new-log") for _ in range(2)]
    for log in logs:
        fill(log, 3)
    later = FileAuditBackend(log_dir, on_rollback="new-log")
    fill(later, 3)
    for log in (*logs, later):
        log.close()
    roots = {log.layout.root for log in (*logs, later)}
    assert roots == {log_dir.with_name(log_dir.name + "-3")}
    events = [AuditEvent.from_json(line) for line in lines(later.layout)]
    assert sum(event.event_type is AuditEventType.TOOL_CALL for event in events) == 9
    assert sum(event.event_type is AuditEventType.LOG_RECOVERED for event in events) == 3
    assert_sealed(later.layout)


def test_a_note_of_a_successor_that_is_no_sibling_is_not_followed(log_dir: Path, tmp_path: Path) -> None:
    rolled_back(log_dir, tmp_path)
    Layout(log_dir).successor.write_text("../elsewhere-2\n")
    log = FileAuditBackend(log_dir, on_rollback="new-log")
    fill(log, 3)
    log.close()
    assert log.layout.root == log_dir.with_name(log_dir.name + "-2")


def written_anew(log_dir: Path) -> FileAuditBackend:
    """A log in which a line was changed after it was signed, and that goes on."""
    log = FileAuditBackend(log_dir)
    fill(log, 10)
    log.close()
    segment = log.layout.segment(0)
    segment.write_bytes(segment.read_bytes().replace(b'"n":4', b'"n":5', 1))
    log.layout.tree_state.unlink()
    again = FileAuditBackend(log_dir, auto_seal=False)
    fill(again, 1)
    return again


def test_a_history_that_was_written_anew_is_refused_at_the_next_checkpoint(log_dir: Path) -> None:
    again = written_anew(log_dir)
    with pytest.raises(RolledBackError, match="another root"):
        again.seal()


def test_the_background_refuses_it_too_and_then_nothing_more_is_written(
    log_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = written_anew(log_dir)
    again.sync()
    again._sealing._since = 0.0
    again._sealing.tick()
    assert "another root" in capsys.readouterr().err
    with pytest.raises(RolledBackError, match="another root"):
        again.append([record(1)])


def test_a_log_is_not_signed_while_the_head_that_was_signed_last_cannot_be_read(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = written_anew(log_dir)
    signed, whole = key_directory(str(read_header(again.layout)["origin"])) / "signed-head", Path.read_bytes
    head = signed.read_bytes()

    def read_bytes(path: Path) -> bytes:
        if path == signed:
            raise OSError(errno.EMFILE, "Too many open files")
        return whole(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read_bytes)
        with pytest.raises(StorageError, match="Too many open files"):
            again.seal()
        assert any("Too many open files" in reason for reason in verify(log_dir, remember=False).missing)
    assert signed.read_bytes() == head


def test_a_damaged_signed_head_is_named_and_nothing_is_written_over_it(log_dir: Path) -> None:
    log = FileAuditBackend(log_dir)
    fill(log, 3)
    log.close()
    origin = str(read_header(log.layout)["origin"])
    head = key_directory(origin) / "signed-head"
    head.write_bytes(head.read_bytes().replace(b"\n5\n", b"\n6\n"))
    with pytest.raises(ProofError, match="signed-head is damaged"):
        read_signed_head(origin)
    with pytest.raises(WriteError, match="signed-head is damaged"):
        FileAuditBackend(log_dir).append([record(1)])
