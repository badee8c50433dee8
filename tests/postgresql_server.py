"""A real PostgreSQL server for the tests: a cluster of its own in a temporary folder, on a Unix socket."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

ADMIN = "auditadmin"
_SECONDS = 100


def missing() -> str | None:
    """Why no server can be run here; None when one can."""
    if _program("initdb") is None or _program("pg_ctl") is None:
        return "there is no PostgreSQL server (initdb, pg_ctl; Debian: postgresql)"
    if os.geteuid() == 0 and (_user() is None or shutil.which("runuser") is None):
        return "PostgreSQL does not run as root, and there is no user `postgres` or no `runuser`"
    return None


class PostgreSQLServer:
    """One cluster. Everybody on the socket is trusted, but for users whose name begins with `secret_`.

    Args:
        fsync: whether commits reach the disk; off is quicker.
    """

    def __init__(self, *, fsync: bool) -> None:
        self._numbers = count()
        self.root = Path(tempfile.mkdtemp(prefix="aal-pg-", dir="/tmp"))  # a socket's path must be short
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.root, user.pw_uid, user.pw_gid)
        self._data = self.root / "data"
        self._run("initdb", "-D", str(self._data), "-U", ADMIN, "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust")
        hba = "local all all trust\n"
        secret = "local all secret_host scram-sha-256\n"
        self._write("pg_hba.conf", secret + hba)
        self._write(
            "postgresql.auto.conf",
            f"fsync = {'on' if fsync else 'off'}\nlisten_addresses = ''\nunix_socket_directories = '{self.root}'\n"
            "max_connections = 50\nshared_buffers = 16MB\nautovacuum = off\nlog_min_messages = fatal\n",
        )

    def url(self, *, user: str = ADMIN, schema: str = "agent_audit", database: str = "postgres") -> str:
        """Where it is."""
        return f"postgresql://{quote(user)}@/{database}?host={quote(str(self.root), safe='')}&schema={quote(schema)}"

    def tables(self, *, user: str = ADMIN) -> str:
        """A URL with new tables behind it."""
        from agent_audit.backends.postgresql import migrate

        schema = f"s{next(self._numbers)}"
        migrate(self.url(schema=schema))
        return self.url(schema=schema, user=user)

    def run(self, url: str, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Run SQL as whom the URL names; `{schema}` is that of the URL."""
        import psycopg

        from agent_audit.backends.postgresql.address import Address
        from agent_audit.backends.postgresql.connection import Server

        server = Server(Address(url))
        with psycopg.connect(**server.address.parameters, autocommit=True) as connection:
            cursor = connection.execute(server.sql(text) if "{" in text else text, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", str(_SECONDS), "-l", str(self.root / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: nothing is written any more, and starting recovers."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", str(_SECONDS), "-m", mode, "stop", check=False)

    def restart(self) -> None:
        """A crash, and recovery."""
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def end(self) -> None:
        """Stop it, whatever happened, and delete everything."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    def _write(self, name: str, text: str) -> None:
        (self._data / name).write_text(text)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        found = _program(program)
        assert found is not None
        command = [found, *arguments]
        user = _user() if os.geteuid() == 0 else None
        if user is not None:
            command = ["runuser", "-u", user, "--", *command]
        # Output to a file: a pipe would stay open in the server, and nobody would see its end.
        with (self.root / "commands").open("ab") as output:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=check, timeout=2 * _SECONDS,
                cwd="/",
            )  # fmt: skip


def _user() -> str | None:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


def _program(name: str) -> str | None:
    """Debian keeps the server's programs by version, away from PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0),
    )
    return str(versions[-1]) if versions else shutil.which(name)
