from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_audit import AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.cli.exits import OK
from agent_audit.cli.main import main
from agent_audit.ship import Progress
from agent_audit.ship.metrics import prometheus_text
from agent_audit.ship.sinks.objects import ObjectCopies
from tests.ship.stores import lines_of, write
from tests.ship.test_shipper import origin_of

SHIP = [sys.executable, "-m", "agent_audit.cli.main", "ship"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path}/store"


@pytest.fixture
def follower(log_dir: Path, url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A shipper process at work."""
    write(log_dir, 5)
    command = [*SHIP, str(log_dir), "--to", url, "--linger", "0", "--metrics", str(tmp_path / "metrics.prom")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate(timeout=200)


def copied(url: str, origin: str) -> int:
    """Events in the store."""
    if not Path(url.removeprefix("file://")).is_dir():
        return 0  # the follower has only just started
    return sum(len(batch.lines) for batch in ObjectCopies(url).batches(origin))


def wait_for(url: str, origin: str, count: int) -> None:
    deadline = time.monotonic() + 200
    while copied(url, origin) < count:
        assert time.monotonic() < deadline, "the shipper did not come that far"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_follower_ends_when_it_is_told_to_after_shipping_what_is_there(
    follower: subprocess.Popen[bytes], number: signal.Signals, log_dir: Path, url: str, tmp_path: Path
) -> None:
    origin = origin_of(log_dir)
    wait_for(url, origin, 1)
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.record(AuditEventType.TOOL_CALL, action="tool.late")
        wait_for(url, origin, len(lines_of(log_dir)))  # while the log is open
    follower.send_signal(number)
    _, words = follower.communicate(timeout=200)
    assert follower.returncode == OK, words
    assert copied(url, origin) == len(lines_of(log_dir))
    assert f"has {len(lines_of(log_dir))} events".encode() in words
    metrics = (tmp_path / "metrics.prom").read_text()
    assert f'agent_audit_ship_failing{{log="{log_dir}",store="{url}"}} 0' in metrics


def test_once_ships_what_is_there_and_says_how_much(
    log_dir: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(log_dir, 10)
    assert main(["ship", str(log_dir), "--to", url, "--once"]) == OK
    assert "has 12 events, 12 of them new" in capsys.readouterr().err
    assert main(["ship", str(log_dir), "--to", url, "--once"]) == OK
    assert "has 12 events, 0 of them new" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["./store", "{here}/store"])
def test_a_directory_may_be_named_by_its_path(
    log_dir: Path, tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(log_dir, 3)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert main(["ship", str(log_dir), "--to", named.format(here=here), "--once"]) == OK
    assert f"file://{here}/store has 5 events" in capsys.readouterr().err
    assert copied(f"file://{here}/store", origin_of(log_dir)) == 5


def test_a_store_that_cannot_be_reached_is_said_and_the_events_stay(
    log_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(log_dir, 3)
    (tmp_path / "file").write_text("no directory")
    assert main(["ship", str(log_dir), "--to", f"file://{tmp_path}/file", "--once", "--give-up-after", "1"]) in (2, 4)
    assert f"file://{tmp_path}/file" in capsys.readouterr().err
    assert len(lines_of(log_dir)) == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "ftp://x"], "ftp is no store to ship to"),
        (["--to", "audit-bucket/prod"], "a store is named by a URL, one of: s3://"),
        (["--to", "s3://bucket"], "no credentials for s3://"),
        (["--to", "s3://u:s3cret@bucket"], "a password does not belong in the URL"),
    ],
)
def test_a_store_that_cannot_be_opened_is_refused_at_once(
    log_dir: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    write(log_dir, 1)
    assert main(["ship", str(log_dir), *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "s3cret" not in said


def test_a_log_whose_directory_has_a_name_that_is_no_utf_8_has_metrics_too(tmp_path: Path, url: str) -> None:
    log = tmp_path / os.fsdecode(b"m\xff")
    write(log, 1)
    metrics = tmp_path / "metrics.prom"
    assert main(["ship", str(log), "--to", url, "--once", "--metrics", str(metrics)]) == OK
    assert rf'log="{tmp_path}/m\\udcff"' in metrics.read_text(encoding="utf-8")


def test_metrics_are_in_the_prometheus_text_format_with_quoted_labels() -> None:
    progress = Progress(position=7, behind_bytes=9, behind_seconds=1.5, shipped=3, retries=2, error="away")
    text = prometheus_text(progress, 'a"b\\c\n', "s3://x")
    assert 'agent_audit_ship_position{log="a\\"b\\\\c\\n",store="s3://x"} 7\n' in text
    assert "# TYPE agent_audit_ship_retries_total counter\n" in text
    assert text.count("# HELP") == 6
