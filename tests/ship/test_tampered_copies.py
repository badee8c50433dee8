"""Copies that somebody changes in the store: what was signed is found changed, and shipping destroys nothing."""

from __future__ import annotations

import gzip
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from agent_audit.backends.file import FileAuditBackend
from agent_audit.cli.exits import FINDING
from agent_audit.cli.main import main
from agent_audit.errors import ProofError, ShipError, StoreRefusedError
from agent_audit.logger import AuditLogger
from agent_audit.object_store import bucket
from agent_audit.ship import Shipper, open_copies, open_sink
from agent_audit.ship.fleet import HostLog, verify_fleet
from agent_audit.verify import Verdict
from tests.ship.stores import QUICK, lines_of, write
from tests.ship.test_objects import batch, line, stored
from tests.ship.test_shipper import origin_of

CHANGES = 60


def ship(log_dir: Path, url: str) -> None:
    Shipper(log_dir, open_sink(url), limits=QUICK).run(once=True)


def folder_of(store: Path, log_dir: Path) -> Path:
    return store / "logs" / origin_of(log_dir).replace("/", "%2F")


def verdict_of(url: str, log_dir: Path) -> HostLog:
    (found,) = verify_fleet(open_copies(url), origins=[origin_of(log_dir)])
    return found


@pytest.mark.parametrize("name", ["9" * 20, f"{2**63:020d}", f"{5000:020d}"])
def test_an_object_far_ahead_of_a_log_ends_its_shipping_with_a_refusal_and_nothing_else(
    tmp_path: Path, log_dir: Path, name: str
) -> None:
    url = f"file://{tmp_path}/store"
    write(log_dir, 20)
    ship(log_dir, url)
    lines = folder_of(tmp_path / "store", log_dir) / "lines"
    (lines / f"{name}.jsonl.gz").write_bytes(gzip.compress(line(0) + b"\n"))
    with pytest.raises(StoreRefusedError, match="the log is older than its copy"):
        ship(log_dir, url)
    assert any("behind the checkpoint" in remark for remark in verdict_of(url, log_dir).remarks)


def test_two_objects_with_the_same_events_are_tampering(tmp_path: Path, log_dir: Path) -> None:
    url = f"file://{tmp_path}/store"
    write(log_dir, 70)
    ship(log_dir, url)
    first, *_ = sorted((folder_of(tmp_path / "store", log_dir) / "lines").iterdir())
    shutil.copyfile(first, first.with_name(f"{7:020d}.jsonl.gz"))
    found = verdict_of(url, log_dir)
    assert found.verdict is Verdict.TAMPERED
    assert "has events from 7 on twice" in found.problems[0]


@pytest.mark.parametrize("text", [b"x" * 3000, (line(0) + b"\n") * 30], ids=["one line", "many lines"])
def test_an_object_that_unpacks_to_more_than_is_shipped_at_once_is_not_unpacked_further(
    tmp_path: Path, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "MOST_BYTES", 2000)
    url = f"file://{tmp_path}/store"
    open_sink(url).append(batch(0, 10))
    (path,) = (tmp_path / "store").rglob("lines/*")
    path.write_bytes(gzip.compress(text))
    with pytest.raises(ProofError, match="was changed: it holds more than"):
        stored(url, "host/log")


class Stores(NamedTuple):
    """Two logs in one store, as it is, as it was, and the first one's log some events later."""

    now: Path
    before: Path
    logs: tuple[Path, Path]
    lines: tuple[list[bytes], list[bytes]]


def record(root: Path, first: int, count: int) -> None:
    """Events of which some have payloads of their own."""
    with AuditLogger(FileAuditBackend(root)) as logger:
        for n in range(first, first + count):
            logger.record("tool.call", action="tool.t", parameters={"n": n, "x": "x" * (70_000 if n % 90 == 5 else 9)})


@pytest.fixture
def made(tmp_path: Path) -> Stores:
    store, logs = tmp_path / "store", (tmp_path / "one", tmp_path / "two")
    record(logs[0], 0, 130)
    ship(logs[0], f"file://{store}")
    shutil.copytree(store, tmp_path / "before")
    record(logs[0], 130, 180)
    record(logs[1], 0, 90)
    for log in logs:
        ship(log, f"file://{store}")
    shutil.copytree(store, tmp_path / "now")
    shutil.copytree(tmp_path / "state", tmp_path / "state before")
    return Stores(tmp_path / "now", tmp_path / "before", logs, (lines_of(logs[0]), lines_of(logs[1])))


