from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit import AuditEvent, AuditEventType
from agent_audit.errors import ConfigurationError, LogNotFoundError, StoreRefusedError
from agent_audit.event import encode_record
from agent_audit.ship import Batch, Evidence, Position, open_copies, open_sink
from agent_audit.ship.sink import digest_of
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink
from tests.postgresql_server import PostgreSQLServer

ORIGIN = "host/log/0123"
_names = count()


def line(seq: int, **fields: object) -> bytes:
    event = AuditEvent(event_type=AuditEventType.TOOL_CALL, **fields)  # type: ignore[arg-type]
    return b'{"seq":%d,%s' % (seq, encode_record(event.to_record())[1:])


def lines_of(copies: PostgreSQLCopies, origin: str = ORIGIN) -> list[tuple[int, bytes]]:
    return [(batch.first_seq + i, one) for batch in copies.batches(origin) for i, one in enumerate(batch.lines)]


@pytest.fixture(scope="module")
def url(postgresql: PostgreSQLServer) -> str:
    return postgresql.tables()


def test_what_was_shipped_is_read_back_byte_for_byte(url: str) -> None:
    sink, copies = PostgreSQLSink(url), PostgreSQLCopies(url)
    lines = [line(seq) for seq in range(1200)]
    assert sink.position(ORIGIN) == Position(0, None)
    assert sink.append(Batch(ORIGIN, 0, lines)) == 1200
    assert sink.position(ORIGIN) == Position(1200, digest_of(lines[-1]))
    assert lines_of(copies) == list(enumerate(lines))
    assert ORIGIN in copies.origins()
    sink.close()
    assert sink.append(Batch(ORIGIN, 1200, [line(1200)])) == 1201
    sink.close()


_ODD = [
    b"",
    b"no JSON",
    b"[1]",
    b"\xff\xfe\x00",
    b'{"seq":1}',
    b'{"seq":1,"event_id":"a","event_type":"tool.call","timestamp":"0001-01-01T00:00:00.000000Z"}',
    b'{"seq":1,"event_id":"a","event_type":"tool.call","timestamp":"9999-12-31T23:59:59.999999Z"}',
    b'{"seq":1,"event_id":"a","event_type":"tool.call","timestamp":"2026-02-30T00:00:00.000000Z"}',
    b'{"seq":1,"event_id":5,"event_type":"tool.call","timestamp":"2026-02-03T00:00:00.000000Z"}',
    b'{"seq":1,"event_id":"a","event_type":"tool.call","timestamp":"2026-02-03T00:00:00.000000Z","agent_id":{}}',
    b'{"seq":1,"event_id":"a","event_type":"x","timestamp":"2026-02-03T00:00:00.000000Z","user_id":"n\\u0000l"}',
    b"[" * 5000,
]


def test_a_line_that_is_no_event_is_kept_all_the_same(url: str) -> None:
    sink, copies = PostgreSQLSink(url), PostgreSQLCopies(url)
    assert sink.append(Batch("odd", 0, _ODD)) == len(_ODD)
    assert [one for _, one in lines_of(copies, "odd")] == _ODD
    sink.close()


def test_ids_with_nul_and_ids_that_no_index_takes_are_kept(url: str) -> None:
    sink, copies = PostgreSQLSink(url), PostgreSQLCopies(url)
    alphabet = [chr(code) for code in range(0x4E00, 0x4E00 + 5000)]
    wild = [line(0, user_id="a\0b"), line(1, session_id="".join(alphabet), agent_id="".join(alphabet[::-1]))]
    assert sink.append(Batch("wild", 0, wild)) == 2
    assert [one for _, one in lines_of(copies, "wild")] == wild
    sink.close()


_WHOLE = [line(seq, agent_id=f"a{seq % 3}") if seq % 7 else b"odd %d" % seq for seq in range(60)]
_steps = st.lists(st.tuples(st.integers(0, 59), st.integers(0, 25)), max_size=8)


