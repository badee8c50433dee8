"""`rebuild`: make the tiles of the tree anew from the segments."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK
from agent_audit.wording import plural


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers, "rebuild", "Rebuild the Merkle tree's tiles from the events. They are caches; no event is touched."
    )
    options.add_log(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Rebuild; returns the exit code."""
    from agent_audit.backends.file import FileAuditBackend
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say

    log = FileAuditBackend(log_of(args), auto_seal=False)
    wrong = log.rebuild()
    log.close()
    found = f"{plural(wrong, 'tile was', 'tiles were')} missing or damaged" if wrong else "all tiles were right"
    say(f"{log.path}: {found}")
    return OK
