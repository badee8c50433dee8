"""The three verdicts, and what each says."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import orjson
import pytest

from agent_audit.backends.file import Layout, Retention, Rotation
from agent_audit.cli.exits import INCOMPLETE, NOT_PROVABLE
from agent_audit.cli.main import main
from agent_audit.errors import ConfigurationError, FormatError, LogNotFoundError
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.cosignature import cosign
from agent_audit.integrity.merkle import leaf_hashes, root_of
from agent_audit.integrity.note import Ed25519Signer, VerifierKey, sign_note
from agent_audit.integrity.policy import Policy
from agent_audit.keys import key_directory, state_directory
from agent_audit.verify import Problem, Trust, Verdict
from agent_audit.verify.proofs import ProofMaker
from tests.integrity.keys import WitnessKey
from tests.unprivileged import run_unprivileged

from .logs import check, copy_of, lines_of, make_log, open_log, record, vkey_of


def places(problems: tuple[Problem, ...]) -> set[tuple[str, int | None]]:
    return {(problem.file, problem.first_seq) for problem in problems}


def forget_user() -> None:
    """What is left for somebody who has only the log."""
    shutil.rmtree(state_directory())


def write_lines(layout: Layout, segment: int, lines: list[bytes]) -> None:
    layout.segment(segment).write_bytes(b"".join(line + b"\n" for line in lines))


def test_a_closed_log_is_valid_to_its_own_user_and_it_says_by_which_key_and_head(log_dir: Path) -> None:
    layout = make_log(log_dir)
    found = check(layout)
    assert found.verdict is Verdict.VALID, found
    assert (found.size, found.later, found.hashed) == (602, 0, 602)
    assert len(found.signed_by) == len(found.heads) == 1
    assert "signed-head" in found.heads[0]


def test_to_somebody_who_has_only_the_log_nothing_is_provable_and_it_says_why(log_dir: Path) -> None:
    layout = make_log(log_dir)
    forget_user()
    found = check(layout)
    assert found.verdict is Verdict.NOT_PROVABLE
    assert any("from the log itself" in reason for reason in found.missing)
    assert any("no head is known from outside" in reason for reason in found.missing)


def test_a_key_and_a_checkpoint_from_elsewhere_make_it_valid(log_dir: Path, tmp_path: Path) -> None:
    layout = make_log(log_dir)
    kept, key = tmp_path / "kept", VerifierKey.parse(vkey_of(layout))
    shutil.copy(layout.checkpoint, kept)
    forget_user()
    assert check(layout, trust=Trust(keys=(key,))).verdict is Verdict.NOT_PROVABLE
    assert check(layout, trust=Trust(keys=(key,), since=kept)).verdict is Verdict.VALID


def test_an_earlier_checkpoint_that_was_kept_must_be_continued(log_dir: Path, tmp_path: Path) -> None:
    log = open_log(log_dir)
    log.append([record(number) for number in range(10)])
    head = log.seal()
    assert head is not None
    shutil.copy(log.layout.checkpoint, kept := tmp_path / "kept")
    log.append([record(number) for number in range(10, 300)])
    log.close()
    found = check(log_dir, trust=Trust(since=kept))
    assert found.verdict is Verdict.VALID
    assert any(str(kept) in known for known in found.heads)
    other = make_log(tmp_path / "other")
    with pytest.raises(ConfigurationError, match="is a checkpoint of"):
        check(other, trust=Trust(since=kept))
    kept.write_bytes(b"nothing")
    with pytest.raises(ConfigurationError, match="is no checkpoint"):
        check(log_dir, trust=Trust(since=kept))


def test_an_unsigned_log_is_not_provable_but_its_gaps_are_named(
    log_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = make_log(log_dir, signer=False)
    assert check(layout).verdict is Verdict.NOT_PROVABLE
    assert main(["verify", str(log_dir)]) == NOT_PROVABLE
    assert capsys.readouterr().out.startswith("NOT PROVABLE: 602 events and no checkpoint\n")
    lines = layout.segment(0).read_bytes().split(b"\n")[:-1]
    write_lines(layout, 0, lines[:7] + lines[8:])
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert places(found.problems) == {("segments/00000000000000000000.jsonl", 7)}


def test_what_is_written_after_the_checkpoint_never_changes_the_verdict(log_dir: Path) -> None:
    layout = make_log(log_dir)
    log = open_log(log_dir)
    log.append([record(number) for number in range(5)])
    log.sync()
    found = check(layout)
    assert (found.verdict, found.later) == (Verdict.VALID, 6)
    with layout.segment(512).open("ab") as file:
        file.write(b"not a line of the log\n" + b'{"seq":')
    found = check(layout)
    assert found.verdict is Verdict.VALID
    assert any("behind the checkpoint" in remark for remark in found.remarks)
    assert any("still being written" in remark for remark in found.remarks)


# -- tampering -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [0, 255, 256, 400, 511, 512, 601])
def test_the_very_line_that_was_changed_is_named(log_dir: Path, seq: int) -> None:
    assert_named(make_log(log_dir), seq)


@pytest.mark.parametrize("seq", [255, 256, 310, 319])
def test_a_changed_line_of_a_log_that_was_never_closed_is_named_too(log_dir: Path, seq: int) -> None:
    layout = checkpointed(log_dir)
    assert_named(layout, seq)


def test_a_proof_in_a_log_that_was_never_closed_reads_a_few_tiles(log_dir: Path) -> None:
    maker = ProofMaker(checkpointed(log_dir))
    proven = maker.prove(300)
    assert proven.proof.verify(proven.line) == maker.head
    assert maker.tiles_read <= 2


def checkpointed(log_dir: Path) -> Layout:
    """A log of 320 events whose checkpoints were made as it was written, at 300 and at 320."""
    log = open_log(log_dir)
    checkpointer = log.checkpointer()
    assert checkpointer is not None
    for start, end in ((0, 299), (299, 319)):  # behind one of the log's own
        log.append([record(number) for number in range(start, end)])
        log.sync()
        head = checkpointer.make(end + 1)
        assert head is not None
        assert head.size == end + 1
    return log.layout


def assert_named(layout: Layout, seq: int) -> None:
    path = layout.segment(seq // 256 * 256)
    lines = path.read_bytes().split(b"\n")
    lines[seq % 256] = lines[seq % 256].replace(b'"event_type":"', b'"event_type":"x')
    path.write_bytes(b"\n".join(lines))
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert [(one.file, one.first_seq, one.last_seq) for one in found.problems] == [(f"segments/{path.name}", seq, seq)]


def test_without_tiles_the_range_that_holds_the_change_is_named(log_dir: Path) -> None:
    layout = make_log(log_dir)
    shutil.rmtree(layout.root / "tile")
    data = layout.segment(256).read_bytes()
    layout.segment(256).write_bytes(data.replace(b'"n":300', b'"n":301'))
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert any(one.first_seq is not None and one.first_seq <= 301 <= (one.last_seq or 0) for one in found.problems)


def test_every_gap_double_and_swap_is_named_not_only_the_first(log_dir: Path) -> None:
    layout = make_log(log_dir)
    lines = layout.segment(0).read_bytes().split(b"\n")[:-1]
    del lines[10:12]  # 10 and 11 are gone
    lines[100], lines[101] = lines[101], lines[100]  # 102 and 103 change places
    lines.insert(200, lines[199])  # 201 twice
    write_lines(layout, 0, lines)
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    named = {(one.first_seq, one.last_seq) for one in found.problems}
    assert {(10, 11), (102, 102), (201, 201)} <= named


def test_a_segment_that_is_gone_or_renamed_is_named_with_its_positions(log_dir: Path) -> None:
    layout = make_log(log_dir)
    layout.segment(256).rename(layout.segments / "elsewhere.jsonl")
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert (256, 511) in {(one.first_seq, one.last_seq) for one in found.problems}


def test_a_cut_below_the_checkpoint_names_both_heads(log_dir: Path) -> None:
    layout = make_log(log_dir)
    lines = layout.segment(512).read_bytes().split(b"\n")[:-1]
    write_lines(layout, 512, lines[:-3])
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert "602 events" in found.problems[0].what and "only 599 events" in found.problems[0].what


def test_a_roll_back_of_the_whole_directory_is_caught_by_the_head_outside(log_dir: Path, tmp_path: Path) -> None:
    layout = make_log(log_dir)
    old = copy_of(layout, tmp_path / "old")
    log = open_log(log_dir)
    log.append([record(1)])
    log.close()
    shutil.rmtree(log_dir)
    shutil.copytree(old.root, log_dir)
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert "rolled back" in found.problems[0].what
    assert "605 events" in found.problems[0].what


def test_a_log_that_parts_from_the_head_outside_is_not_said_to_have_none(log_dir: Path) -> None:
    layout = make_log(log_dir)
    lines = layout.segment(256).read_bytes().split(b"\n")[:-1]
    lines[7] = lines[7].replace(b'"t"', b'"u"')
    write_lines(layout, 256, lines)
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    (missing,) = found.missing
    assert "signed-head" in missing and "no head is known" not in missing


def rewritten(layout: Layout, signer: Ed25519Signer, origin: str) -> None:
    """A forged history: other lines, and every checkpoint signed anew."""
    for start in layout.segment_starts():
        data = layout.segment(start).read_bytes()
        layout.segment(start).write_bytes(data.replace(b'"action":"t"', b'"action":"u"'))
    lines = lines_of(layout)
    shutil.rmtree(layout.checkpoints)
    shutil.rmtree(layout.root / "tile")
    head = Checkpoint(origin, len(lines), root_of(leaf_hashes(lines)))
    layout.checkpoint.write_bytes(sign_note(head.text(), [signer]).encode())
    header = {"format": 1, "origin": origin, "vkey": str(signer.vkey)}
    layout.header.write_bytes(orjson.dumps(header) + b"\n")


def test_a_history_rewritten_under_another_key_is_caught_by_the_known_key(log_dir: Path) -> None:
    layout = make_log(log_dir)
    key = VerifierKey.parse(vkey_of(layout))
    rewritten(layout, Ed25519Signer(key.name, b"\x01" * 32), key.name)
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert any("signed by no known key" in one.what for one in found.problems)
    forget_user()
    found = check(layout, trust=Trust(keys=(key,)))
    assert found.verdict is Verdict.TAMPERED


def test_a_history_rewritten_with_the_stolen_key_is_caught_by_the_head_outside(log_dir: Path) -> None:
    layout = make_log(log_dir)
    key = VerifierKey.parse(vkey_of(layout))
    seed = bytes.fromhex((key_directory(key.name) / "signing.key").read_text().strip())
    rewritten(layout, Ed25519Signer(key.name, seed), key.name)
    found = check(layout)
    assert found.verdict is Verdict.TAMPERED
    assert any("rewritten" in one.what for one in found.problems)


def test_another_log_in_its_place_is_not_the_one_whose_key_was_given(log_dir: Path, tmp_path: Path) -> None:
    key = VerifierKey.parse(vkey_of(make_log(log_dir)))
    other = make_log(tmp_path / "other")
    found = check(other, trust=Trust(keys=(key,)))
    assert found.verdict is Verdict.TAMPERED


def test_blobs_are_checked_and_the_line_that_names_them_is_said(log_dir: Path) -> None:
    log = open_log(log_dir)
    log.append([record(0), record(1, result="x" * 200_000)])
    log.close()
    (blob,) = (path for path in log.layout.blobs.rglob("*") if path.is_file())
    assert check(log_dir).verdict is Verdict.VALID
    blob.write_bytes(blob.read_bytes().replace(b"xx", b"xy", 1))
    found = check(log_dir)
    assert (found.verdict, found.problems[0].what, found.problems[0].first_seq) == (
        Verdict.TAMPERED,
        "the blob was changed",
        2,
    )
    blob.unlink()
    assert check(log_dir).problems[0].what == "the blob is missing"


def verdict_on_unreadable(path: Path, layout: Layout) -> tuple[int, list[dict[str, object]]]:
    """Exit code of `verify` while nobody may read a file or folder, and its problems."""
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        done = run_unprivileged("verify", "--json", layout.root)
    finally:
        path.chmod(mode)
    assert done.stdout, done.stderr
    return done.returncode, orjson.loads(done.stdout)["problems"]


@pytest.mark.parametrize("segment", [0, 256, 512])
def test_a_segment_that_cannot_be_read_makes_it_incomplete_and_is_all_that_is_named(
    log_dir: Path, segment: int
) -> None:
    layout = make_log(log_dir)
    code, problems = verdict_on_unreadable(layout.segment(segment), layout)
    assert code == INCOMPLETE
    (problem,) = problems
    assert problem["file"] == f"segments/{segment:020d}.jsonl"
    assert problem["unreadable"]
    assert (problem["first_seq"], problem["last_seq"]) == (segment, {0: 255, 256: 511, 512: None}[segment])


@pytest.mark.parametrize("name", ["log.json", "checkpoint", "keys", "segments", "checkpoints", "tile/0/000"])
def test_a_file_or_folder_that_cannot_be_read_makes_it_incomplete_not_tampered(log_dir: Path, name: str) -> None:
    log = open_log(log_dir)
    log.append([record(number) for number in range(600)])
    log.rotate_key()
    log.append([record(600)])
    if name.startswith("tile"):  # only of pruned events it is more than a cache
        log.prune(Retention(max_bytes=1))
    log.close()
    layout = Layout(log_dir)
    assert check(layout).verdict is Verdict.VALID
    code, problems = verdict_on_unreadable(layout.root / name, layout)
    assert code == INCOMPLETE, problems
    assert problems[0]["file"] == name
    assert all(problem["unreadable"] for problem in problems)


def test_what_a_segment_that_cannot_be_read_would_say_of_keys_and_pruning_is_not_held_against_the_log(
    log_dir: Path,
) -> None:
    log = open_log(log_dir)
    log.append([record(number) for number in range(600)])
    log.prune(Retention(max_bytes=1))
    log.rotate_key()
    log.append([record(number) for number in range(600, 1200)])
    log.close()
    layout = Layout(log_dir)
    first, first_key = layout.segment_starts()[0], VerifierKey.parse(vkey_of(layout))
    assert first > 0
    forget_user()
    before = check(layout, trust=Trust(keys=(first_key,)))
    assert before.verdict is Verdict.NOT_PROVABLE
    path = layout.segment(first)
    path.rename(log_dir / "elsewhere")
    path.mkdir()  # opening it fails
    after = check(layout, trust=Trust(keys=(first_key,)))
    assert after.verdict is Verdict.INCOMPLETE, after.problems


def test_a_segment_that_is_no_file_makes_it_incomplete_not_tampered(log_dir: Path) -> None:
    layout = make_log(log_dir)
    layout.segment(512).unlink()
    layout.segment(512).mkdir()
    found = check(layout)
    assert found.verdict is Verdict.INCOMPLETE
    assert found.problems[0].unreadable


def test_damaged_tiles_are_told_of_and_change_no_verdict(log_dir: Path) -> None:
    layout = make_log(log_dir)
    layout.tile(0, 1).write_bytes(bytes(8192))
    found = check(layout)
    assert found.verdict is Verdict.VALID
    assert any("tile/0/001" in remark for remark in found.remarks)


# -- keys, witnesses ------------------------------------------------------------------------------------


def test_whoever_knows_the_first_key_believes_the_one_that_it_handed_over_to(log_dir: Path, tmp_path: Path) -> None:
    layout = make_log(log_dir)
    first = VerifierKey.parse(vkey_of(layout))
    log = open_log(log_dir)
    second = log.rotate_key()
    log.append([record(9)])
    log.close()
    assert check(layout).verdict is Verdict.VALID
    shutil.copy(layout.checkpoint, kept := tmp_path / "kept")
    forget_user()
    found = check(layout, trust=Trust(keys=(first,), since=kept))
    assert found.verdict is Verdict.VALID, found
    assert second.id.hex() in found.signed_by[0]
    layout.keys.write_text(f"{second}\n{Ed25519Signer(first.name, bytes(32)).vkey}\n")
    assert check(layout, trust=Trust(keys=(first,), since=kept)).verdict is Verdict.VALID
    layout.keys.write_text("nonsense\n")
    assert check(layout, trust=Trust(keys=(first,), since=kept)).verdict is Verdict.TAMPERED


def test_whoever_knows_only_the_key_that_signs_now_needs_none_of_those_before_it(log_dir: Path, tmp_path: Path) -> None:
    layout = make_log(log_dir)
    first = VerifierKey.parse(vkey_of(layout))
    with contextlib.closing(open_log(log_dir)) as log:
        second = log.rotate_key()
    assert len(list(layout.checkpoints.iterdir())) > 1
    shutil.copy(layout.checkpoint, kept := tmp_path / "kept")
    forget_user()
    trust = Trust(keys=(second,), since=kept)
    found = check(layout, trust=trust)
    assert found.verdict is Verdict.VALID, found
    assert [second.id.hex() in signer for signer in found.signed_by] == [True]
    strange = Ed25519Signer(first.name, bytes(32))
    text = layout.checkpoint.read_bytes().decode().partition("\n\n")[0] + "\n"
    with_strange_head = copy_of(layout, tmp_path / "copy")
    earliest = min(with_strange_head.checkpoints.iterdir())
    earliest.write_bytes(sign_note(earliest.read_text().partition("\n\n")[0] + "\n", [strange]).encode())
    assert check(with_strange_head, trust=trust).verdict is Verdict.TAMPERED
    layout.checkpoint.write_bytes(sign_note(text, [strange]).encode())
    layout.keys.write_text(f"{second}\n{strange.vkey}\n")
    assert check(layout, trust=trust).verdict is Verdict.TAMPERED


def test_a_quorum_of_witnesses_is_a_head_outside_the_log(log_dir: Path) -> None:
    layout = make_log(log_dir)
    key = vkey_of(layout)
    witness = WitnessKey("witness.example", b"\x07" * 32)
    policy = Policy.parse(f"log {key}\nwitness w {witness.vkey}\nquorum w\n")
    forget_user()
    found = check(layout, trust=Trust(policy=policy))
    assert found.verdict is Verdict.NOT_PROVABLE
    assert any("quorum" in reason for reason in found.missing)
    data = layout.checkpoint.read_bytes()
    text = data.decode().partition("\n\n")[0] + "\n"
    line = str(cosign(text, witness, 1_700_000_000))
    layout.checkpoint.write_bytes(data + line.encode())
    found = check(layout, trust=Trust(policy=policy))
    assert found.verdict is Verdict.VALID
    assert found.cosigned_by == ("witness.example at 2023-11-14T22:13:20+00:00",)
    other = str(cosign(text.replace(layout.root.name, "x"), witness, 1_700_000_000))
    layout.checkpoint.write_bytes(data + other.encode())
    assert check(layout, trust=Trust(policy=policy)).verdict is Verdict.TAMPERED


def test_no_log_and_a_newer_log_are_named_errors(log_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(LogNotFoundError):
        check(tmp_path / "nowhere")
    layout = make_log(log_dir)
    header = orjson.loads(layout.header.read_bytes())
    layout.header.write_bytes(orjson.dumps({**header, "format": 2}) + b"\n")
    with pytest.raises(FormatError, match="upgrade"):
        check(layout)


# -- incremental -----------------------------------------------------------------------------------------


def test_only_new_lines_are_hashed_the_next_time(log_dir: Path) -> None:
    layout = make_log(log_dir)
    assert check(layout, remember=True).hashed == 602
    log = open_log(log_dir)
    log.append([record(number) for number in range(300)])
    log.close()
    found = check(layout, incremental=True, remember=True)
    assert (found.verdict, found.hashed, found.size) == (Verdict.VALID, 302, 904)
    assert check(layout, incremental=True).hashed == 0


@pytest.mark.parametrize("seq", [3, 300, 604])
def test_what_changed_behind_the_last_verification_or_in_a_sealed_segment_is_found(log_dir: Path, seq: int) -> None:
    layout = make_log(log_dir)
    check(layout, remember=True)
    log = open_log(log_dir)
    log.append([record(number) for number in range(300)])
    log.close()
    path = layout.segment(seq // 256 * 256)
    data = path.read_bytes()
    path.write_bytes(data.replace(b'{"seq":%d,"event_id":"0' % seq, b'{"seq":%d,"event_id":"1' % seq))
    assert path.read_bytes() != data
    found = check(layout, incremental=True)
    assert found.verdict is Verdict.TAMPERED
    assert seq in {one.first_seq for one in found.problems}


def test_a_damaged_memory_of_the_last_verification_only_costs_time(log_dir: Path) -> None:
    layout = make_log(log_dir)
    found = check(layout, remember=True)
    memory = key_directory(str(found.origin)) / "verified"
    memory.write_bytes(memory.read_bytes()[:100])
    found = check(layout, incremental=True)
    assert (found.verdict, found.hashed) == (Verdict.VALID, 602)


def test_logs_that_end_at_around_or_far_from_a_tile_verify(tmp_path: Path) -> None:
    for count in (1, 254, 255, 256, 510, 511):
        layout = make_log(tmp_path / str(count), count, rotation=Rotation(max_events=256))
        found = check(layout, remember=True)
        assert found.verdict is Verdict.VALID, (count, found)
        assert check(layout, incremental=True).verdict is found.verdict
