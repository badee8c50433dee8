"""`compliance`: what an auditor asks for, and what the log cannot show."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.analysing import analyse
from agent_audit.cli.recording import add_examined, examined
from agent_audit.cli.sources import add_source
from agent_audit.cli.trusting import add_trust
from agent_audit.cli.verifying import add_verify, verification_of


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers, "compliance", "Report evidence per control, and what the log cannot show. Supports an audit."
    )
    options.add_log(parser)
    add_source(parser)
    options.add_filters(parser, event_type=False)
    options.add_format(parser, documents=True)
    add_verify(parser)
    add_trust(parser)
    add_examined(parser)
    parser.set_defaults(whole=True, run=run)


def run(args: Namespace) -> int:
    """Print the report; returns the exit code."""
    verification = verification_of(args)
    answer, code = analyse(
        args,
        lambda analyzer: analyzer.generate_compliance_report(
            args.since, args.until, agent_id=args.agent, verification=verification
        ),
    )
    examined(args, "compliance", verification=verification, events=answer.total_events)
    return code
