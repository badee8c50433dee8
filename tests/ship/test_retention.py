"""What a store that follows the log does not have yet is not pruned."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_audit import FileAuditBackend
from agent_audit.backends.file import Layout, Retention, Rotation
from agent_audit.cli.main import main
from agent_audit.ship import Shipper
from tests.ship.stores import QUICK, FlakySink
from tests.verify.logs import record

EVERYTHING = Retention(max_bytes=0)


def write(log_dir: Path, count: int, **settings: object) -> FileAuditBackend:
    log = FileAuditBackend(log_dir, rotation=Rotation(max_events=256), **settings)  # type: ignore[arg-type]
    for start in range(0, count, 64):
        log.append([record(number) for number in range(start, start + 64)])
    log.sync()
    return log


@pytest.fixture
def half_shipped(log_dir: Path) -> Layout:
    """Segments at 0, 256, 512 and 768, of which a store has the first two, and a part of the third."""
    write(log_dir, 576).close()
    Shipper(log_dir, FlakySink(), limits=QUICK).run(once=True)
    write(log_dir, 256).close()
    return Layout(log_dir)


def test_segments_go_as_far_as_they_were_shipped(half_shipped: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    log = FileAuditBackend(half_shipped.root)
    assert [segment.first for segment in log.prune(EVERYTHING)] == [0, 256]
    log.close()
    assert half_shipped.segment_starts() == [512, 768]
    assert main(["prune", str(half_shipped.root), "--max-size", "0"]) == 0
    assert "1 segment past the limits of retention kept" in capsys.readouterr().err
    assert half_shipped.segment_starts() == [512, 768]


def test_with_unshipped_all_that_is_past_the_limits_goes_and_the_event_says_so(half_shipped: Layout) -> None:
    assert main(["prune", str(half_shipped.root), "--max-size", "0", "--unshipped"]) == 0
    assert half_shipped.segment_starts() == [768]
    (event,) = FileAuditBackend(half_shipped.root).query(event_type="log.pruned")
    assert event.metadata is not None
    assert event.metadata["policy"]["unshipped"] is True


def test_a_store_that_follows_another_log_has_no_say(half_shipped: Layout) -> None:
    (note,) = half_shipped.shipments()
    note.write_bytes(note.read_bytes().replace(b'"origin":"', b'"origin":"other-'))
    log = FileAuditBackend(half_shipped.root)
    assert [segment.first for segment in log.prune(EVERYTHING)] == [0, 256, 512]
    log.close()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"to":"s3://b","origin":null,"next_seq":9}'])
def test_a_note_that_cannot_be_understood_keeps_everything_and_is_named(
    half_shipped: Layout, text: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (note,) = half_shipped.shipments()
    note.write_bytes(text)
    assert main(["prune", str(half_shipped.root), "--max-size", "0"]) == 0
    assert f"the note {note.name}, which cannot be understood" in capsys.readouterr().err
    assert half_shipped.segment_starts()[0] == 0


def test_a_process_that_prunes_by_itself_says_what_it_keeps(
    half_shipped: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    write(half_shipped.root, 512, retention=EVERYTHING).close()
    assert half_shipped.segment_starts()[0] == 512
    assert "the events before 57" in capsys.readouterr().err
