"""Ten thousand random changes of a log: every one is found, its place is named, and none makes the verifier fail.

The log is small and kept in memory's file system where there is one, so that thousands of verifications are quick.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from agent_audit.backends.file import Layout
from agent_audit.errors import FormatError
from agent_audit.verify import Verdict, Verification

from .logs import check, open_log, record

CHANGES = 10_000
PARTS = 4


class Change(NamedTuple):
    what: str
    file: Path
    seqs: tuple[int, ...]
    """Positions of which at least one must be named; none for a file that holds no lines."""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    shm = Path("/dev/shm")
    parent = shm if shm.is_dir() else tmp_path_factory.getbasetemp()
    directory = Path(tempfile.mkdtemp(dir=parent))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def layout(state: Path) -> Layout:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        log = open_log(state / "log")
        log.append([record(number) for number in range(150)])
        log.seal()
        log.append([record(number, result="y" * 70_000 if number == 151 else None) for number in range(150, 300)])
        log.close()
    return log.layout


def positions(layout: Layout, path: Path, offset: int) -> int:
    return int(path.stem) + path.read_bytes()[:offset].count(b"\n")


def change(rng: random.Random, layout: Layout) -> Change:
    """Change one file; what was done, where."""
    segments = [layout.segment(start) for start in layout.segment_starts()]
    blobs = [path for path in layout.blobs.rglob("*") if path.is_file()]
    heads = [layout.checkpoint, layout.header, *layout.checkpoints.iterdir()]
    kind = rng.choices(("byte", "line", "cut", "file", "blob", "head"), (40, 30, 10, 3, 5, 12))[0]
    if kind == "blob":
        return byte_change(rng, layout, rng.choice(blobs), (152,))
    if kind == "head":
        return byte_change(rng, layout, rng.choice(heads), ())
    path = rng.choice(segments)
    if kind == "byte":
        return byte_change(rng, layout, path, None)
    if kind == "line":
        return line_change(rng, path)
    if kind == "cut":
        data = path.read_bytes()
        keep = rng.randrange(len(data))
        path.write_bytes(data[:keep])
        return Change(f"cut to {keep} bytes", path, tuple(range(positions(layout, path, keep), 302)))
    first, count = int(path.stem), path.read_bytes().count(b"\n")
    if rng.random() < 0.5:
        path.unlink()
    else:
        path.rename(path.with_name(rng.choice(["x.jsonl", f"{first + 256:020d}.jsonl", f"{first:019d}.jsonl"])))
    return Change("removed or renamed", path, tuple(range(first, first + count + 256)))


def byte_change(rng: random.Random, layout: Layout, path: Path, seqs: tuple[int, ...] | None) -> Change:
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    seq = positions(layout, path, at) if seqs is None else -1
    how = rng.choice(("flip", "set", "insert", "delete"))
    before = bytes(data)
    if how == "flip":
        data[at] ^= 1 << rng.randrange(8)
    elif how == "set":
        data[at] = rng.choice([0, 9, 10, 13, 32, 34, 48, 123, 255])
    elif how == "insert":
        data.insert(at, rng.randrange(256))
    else:
        del data[at]
    if bytes(data) == before:
        data[at] ^= 1
    path.write_bytes(data)
    return Change(f"{how} at {at}", path, (seq, seq + 1) if seqs is None else seqs)


def line_change(rng: random.Random, path: Path) -> Change:
    lines = path.read_bytes().split(b"\n")[:-1]
    first, at = int(path.stem), rng.randrange(len(lines))
    other = rng.randrange(len(lines) - 1)
    other += other >= at
    how = rng.choice(("delete", "double", "swap", "foreign", "move"))
    if how == "delete":
        del lines[at]
    elif how == "double":
        lines.insert(rng.randrange(len(lines)), lines[at])
    elif how == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    elif how == "foreign":
        lines.insert(at, rng.choice([b"", b"{}", b'{"seq":%d,"x":1}' % (first + at), b"\xff\x00"]))
    else:
        lines.insert(other, lines.pop(at))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    low, high = sorted((at, other)) if how in ("swap", "move") else (0 if how == "double" else at, at + 1)
    return Change(how, path, tuple(range(first + low, first + high + 2)))


def names(found: Verification, done: Change, root: Path) -> bool:
    """Whether the verification says where."""
    if not done.seqs:
        return any(one.file == str(done.file.relative_to(root)) for one in found.problems)
    spans = [(one.first_seq, one.last_seq or one.first_seq) for one in found.problems if one.first_seq is not None]
    return any(first <= seq <= last for first, last in spans for seq in (done.seqs[0], done.seqs[-1], *done.seqs))


@pytest.mark.parametrize("part", range(PARTS))
def test_every_random_change_below_the_checkpoint_is_tampering_and_its_place_is_named(
    part: int, layout: Layout, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    assert check(layout).verdict is Verdict.VALID
    whole = {path: path.read_bytes() for path in layout.root.rglob("*") if path.is_file()}
    rng = random.Random(part)
    for number in range(CHANGES // PARTS):
        done = change(rng, layout)
        try:
            found = check(layout, intents=number % 50 == 0)
        except FormatError:
            assert done.file == layout.header, done  # it says that it is of a newer format
        else:
            assert found.verdict is Verdict.TAMPERED, f"change {number} was missed: {done}"
            assert names(found, done, layout.root), f"change {number} is not named: {done}: {found.problems}"
        restore(layout, whole, done.file)


def restore(layout: Layout, whole: dict[Path, bytes], path: Path) -> None:
    for other in path.parent.iterdir():
        if other.is_file() and other not in whole:
            other.unlink()
    path.write_bytes(whole[path])
    if path.parent == layout.segments:
        for known, data in whole.items():
            if known.parent == layout.segments and (not known.exists() or known.stat().st_size != len(data)):
                known.write_bytes(data)
