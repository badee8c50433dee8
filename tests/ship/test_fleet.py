from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file import Layout, Retention, Rotation
from agent_audit.cli.exits import FINDING, INCOMPLETE, OK
from agent_audit.cli.main import main
from agent_audit.content import ContentLevels
from agent_audit.errors import ConfigurationError
from agent_audit.ship import Batch, Evidence, Shipper, open_copies, open_sink
from agent_audit.ship.fleet import HostLog, Liveness, prunings_of, verify_fleet
from agent_audit.ship.restore import restore
from agent_audit.verify import Problem, Trust, Verdict
from tests.ship.conftest import Store
from tests.ship.stores import QUICK, FlakySink, lines_of, write
from tests.ship.test_objects import replace
from tests.ship.test_shipper import origin_of
from tests.verify.logs import record, vkey_of

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path}/store"


def shipped(log_dir: Path, url: str, count: int = 40) -> str:
    """A log with that many events, in the store; returns its origin."""
    write(log_dir, count)
    Shipper(log_dir, open_sink(url), limits=QUICK).run(once=True)
    return origin_of(log_dir)


def object_of(url: str, origin: str, pattern: str) -> Path:
    """The first object of a log that fits."""
    folder = Path(url.removeprefix("file://"), "logs", origin.replace("/", "%2F"))
    return sorted(folder.glob(pattern))[0]


def changed(path: Path) -> None:
    """One character of one line is another; the object is well-formed."""
    lines = gzip.decompress(path.read_bytes())
    assert b'"n":7' in lines
    path.write_bytes(gzip.compress(lines.replace(b'"n":7', b'"n":8')))


def fleet(url: str, **settings: object) -> dict[str, HostLog]:
    return {log.origin: log for log in verify_fleet(open_copies(url), **settings)}  # type: ignore[arg-type]


def test_a_fleet_tells_the_valid_from_the_tampered_and_names_what_was_changed(tmp_path: Path, url: str) -> None:
    good, bad = shipped(tmp_path / "good", url), shipped(tmp_path / "bad", url)
    changed(object_of(url, bad, "lines/*"))
    found = fleet(url)
    assert (found[good].verdict, found[good].problems) == (Verdict.VALID, ())
    assert found[good].events == len(lines_of(tmp_path / "good"))
    assert found[bad].verdict is Verdict.TAMPERED
    assert found[bad].problems


@pytest.mark.parametrize("damage", ["cut", "deleted"])
def test_a_copy_that_lost_something_in_its_middle_is_not_valid(tmp_path: Path, url: str, damage: str) -> None:
    origin = shipped(tmp_path / "log", url, 200)
    path = object_of(url, origin, "lines/*5*")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.unlink()
    assert fleet(url)[origin].verdict is Verdict.TAMPERED


def test_a_copy_that_lags_behind_the_head_signed_last_is_not_provable_and_valid_when_it_has_followed(
    tmp_path: Path, url: str
) -> None:
    origin = shipped(tmp_path / "log", url)
    write(tmp_path / "log", 6, first=40)
    found = fleet(url)[origin]
    assert (found.verdict, found.problems) == (Verdict.NOT_PROVABLE, ())
    (missing,) = found.missing
    assert f"ends after {found.events} events" in missing
    assert "it lags behind its log, or its end was taken away" in missing
    assert found.proved == found.events
    Shipper(tmp_path / "log", open_sink(url), limits=QUICK).run(once=True)
    assert (fleet(url)[origin].verdict, fleet(url)[origin].missing) == (Verdict.VALID, ())


def test_a_copy_that_lags_is_held_against_the_heads_it_has_and_against_one_that_is_given(
    tmp_path: Path, url: str
) -> None:
    origin = shipped(tmp_path / "log", url)
    kept = object_of(url, origin, "checkpoints/*")
    known = tmp_path / "known"
    known.write_bytes(kept.read_bytes())
    write(tmp_path / "log", 6, first=40)
    assert fleet(url, trust=Trust(since=known))[origin].verdict is Verdict.VALID
    later = Trust(since=tmp_path / "log" / "checkpoint")
    assert "cut or rolled back" in fleet(url, trust=later)[origin].problems[0]
    changed(object_of(url, origin, "lines/*"))
    assert fleet(url)[origin].verdict is Verdict.TAMPERED


