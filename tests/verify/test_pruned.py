"""Logs that were pruned: what is gone on record, and what was removed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_audit.backends.file import Layout, Retention
from agent_audit.cli.main import main
from agent_audit.verify import Verdict, verify
from agent_audit.verify import verifier as verifier_module

from .logs import check, make_log, open_log


def prune(layout: Layout) -> None:
    with contextlib.closing(open_log(layout.root)) as log:
        assert len(log.prune(Retention(max_bytes=110_000))) >= 2


def pruned(log_dir: Path) -> Layout:
    layout = make_log(log_dir, 1000)
    prune(layout)
    return layout


def test_a_pruned_log_is_valid_and_the_first_events_count_as_pruned(log_dir: Path) -> None:
    layout = pruned(log_dir)
    found = check(layout)
    assert found.verdict is Verdict.VALID, found
    assert found.pruned == layout.segment_starts()[0] > 0


def remove_segments(layout: Layout) -> None:
    for start in layout.segment_starts()[:-1]:
        layout.segment(start).unlink()


@pytest.mark.parametrize("moment", ["when its checkpoint was read", "while its lines are read"])
@pytest.mark.parametrize(("change", "verdict"), [(prune, Verdict.VALID), (remove_segments, Verdict.TAMPERED)])
def test_a_log_that_is_pruned_while_it_is_verified_is_valid_and_one_whose_segments_are_removed_is_not(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Layout], None], verdict: Verdict, moment: str
) -> None:
    layout = make_log(log_dir, 1000)
    changes, stored = [change], verifier_module.Stored

    def once() -> None:
        if changes:
            changes.pop()(layout)

    def stored_first(layout: Layout) -> verifier_module.Stored:
        found = stored(layout)
        once()
        return found

    if moment == "when its checkpoint was read":
        monkeypatch.setattr(verifier_module, "Stored", stored_first)
    found = verify(log_dir, progress=lambda lines: once())
    assert found.verdict is verdict, found
    assert found.pruned == layout.segment_starts()[0] > 0


def test_who_asks_for_the_proof_of_a_pruned_event_is_told_where_the_log_begins_and_not_to_restore_it(
    log_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = pruned(log_dir)
    first = layout.segment_starts()[0]
    assert main(["prove", "3", "--dir", str(log_dir), "-o", str(log_dir.parent / "proof")]) == 2
    said = capsys.readouterr().err
    assert f"event 3 is no longer in {log_dir}, which begins with event {first}: pruned, or removed" in said
    assert "Restore" not in said


def test_a_segment_removed_without_record_is_tampering_in_a_pruned_log_too(log_dir: Path) -> None:
    layout = pruned(log_dir)
    first = layout.segment_starts()[0]
    layout.segment(first).unlink()
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert any("no log.pruned event" in one.what for one in found.problems)


def test_an_unsigned_log_that_was_pruned_is_not_provable_and_one_whose_segments_were_removed_is_tampered(
    log_dir: Path,
) -> None:
    layout = make_log(log_dir, 1000, signer=False)
    with contextlib.closing(open_log(log_dir, signer=False)) as log:
        log.prune(Retention(max_bytes=110_000))
    found = check(layout)
    assert (found.verdict, found.missing) == (Verdict.NOT_PROVABLE, ("the log is unsigned",)), found
    assert found.pruned == layout.segment_starts()[0] > 0
    layout.segment(layout.segment_starts()[0]).unlink()
    assert check(layout).verdict is Verdict.TAMPERED


def test_tiles_of_pruned_events_are_evidence(log_dir: Path) -> None:
    layout = pruned(log_dir)
    data = bytearray(layout.tile(0, 0).read_bytes())
    data[77] ^= 1
    layout.tile(0, 0).write_bytes(data)
    assert check(layout).verdict is Verdict.TAMPERED
    layout.tile(0, 0).unlink()
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert found.problems[0].file == "tile/0/000"
