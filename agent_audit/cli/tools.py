"""`tools`: how the tools fared."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.analysing import analyse
from agent_audit.cli.sources import add_source


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "tools", "Show statistics of tools: calls, outcomes, durations.")
    options.add_logs(parser)
    add_source(parser)
    options.add_filters(parser)
    options.add_limit(parser)
    options.add_format(parser)
    parser.set_defaults(whole=True, run=run)


def run(args: Namespace) -> int:
    """Print the answer; returns the exit code."""
    _, code = analyse(
        args, lambda analyzer: analyzer.get_tool_statistics(args.agent, args.since, args.until, args.limit)
    )
    return code
