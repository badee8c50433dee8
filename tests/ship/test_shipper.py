from __future__ import annotations

import random
import threading
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.backends.file.layout import Layout
from agent_audit.content import ContentLevels
from agent_audit.errors import ConfigurationError, ShipError, StoreRefusedError, StoreUnavailableError
from agent_audit.ship import Batch, Progress, ShipLimits, Shipper, open_sink
from agent_audit.ship.note import Note
from tests.ship.stores import QUICK, FlakySink, lines_of, write


def origin_of(log_dir: Path) -> str:
    return str(orjson.loads((log_dir / "log.json").read_bytes())["origin"])


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), rate=st.sampled_from([0.0, 0.1, 0.4]))
def test_however_often_the_store_fails_it_gets_every_event_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rate: float
) -> None:
    log_dir = tmp_path_factory.mktemp("ship") / "log"
    write(log_dir, 130)
    chance = random.Random(seed)
    sink = FlakySink(lambda: chance.random() < rate)
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    write(log_dir, 70, first=130)
    progress = Shipper(log_dir, sink, limits=QUICK).run(once=True)
    assert sink.logs[origin_of(log_dir)] == lines_of(log_dir)
    assert progress.position == len(lines_of(log_dir))


def test_shipping_once_ends_although_the_log_grows_with_every_batch(log_dir: Path) -> None:
    class Busy(FlakySink):
        def append(self, batch: Batch) -> int:
            assert self.requests < 100, "it follows an end that goes on"
            write(log_dir, 60)
            return super().append(batch)

    write(log_dir, 300)
    before, sink = lines_of(log_dir), Busy()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    assert sink.logs[origin_of(log_dir)][: len(before)] == before


def test_a_store_that_cannot_tell_its_position_is_sent_nothing_twice_after_an_orderly_end(log_dir: Path) -> None:
    sink = FlakySink(knows=False)
    for first in (0, 60):
        write(log_dir, 60, first=first)
        Shipper(log_dir, sink, limits=QUICK).run(once=True)
    assert sink.logs[origin_of(log_dir)] == lines_of(log_dir)


def test_the_evidence_follows_header_checkpoints_tiles_and_blobs(log_dir: Path) -> None:
    write(log_dir, 600)
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    files = sink.files[origin_of(log_dir)]
    assert files["log.json"] == (log_dir / "log.json").read_bytes()
    assert files["tile/0/000"] == (log_dir / "tile" / "0" / "000").read_bytes()
    assert files["tile/0/001"] == (log_dir / "tile" / "0" / "001").read_bytes()
    assert (log_dir / "checkpoint").read_bytes() in files.values()


def test_evidence_is_not_sent_again(log_dir: Path) -> None:
    write(log_dir, 600)
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    before = sink.requests
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    assert sink.requests - before <= 2  # where it is


def test_payloads_beside_the_lines_are_there_before_the_lines_that_name_them(log_dir: Path) -> None:
    with AuditLogger(FileAuditBackend(log_dir), content=ContentLevels(by_action={"*": "full"})) as logger:
        logger.record(AuditEventType.TOOL_RESPONSE, action="tool.t", result="x" * 200_000)
    blobs = list((log_dir / "blobs" / "sha256").glob("*/*"))
    assert blobs
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)  # the sink refuses lines whose blobs it has not
    assert {f"blobs/{blob.parent.name}{blob.name}" for blob in blobs} <= sink.files[origin_of(log_dir)].keys()


def test_a_log_that_was_changed_behind_the_store_s_back_is_refused(log_dir: Path) -> None:
    write(log_dir, 20)
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    segment = Layout(log_dir).segment(0)
    lines = segment.read_bytes().split(b"\n")[:-1]
    segment.write_bytes(b"\n".join([*lines[:-1], lines[-1].replace(b"log.closed", b"log.opened")]) + b"\n")
    with pytest.raises(StoreRefusedError, match="a different event"):
        Shipper(log_dir, sink, limits=QUICK).run(once=True)


def test_a_log_that_is_shorter_than_its_copy_is_refused(log_dir: Path) -> None:
    write(log_dir, 20)
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    segment = Layout(log_dir).segment(0)
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:10]))
    with pytest.raises(StoreRefusedError, match="older than its copy"):
        Shipper(log_dir, sink, limits=QUICK).run(once=True)