def test_two_heads_that_contradict_each_other_are_a_fork(tmp_path: Path, url: str) -> None:
    origin = shipped(tmp_path / "log", url)
    name, size, _, *rest = object_of(url, origin, "checkpoints/*").read_bytes().split(b"\n")
    other = b"\n".join([name, size, base64.b64encode(b"another root of thirty-two bytes"), *rest])
    open_sink(url).keep(origin, Evidence("checkpoints/other", other))
    found = fleet(url)[origin]
    assert found.verdict is Verdict.TAMPERED
    assert "forked" in found.problems[0]


def test_a_log_without_a_word_for_too_long_is_silent_and_one_that_ended_in_order_is_closed(
    tmp_path: Path, url: str
) -> None:
    closed = shipped(tmp_path / "closed", url)
    logger = AuditLogger(FileAuditBackend(tmp_path / "open"))
    logger.record("tool.call", action="tool.t")
    logger.flush()
    Shipper(tmp_path / "open", open_sink(url), limits=QUICK).run(once=True)
    still = origin_of(tmp_path / "open")
    now = datetime.now(timezone.utc)
    asked = {"silent_after": timedelta(hours=1)}
    assert fleet(url, now=now, **asked)[still].liveness is Liveness.HEARD
    later = fleet(url, now=now + timedelta(hours=2), **asked)
    assert (later[still].liveness, later[closed].liveness) == (Liveness.SILENT, Liveness.CLOSED)
    assert later[still].last_event is not None
    logger.close()


def test_a_copy_is_not_restored_over_anything(tmp_path: Path, url: str) -> None:
    origin = shipped(tmp_path / "log", url)
    with pytest.raises(ConfigurationError, match="not empty"):
        restore(open_copies(url), origin, tmp_path / "log")


def test_files_that_are_no_part_of_a_log_are_named_and_none_leaves_the_directory(tmp_path: Path, url: str) -> None:
    origin = shipped(tmp_path / "log", url)

    class Strange:
        def __getattr__(self, name: str) -> object:
            return getattr(open_copies(url), name)

        def evidence(self, origin: str) -> list[Evidence]:
            names = ["tile/../../../out", "blobs/" + "0" * 64, "blobs/../x", "surprise", "checkpoints/1-x"]
            return [Evidence(name, b"x") for name in names]

    found = restore(Strange(), origin, tmp_path / "back")  # type: ignore[arg-type]
    assert found.strays == ["tile/../../../out", "blobs/../x", "surprise"]
    assert len(found.problems) == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["lines/README.txt", "lines/old/x", f"lines/{1:020d}.jsonl.gz.bak", "tile/9"])
def test_an_object_that_is_no_part_of_a_log_stops_neither_shipping_nor_verification_and_is_named(
    store: Store, log_dir: Path, name: str
) -> None:
    origin = shipped(log_dir, store.url)
    folder = f"logs/{origin.replace('/', '%2F')}"
    replace(store, f"{folder}/{name}", b"x")
    write(log_dir, 10, first=40)
    Shipper(log_dir, open_sink(store.url), limits=QUICK).run(once=True)
    found = fleet(store.url)[origin]
    assert (found.verdict, found.events) == (Verdict.VALID, len(lines_of(log_dir)))
    assert name in found.remarks[0]


def test_a_log_of_which_only_checkpoints_are_left_is_tampered_with_and_hides_no_other_verdict(
    tmp_path: Path, url: str
) -> None:
    bad, good = shipped(tmp_path / "a", url), shipped(tmp_path / "b", url)
    object_of(url, bad, "log.json").unlink()
    shutil.rmtree(object_of(url, bad, "lines"))
    (stray := tmp_path / "store" / "logs" / "0" / "README").parent.mkdir()
    stray.touch()
    found = fleet(url)
    assert {name: log.verdict for name, log in found.items()} == {
        "0": Verdict.INCOMPLETE,
        bad: Verdict.TAMPERED,
        good: Verdict.VALID,
    }
    assert "log.json and all lines are missing" in found[bad].problems[0]
    assert "README" in found["0"].remarks[0]


