"""`rotate-key`: sign with a new key from now on."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers,
        "rotate-key",
        "Sign the log with a new key from now on. The change is recorded under a checkpoint of the old key.",
    )
    options.add_log(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Rotate; returns the exit code."""
    from agent_audit.backends.file import FileAuditBackend
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say

    log = FileAuditBackend(log_of(args), auto_seal=False)
    key = log.rotate_key()
    log.close()
    print(key)
    say("give this key to whoever verifies the log; checkpoints of the old one stay valid")
    return OK
