"""What somebody changes who can write to the log and not to what is known outside it: its header, keys and heads."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from agent_audit.backends.file import Layout, Retention
from agent_audit.cli.main import main
from agent_audit.integrity.note import Ed25519Signer
from agent_audit.verify import Verdict

from .logs import check, make_log, open_log, record


def header_of(layout: Layout, **changed: object) -> bytes:
    fields = orjson.loads(layout.header.read_bytes()) | changed
    return orjson.dumps({name: value for name, value in fields.items() if value is not None}) + b"\n"


def another_key(layout: Layout) -> str:
    return str(Ed25519Signer(orjson.loads(layout.header.read_bytes())["origin"], bytes(32)).vkey)


@pytest.mark.parametrize("key", [lambda layout: None, another_key], ids=["no key", "another key"])
def test_a_header_that_does_not_name_the_key_any_more_is_tampering_because_no_writer_signs_such_a_log(
    log_dir: Path, key: Callable[[Layout], str | None]
) -> None:
    layout = make_log(log_dir)
    layout.header.write_bytes(header_of(layout, vkey=key(layout)))
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert "neither it nor the file keys names the key that signed checkpoint" in str(found.problems[0])


def test_a_later_key_that_the_log_does_not_name_any_more_is_tampering(log_dir: Path) -> None:
    layout = make_log(log_dir)
    log = open_log(log_dir)
    log.rotate_key()
    log.close()
    assert check(layout).verdict is Verdict.VALID
    layout.keys.write_bytes(b"")
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert {problem.file for problem in found.problems} == {"log.json"}


def test_a_header_whose_fields_stand_in_another_order_was_not_written_like_this(log_dir: Path) -> None:
    layout = make_log(log_dir)
    fields = orjson.loads(layout.header.read_bytes())
    layout.header.write_bytes(orjson.dumps(dict(reversed(fields.items()))) + b"\n")
    assert check(layout).verdict is Verdict.TAMPERED


@pytest.mark.parametrize("kept", ["kept heads stay", "kept heads are removed"])
def test_a_payload_below_the_head_outside_is_covered_though_the_checkpoint_was_set_back(
    log_dir: Path, tmp_path: Path, kept: str
) -> None:
    log = open_log(log_dir)
    log.append([record(0)])
    log.seal()
    shutil.copy(log.layout.checkpoint, earlier := tmp_path / "earlier")
    log.append([record(1, result="x" * 200_000)])
    log.close()
    shutil.copy(earlier, log.layout.checkpoint)
    if kept == "kept heads are removed":
        shutil.rmtree(log.layout.checkpoints)
    assert check(log_dir).verdict is Verdict.VALID
    (blob,) = (path for path in log.layout.blobs.rglob("*") if path.is_file())
    blob.write_bytes(blob.read_bytes().replace(b"xx", b"xy", 1))
    found = check(log_dir)
    assert found.verdict is Verdict.TAMPERED
    assert [problem.what for problem in found.problems] == ["the blob was changed"]


def test_a_log_without_any_checkpoint_of_its_own_is_not_provable_until_it_is_sealed(log_dir: Path) -> None:
    layout = make_log(log_dir)
    layout.checkpoint.unlink()
    shutil.rmtree(layout.checkpoints)
    found = check(layout)
    assert found.verdict is Verdict.NOT_PROVABLE
    assert "no checkpoint of its own" in found.missing[0]
    assert main(["seal", str(log_dir)]) == 0
    assert check(layout).verdict is Verdict.VALID


@pytest.mark.parametrize("name", ["²" * 20, "٠" * 20, "0" * 19])
def test_a_file_beside_the_segments_is_none_whatever_its_digits_are(log_dir: Path, name: str) -> None:
    layout = make_log(log_dir)
    (layout.segments / f"{name}.jsonl").write_bytes(b"{}\n")
    assert layout.segment_starts() == [0, 256, 512]
    assert check(layout).verdict is Verdict.VALID


def test_a_pruned_log_whose_checkpoint_was_set_back_below_what_was_pruned_is_tampered(
    log_dir: Path, tmp_path: Path
) -> None:
    log = open_log(log_dir)
    log.append([record(number) for number in range(100)])
    log.seal()
    shutil.copy(log.layout.checkpoint, earlier := tmp_path / "earlier")
    log.append([record(number) for number in range(100, 600)])
    log.prune(Retention(max_bytes=0))
    log.close()
    assert check(log_dir).verdict is Verdict.VALID
    shutil.copy(earlier, log.layout.checkpoint)
    assert check(log_dir).verdict is Verdict.TAMPERED


@pytest.mark.parametrize("after", [b"", b'\n{"seq":602,"x":1}\n'])
def test_an_endless_line_is_not_kept_in_memory_and_what_stands_behind_it_is_seen(log_dir: Path, after: bytes) -> None:
    layout = make_log(log_dir)
    with layout.segment(512).open("r+b") as file:
        file.seek(200 << 20, os.SEEK_END)  # a hole: it takes no room
        file.write(b"x" + after)
    tracemalloc.start()
    try:
        found = check(layout)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    assert found.verdict is Verdict.VALID
    told = f"{(200 << 20) + 1} bytes of a last line" if not after else "behind the checkpoint: segments/"
    assert any(told in remark for remark in found.remarks), found.remarks
