"""Lines that are longer than any of a log: told, and never held in memory."""

from __future__ import annotations

import io
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.backends.file import FileAuditBackend, Layout
from agent_audit.backends.file.layout import MAX_LINE
from agent_audit.backends.file.read import bounded_lines
from agent_audit.backends.file.retention import latest_timestamp
from agent_audit.cli.exits import INCOMPLETE, OK
from agent_audit.cli.lines import Mark, backwards, end_of_segment, follow
from agent_audit.cli.main import main
from agent_audit.errors import StoreRefusedError
from agent_audit.ship import Shipper, open_sink
from tests.ship.stores import QUICK
from tests.verify.logs import lines_of, make_log, record

LONG = 32 << 20
MOST = 12 << 20
Captured = pytest.CaptureFixture[str]


def lengthen(layout: Layout, segment: int, *, ended: bool) -> None:
    """Add a line of many megabytes to a segment."""
    with layout.segment(segment).open("ab") as file:
        file.write(b'{"seq":')
        for _ in range(LONG >> 20):
            file.write(b"9" * (1 << 20))
        file.write(b"}\n" if ended else b"")


def peak_of(*command: object) -> tuple[int, int]:
    """Exit code, and the most bytes that were held."""
    tracemalloc.start()
    code = main([str(word) for word in command])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return code, peak


