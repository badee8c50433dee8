from __future__ import annotations

import math
import multiprocessing
import os
import threading
import time
import warnings
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend, MemoryAuditBackend, Query
from agent_audit.backends.file.layout import MAX_LINE
from agent_audit.backends.postgresql import PostgreSQLBackend
from agent_audit.backends.postgresql.writing import Writer
from agent_audit.errors import (
    ClosedError,
    CorruptLineError,
    LockTimeoutError,
    LogNotFoundError,
    StorageError,
    StoreUnavailableError,
)
from agent_audit.event import encode_record
from agent_audit.ship import Batch
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink
from agent_audit.testing import check_backend
from tests.interrupting import interrupted_after_each_call, without_memory_after_each_call
from tests.postgresql_server import PostgreSQLServer

Capture = pytest.CaptureFixture[str]
_names = count()
_SECONDS = 200


def record(**fields: object) -> bytes:
    return encode_record(AuditEvent(event_type=AuditEventType.TOOL_CALL, **fields).to_record())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def url(postgresql: PostgreSQLServer) -> str:
    return postgresql.tables()


def lines_of(url: str, origin: str) -> list[bytes]:
    return [line for batch in PostgreSQLCopies(url).batches(origin) for line in batch.lines]


def test_it_keeps_the_contract_of_a_backend(url: str) -> None:
    check_backend(lambda: PostgreSQLBackend(url, origin="contract"))


def test_a_line_is_what_the_file_backend_writes(url: str, tmp_path: os.PathLike[str]) -> None:
    records = [record(user_id="ü", parameters={"a": [1, "\0", None]}), record(result="x" * 1000)]
    file = FileAuditBackend(tmp_path)
    backend = PostgreSQLBackend(url, origin="lines")
    for one in (file, backend):
        one.append(records)
        one.close()
    written = b"".join(file.layout.segment(start).read_bytes() for start in file.layout.segment_starts()).splitlines()
    found = lines_of(url, "lines")
    assert found[1:3] == written[1:3]
    assert [list(orjson.loads(line)) for line in found] == [list(orjson.loads(line)) for line in written]


def test_a_long_payload_becomes_a_blob_beside_the_log(url: str) -> None:
    backend = PostgreSQLBackend(url, origin="long")
    backend.append([record(result="long " * 40_000)])
    backend.close()
    line = lines_of(url, "long")[1]
    assert len(line) <= MAX_LINE
    (blob,) = orjson.loads(line)["blobs"]
    kept = {one.name: one.data for one in PostgreSQLCopies(url).evidence("long")}
    assert orjson.loads(kept[f"blobs/{blob['sha256']}"]) == "long " * 40_000
    assert kept["log.json"] == b'{"format":1,"origin":"long"}\n'


@pytest.mark.parametrize("strikes", [interrupted_after_each_call, without_memory_after_each_call])
def test_an_append_that_is_interrupted_anywhere_can_be_asked_whether_it_has_stored(url: str, strikes: Any) -> None:
    backend = PostgreSQLBackend(url, origin=strikes.__name__)
    batch = [record(action="0")]
    backend.append([record(action="first")])
    stored = 0
    for stored, _ in enumerate(strikes(lambda: backend.append(batch), every=13), 1):
        if not backend.confirm(batch):
            backend.append(batch)
        batch[:] = [record(action=f"{stored}.{number}") for number in range(1 + stored % 2)]
    assert stored > 50
    found = [one.action for one in backend.query(event_type="tool.call")]
    wanted = ["first", "0", *(f"{one}.{number}" for one in range(1, stored) for number in range(1 + one % 2))]
    assert found[: len(wanted)] == wanted
    assert len(set(found)) == len(found)


def _write(url: str, origin: str, writer: str, start: object) -> None:
    start.wait(_SECONDS)  # type: ignore[attr-defined]
    backend = PostgreSQLBackend(url, origin=origin)
    for n in range(40):
        backend.append([record(agent_id=writer, action=f"{n}.{i}") for i in range(1 + n % 3)], timeout=30)
    backend.close()


