"""`sql`: a question of the user's own."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.analysing import analyse
from agent_audit.cli.sources import add_source


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "sql", "Run your own SELECT over the table `events` (DuckDB SQL).")
    parser.add_argument("query", metavar="SELECT", help='e.g. "SELECT action, count(*) FROM events GROUP BY 1"')
    options.add_logs(parser)
    add_source(parser)
    options.add_limit(parser, default=10_000)
    options.add_format(parser)
    parser.set_defaults(whole=True, run=run, session=None, user=None, where=None)


def run(args: Namespace) -> int:
    """Print the rows; returns the exit code."""
    _, code = analyse(args, lambda analyzer: analyzer.sql(args.query, args.limit))
    return code
