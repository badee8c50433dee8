from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from agent_audit import FileAuditBackend
from agent_audit.analysis.convert import Converter
from agent_audit.backends.file import Layout, read
from agent_audit.cli import lines
from agent_audit.cli.main import main
from agent_audit.cli.moments import span
from agent_audit.cli.prune import size
from agent_audit.errors import pruned_meanwhile
from tests.analysis.logs import operation, write_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Old events in a sealed segment of 256 and an active one."""
    events = [e for i in range(150) for e in operation("tool.call", "tool.response", f"s{i}", at=i)]
    return write_log(tmp_path / "log", events, per_segment=256)


def test_a_dry_run_says_what_would_go_and_changes_nothing(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(log), "--max-size", "1", "--dry-run"]) == 1
    assert capsys.readouterr().out.startswith("0\t255\t")
    assert Layout(log).segment_starts() == [0, 256]


def test_pruning_drops_the_segment_and_records_it(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(log), "--max-size", "1"]) == 0
    assert "1 segment dropped" in capsys.readouterr().err
    assert Layout(log).segment_starts() == [256]
    assert [event.metadata["to"] for event in FileAuditBackend(log).query(event_type="log.pruned")] == [255]  # type: ignore[index]
    assert main(["prune", str(log), "--max-size", "1G", "--dry-run"]) == 0


def test_a_dry_run_says_so_when_nothing_would_go(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(log), "--max-size", "1G", "--dry-run"]) == 0
    assert capsys.readouterr().err.endswith(f"0 segments would be dropped from {log}\n")


def test_an_age_that_reaches_back_before_any_time_keeps_everything(log: Path) -> None:
    assert main(["prune", str(log), "--max-age", "3000000d", "--dry-run"]) == 0


WHOLE = [
    ["activity"], ["sql", "SELECT count(*) FROM events"], ["anomalies"], ["compliance"], ["report", "--html", "out"],
    ["export", "--format", "parquet", "-o", "out"], ["export", "--format", "json", "-o", "out"], ["show", "299"],
]  # fmt: skip


@pytest.mark.parametrize("command", WHOLE, ids=" ".join)
def test_a_command_whose_answer_is_whole_answers_from_what_is_there_when_events_are_pruned_under_it(
    log: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(log.parent)
    done: list[object] = []

    def pruned_before(read: Callable[..., object]) -> Callable[..., object]:
        def reading(*args: object, **settings: object) -> object:
            if not done:
                done.append(args)
                assert main(["prune", str(log), "--max-size", "1"]) == 0
                Layout(log).segment(0).unlink(missing_ok=True)
            if command[0] == "show" and len(done) == 1:
                done.append(args)
                raise pruned_meanwhile(log)
            return read(*args, **settings)

        return reading

    monkeypatch.setattr(Converter, "lines", pruned_before(Converter.lines))
    monkeypatch.setattr(lines, "segment_lines", pruned_before(lines.segment_lines))
    monkeypatch.setattr(read, "open_segment", pruned_before(read.open_segment))
    assert main([*command, "--dir", str(log)]) in (0, 1)
    assert done
    assert "once more, with what is there now" in capsys.readouterr().err


def test_show_of_an_event_that_was_pruned_says_so(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone, kept = (next(iter(FileAuditBackend(log).query(min_seq=seq, limit=1))) for seq in (3, 256))
    assert main(["prune", str(log), "--max-size", "1"]) == 0
    (pruning,) = FileAuditBackend(log).query(event_type="log.pruned")
    capsys.readouterr()
    pruned = f"events up to 255 were pruned at {pruning.to_record()['timestamp']} (event {pruning.seq})"
    for wanted, said in (
        ("3", f"there is no event 3 in {log}: {pruned}\n"),
        (gone.event_id, f"there is no event {gone.event_id} in {log}; {pruned}, and it may have been one of them\n"),
        ("9999", f"there is no event 9999 in {log}\n"),
    ):
        assert main(["show", wanted, "--dir", str(log)]) == 2
        assert capsys.readouterr().err.endswith(said)
    assert main(["show", kept.event_id, "--dir", str(log)]) == 0


def test_show_of_an_event_before_a_beginning_that_nothing_explains_says_that(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Layout(log).segment(0).unlink()
    assert main(["show", "3", "--dir", str(log)]) == 2
    assert "the log begins at 256, and no log.pruned event says why" in capsys.readouterr().err


def test_a_held_log_is_refused_until_released(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hold", str(log), "--reason", "case 42"]) == 0
    assert main(["prune", str(log), "--max-size", "1"]) == 2
    assert "case 42" in capsys.readouterr().err
    assert main(["prune", str(log), "--max-size", "1", "--dry-run"]) == 2
    assert capsys.readouterr().out == ""
    assert Layout(log).segment_starts() == [0, 256]
    assert main(["hold", str(log), "--release"]) == 0
    assert main(["prune", str(log), "--max-size", "1"]) == 0


def test_pruning_without_a_limit_is_refused(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(log)]) == 2
    assert "--max-age or --max-size" in capsys.readouterr().err


def test_lengths_and_sizes_are_read_as_people_write_them() -> None:
    assert span("90d") == timedelta(days=90)
    assert (size("10"), size("2K"), size("3g")) == (10, 2048, 3 * 2**30)
    for wrong in ("", "K", "-1", "many", "1.5G"):
        with pytest.raises(ArgumentTypeError):
            size(wrong)
    for wrong in ("", "90", "d", "1e9d"):
        with pytest.raises(ArgumentTypeError):
            span(wrong)