def test_two_processes_and_their_threads_share_one_row_of_seqs(url: str) -> None:
    start = multiprocessing.get_context("fork").Event()
    processes = [
        multiprocessing.get_context("fork").Process(target=_write, args=(url, "shared", f"p{n}", start))
        for n in range(2)
    ]
    for process in processes:
        process.start()
    threads = [threading.Thread(target=_write, args=(url, "shared", f"t{n}", start)) for n in range(2)]
    try:
        for thread in threads:
            thread.start()
        start.set()
        for one in (*threads, *processes):
            one.join(_SECONDS)
        assert [process.exitcode for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    events = [orjson.loads(line) for line in lines_of(url, "shared")]
    assert [event["seq"] for event in events] == list(range(len(events)))
    for writer in ("p0", "p1", "t0", "t1"):
        own = [event["action"] for event in events if event.get("agent_id") == writer]
        assert own == [f"{n}.{i}" for n in range(40) for i in range(1 + n % 3)]


@pytest.mark.parametrize("first", ["the reading", "the log"])
def test_a_forked_child_writes_on_its_own_and_the_parent_goes_on(url: str, first: str, capfd: Capture) -> None:
    origin = f"forked, {first} first"
    backend = PostgreSQLBackend(url, origin=origin)
    backend.append([record(action="before")])
    reading = backend.query()
    next(reading)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests' threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            if first == "the reading":
                del reading
                backend.append([record(action="child")])
            else:
                backend.append([record(action="child")])
                with pytest.raises(StoreUnavailableError, match="the parent process's"):
                    list(reading)
            backend.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    backend.append([record(action="after")])
    assert next(reading).action == "before"
    backend.close()
    assert capfd.readouterr().err == ""
    actions = [event.action for event in PostgreSQLBackend(url, origin=origin).query(event_type="tool.call")]
    assert actions == ["before", "child", "after"]
    opened = list(PostgreSQLBackend(url, origin=origin).query(event_type="log.opened"))
    assert len({event.metadata["pid"] for event in opened if event.metadata}) == 2


def test_who_cannot_have_the_log_in_time_is_told_and_nothing_is_recorded(url: str) -> None:
    backend = PostgreSQLBackend(url, origin="held")
    backend.append([record(action="a")])
    holder = Writer(backend._server)
    with holder.entered("held", 1), pytest.raises(LockTimeoutError, match="held the log"):
        backend.append([record(action="b")], timeout=0.05)
    holder.close()
    backend.append([record(action="c")])
    assert [event.action for event in backend.query(event_type="tool.call")] == ["a", "c"]
    backend.close()


def test_a_closed_backend_and_an_unknown_log_are_named(url: str) -> None:
    backend = PostgreSQLBackend(url, origin="nobody")
    with pytest.raises(LogNotFoundError, match="no log 'nobody'"):
        list(backend.query())
    backend.close()
    with pytest.raises(ClosedError):
        backend.query()
    assert "nobody" not in PostgreSQLCopies(url).origins()


def test_a_line_that_is_no_event_is_named_by_its_seq_whatever_is_asked(url: str) -> None:
    sink = PostgreSQLSink(url)
    sound = b'{"seq":0,%s' % record(agent_id="a")[1:]
    sink.append(Batch("broken", 0, [sound, b'{"seq":1,"agent_id":"b"}']))
    sink.append(Batch("moved", 0, [b'{"seq":7,%s' % record()[1:]]))
    sink.close()
    with pytest.raises(CorruptLineError, match="seq 1 is not an audit event"):
        list(PostgreSQLBackend(url, origin="broken").query(agent_id="a"))
    assert len(list(PostgreSQLBackend(url, origin="broken").query(agent_id="a", limit=1))) == 1
    with pytest.raises(CorruptLineError, match="seq 0 says seq 7"):
        list(PostgreSQLBackend(url, origin="moved").query())


# -- asking --------------------------------------------------------------------------------------------

_NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
_ids = st.sampled_from(["a", "b", "a\0b", "a\ufffdb", "x" * 300, "x" * 299 + "y", "", "ü"])
_times = st.sampled_from([_NOON + timedelta(hours=6 * n) for n in range(6)] + [datetime(1, 1, 1, tzinfo=timezone.utc)])
_events = st.lists(
    st.builds(
        AuditEvent,
        event_type=st.sampled_from([AuditEventType.TOOL_CALL, AuditEventType.ERROR]),
        timestamp=_times,
        agent_id=st.none() | _ids,
        user_id=st.none() | _ids,
        resource=st.none() | _ids,
    ),
    max_size=12,
)
_wanted = st.none() | _ids
_queries = st.builds(
    Query,
    start=st.none() | _times,
    end=st.none() | _times,
    min_seq=st.none() | st.integers(0, 14) | st.just(2**70),
    limit=st.none() | st.integers(0, 5),
    where=st.fixed_dictionaries(
        {},
        optional={
            "agent_id": _wanted | st.lists(_wanted, max_size=3).map(tuple),
            "user_id": _wanted,
            "resource": _wanted,
            "event_type": st.sampled_from([AuditEventType.ERROR, "tool.call", "log.opened"]),
            "duration_ms": st.none() | st.just(5),
        },
    ),
)


@settings(max_examples=25)
@given(_events, st.lists(_queries, min_size=1, max_size=4))
def test_what_the_server_finds_is_what_looking_at_every_event_finds(
    url: str, events: list[AuditEvent], queries: list[Query]
) -> None:
    backend, naive = PostgreSQLBackend(url, origin=f"asked {next(_names)}"), MemoryAuditBackend()
    try:
        backend.append([encode_record(event.to_record()) for event in events])
        lines = enumerate(lines_of(url, backend.origin))
        naive.append([line.replace(b'"seq":%d,' % seq, b"", 1) for seq, line in lines])
        for query in queries:
            assert list(backend.query(query)) == list(naive.query(query))
    finally:
        backend.close()


# -- a commit that nobody answers ------------------------------------------------------------------------


class _CutWriter(Writer):
    """Loses its connection at a commit: before the server has it, or behind."""

    cut: str | None = None

    def _connected(self):  # type: ignore[no-untyped-def]
        connection = super()._connected()
        execute, self_ = type(connection).execute, self

        def cutting(query: object, *args: object, **kwargs: object) -> object:
            if query == "COMMIT" and self_.cut is not None:
                when, self_.cut = self_.cut, None
                if when == "behind":
                    execute(connection, "COMMIT")
                connection.pgconn.finish()
            return execute(connection, query, *args, **kwargs)  # type: ignore[arg-type]

        connection.execute = cutting  # type: ignore[method-assign,assignment]
        return connection


@pytest.mark.parametrize("cut", ["before", "behind"])
@pytest.mark.parametrize("warm", [True, False])
def test_a_connection_lost_at_the_commit_neither_loses_nor_doubles(url: str, cut: str, warm: bool) -> None:
    backend = PostgreSQLBackend(url, origin=f"cut {next(_names)}")
    backend._writer = writer = _CutWriter(backend._server)
    actions = ["0"] if warm else []
    if warm:
        backend.append([record(action="0")])
    writer.cut = cut
    batch = [record(action="1"), record(action="2")]
    first = backend.append(batch)
    backend.append([record(action="3")])
    events = list(backend.query())
    assert [event.action for event in events if event.event_type == "tool.call"] == [*actions, "1", "2", "3"]
    assert events[first].action == "1"
    assert [event.event_type for event in events].count("log.opened") == 1
    backend.close()


@pytest.mark.parametrize("cut", ["before", "behind"])
def test_a_batch_in_doubt_that_comes_again_later_is_there_once(fragile_postgresql: PostgreSQLServer, cut: str) -> None:
    url = fragile_postgresql.tables()
    backend = PostgreSQLBackend(url, origin="doubt")
    backend._writer = writer = _CutWriter(backend._server)
    backend.append([record(action="0")])
    batch = [record(action="1"), record(action="2")]
    writer.cut = cut
    stop = threading.Event()
    original = backend._resolve_doubt

    def crash_first(timeout: float) -> None:
        if backend._doubt is not None and not stop.is_set():
            stop.set()
            fragile_postgresql.stop()
        original(timeout)

    backend._resolve_doubt = crash_first  # type: ignore[method-assign]
    with pytest.raises(StorageError, match="not recorded"):
        backend.append(batch)
    fragile_postgresql.start()
    backend._retry_at = 0.0
    first = backend.append([batch[0]])  # its logger may cut it in other pieces
    backend.append([batch[1], record(action="3")])
    events = list(backend.query())
    counts = Counter(event.action for event in events if event.event_type == "tool.call")
    assert counts == Counter(["0", "1", "2", "3"])
    assert events[first].action == "1"
    assert [event.seq for event in events] == list(range(len(events)))
    backend.close()


def test_records_in_doubt_are_recognised_even_when_another_doubt_comes_between(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = PostgreSQLBackend(url, origin="doubts")
    backend._writer = writer = _CutWriter(backend._server)
    one, two, three = (record(action=str(n)) for n in (1, 2, 3))
    connect = writer.server.connect
    for batch in ([one, two], [two, three]):
        backend.append([])  # connects, and asks what became of the batch before
        writer.cut = "behind"
        monkeypatch.setattr(writer.server, "connect", _no_connection)
        with pytest.raises(StorageError):
            backend.append(batch)
        monkeypatch.setattr(writer.server, "connect", connect)
        backend._retry_at = 0.0
    backend.append([one, two, three])
    actions = [event.action for event in backend.query(event_type="tool.call")]
    assert actions == ["1", "2", "3"]
    backend.close()


def _no_connection(*_: object) -> None:
    raise StoreUnavailableError("out of reach")


def test_a_server_that_is_down_is_not_asked_again_before_a_pause(fragile_postgresql: PostgreSQLServer) -> None:
    backend = PostgreSQLBackend(fragile_postgresql.tables(), origin="down")
    backend.append([record(action="0")])
    fragile_postgresql.stop()
    with pytest.raises(StorageError, match="not recorded"):
        backend.append([record(action="1")])
    assert time.monotonic() < backend._retry_at < time.monotonic() + 60
    fragile_postgresql.start()
    backend._retry_at = math.inf
    with pytest.raises(StorageError):
        backend.append([record(action="2")])
    backend._retry_at = 0.0
    backend.append([record(action="3")])
    assert [event.action for event in backend.query(event_type="tool.call")] == ["0", "3"]
    backend.close()


def test_what_was_logged_while_the_server_was_down_is_there_when_it_is_back(
    fragile_postgresql: PostgreSQLServer,
) -> None:
    url = fragile_postgresql.tables()
    with AuditLogger(PostgreSQLBackend(url, origin="down")) as logger:
        logger.record(AuditEventType.TOOL_CALL, action="0")
        fragile_postgresql.stop()
        for n in range(1, 20):
            logger.record(AuditEventType.TOOL_CALL, action=str(n))
        fragile_postgresql.start()
        deadline = time.monotonic() + _SECONDS
        while not logger.flush(5) and time.monotonic() < deadline:
            time.sleep(0.05)
        logger.record(AuditEventType.TOOL_CALL, action="20")
    events = list(PostgreSQLBackend(url, origin="down").query(event_type="tool.call"))
    assert [event.action for event in events] == [str(n) for n in range(21)]


def test_a_server_that_has_lost_what_it_confirmed_is_on_record(postgresql: PostgreSQLServer) -> None:
    url = postgresql.tables()
    backend = PostgreSQLBackend(url, origin="set back")
    backend.append([record(action="0")])
    backend.append([record(action="1"), record(action="2")])
    for statement in (
        "ALTER TABLE {schema}.event DISABLE TRIGGER USER",
        "DELETE FROM {schema}.event WHERE seq >= 2",
        "ALTER TABLE {schema}.event ENABLE TRIGGER USER",
        "UPDATE {schema}.log SET next_seq = 2",
    ):
        postgresql.run(url, statement)
    first = backend.append([record(action="3")])
    backend.append([record(action="4")])
    events = list(backend.query())
    assert [event.action for event in events] == ["log.opened", "0", "log.recovered", "3", "4"]
    assert events[2].metadata == {"confirmed": 4, "found": 2}
    assert first == 3
    backend.close()