def test_whatever_fails_at_one_log_the_others_get_their_verdicts(tmp_path: Path, url: str) -> None:
    bad, good = shipped(tmp_path / "a", url), shipped(tmp_path / "b", url)

    class Full:
        def __getattr__(self, name: str) -> object:
            return getattr(open_copies(url), name)

        def evidence(self, origin: str) -> Iterator[Evidence]:
            if origin == bad:
                raise OSError(28, "No space left on device")
            return open_copies(url).evidence(origin)

    found = {log.origin: log for log in verify_fleet(Full())}  # type: ignore[arg-type]
    assert (found[bad].verdict, found[good].verdict) == (Verdict.INCOMPLETE, Verdict.VALID)
    assert "No space left on device" in found[bad].problems[0]


@pytest.mark.parametrize("there", [True, False])
def test_a_restore_that_fails_on_the_way_leaves_nothing_and_can_be_made_again(
    tmp_path: Path, url: str, there: bool
) -> None:
    origin, back = shipped(tmp_path / "log", url, 200), tmp_path / "back"
    if there:
        back.mkdir()

    class Broken:
        def __getattr__(self, name: str) -> object:
            return getattr(open_copies(url), name)

        def batches(self, origin: str) -> Iterator[Batch]:
            yield next(open_copies(url).batches(origin))
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        restore(Broken(), origin, back)  # type: ignore[arg-type]
    assert not list(back.iterdir())
    restore(open_copies(url), origin, back)
    assert lines_of(back) == lines_of(tmp_path / "log")


def test_of_two_restores_to_one_directory_at_once_one_is_refused_and_the_other_is_whole(
    tmp_path: Path, url: str
) -> None:
    origin, back = shipped(tmp_path / "log", url, 200), tmp_path / "back"

    class Beside:
        """While it is read, somebody else restores to the same directory."""

        def __getattr__(self, name: str) -> object:
            return getattr(open_copies(url), name)

        def batches(self, origin: str) -> Iterator[Batch]:
            with pytest.raises(ConfigurationError, match="is not empty"):
                restore(open_copies(url), origin, back)
            return open_copies(url).batches(origin)

    restore(Beside(), origin, back)  # type: ignore[arg-type]
    assert lines_of(back) == lines_of(tmp_path / "log")


