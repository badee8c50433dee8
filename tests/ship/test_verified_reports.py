"""Reports over a store carry the verdict on every log in it, and rest on what was verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agent_audit import AuditLogger, FileAuditBackend
from agent_audit.analysis import AuditAnalyzer
from agent_audit.backends.file import Layout
from agent_audit.cli.exits import FINDING, NOT_PROVABLE, OK
from agent_audit.cli.main import main
from agent_audit.ship import Shipper, open_copies, open_sink
from agent_audit.ship.fleet import verify_fleet
from agent_audit.ship.restore import restore
from agent_audit.verify import FleetVerification, Liveness, Verdict
from tests.postgresql_server import PostgreSQLServer
from tests.ship.conftest import Store
from tests.ship.stores import QUICK, lines_of, write
from tests.ship.test_analysis_of_copies import parquet
from tests.ship.test_fleet import changed, object_of, shipped
from tests.ship.test_objects import replace
from tests.ship.test_shipper import origin_of
from tests.verify.logs import vkey_of

Captured = pytest.CaptureFixture[str]


def compliance(url: str, capsys: Captured, *options: str) -> dict[str, Any]:
    """The report of the command, as JSON."""
    capsys.readouterr()
    assert main(["compliance", "--source", url, "--format", "json", *options]) == OK
    return dict(json.loads(capsys.readouterr().out))


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {log["origin"]: log["verdict"] for log in report["verification"]["logs"]}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path}/store"


def test_over_a_good_fleet_every_log_is_valid_with_its_head(tmp_path: Path, url: str, capsys: Captured) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    origins = {shipped(root, url): root for root in roots}
    report = compliance(url, capsys)
    assert report["verification"]["verdict"] == "valid"
    for log in report["verification"]["logs"]:
        root = origins[log["origin"]]
        assert (log["verdict"], log["liveness"], log["later"], log["problems"]) == ("valid", "closed", 0, [])
        assert log["root"] == (root / "checkpoint").read_text().split("\n")[2]
        assert log["events"] == log["proved"] == len(lines_of(root))
        assert log["signed_by"][0].startswith(log["origin"])
    controls = {one["control"]: " ".join(one["shown"]) for one in report["controls"]}
    assert "Verdict of fleet verify on 2 logs: 2 valid" in controls["AU-9, AU-10"]
    assert "2 heads of 2 logs, each signed" in controls["AU-9, AU-10"]


def test_of_a_fleet_with_one_changed_segment_every_form_of_the_reports_names_the_log(
    tmp_path: Path, url: str, capsys: Captured
) -> None:
    good, bad = shipped(tmp_path / "good", url), shipped(tmp_path / "bad", url)
    changed(object_of(url, bad, "lines/*"))
    report = compliance(url, capsys)
    assert report["verification"]["verdict"] == "tampered"
    assert verdicts(report) == {good: "valid", bad: "tampered"}
    assert report["missing"][0] == f"Not proved to be unaltered: 1 of 2 logs, {bad}; fleet verify says: tampered."
    assert report["missing"][1].startswith(f"{bad}: ")
    for form in ("table", "markdown", "html"):
        assert main(["compliance", "--source", url, "--format", form]) == OK
        text = capsys.readouterr().out.replace("\\", "").replace("\n", "")
        assert "The logs" in text, form
        assert text.index(bad) < text.index(good), form
    page = tmp_path / "report.html"
    assert main(["report", "--source", url, "--html", str(page)]) == OK
    text = page.read_text()
    assert "Records were changed" in text
    assert f'{bad}</code></th><td><span class="badge bad">tampered' in text
    assert f'{good}</code></th><td><span class="badge good">valid' in text


def test_a_bucket_is_verified_its_parquet_included(s3_store: Store, tmp_path: Path, capsys: Captured) -> None:
    good, bad = shipped(tmp_path / "good", s3_store.url), shipped(tmp_path / "bad", s3_store.url)
    assert verdicts(compliance(s3_store.url, capsys)) == {good: "valid", bad: "valid"}
    local = f"file://{tmp_path}/other"  # the same files, to be changed
    Shipper(tmp_path / "bad", open_sink(local), state=tmp_path / "state", limits=QUICK).run(once=True)
    forge(parquet(local)[0], "SET action = 'tool.other' WHERE seq = 7")
    name = str(parquet(local)[0].relative_to(tmp_path / "other"))
    replace(s3_store, name, parquet(local)[0].read_bytes())
    report = compliance(s3_store.url, capsys)
    assert verdicts(report) == {good: "valid", bad: "tampered"}
    assert f"{bad}: {name}: seq 7: action is not what the line says." in report["missing"]


def test_tables_of_postgresql_are_verified(postgresql: PostgreSQLServer, tmp_path: Path, capsys: Captured) -> None:
    url = postgresql.tables()
    good, bad = shipped(tmp_path / "good", url), shipped(tmp_path / "bad", url)
    assert verdicts(compliance(url, capsys)) == {good: "valid", bad: "valid"}
    postgresql.run(url, "ALTER TABLE {schema}.event DISABLE TRIGGER USER")
    postgresql.run(
        url,
        "UPDATE {schema}.event SET line = convert_to(replace(convert_from(line, 'UTF8'), '\"n\":7', '\"n\":8'), "
        "'UTF8') "
        f"WHERE log = (SELECT id FROM {{schema}}.log WHERE origin = '{bad}')",
    )
    assert verdicts(compliance(url, capsys)) == {good: "valid", bad: "tampered"}


def forge(path: Path, change: str) -> None:
    """Change the rows of a Parquet file."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet('{path}', hive_partitioning = false)")
        connection.execute(f"{'' if change.startswith('INSERT') else 'UPDATE rows '}{change}")
        connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")


