"""`finding`: record what somebody decided about a finding, in the log itself."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.anomalies import add_rules_file, ruleset
from agent_audit.cli.exits import OK
from agent_audit.cli.recording import record
from agent_audit.wording import plural

if TYPE_CHECKING:
    from pathlib import Path

    from agent_audit.analysis import Finding
    from agent_audit.analysis.disposition import Decision

_DECISIONS: dict[str, Decision] = {"acknowledge": "acknowledged", "dismiss": "false-positive", "reopen": "reopened"}


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "finding", "Record your decision about a finding, as an event in the log.")
    parser.add_argument(
        "decision",
        choices=tuple(_DECISIONS),
        help="acknowledge: seen and dealt with; dismiss: a false positive; reopen: open again",
    )
    parser.add_argument("id", metavar="ID", help="the finding's id, as `anomalies` shows it")
    parser.add_argument("--by", type=options.told, required=True, metavar="WHO", help="who decided")
    parser.add_argument("--reason", type=options.told, required=True, metavar="TEXT", help="why")
    options.add_log(parser)
    options.add_filters(parser, event_type=False)
    add_rules_file(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Look the finding up, then write the decision; returns the exit code."""
    from agent_audit.analysis import disposition_event
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say

    directory = log_of(args)
    found = _find(args, directory)
    event = disposition_event(found, _DECISIONS[args.decision], by=args.by, reason=args.reason)
    record(directory, event)
    what = f"{found.id} ({found.title}, {plural(found.event_count, 'event')})"
    say(f"{event.action} by {args.by}: {what}; event {event.event_id}")
    return OK


def _find(args: Namespace, directory: Path) -> Finding:
    """The finding of that id, as a run with the same options shows it.

    Raises:
        ConfigurationError: no such finding.
    """
    from dataclasses import replace

    from agent_audit.analysis import AuditAnalyzer, Limits
    from agent_audit.cli.progress import progress
    from agent_audit.errors import ConfigurationError

    rule_id, parted, _ = args.id.partition("/")
    if not parted:
        raise ConfigurationError(f"{args.id!r} is no finding's id, RULE/EVENT_ID as `anomalies` shows it")
    rules = ruleset(args).only(rule_id)
    # Listed or not, a finding can be decided on.
    rules = replace(rules, limits=Limits(max_findings=1_000_000, max_event_ids=1))
    with (
        progress("reading segments") as tell,
        AuditAnalyzer(
            directory, session_id=args.session, user_id=args.user, where=args.where, progress=tell
        ) as analyzer,
    ):
        report = analyzer.detect_anomalies(args.agent, start=args.since, end=args.until, rules=rules)
    for found in report.findings:
        if found.id == args.id:
            return found
    raise ConfigurationError(
        f"no finding {args.id} in {directory}: {plural(len(report.findings), 'finding')} of {rule_id} there; name one "
        "of them, with the same --since, --agent, --where and --rules-file as when it was shown"
    )
