"""`seal`: make a checkpoint that covers everything, now."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK, USAGE


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers, "seal", "Sign and keep a checkpoint that covers every event so far. Needs the log's key."
    )
    options.add_log(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Seal; returns the exit code."""
    from agent_audit.backends.file import FileAuditBackend
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say

    log = FileAuditBackend(log_of(args), auto_seal=False)
    if log.checkpointer() is None:
        say(f"{log.path} cannot be sealed: it is unsigned, or its key is not this user's")
        return USAGE
    head = log.seal()
    log.close()
    if head is None:
        say(f"another process was making a checkpoint of {log.path} all the time; try again")
        return USAGE
    print(head)
    return OK