FORGERIES: dict[str, tuple[Callable[[Path], object], str | None]] = {
    "an event that was changed": (lambda p: forge(p, "SET agent_id = 'x' WHERE seq = 5"), "agent_id is not what"),
    "an event that is in no line": (
        lambda p: forge(p, "INSERT INTO rows (seq, event_id) VALUES (9999, 'e')"),
        "no such event is in the lines",
    ),
    "an event that is there twice": (
        lambda p: forge(p, "INSERT INTO rows FROM rows WHERE seq = 3"),
        "the event is there 2 times",
    ),
    "columns of other names": (
        lambda p: p.write_bytes((p.parent / "odd").read_bytes()),
        "they cannot be held against the lines",
    ),
    "JSON that was written in another way": (
        lambda p: forge(p, """SET parameters = '{ "n" : 5 }' WHERE parameters = '{"n":5}'"""),
        None,
    ),
    "a file that cannot be read": (lambda p: p.write_bytes(b"damaged"), None),
    "a file that is missing": (Path.unlink, None),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_parquet_that_does_not_say_what_the_lines_say_is_told_and_what_analyses_do_not_read_is_not(
    tmp_path: Path, url: str, capsys: Captured, forgery: str
) -> None:
    origin = shipped(tmp_path / "log", url)
    path = parquet(url)[0]
    duckdb.sql(f"COPY (SELECT 1 AS one) TO '{path.parent / 'odd'}' (FORMAT parquet)")
    change, told = FORGERIES[forgery]
    change(path)
    assert main(["fleet", "verify", url]) == OK  # the lines are what was signed
    capsys.readouterr()
    assert main(["fleet", "verify", url, "--events"]) == (OK if told is None else FINDING)
    if told is not None:
        assert f"PROBLEM: events/origin={origin.replace('/', '%2F')}/" in (out := capsys.readouterr().out)
        assert told in out


def test_what_a_busy_host_ships_while_its_lines_are_read_is_no_tampering(
    tmp_path: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(tmp_path / "log", url)

    def restored_while_shipping(*given: Any) -> Any:
        found = restore(*given)
        write(tmp_path / "log", 40, first=40)
        Shipper(tmp_path / "log", open_sink(url), limits=QUICK).run(once=True)
        return found

    monkeypatch.setattr("agent_audit.ship.fleet.restore", restored_while_shipping)
    assert main(["fleet", "verify", url, "--events"]) == NOT_PROVABLE  # this machine knows of a later head
    out = capsys.readouterr().out
    assert "PROBLEM" not in out
    assert "the copy ends after 42 events" in out


def test_without_verifying_the_report_says_so_and_nothing_is_restored(
    tmp_path: Path, url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(object_of(url, shipped(tmp_path / "log", url), "lines/*"))
    monkeypatch.setattr("agent_audit.ship.fleet.restore", None)
    report = compliance(url, capsys, "--no-verify")
    assert report["verification"] is None
    assert "Whether the record was altered has not been verified" in " ".join(report["missing"])


def test_silent_logs_and_events_that_no_head_covers_are_told(tmp_path: Path, url: str, capsys: Captured) -> None:
    logger = AuditLogger(FileAuditBackend(tmp_path / "log", signer=False))
    logger.record("tool.call", action="tool.t")
    logger.flush()
    Shipper(tmp_path / "log", open_sink(url), limits=QUICK).run(once=True)
    report = compliance(url, capsys, "--silent-after", "0s")
    logger.close()
    (log,) = report["verification"]["logs"]
    assert (log["liveness"], log["root"], log["later"]) == ("silent", None, 2)
    told = " ".join(report["missing"])
    assert f"{origin_of(tmp_path / 'log')} is silent since {log['last_event'][:19]}" in told
    assert "2 events after the checkpoints: proved by nothing yet." in told
    assert f"{log['origin']}: the log is unsigned." in told


def test_a_log_that_came_after_the_verification_is_told_as_not_verified(tmp_path: Path, url: str) -> None:
    shipped(tmp_path / "one", url)
    found = FleetVerification(logs=tuple(verify_fleet(open_copies(url))))
    shipped(tmp_path / "two", url)
    with AuditAnalyzer(url) as analyzer:
        report = analyzer.generate_compliance_report(verification=found)
    assert "1 log not verified: there only since the verification." in report.missing


def test_the_verdict_on_a_fleet_is_the_gravest_and_equal_wants_are_told_once(tmp_path: Path, url: str) -> None:
    for name in "abcde":
        with AuditLogger(FileAuditBackend(tmp_path / name, signer=False)) as logger:
            logger.record("error")
        Shipper(tmp_path / name, open_sink(url), limits=QUICK).run(once=True)
    found = FleetVerification(logs=tuple(verify_fleet(open_copies(url))))
    assert found.verdict is Verdict.NOT_PROVABLE
    assert found.counted() == "5 not provable"
    (told,) = found.missing()
    assert told.endswith(" and 2 more: the log is unsigned")
    assert {log.liveness for log in found.logs} == {Liveness.CLOSED}
    assert FleetVerification(logs=()).verdict is Verdict.INCOMPLETE


def test_a_log_whose_key_is_given_is_missed_when_none_of_the_stores_has_it(tmp_path: Path, capsys: Captured) -> None:
    urls = {name: f"file://{tmp_path}/store-{name}" for name in ("first", "second")}
    origins = [shipped(tmp_path / name, url) for name, url in urls.items()]
    keys = [f"--key={vkey_of(Layout(tmp_path / name))}" for name in urls]
    both = compliance(urls["first"], capsys, "--source", urls["second"], *keys)
    assert verdicts(both) == dict.fromkeys(origins, "valid")
    one = compliance(urls["first"], capsys, *keys)
    assert verdicts(one) == {origins[0]: "valid", origins[1]: "incomplete"}
    assert one["missing"][0] == f"Not proved to be unaltered: 1 of 2 logs, {origins[1]}; fleet verify says: incomplete."
