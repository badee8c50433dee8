from __future__ import annotations

import gzip
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import obstore
import pytest
from obstore.store import from_url

from agent_audit.errors import ConfigurationError, ProofError, StoreRefusedError, StoreUnavailableError
from agent_audit.object_store.bucket import Bucket
from agent_audit.object_store.credentials import require_credentials
from agent_audit.ship import Batch, Evidence, ShipLimits, Shipper, open_copies, open_sink
from agent_audit.ship.restore import restore
from agent_audit.ship.sink import digest_of
from agent_audit.verify import Verdict, verify
from tests.ship.conftest import Store
from tests.ship.stores import QUICK, lines_of, write
from tests.ship.test_shipper import origin_of

SHIP = [sys.executable, "-m", "agent_audit.cli.main", "ship"]

WRITING = """
import sys, time
from pathlib import Path
from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
with AuditLogger(FileAuditBackend(sys.argv[1])) as logger:
    while not Path(sys.argv[2]).exists():
        logger.record(AuditEventType.TOOL_CALL, action="tool.t", parameters={"n": time.time()})
        time.sleep(0.003)
"""


def line(number: int, day: int = 1) -> bytes:
    return b'{"seq":%d,"event_id":"e%d","timestamp":"2026-03-%02dT00:00:00.000000Z","event_type":"tool.call"}' % (
        number,
        number,
        day,
    )


def batch(first: int, end: int) -> Batch:
    return Batch("host/log", first, [line(number) for number in range(first, end)])


def stored(url: str, origin: str) -> list[bytes]:
    """Every line of a copy, in order, and no seq twice."""
    lines: list[bytes] = []
    for part in open_copies(url).batches(origin):
        assert part.first_seq == len(lines)
        lines += part.lines
    return lines


def replace(store: Store, name: str, data: bytes) -> None:
    """Change an object behind the product's back."""
    options = {} if store.network is None else {"client_options": {"allow_http": True}}
    obstore.put(from_url(store.url, **options), name, data)  # type: ignore[arg-type]


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        view = f"SELECT * FROM read_parquet('{folder}/events/**/*.parquet', hive_partitioning = true)"
        return connection.sql(f"WITH events AS ({view}) {query}").fetchall()


def test_a_shipped_log_comes_back_to_the_byte_and_verifies(every_store: Store, log_dir: Path, tmp_path: Path) -> None:
    write(log_dir, 700)
    Shipper(log_dir, open_sink(every_store.url), limits=QUICK).run(once=True)
    copies = open_copies(every_store.url)
    assert copies.origins() == [origin_of(log_dir)]
    back = tmp_path / "back"
    restored = restore(copies, origin_of(log_dir), back)
    assert lines_of(back) == lines_of(log_dir)
    assert restored.problems == []
    assert (back / "log.json").read_bytes() == (log_dir / "log.json").read_bytes()
    assert (back / "checkpoint").read_bytes() == (log_dir / "checkpoint").read_bytes()
    assert verify(back, remember=False).verdict is Verdict.VALID


def test_the_same_failure_is_told_in_the_same_words_each_time(s3_store: Store) -> None:
    assert s3_store.network is not None
    s3_store.network.down = True
    said = []
    for _ in range(2):
        with pytest.raises(StoreUnavailableError) as caught:
            Bucket(s3_store.url).paths("logs/")
        said.append(str(caught.value))
    assert said[0] == said[1]
    # Neither of which is the same on a machine that is busy.
    assert not re.search(r"\d ?m?s\b|retr", said[0])


