"""`postgresql`: the tables that logs are shipped to or written to, the rights on them, and old days out of them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import timezone
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK
from agent_audit.cli.moments import moment
from agent_audit.wording import plural


def add(subparsers: Any) -> None:
    """Add the command and its parts to the parser."""
    parser = options.command(
        subparsers,
        "postgresql",
        "Manage PostgreSQL tables for the logs of many hosts: create them, print rights, drop old days.",
    )
    parts = parser.add_subparsers(metavar="PART", required=True)
    migrate = options.command(parts, "migrate", "Create the tables, or upgrade them to this version. Safe to repeat.")
    migrate.add_argument(
        "--print",
        action="store_true",
        dest="only_print",
        help="print the SQL and do not connect; needs no URL",
    )
    _add_url(migrate, run_migrate, needed=False)
    roles = options.command(parts, "roles", "Print SQL that grants a writer and a reader the rights they need.")
    roles.add_argument("--writer", metavar="ROLE", default="agent_audit_writer", help="default: agent_audit_writer")
    roles.add_argument("--reader", metavar="ROLE", default="agent_audit_reader", help="default: agent_audit_reader")
    _add_url(roles, run_roles, needed=False)
    drop = options.command(parts, "drop-days", "Drop the events of old days, of all logs. What was dropped is noted.")
    drop.add_argument("--before", type=moment, required=True, metavar="TIME", help="first day to keep, e.g. 400d")
    _add_url(drop, run_drop_days, needed=True)


def _add_url(parser: ArgumentParser, run: Any, *, needed: bool) -> None:
    parser.add_argument(
        "url",
        nargs=None if needed else "?",
        metavar="URL",
        help="postgresql://user@host/database?schema=agent_audit; the password from PGPASSWORD or ~/.pgpass",
    )
    parser.set_defaults(run=run)


def run_migrate(args: Namespace) -> int:
    """Make the tables, or print how; returns the exit code."""
    from agent_audit.backends.postgresql import migrate, migration_sql
    from agent_audit.cli.terminal import say
    from agent_audit.errors import ConfigurationError

    if args.only_print:
        sys.stdout.write(migration_sql(_schema(args)))
        return OK
    if args.url is None:
        raise ConfigurationError("which database? name its URL, or print the SQL with --print")
    steps = migrate(args.url)
    for step in steps:
        say(f"{step.version}: {step.name}")
    say(f"the tables of {args.url} are " + ("ready" if steps else "up to date"))
    return OK


def run_roles(args: Namespace) -> int:
    """Print the SQL; returns the exit code."""
    from agent_audit.backends.postgresql import roles_sql

    sys.stdout.write(roles_sql(writer=args.writer, reader=args.reader, schema=_schema(args)))
    return OK


def run_drop_days(args: Namespace) -> int:
    """Drop old days; returns the exit code."""
    from agent_audit.backends.postgresql import drop_days
    from agent_audit.cli.terminal import say

    days = drop_days(args.url, args.before.astimezone(timezone.utc).date())
    sys.stdout.writelines(f"{day}\n" for day in days)
    say(f"{plural(len(days), 'day')} dropped from {args.url}")
    return OK


def _schema(args: Namespace) -> str:
    from agent_audit.backends.postgresql.address import SCHEMA, Address

    return SCHEMA if args.url is None else Address(args.url).schema
