"""`hold`: keep everything, e.g. for a legal hold, until it is released."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "hold", "Keep everything: nothing is pruned until you release the hold.")
    options.add_log(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--reason", type=options.told, metavar="TEXT", help="why; shown to whoever tries to prune")
    what.add_argument("--release", action="store_true", help="end the hold")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Hold or release; returns the exit code."""
    from agent_audit.backends.file import retention
    from agent_audit.backends.file.read import open_layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say

    layout = open_layout(log_of(args))
    if args.release:
        was_held = retention.release(layout)
        say(f"{layout.root} is {'no longer held' if was_held else 'not held'}")
    else:
        retention.hold(layout, args.reason)
        say(f"{layout.root} is held: nothing is pruned until `agent-audit-log hold --release`")
    return OK
