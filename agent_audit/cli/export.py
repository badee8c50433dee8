"""`export`: the log in a form that others read."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "export",
        "Write the log as static files that any client of C2SP tlog-tiles reads from a web server.",
    )
    options.add_log(parser)
    parser.add_argument("--tlog", metavar="TARGET", required=True, help="directory; exporting again adds what is new")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Export; returns the exit code."""
    from agent_audit.backends.file.read import open_layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say
    from agent_audit.verify.proofs import export_tlog

    head = export_tlog(open_layout(log_of(args)), Path(args.tlog))
    say(f"{args.tlog} has {head.origin}, {head}")
    return OK
