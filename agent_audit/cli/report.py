"""`report`: what the agents did, as one HTML file."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import INCOMPLETE, OK
from agent_audit.cli.recording import add_examined, examined
from agent_audit.cli.sources import add_source
from agent_audit.cli.trusting import add_trust
from agent_audit.cli.verifying import add_verify, verification_of

if TYPE_CHECKING:
    from agent_audit.analysis import AuditAnalyzer
    from agent_audit.analysis.overview import Limits, Overview
    from agent_audit.verify import AnyVerification


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "report", "Write what the agents did as one HTML file that opens offline.")
    options.add_log(parser)
    add_source(parser)
    options.add_filters(parser, where=False)
    parser.add_argument(
        "--html", "--output", "-o", metavar="FILE", default="agent-audit-report.html", help="default: %(default)s"
    )
    add_limits(parser)
    add_verify(parser)
    add_trust(parser)
    add_examined(parser)
    parser.set_defaults(whole=True, run=run)


def add_limits(parser: Any) -> None:
    """How much of single sessions is shown."""
    parser.add_argument(
        "--sessions", type=options.natural, default=200, metavar="N", help="number of sessions listed (default: 200)"
    )
    parser.add_argument(
        "--events",
        type=options.natural,
        default=3000,
        metavar="N",
        help="number of their events shown (default: 3,000)",
    )


def run(args: Namespace) -> int:
    """Write the report; returns the exit code."""
    from agent_audit.analysis import AuditAnalyzer
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.progress import progress
    from agent_audit.cli.sources import sources_of
    from agent_audit.cli.terminal import say, say_bad_lines
    from agent_audit.report.html import dashboard
    from agent_audit.report.output import write_whole

    sources = sources_of(args)
    log: Path | list[str] = sources or log_of(args)
    named = ", ".join(sources) or str(log)
    say(f"reading {named}")
    verification = verification_of(args)
    chosen = {"session_id": args.session, "user_id": args.user, "event_type": args.type}
    with (
        progress("reading segments") as tell,
        AuditAnalyzer(log, **chosen, progress=tell, engine=args.engine, master=args.master) as analyzer,
    ):
        overview = overview_of(analyzer, args, verification)
    if analyzer.bad_line_count:
        say_bad_lines(analyzer.bad_lines, analyzer.bad_line_count)
    target = Path(args.html)
    page = dashboard(overview, named, datetime.now(timezone.utc)).encode()
    write_whole(target, page)
    say(f"wrote {target} ({len(page) / 1000:,.0f} KB); open it in a browser")
    examined(args, "report", verification=verification, output=target, events=overview.compliance.total_events)
    return INCOMPLETE if overview.compliance.bad_line_count else OK


def overview_of(analyzer: AuditAnalyzer, args: Namespace, verification: AnyVerification | None) -> Overview:
    """The overview that the command line asks for."""
    return analyzer.overview(
        args.since, args.until, agent_id=args.agent, limits=_limits(args), verification=verification
    )


def _limits(args: Namespace) -> Limits:
    from agent_audit.analysis.overview import Limits

    return Limits(sessions=args.sessions, events=args.events)