def test_engines_find_every_event_once_in_hive_partitions(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    lines = [line(number, day=1 + number // 10) for number in range(30)]
    sink = open_sink(url)
    for first in (0, 7, 25):
        sink.append(Batch("host/log a", first, lines[first : {0: 7, 7: 25, 25: 30}[first]]))
    found = rows(tmp_path / "store", "SELECT seq, event_id, origin, date::VARCHAR FROM events ORDER BY seq")
    assert found == [(n, f"e{n}", "host/log a", f"2026-03-{1 + n // 10:02d}") for n in range(30)]


def test_lines_that_are_no_events_are_kept_as_lines(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    lines = [line(0), b"not json", line(2)]
    open_sink(url).append(Batch("host/log", 0, lines))
    assert stored(url, "host/log") == lines
    assert rows(tmp_path / "store", "SELECT seq FROM events ORDER BY 1") == [(0,), (2,)]


def test_what_is_there_is_not_written_again_and_another_history_is_refused(every_store: Store) -> None:
    sink = open_sink(every_store.url)
    assert sink.position("host/log") is not None
    assert sink.append(batch(0, 10)) == 10
    assert sink.append(batch(0, 10)) == 10
    assert sink.append(batch(0, 25)) == 10  # somebody else's batch was smaller: go on behind it
    assert sink.append(batch(10, 25)) == 25
    position = sink.position("host/log")
    assert position is not None
    assert position.next_seq == 25
    assert stored(every_store.url, "host/log") == batch(0, 25).lines
    with pytest.raises(StoreRefusedError, match="other events"):
        sink.append(Batch("host/log", 10, [line(99)]))
    sink.keep("host/log", Evidence("checkpoints/1", b"first"))
    sink.keep("host/log", Evidence("checkpoints/1", b"second"))
    assert [evidence.data for evidence in open_copies(every_store.url).evidence("host/log")] == [b"first"]
    assert sink.kept("host/log") == set()
    sink.keep("host/log", Evidence("log.json", b"{}"))
    sink.keep("host/log", Evidence("tile/0/x001/002", b"a"))
    assert sink.kept("host/log") == {"log.json", "tile/0/x001/002"}


def test_the_parquet_of_a_batch_whose_shipper_ended_in_between_is_made_by_the_next_one(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    open_sink(url).append(batch(0, 10))
    (part,) = (tmp_path / "store" / "events").rglob("*.parquet")
    part.unlink()
    open_sink(url).position("host/log")
    assert rows(tmp_path / "store", "SELECT count(*) FROM events") == [(10,)]


@pytest.mark.parametrize(
    "data",
    [b"no gzip", gzip.compress(line(0) + b"\n")[:-9], gzip.compress(line(0)), gzip.compress(b"")],
    ids=["no gzip", "cut", "no line feed", "empty"],  # a gzip header has the time, and each worker another one
)
def test_an_object_of_lines_that_was_cut_or_replaced_is_named(tmp_path: Path, data: bytes) -> None:
    store = Store(f"file://{tmp_path}/store", None)
    open_sink(store.url).append(batch(0, 10))
    replace(store, f"logs/host%2Flog/lines/{0:020d}.jsonl.gz", data)
    with pytest.raises(ProofError, match=r"0\.jsonl\.gz was changed"):
        stored(store.url, "host/log")


def test_the_last_batch_is_found_whatever_the_number_of_objects(tmp_path: Path) -> None:
    sink = open_sink(f"file://{tmp_path}/store")
    seq = 0
    for size in (1, 1, 3, 2, 9, 1):
        sink.append(batch(seq, seq + size))
        seq += size
        position = sink.position("host/log")
        assert position is not None
        assert position.next_seq == seq


@pytest.mark.parametrize("size", range(1, 9))
def test_the_last_batch_is_found_though_another_shipper_goes_on_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    sink = open_sink(f"file://{tmp_path}/store")
    for first in (0, 100):
        sink.append(batch(first, first + 100))
    end, asked, before = 200, 0, Bucket._any_from

    def any_from(bucket: Bucket, origin: str, seq: int) -> bool:
        nonlocal end, asked
        found, asked = before(bucket, origin, seq), asked + 1
        if asked < 30 and not found:
            sink.append(batch(end, end + size))
            end += size
        return found

    monkeypatch.setattr(Bucket, "_any_from", any_from)
    position = sink.position("host/log")
    assert position is not None
    assert position.last_digest == digest_of(line(position.next_seq - 1))
    assert position.next_seq in range(200, end + 1, size)


def test_two_shippers_at_once_keep_each_event_once(every_store: Store, log_dir: Path, tmp_path: Path) -> None:
    write(log_dir, 400)
    limits = [ShipLimits(batch_events=size, linger=0.0, first_pause=0.01) for size in (37, 50)]
    shippers = [
        Shipper(log_dir, open_sink(every_store.url), state=tmp_path / str(number), limits=limit)
        for number, limit in enumerate(limits)
    ]
    threads = [threading.Thread(target=shipper.run, kwargs={"once": True}) for shipper in shippers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert stored(every_store.url, origin_of(log_dir)) == lines_of(log_dir)
    assert [shipper.progress.position for shipper in shippers] == [len(lines_of(log_dir))] * 2


def test_a_shipper_killed_at_any_moment_loses_nothing_and_doubles_nothing(
    every_store: Store, log_dir: Path, tmp_path: Path
) -> None:
    write(log_dir, 1)
    origin, bucket, chance = origin_of(log_dir), Bucket(every_store.url), random.Random(3)
    ended = tmp_path / "ended"
    writer = subprocess.Popen([sys.executable, "-c", WRITING, str(log_dir), str(ended)])
    try:
        for _ in range(3):
            before = len(bucket.starts(origin))
            shipper = subprocess.Popen([*SHIP, str(log_dir), "--to", every_store.url, "--linger", "0"])
            deadline = time.monotonic() + 200
            while len(bucket.starts(origin)) <= before and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(chance.random() * 0.3)
            shipper.kill()
            assert shipper.wait(200) == -signal.SIGKILL
            assert len(bucket.starts(origin)) > before
    finally:
        ended.touch()
        writer.wait(200)
    Shipper(log_dir, open_sink(every_store.url)).run(once=True)
    assert stored(every_store.url, origin) == lines_of(log_dir)


def test_connections_that_break_anywhere_lose_nothing_and_double_nothing(far_store: Store, log_dir: Path) -> None:
    assert far_store.network is not None
    write(log_dir, 400)
    far_store.network.loss = 0.15
    Shipper(log_dir, open_sink(far_store.url), limits=QUICK).run(once=True)
    far_store.network.loss = 0.0
    assert far_store.network.cuts > 0
    assert stored(far_store.url, origin_of(log_dir)) == lines_of(log_dir)


def test_a_server_that_is_away_is_waited_for(far_store: Store, log_dir: Path) -> None:
    assert far_store.network is not None
    write(log_dir, 100)
    far_store.network.down = True
    failed = threading.Event()
    limits = ShipLimits(linger=0.0, first_pause=0.05, longest_pause=0.1)
    shipper = Shipper(
        log_dir,
        open_sink(far_store.url),
        limits=limits,
        report=lambda progress: failed.set() if progress.error else None,
    )
    thread = threading.Thread(target=shipper.run, kwargs={"once": True})
    thread.start()
    assert failed.wait(200)
    write(log_dir, 50, first=100)
    far_store.network.down = False
    thread.join(200)
    assert not thread.is_alive()
    assert stored(far_store.url, origin_of(log_dir)) == lines_of(log_dir)


def test_a_missing_bucket_is_named(far_store: Store) -> None:
    url = far_store.url.partition(":")[0] + "://no-such-bucket/x"
    with pytest.raises((StoreRefusedError, StoreUnavailableError), match=url):
        open_sink(url).append(batch(0, 1))


@pytest.mark.parametrize("url", ["s3://bucket/x", "gs://bucket/x", "az://container/x"])
def test_without_credentials_nobody_on_the_network_is_asked_for_some(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "audit")
    with pytest.raises(ConfigurationError, match="no credentials for"):
        open_sink(url)
    with pytest.raises(ConfigurationError, match="AGENT_AUDIT_INSTANCE_CREDENTIALS=1"):
        open_copies(url)


def test_credentials_may_come_from_the_environment_a_file_or_by_request_from_the_machine(tmp_path: Path) -> None:
    require_credentials("file", {})
    require_credentials("s3", {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token"})
    require_credentials("az", {"AGENT_AUDIT_INSTANCE_CREDENTIALS": "1", "AZURE_STORAGE_ACCOUNT_NAME": "audit"})
    require_credentials("gs", {"GOOGLE_BEARER_TOKEN": "x"})
    with pytest.raises(ConfigurationError, match="no credentials for gs://"):  # the client would ask when it writes
        require_credentials("gs", {"GOOGLE_SKIP_SIGNATURE": "true", "HOME": str(tmp_path)})
    with pytest.raises(ConfigurationError, match="AZURE_STORAGE_ACCOUNT_NAME, the storage account"):
        require_credentials("az", {"AZURE_STORAGE_ACCOUNT_KEY": "x"})
    with pytest.raises(ConfigurationError):
        require_credentials("gs", {"HOME": str(tmp_path)})
    found = tmp_path / ".config" / "gcloud" / "application_default_credentials.json"
    found.parent.mkdir(parents=True)
    found.write_text("{}")
    require_credentials("gs", {"HOME": str(tmp_path)})


def test_a_secret_key_is_in_no_message(s3_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert s3_store.network is not None
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-key")
    s3_store.network.down = True
    with pytest.raises(StoreUnavailableError) as caught:
        open_sink(s3_store.url).append(batch(0, 1))
    assert "s3cret-key" not in str(caught.value)