def test_a_store_that_stays_away_is_given_up_after_the_time_that_was_given(log_dir: Path) -> None:
    write(log_dir, 5)
    limits = ShipLimits(first_pause=0.01, longest_pause=0.02, give_up_after=0.2)
    heard: list[Progress] = []
    with pytest.raises(StoreUnavailableError):
        Shipper(log_dir, FlakySink(lambda: True), limits=limits, report=heard.append).run(once=True)
    assert heard[-1].retries >= 3
    assert heard[-1].error == "the store went away"


def test_a_follower_ships_what_comes_later_and_ends_when_it_is_told_to(log_dir: Path) -> None:
    write(log_dir, 5)
    sink = FlakySink()
    shipper = Shipper(log_dir, sink, limits=QUICK)
    thread = threading.Thread(target=shipper.run)
    thread.start()
    try:
        write(log_dir, 300, first=5)
    finally:
        shipper.stop(within=20)
        thread.join(200)
    assert not thread.is_alive()
    assert sink.logs[origin_of(log_dir)] == lines_of(log_dir)
    assert shipper.progress.behind_bytes == 0
    assert shipper.progress.behind_seconds == 0


def test_only_one_process_ships_a_log_to_a_store(log_dir: Path) -> None:
    write(log_dir, 5)
    held = Note(Layout(log_dir).state, "flaky://")
    assert held.hold()
    try:
        with pytest.raises(ShipError, match="already"):
            Shipper(log_dir, FlakySink(), limits=QUICK).run(once=True)
        Shipper(log_dir, FlakySink(url="other://"), limits=QUICK).run(once=True)
    finally:
        held.free()


def test_events_that_were_pruned_before_they_were_shipped_are_named_and_can_be_skipped(log_dir: Path) -> None:
    write(log_dir, 300)
    layout = Layout(log_dir)
    lines = layout.segment(0).read_bytes().splitlines(keepends=True)
    layout.segment(256).write_bytes(b"".join(lines[256:]))
    layout.segment(0).unlink()
    with pytest.raises(ShipError, match="events 0 to 255 are no longer in"):
        Shipper(log_dir, FlakySink(), limits=QUICK).run(once=True)
    sink = FlakySink(knows=False)
    Shipper(log_dir, sink, limits=QUICK, skip_missing=True).run(once=True)
    assert sink.logs[origin_of(log_dir)] == lines_of(log_dir)


def test_a_line_that_is_longer_than_a_batch_is_shipped_and_so_is_what_follows(log_dir: Path) -> None:
    write(log_dir, 5)
    with Layout(log_dir).segment(0).open("ab") as file:
        file.write(b"x" * 65_535 + b"\ny\n")  # the longest that there is
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    assert sink.logs[origin_of(log_dir)] == lines_of(log_dir)


def test_how_far_it_is_behind_is_known_before_the_store_answers(log_dir: Path) -> None:
    write(log_dir, 30)
    sink = FlakySink()
    Shipper(log_dir, sink, limits=QUICK).run(once=True)
    write(log_dir, 30)
    heard: list[Progress] = []
    limits = ShipLimits(first_pause=0.01, give_up_after=0.05)
    with pytest.raises(StoreUnavailableError):
        Shipper(log_dir, FlakySink(lambda: True), limits=limits, report=heard.append).run(once=True)
    assert heard[0].position == 32
    assert heard[0].behind_bytes > 0
    assert heard[0].behind_seconds > 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://host/x", "ftp is no store"),
        ("/var/log", "a store is named by a URL, one of: s3"),
        ("s3://user:s3cret@bucket", "a password does not belong in the URL"),
        ("s3:///", "names no bucket"),
        ("file://relative/x", "the path is absolute"),
        ("file:///a//b", "no part of its path is empty"),
        ("s3://bucket/a//b", "no part of its path is empty"),
        ("s3://bucket/x?region=eu", "settings of the store come from the environment"),
    ],
)
def test_a_url_that_cannot_be_shipped_to_is_refused_with_what_to_do(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        open_sink(url)
    assert "s3cret" not in str(caught.value)