@settings(max_examples=25)
@given(_steps)
def test_overlaps_repeats_and_re_orders_neither_lose_nor_double_events(url: str, steps: list[tuple[int, int]]) -> None:
    """Whatever comes: who goes on where the store says ends with every event once, in order."""
    origin = f"property {next(_names)}"
    sink, copies = PostgreSQLSink(url), PostgreSQLCopies(url)
    try:
        here = 0
        for start, size in steps:
            batch = Batch(origin, start, _WHOLE[start : start + size])
            reached = sink.append(batch)
            if start > here:
                assert reached == here  # asked for what comes before it first
                reached = sink.append(Batch(origin, here, _WHOLE[here:start]))
                assert reached == start
            else:
                assert reached == max(here, batch.end)
            here = reached
            assert sink.position(origin) == Position(here, digest_of(_WHOLE[here - 1]) if here else None)
            assert (lines_of(copies, origin) if here else []) == list(enumerate(_WHOLE[:here]))
        sink.append(Batch(origin, here, _WHOLE[here:]))
        assert lines_of(copies, origin) == list(enumerate(_WHOLE))
    finally:
        sink.close()


def test_a_gap_that_is_insisted_on_is_taken_and_noted(postgresql: PostgreSQLServer, url: str) -> None:
    sink, copies = PostgreSQLSink(url), PostgreSQLCopies(url)
    first, later = [line(0), line(1)], [line(5), line(6)]
    assert sink.append(Batch("gap", 0, first)) == 2
    assert sink.append(Batch("gap", 5, later)) == 2
    assert sink.append(Batch("gap", 5, later)) == 7
    assert [(one.first_seq, len(one.lines)) for one in copies.batches("gap")] == [(0, 2), (5, 2)]
    noted = "SELECT first_seq, end_seq FROM {schema}.gap JOIN {schema}.log ON id = log WHERE origin = 'gap'"
    assert postgresql.run(url, noted) == [(2, 5)]
    assert sink.append(Batch("gap", 7, [line(7)])) == 8
    sink.close()


@pytest.mark.parametrize("ahead", [0, 1, 5])
def test_another_log_of_the_same_name_is_refused_and_not_taken_for_a_repetition(url: str, ahead: int) -> None:
    origin, own = f"twin {ahead}", [line(seq) for seq in range(4)]
    sink, copies = PostgreSQLSink(url), PostgreSQLCopies(url)
    sink.append(Batch(origin, 0, [*own, *(line(4 + n) for n in range(ahead))]))
    there = lines_of(copies, origin)
    assert sink.append(Batch(origin, 2, own[2:])) == 4 + ahead
    with pytest.raises(StoreRefusedError, match=f"a different event 3 of {origin}.*two logs"):
        sink.append(Batch(origin, 2, [own[2], line(3)]))
    assert lines_of(copies, origin) == there
    sink.close()


def test_evidence_is_kept_once_and_another_content_is_refused(url: str) -> None:
    sink, copies = PostgreSQLSink(url), PostgreSQLCopies(url)
    tile = Evidence("tile/0/000", b"\x00\xff" * 4096)
    for _ in range(2):
        sink.keep("proofs", tile)
    sink.keep("proofs", Evidence("log.json", b"{}"))
    assert list(copies.evidence("proofs")) == [Evidence("log.json", b"{}"), tile]
    with pytest.raises(StoreRefusedError, match=r"another log\.json of proofs"):
        sink.keep("proofs", Evidence("log.json", b"[]"))
    assert sink.position("proofs") == Position(0, None)
    sink.close()


def test_a_log_that_is_not_there_is_named(url: str) -> None:
    copies = PostgreSQLCopies(url)
    with pytest.raises(LogNotFoundError, match="no log 'nobody'"):
        list(copies.batches("nobody"))
    with pytest.raises(LogNotFoundError, match="no log 'nobody'"):
        list(copies.evidence("nobody"))
    copies.close()


def test_the_url_leads_to_the_sink_and_the_copies(url: str) -> None:
    assert isinstance(open_sink(url), PostgreSQLSink)
    assert isinstance(open_copies(url), PostgreSQLCopies)
    with pytest.raises(ConfigurationError, match="a password does not belong"):
        open_sink("postgresql://host/db?password=s3cr3t")


def test_logs_of_many_hosts_do_not_meet(url: str) -> None:
    sinks = [PostgreSQLSink(url) for _ in range(3)]
    logs = {f"host '{n}'\"/log": [line(seq, agent_id=f"a{n}") for seq in range(50)] for n in range(3)}
    for start in range(0, 50, 10):
        for sink, (origin, lines) in zip(sinks, logs.items(), strict=True):
            sink.append(Batch(origin, start, lines[start : start + 10]))
    for sink, (origin, lines) in zip(sinks, logs.items(), strict=True):
        assert lines_of(PostgreSQLCopies(url), origin) == list(enumerate(lines))
        sink.close()
