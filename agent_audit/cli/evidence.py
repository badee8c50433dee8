"""`evidence`: chosen events with their proofs and the reports over them, for somebody who trusts nobody here."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import NOT_PROVABLE, OF_VERDICT, OK
from agent_audit.cli.recording import add_examined, examined
from agent_audit.cli.report import add_limits, overview_of
from agent_audit.cli.trusting import add_trust
from agent_audit.cli.verifying import trust_of, verified
from agent_audit.wording import plural

if TYPE_CHECKING:
    from agent_audit.verify import Verification


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers,
        "evidence",
        "Write a zip file with events, a proof for each, and the reports. It can be checked without this software.",
    )
    options.add_log(parser)
    options.add_filters(parser, where=False)
    parser.add_argument("--output", "-o", metavar="FILE", default="evidence.zip", help="default: %(default)s")
    parser.add_argument(
        "--max-events", type=options.natural, default=20_000, metavar="N", help="refuse to write more (default: 20,000)"
    )
    add_limits(parser)
    add_trust(parser)
    add_examined(parser)
    parser.set_defaults(whole=True, run=run)


def run(args: Namespace) -> int:
    """Write the bundle; the exit code is that of `verify`, or 3 when something in it is not proved."""
    from agent_audit.analysis import AuditAnalyzer
    from agent_audit.backends.file.read import open_layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.progress import progress
    from agent_audit.cli.terminal import say
    from agent_audit.errors import ConfigurationError
    from agent_audit.report.evidence import write_bundle

    layout, trust = open_layout(log_of(args)), trust_of(args)
    say(f"reading {layout.root}")
    verification = verified(layout.root, trust)
    chosen = {"session_id": args.session, "user_id": args.user, "event_type": args.type}
    with (
        progress("reading segments") as tell,
        AuditAnalyzer(layout.root, **chosen, progress=tell) as analyzer,
    ):
        seqs = analyzer.positions(args.since, args.until, agent_id=args.agent)
        if not seqs:
            raise ConfigurationError("no event of the log matches these filters")
        if len(seqs) > args.max_events:
            raise ConfigurationError(
                f"{len(seqs):,} events match, {args.max_events:,} are allowed: narrow the filters or raise --max-events"
            )
        overview = overview_of(analyzer, args, verification)
    bundle = write_bundle(
        Path(args.output),
        layout,
        seqs,
        overview,
        trust=trust,
        choice=options.choice(args),
        made_at=datetime.now(timezone.utc),
    )
    say(f"wrote {args.output}: {plural(bundle.events, 'event')}, {bundle.files} files, {bundle.bytes / 1000:,.0f} KB")
    examined(args, "evidence", verification=verification, output=Path(args.output), events=bundle.events)
    return _told(verification, len(bundle.unproved), strange=bundle.strange)


def _told(verification: Verification, unproved: int, *, strange: bool) -> int:
    """Say what the bundle cannot prove."""
    from agent_audit.cli.terminal import say

    if strange:
        say(
            "no key in the bundle's policy has signed the checkpoint, so its script proves nothing: name the current "
            "signing key (the last line of the file `keys` in the log) in the policy or with --key"
        )
    if unproved:
        say(f"{plural(unproved, 'event')} in it not proved: `agent-audit-log seal` makes a checkpoint for them")
    if str(verification.verdict) != "valid":
        say(f"the verdict on this log is: {verification.verdict}")
    return OF_VERDICT[str(verification.verdict)] or (NOT_PROVABLE if unproved or strange else OK)
