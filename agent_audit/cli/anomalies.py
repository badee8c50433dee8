"""`anomalies`: what was unusual. Exit code 1 when something was."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.analysing import analyse
from agent_audit.cli.exits import FINDING


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers, "anomalies", "What was unusual: bursts, failures, denials, operations without an outcome."
    )
    options.add_log(parser)
    options.add_filters(parser, event_type=False)
    options.add_format(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the findings; returns the exit code. A finding outweighs lines that cannot be read."""
    report, code = analyse(
        args, lambda analyzer: analyzer.detect_anomalies(args.agent, start=args.since, end=args.until)
    )
    return FINDING if report.findings else code
