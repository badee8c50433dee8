"""`timeline`: one session, nested, with durations, outcomes and approvals."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.analysing import analyse
from agent_audit.cli.exits import USAGE
from agent_audit.cli.sources import add_source


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers, "timeline", "Show one session step by step: nesting, durations, outcomes, approvals."
    )
    parser.add_argument("session", metavar="SESSION", help="session id, as `sessions` lists it")
    options.add_logs(parser)
    add_source(parser)
    options.add_limit(parser, default=10_000)
    options.add_format(parser)
    parser.set_defaults(whole=True, run=run, user=None, where=None)


def run(args: Namespace) -> int:
    """Print the timeline; returns the exit code."""
    from agent_audit.cli.terminal import say

    answer, code = analyse(args, lambda analyzer: analyzer.get_timeline(args.session, limit=args.limit))
    if not answer.event_count:
        say(f"there is no session {args.session}")
        return USAGE
    return code
