"""`verify`, `prove`, `verify-proof` and `export` on the command line."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent_audit.backends.file import Layout, Retention
from agent_audit.backends.file.checkpointing import SegmentReader
from agent_audit.backends.file.read import iter_lines
from agent_audit.cli.main import main
from agent_audit.errors import StorageError
from agent_audit.integrity.note import Ed25519Signer
from agent_audit.keys import state_directory
from agent_audit.verify import Verdict
from agent_audit.verify.proofs import ProofMaker, export_tlog

from .logs import check, lines_of, make_log, open_log, vkey_of


def forget_user() -> None:
    shutil.rmtree(state_directory())


def test_the_exit_code_is_the_verdict(log_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = make_log(log_dir)
    assert main(["verify", str(log_dir)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("VALID: 602 events under the checkpoint\n")
    assert "intents without outcome: 600" in out
    assert main(["verify", str(log_dir), "--json", "--incremental"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["hashed"]) == ("valid", 0)
    layout.segment(256).write_bytes(layout.segment(256).read_bytes().replace(b'"n":300', b'"n":301'))
    assert main(["verify", str(log_dir)]) == 1
    assert "PROBLEM: segments/00000000000000000256.jsonl: seq 301: changed" in capsys.readouterr().out
    forget_user()
    shutil.rmtree(log_dir)
    make_log(log_dir)
    forget_user()
    assert main(["verify", str(log_dir)]) == 3
    assert main(["verify", str(log_dir / "nowhere")]) == 2


def test_policy_key_and_checkpoint_are_taken_from_files(
    log_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = make_log(log_dir)
    vkey, kept, policy = vkey_of(layout), tmp_path / "kept", tmp_path / "policy"
    assert main(["checkpoint", "--dir", str(log_dir), "-o", str(kept)]) == 0
    policy.write_text(f"log {vkey}\nquorum none\n")
    forget_user()
    assert main(["verify", str(log_dir), "--key", vkey, "--since-checkpoint", str(kept)]) == 0
    assert main(["verify", str(log_dir), "--policy", str(policy), "--since-checkpoint", str(kept)]) == 0
    assert main(["verify", str(log_dir), "--policy", str(policy)]) == 3
    capsys.readouterr()
    policy.write_text("log nonsense\n")
    assert main(["verify", str(log_dir), "--policy", str(policy)]) == 2
    assert "line 1 of the policy" in capsys.readouterr().err
    assert main(["verify", str(log_dir), "--policy", str(tmp_path / "nothing")]) == 2
    assert main(["verify", str(log_dir), "--key", "nonsense"]) == 2
    assert main(["verify", str(log_dir), "--since-checkpoint", str(tmp_path / "nothing")]) == 2


def test_one_event_is_proved_to_somebody_who_has_two_files_and_the_key(
    log_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = make_log(log_dir)
    vkey, proof, policy = vkey_of(layout), tmp_path / "event.tlog-proof", tmp_path / "policy"
    policy.write_text(f"log {vkey}\nquorum none\n")
    event = next(iter_lines(layout, min_seq=300)).event()
    assert main(["prove", event.event_id, "--dir", str(log_dir), "-o", str(proof)]) == 0
    assert (tmp_path / "event.json").read_bytes() == lines_of(layout)[300]
    assert main(["verify-proof", str(proof)]) == 0, "by this user's own keys"
    shutil.rmtree(log_dir)
    forget_user()
    capsys.readouterr()
    assert main(["verify-proof", str(proof), "--key", vkey]) == 0
    assert "PROVED: this is event 300 of" in capsys.readouterr().out
    assert main(["verify-proof", str(proof), "--policy", str(policy)]) == 0
    assert main(["verify-proof", str(proof)]) == 3
    stranger = Ed25519Signer(vkey.partition("+")[0], bytes(32)).vkey
    assert main(["verify-proof", str(proof), "--key", str(stranger)]) == 1
    other = tmp_path / "other.json"
    other.write_bytes((tmp_path / "event.json").read_bytes().replace(b'"n":299', b'"n":298'))
    assert main(["verify-proof", str(proof), str(other), "--key", vkey]) == 1
    proof.write_bytes(proof.read_bytes()[:50])
    assert main(["verify-proof", str(proof), "--key", vkey]) == 1
    assert main(["verify-proof", str(tmp_path / "nothing")]) == 2


def test_what_is_not_there_or_not_under_the_checkpoint_is_not_proved(
    log_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = make_log(log_dir, 10)
    assert main(["prove", "12", "--dir", str(log_dir)]) == 2
    assert f"there is no event 12 in {log_dir}" in capsys.readouterr().err
    segment = layout.segment(0)
    segment.write_bytes(segment.read_bytes() + b'{"seq":12}\n')
    assert main(["prove", "12", "--dir", str(log_dir)]) == 2
    assert "is not under the checkpoint" in capsys.readouterr().err
    assert main(["prove", "no-such-id", "--dir", str(log_dir)]) == 2
    make_log(log_dir.with_name("unsigned"), 10, signer=False)
    assert main(["prove", "1", "--dir", str(log_dir.with_name("unsigned"))]) == 2
    assert main(["export", str(log_dir.with_name("unsigned")), "--tlog", str(log_dir.with_name("out"))]) == 2


@pytest.mark.parametrize("damage", ["state", "tile", "both", "wrong tile"])
def test_proofs_are_made_without_the_caches_too(log_dir: Path, damage: str) -> None:
    layout = make_log(log_dir)
    if damage in ("state", "both"):
        layout.tree_state.unlink()
    if damage in ("tile", "both"):
        shutil.rmtree(layout.root / "tile")
    if damage == "wrong tile":
        layout.tile(0, 0).write_bytes(bytes(8192))
    for seq in (0, 255, 256, 601):
        proven = ProofMaker(layout).prove(seq)
        assert proven.proof.verify(proven.line) == ProofMaker(layout).head


def test_an_export_grows_with_the_log_and_refuses_lines_that_do_not_lead_to_the_checkpoint(
    log_dir: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    make_log(log_dir)
    assert main(["export", str(log_dir), "--tlog", str(target)]) == 0
    assert (target / "tile/0/002.p/90").stat().st_size == 90 * 32
    make_log(log_dir)
    assert main(["export", str(log_dir), "--tlog", str(target)]) == 0
    assert (target / "tile/0/003").is_file()
    assert (target / "tile/entries/004.p/180").is_file()
    assert (target / "checkpoint").read_bytes() == Layout(log_dir).checkpoint.read_bytes()
    path = Layout(log_dir).segment(0)
    path.write_bytes(path.read_bytes().replace(b'"n":7', b'"n":8', 1))
    assert main(["export", str(log_dir), "--tlog", str(tmp_path / "other")]) == 2
    assert not (tmp_path / "other" / "checkpoint").exists()


def test_exports_to_one_folder_at_once_leave_what_one_leaves(log_dir: Path, tmp_path: Path) -> None:
    layout = make_log(log_dir, 3000)
    with ThreadPoolExecutor(4) as pool:
        heads = list(pool.map(lambda _: export_tlog(layout, tmp_path / "together"), range(8)))
    assert heads == [export_tlog(layout, tmp_path / "alone")] * 8
    alone, together = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("alone", "together")
    )
    assert together == alone


@pytest.mark.parametrize("command", [["rebuild"], ["export", "--tlog", "out"]])
def test_what_reads_all_lines_has_the_tiles_of_those_that_are_pruned_meanwhile(
    log_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    layout, reads = make_log(log_dir, 1000), itertools.count()
    read = SegmentReader._next

    def pruned_first(reader: SegmentReader, start: int, end: int) -> list[bytes]:
        if next(reads) == 1:
            with contextlib.closing(open_log(log_dir)) as log:
                assert len(log.prune(Retention(max_bytes=110_000))) >= 2
        return read(reader, start, end)

    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(SegmentReader, "_next", pruned_first)
        assert main([*command, "--dir", str(log_dir)]) == 0
    assert layout.segment_starts()[0] > 0
    assert check(log_dir).verdict is Verdict.VALID


def test_lines_that_are_pruned_while_they_are_exported_make_it_fail_and_are_named_as_pruned(
    log_dir: Path,
) -> None:
    layout = make_log(log_dir)
    lines = iter_lines(layout)
    next(lines)
    with contextlib.closing(open_log(log_dir)) as log:
        log.prune(Retention(max_bytes=1))
    with pytest.raises(StorageError, match="went while it was read: they were pruned, or removed"):
        list(lines)