COMMANDS = {
    "tail": ("tail", "-n", "9999"),
    "export": ("export", "--format", "json"),
    "export to a file": ("export", "--format", "ocsf", "-o", "out"),
    "show": ("show", "580"),
    "activity": ("activity", "--format", "json"),
}


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "endless"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_line_without_end_is_never_held_in_memory_and_one_that_ends_is_named(
    log_dir: Path, command: tuple[str, ...], ended: bool, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(log_dir.parent)
    layout = make_log(log_dir, 590)
    lengthen(layout, 512, ended=ended)
    main([*command, "--dir", str(log_dir)])  # imports, and what analyses keep
    capsys.readouterr()
    code, peak = peak_of(*command, "--dir", log_dir)
    assert peak < MOST
    told = capsys.readouterr().err
    assert code == (INCOMPLETE if ended and command[0] != "show" else OK)
    assert ("512.jsonl:81: longer than 65,535 bytes" in told) == (ended and command[0] != "show")


def test_recorded_lines_from_elsewhere_are_read_as_little_at_a_time(tmp_path: Path, capsys: Captured) -> None:
    layout = make_log(tmp_path / "log", 20)
    lengthen(layout, 0, ended=True)
    path = layout.segment(0)
    code, peak = peak_of("export", "--format", "csv", "--from", path)
    assert (code, peak < MOST) == (INCOMPLETE, True)
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1 + 22
    assert f"{path}:23: longer than 65,535 bytes" in captured.err


def test_a_writer_puts_an_endless_line_aside_without_holding_it(log_dir: Path) -> None:
    layout = make_log(log_dir, 20)
    before = lines_of(layout)
    lengthen(layout, 0, ended=False)
    size = layout.segment(0).stat().st_size
    tracemalloc.start()
    log = FileAuditBackend(log_dir, auto_seal=False)
    log.append([record(20)])
    log.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST
    assert lines_of(layout)[: len(before)] == before
    (aside,) = log_dir.glob("recovered-*")
    assert aside.stat().st_size == size - sum(map(len, before)) - len(before)
    assert aside.read_bytes().count(b"9") == LONG


def test_what_asks_for_the_latest_time_of_a_segment_does_not_hold_its_endless_line(log_dir: Path) -> None:
    layout = make_log(log_dir, 20)
    expected = latest_timestamp(layout.segment(0))
    lengthen(layout, 0, ended=True)
    tracemalloc.start()
    assert latest_timestamp(layout.segment(0)) == expected
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST


@pytest.mark.parametrize("segment", [256, 512], ids=["sealed", "last"])
@pytest.mark.parametrize("ended", [True, False], ids=["ended", "endless"])
def test_a_shipper_ships_what_stands_before_an_endless_line_holds_none_of_it_and_does_not_wait_for_its_end(
    log_dir: Path, tmp_path: Path, segment: int, ended: bool
) -> None:
    layout = make_log(log_dir, 590)
    before = len(lines_of(layout)) if segment == 512 else 512
    lengthen(layout, segment, ended=ended)
    url = f"file://{tmp_path}/store"
    shipper = Shipper(log_dir, open_sink(url), limits=QUICK)
    tracemalloc.start()
    if segment == 512 and not ended:
        shipper.run(once=True)  # a writer will put it aside
    else:
        told = f"{segment:020d}.jsonl cannot be shipped: .*{'longer than' if ended else 'has no end'}"
        with pytest.raises(StoreRefusedError, match=told):
            shipper.run(once=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * MOST  # a batch is packed, and made into Parquet
    assert shipper.progress.position == before


@pytest.mark.parametrize("torn", [b"xyz", b'{"seq":256'])
def test_a_shipper_says_of_a_sealed_segment_whose_last_line_has_no_end_that_it_was_changed(
    log_dir: Path, tmp_path: Path, torn: bytes
) -> None:
    layout = make_log(log_dir, 590)
    with layout.segment(0).open("ab") as file:
        file.write(torn)
    with pytest.raises(StoreRefusedError, match=r"0\.jsonl cannot be shipped: its last line, event 256, has no end"):
        Shipper(log_dir, open_sink(f"file://{tmp_path}/store"), limits=QUICK).run(once=True)


def test_a_shipper_says_of_a_segment_with_a_line_too_many_that_it_was_changed(log_dir: Path, tmp_path: Path) -> None:
    layout = make_log(log_dir, 590)
    with layout.segment(0).open("ab") as file:
        file.write(b'{"seq":256}\n')
    with pytest.raises(StoreRefusedError, match="it has events from 256 on, where the next segment begins"):
        Shipper(log_dir, open_sink(f"file://{tmp_path}/store"), limits=QUICK).run(once=True)


lines = st.lists(st.sampled_from([0, 1, 7, 300, MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE, 9 * MAX_LINE]))


@given(lines, st.sampled_from([0, 1, MAX_LINE, MAX_LINE + 1, 5 * MAX_LINE]))
def test_lines_are_read_as_a_file_gives_them_and_the_long_ones_by_their_beginning(sizes: list[int], torn: int) -> None:
    written = [bytes([65 + n % 26]) * size + b"\n" for n, size in enumerate(sizes)] + ([b"z" * torn] if torn else [])
    expected = [
        line if len(line.rstrip(b"\n")) <= MAX_LINE else line[: MAX_LINE + 1] + (b"\n" if line.endswith(b"\n") else b"")
        for line in written
    ]
    assert list(bounded_lines(io.BufferedReader(io.BytesIO(b"".join(written))))) == expected  # type: ignore[arg-type]


@given(lines)
def test_lines_read_backwards_or_followed_are_those_read_forwards(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    layout = Layout(tmp_path_factory.mktemp("log"))
    path = layout.segment(0)
    path.parent.mkdir()
    path.write_bytes(b"".join(bytes([65 + n % 26]) * size + b"\n" for n, size in enumerate(sizes)) + b"torn")
    with path.open("rb") as file:
        forwards = [line[:-1] for line in bounded_lines(file) if line.endswith(b"\n")]
    end = end_of_segment(path, 0)
    assert end.number == len(sizes)
    back = [(line.seq, line.data) for line in backwards(layout, end)]
    assert back[::-1] == list(enumerate(forwards))
    followed = islice(follow(layout, Mark(0, 0, 0)), len(sizes))
    assert [(line.seq, line.data) for line in followed] == list(enumerate(forwards))