def test_a_restore_that_a_signal_ends_at_its_first_folder_can_be_begun_again(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, back = shipped(tmp_path / "log", url, 200), tmp_path / "back"
    mkdir = Path.mkdir

    def struck(self: Path, mode: int = 0o777, **more: bool) -> None:
        mkdir(self, mode, **more)
        if self.name == "segments":
            raise KeyboardInterrupt

    with monkeypatch.context() as signalled:
        signalled.setattr(Path, "mkdir", struck)
        with pytest.raises(KeyboardInterrupt):
            restore(open_copies(url), origin, back)
    restore(open_copies(url), origin, back)
    assert lines_of(back) == lines_of(tmp_path / "log")


def test_nothing_of_an_unsigned_log_is_under_a_checkpoint(tmp_path: Path, url: str) -> None:
    with AuditLogger(FileAuditBackend(tmp_path / "log", signer=False)) as logger:
        logger.record(AuditEventType.ERROR)
    Shipper(tmp_path / "log", open_sink(url), limits=QUICK).run(once=True)
    (found,) = fleet(url).values()
    assert (found.verdict, found.events, found.proved) == (Verdict.NOT_PROVABLE, 3, 0)


def test_the_command_prints_a_verdict_for_each_log_and_its_exit_code_is_the_worst(
    tmp_path: Path, url: str, capsys: Captured
) -> None:
    (tmp_path / "store").mkdir()
    assert main(["fleet", "verify", url]) == INCOMPLETE  # no log at all
    good = shipped(tmp_path / "good", url)
    capsys.readouterr()
    assert main(["fleet", "verify", url]) == OK
    assert capsys.readouterr().out.startswith(f"VALID         {good}: ")
    bad = shipped(tmp_path / "bad", url)
    changed(object_of(url, bad, "lines/*"))
    assert main(["fleet", "verify", url, "--json"]) == FINDING
    verdicts = {log["origin"]: log["verdict"] for log in map(json.loads, capsys.readouterr().out.splitlines())}
    assert verdicts == {good: "valid", bad: "tampered"}
    assert main(["fleet", "verify", url, "--origin", good]) == OK


def pruned_unshipped(root: Path, url: str, before: Callable[[Layout], object] = lambda layout: None) -> int | None:
    """Ship a log that was pruned before it was all shipped, which left out 301 to 767; the position of that record."""
    log = FileAuditBackend(root, rotation=Rotation(max_events=256))
    for count in (300, 600):
        log.append([record(number) for number in range(count)])
        log.sync()
        if count == 600:
            before(log.layout)
            log.prune(Retention(max_bytes=0, unshipped=True))
        Shipper(log.path, open_sink(url), limits=QUICK, skip_missing=True).run(once=True)
    log.close()
    Shipper(log.path, open_sink(url), limits=QUICK).run(once=True)
    (pruning,) = log.query(event_type="log.pruned")
    return pruning.seq


def test_a_gap_of_events_that_were_pruned_before_any_store_had_them_is_on_record_and_no_tampering(
    tmp_path: Path, url: str, capsys: Captured
) -> None:
    seq = pruned_unshipped(tmp_path / "log", url)
    (origin,) = open_copies(url).origins()
    capsys.readouterr()
    assert main(["fleet", "verify", url]) == OK
    note = f"seq 301-767 is not in the store: pruned before it was shipped, by event {seq}"
    assert f"  note: {note}\n" in capsys.readouterr().out
    assert main(["fleet", "restore", url, origin, "-o", str(tmp_path / "back")]) == OK
    assert main(["verify", str(tmp_path / "back")]) == OK
    shipped_before = object_of(url, origin, "lines/*2??.jsonl.gz")
    shipped_before.unlink()
    capsys.readouterr()
    assert main(["fleet", "verify", url]) == FINDING
    assert f"PROBLEM: segments: seq {int(shipped_before.name[:20])}-" in capsys.readouterr().out


def damage_notes(layout: Layout) -> None:
    for note in layout.shipments():
        note.write_bytes(b"")


def test_a_gap_of_which_the_host_only_says_that_it_was_pruned_is_tampering_and_a_note_tells_where_it_may_be_from(
    tmp_path: Path, url: str, capsys: Captured
) -> None:
    seq = pruned_unshipped(tmp_path / "log", url, damage_notes)  # so that nobody knew what the store had
    capsys.readouterr()
    assert main(["fleet", "verify", url]) == FINDING
    told = capsys.readouterr().out
    assert "PROBLEM: segments: seq 301-767: missing" in told
    assert f"note: seq 301-767: the host pruned them, by event {seq}. A shipper that" in told


@pytest.mark.parametrize("pruned", [[(900, 1000)], [(0, 99), (200, 299)], [("x", "y"), (None, 1000)], [(100, 219)]])
def test_a_pruning_that_did_not_reach_a_gap_is_not_said_to_have_made_it(pruned: list[tuple[object, object]]) -> None:
    events = [
        AuditEvent(event_type="log.pruned", seq=seq, metadata={"from": first, "to": last})
        for seq, (first, last) in enumerate(pruned)
    ]
    gap = Problem(what="missing", file="segments", first_seq=100, last_seq=220)
    assert prunings_of(gap, events) == []


def test_all_prunings_that_made_a_gap_are_named() -> None:
    ranges = [(0, 99), (100, 149), (150, 255)]
    events = [
        AuditEvent(event_type="log.pruned", seq=1000 + seq, metadata={"from": first, "to": last})
        for seq, (first, last) in enumerate(ranges)
    ]
    gap = Problem(what="missing", file="segments", first_seq=120, last_seq=220)
    assert prunings_of(gap, events) == [1001, 1002]


def test_a_store_that_is_a_directory_may_be_named_by_its_path(
    tmp_path: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = shipped(tmp_path / "log", url)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    for store in ("store", str(tmp_path / "store")):
        assert main(["fleet", "verify", store, "--events"]) == OK
        assert capsys.readouterr().out.startswith(f"VALID         {origin}: ")
    assert main(["fleet", "restore", "store", origin, "-o", "back"]) == OK
    assert lines_of(tmp_path / "back") == lines_of(tmp_path / "log")
    for question in (["fleet", "verify", ""], ["activity", "--source", ""]):  # which is not the working directory
        assert main(question) == 2
        assert "the store is empty" in capsys.readouterr().err
    assert main(["fleet", "verify", "log"]) == INCOMPLETE
    assert "log is itself a log: use `verify`" in capsys.readouterr().err


def test_a_directory_that_is_not_there_is_named_and_not_made(tmp_path: Path, capsys: Captured) -> None:
    missing = tmp_path / "typo"
    assert main(["fleet", "verify", f"file://{missing}"]) == 2
    assert f"{missing} is no directory; name what was given to `ship --to`" in capsys.readouterr().err
    assert not missing.exists()


def test_a_restored_log_is_its_owner_s_alone_whatever_the_umask_says(tmp_path: Path, url: str) -> None:
    with AuditLogger(FileAuditBackend(tmp_path / "log"), content=ContentLevels(by_action={"*": "full"})) as logger:
        for _ in range(300):
            logger.record(AuditEventType.TOOL_CALL)
        logger.record(AuditEventType.TOOL_RESPONSE, action="tool.t", result="x" * 200_000)
    Shipper(tmp_path / "log", open_sink(url), limits=QUICK).run(once=True)
    before = os.umask(0o022)
    try:
        restore(open_copies(url), origin_of(tmp_path / "log"), tmp_path / "deep" / "back")
    finally:
        os.umask(before)
    found = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (tmp_path / "deep").rglob("*")}
    assert found == {(True, 0o700), (False, 0o600)}
    assert {path.name for path in (tmp_path / "deep" / "back").iterdir()} >= {
        "blobs",
        "tile",
        "checkpoints",
        "segments",
    }


def test_a_restored_log_answers_every_command(tmp_path: Path, url: str, capsys: Captured) -> None:
    origin = shipped(tmp_path / "log", url)
    assert main(["fleet", "restore", url, origin, "-o", str(tmp_path / "back")]) == OK
    assert main(["verify", str(tmp_path / "back")]) == OK
    capsys.readouterr()
    assert main(["activity", str(tmp_path / "back"), "--format", "json"]) == OK
    assert json.loads(capsys.readouterr().out)["total_events"] == len(lines_of(tmp_path / "log"))
    assert main(["fleet", "restore", url, "nobody", "-o", str(tmp_path / "x")]) == 2
    assert "has no log nobody" in capsys.readouterr().err


def test_evidence_is_kept_under_names_for_one_content(tmp_path: Path) -> None:
    sink = FlakySink()
    write(tmp_path / "log", 10)
    Shipper(tmp_path / "log", sink, limits=QUICK).run(once=True)
    write(tmp_path / "log", 10)
    Shipper(tmp_path / "log", sink, limits=QUICK).run(once=True)  # the sink refuses another content for a name
    names = sink.files[origin_of(tmp_path / "log")]
    assert sum(name.startswith("checkpoints/") for name in names) >= 2


@pytest.mark.parametrize("how", ["policy", "key"])
def test_a_log_whose_key_is_given_and_whose_copy_was_removed_whole_is_missed(
    tmp_path: Path, url: str, how: str, capsys: Captured
) -> None:
    kept, gone = shipped(tmp_path / "kept", url), shipped(tmp_path / "gone", url)
    vkeys = [vkey_of(Layout(tmp_path / name)) for name in ("kept", "gone")]
    policy = tmp_path / "policy"
    policy.write_text("".join(f"log {vkey}\n" for vkey in vkeys) + "quorum none\n")
    given = ["--policy", str(policy)] if how == "policy" else [f"--key={vkey}" for vkey in vkeys]
    assert main(["fleet", "verify", url, *given]) == OK
    shutil.rmtree(object_of(url, gone, "log.json").parent)
    capsys.readouterr()
    assert main(["fleet", "verify", url, *given]) == INCOMPLETE
    valid, missed, problem = capsys.readouterr().out.splitlines()
    assert valid.startswith(f"VALID         {kept}")
    assert missed.startswith(f"INCOMPLETE    {gone}")
    assert "there is no part of this log" in problem
    assert main(["fleet", "verify", url, *given, "--origin", kept]) == OK
