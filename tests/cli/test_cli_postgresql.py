from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from agent_audit import AuditEvent, AuditEventType
from agent_audit.cli.main import main
from agent_audit.event import encode_record
from agent_audit.ship import Batch
from agent_audit.ship.sinks.postgresql import PostgreSQLCopies, PostgreSQLSink
from tests.postgresql_server import PostgreSQLServer
from tests.ship.stores import lines_of, write
from tests.ship.test_shipper import origin_of


def test_the_tables_are_made_and_old_days_dropped(
    postgresql: PostgreSQLServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgresql.url(schema="from cli")
    assert main(["postgresql", "migrate", url]) == 0
    assert "are ready" in capsys.readouterr().err
    assert main(["postgresql", "migrate", url]) == 0
    assert "are up to date" in capsys.readouterr().err
    now = datetime.now(timezone.utc)
    sink = PostgreSQLSink(url)
    for seq, days in enumerate((500, 399, 0)):
        event = AuditEvent(event_type=AuditEventType.TOOL_CALL, timestamp=now - timedelta(days))
        sink.append(Batch("o", seq, [b'{"seq":%d,%s' % (seq, encode_record(event.to_record())[1:])]))
    sink.close()
    assert main(["postgresql", "drop-days", url, "--before", "400d"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{(now - timedelta(500)).date()}\n"
    assert "1 day dropped" in err
    assert [batch.first_seq for batch in PostgreSQLCopies(url).batches("o")] == [1]


def test_the_printed_sql_gives_the_rights(postgresql: PostgreSQLServer, capsys: pytest.CaptureFixture[str]) -> None:
    url = postgresql.url(schema="printed")
    assert main(["postgresql", "migrate", "--print", url]) == 0
    script = capsys.readouterr().out
    assert main(["postgresql", "roles", url, "--writer", "cli_w", "--reader", "cli_r"]) == 0
    script += capsys.readouterr().out
    postgresql.run(url, script.replace("{", "{{").replace("}", "}}"))
    assert postgresql.run(url, "SELECT has_table_privilege('cli_w', '{schema}.event', 'INSERT')") == [(True,)]
    assert postgresql.run(url, "SELECT has_table_privilege('cli_r', '{schema}.event', 'SELECT')") == [(True,)]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_log_is_shipped_verified_and_restored(
    postgresql: PostgreSQLServer,
    scheme: str,
    log_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = postgresql.tables().replace("postgresql", scheme, 1)
    write(log_dir, 20)
    assert main(["ship", str(log_dir), "--to", url, "--once"]) == 0
    assert "has 22 events, 22 of them new" in capsys.readouterr().err
    assert main(["fleet", "verify", url]) == 0
    assert "VALID" in capsys.readouterr().out
    assert main(["fleet", "restore", url, origin_of(log_dir), "-o", str(tmp_path / "back")]) == 0
    assert lines_of(tmp_path / "back") == lines_of(log_dir)


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2@h/d", "postgresql://h/d?password=hunter2", "postgres://h/d?sslpassword=hunter2"]
)
def test_a_password_in_the_url_is_refused_and_not_repeated(
    url: str, log_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(log_dir, 1)
    for command in (["ship", str(log_dir), "--to", url], ["fleet", "verify", url], ["postgresql", "migrate", url]):
        assert main(command) == 2
        said = capsys.readouterr()
        assert "a password does not belong in the URL" in said.err
        assert "hunter2" not in said.out + said.err


def test_printing_needs_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["postgresql", "migrate", "--print"]) == 0
    assert "CREATE SCHEMA IF NOT EXISTS" in capsys.readouterr().out
    assert main(["postgresql", "roles"]) == 0
    assert 'GRANT INSERT ON "agent_audit".event TO "agent_audit_writer"' in capsys.readouterr().out


def test_what_is_wrong_is_said_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["postgresql", "migrate"]) == 2
    assert "which database?" in capsys.readouterr().err


def test_without_the_extra_the_error_names_it() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from agent_audit.cli.main import main; sys.exit(main(['postgresql', 'roles']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 2
    assert re.search(r"pip install 'agent-audit-log\[postgresql\]'", done.stderr)