def plainly(folder: Path) -> list[bytes] | None:
    """The lines of a copy as anybody can read them; None where they are not in order."""
    lines: list[bytes] = []
    for path in sorted(folder.glob("lines/*.jsonl.gz")):
        try:
            data = gzip.decompress(path.read_bytes())
        except Exception:
            return None
        if path.name != f"{len(lines):020d}.jsonl.gz" or not data.endswith(b"\n"):
            return None
        lines += data.split(b"\n")[:-1]
    return lines


def flip(rng: random.Random, path: Path, _: Path, __: Path) -> None:
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def cut(rng: random.Random, path: Path, _: Path, __: Path) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def exchange(_: random.Random, path: Path, other: Path, __: Path) -> None:
    one, two = path.read_bytes(), other.read_bytes()
    path.write_bytes(two)
    other.write_bytes(one)


def rename(rng: random.Random, path: Path, _: Path, __: Path) -> None:
    names = [f"{rng.randrange(400):020d}.jsonl.gz", "9" * 20 + ".jsonl.gz", f"{'0' * 17}300-0123456789abcdef", "x y"]
    if not (target := path.with_name(rng.choice(names))).exists():
        path.rename(target)


def put_back(_: random.Random, path: Path, __: Path, older: Path) -> None:
    if older.exists():
        shutil.copyfile(older, path)
    else:
        path.unlink()


def rewrite(rng: random.Random, path: Path, _: Path, __: Path) -> None:
    if path.suffix != ".gz":
        return cut(rng, path, _, __)
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    at = rng.randrange(len(lines))
    lines[at : at + 1] = rng.choice([[], lines[at : at + 1] * 2, [lines[at].replace(b"tool.t", b"tool.u")]])
    path.write_bytes(gzip.compress(b"".join(lines)))
    return None


Change = Callable[[random.Random, Path, Path, Path], None]
DAMAGES: list[Change] = [
    flip, cut, exchange, rename, put_back, rewrite, lambda rng, path, *_: path.unlink(),
    lambda rng, path, other, _: path.write_bytes(other.read_bytes()),
]  # fmt: skip


def test_whatever_is_changed_in_a_store_no_changed_log_is_valid_and_shipping_on_overwrites_nothing(
    made: Stores, tmp_path: Path
) -> None:
    """The oracle: whoever unpacks the objects in their order has the log's own lines, or a beginning of them."""
    rng, store, state = random.Random(20261130), tmp_path / "store", tmp_path / "state"
    kinds = ("lines/*", "lines/*", "checkpoints/*", "tile/*/*", "blobs/*", "log.json", "**/*")
    url, seen = f"file://{store}", set()
    for _ in range(CHANGES):
        for folder, kept in ((store, made.now), (state, tmp_path / "state before")):
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)
        log = rng.choice(made.logs)
        folder = folder_of(store, log)
        found = [path for path in sorted(folder.glob(rng.choice(kinds))) if path.is_file()]
        if not found:
            continue
        others = [path for path in sorted(store.glob("logs/**/*")) if path.is_file()]
        path = rng.choice(found)
        what = rng.choice(DAMAGES)
        what(rng, path, rng.choice([*found, *others]), made.before / path.relative_to(store))
        there = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
        for one, own in zip(made.logs, made.lines, strict=True):
            judged = verdict_of(url, one)
            seen.add(judged.verdict)
            copied = plainly(folder_of(store, one))
            told = (what, path, judged)
            if judged.verdict is Verdict.VALID:
                assert copied == own, told
            elif judged.verdict is Verdict.NOT_PROVABLE:
                assert copied is not None, told
                assert copied == own[: len(copied)], told
            else:
                assert judged.problems, told
        try:
            ship(log, url)
        except (ShipError, ProofError):
            pass
        for path, data in there.items():
            assert path.read_bytes() == data, path
    assert seen >= {Verdict.VALID, Verdict.TAMPERED, Verdict.NOT_PROVABLE}


def test_a_copy_that_was_changed_is_not_restored_and_the_command_says_which_object(
    made: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, log = f"file://{tmp_path}/store", made.logs[0]
    path = sorted((folder_of(tmp_path / "store", log) / "lines").iterdir())[1]
    path.write_bytes(path.read_bytes()[:-9])
    assert main(["fleet", "restore", url, origin_of(log), "-o", str(tmp_path / "back")]) == FINDING
    assert f"{path.name} was changed" in capsys.readouterr().err
    assert not list((tmp_path / "back").iterdir())
