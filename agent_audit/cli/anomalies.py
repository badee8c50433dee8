"""`anomalies`: what was unusual. Exit code 1 when something was that nobody has decided on."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.analysing import analyse
from agent_audit.cli.exits import FINDING, OK
from agent_audit.cli.recording import add_examined, examined
from agent_audit.cli.sources import add_source

if TYPE_CHECKING:
    from agent_audit.analysis import Ruleset

_LEVELS = ("low", "medium", "high")


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers,
        "anomalies",
        "Find what is unusual: bursts, failures, denials, injected instructions, missing approvals and more.",
    )
    options.add_log(parser)
    add_source(parser)
    options.add_filters(parser, event_type=False)
    options.add_format(parser)
    add_rules_file(parser)
    parser.add_argument(
        "--only", action="append", metavar="RULE", help="look only for this rule, by its id; may be repeated"
    )
    parser.add_argument("--rules", action="store_true", help="list the rules; reads no log")
    parser.add_argument(
        "--level",
        choices=_LEVELS,
        default="low",
        help="lowest level that gives exit code 1 (default: low); all findings are shown",
    )
    add_examined(parser)
    parser.set_defaults(whole=True, run=run)


def add_rules_file(parser: ArgumentParser) -> None:
    """Where rules of the user's own are."""
    parser.add_argument(
        "--rules-file", action="append", default=[], metavar="FILE", help="your own rules, in YAML; may be repeated"
    )


def run(args: Namespace) -> int:
    """Print the findings; returns the exit code. A finding outweighs lines that cannot be read."""
    from agent_audit.analysis import Level

    rules = ruleset(args)
    if args.only:
        rules = rules.only(*dict.fromkeys(args.only))
    if args.rules:
        return _list(rules, args.format)
    report, code = analyse(
        args, lambda analyzer: analyzer.detect_anomalies(args.agent, start=args.since, end=args.until, rules=rules)
    )
    examined(args, "anomalies", findings=len(report.findings) + sum(report.omitted.values()))
    return FINDING if report.open_findings(Level(args.level)) else code


def ruleset(args: Namespace) -> Ruleset:
    """The built-in rules and those of the files that the command line names.

    Raises:
        ConfigurationError: a file is wrong; names the line.
    """
    from agent_audit.analysis import Ruleset, load_rules

    rules = Ruleset()
    for path in args.rules_file:
        rules = load_rules(path, rules)
    return rules


def _list(rules: Ruleset, form: str) -> int:
    from agent_audit.analysis.anomalies import RuleList
    from agent_audit.cli.terminal import screen_width, use_color
    from agent_audit.report import reporter

    listed = RuleList.of(rules.rules)
    sys.stdout.write(reporter(form, color=use_color(), width=screen_width()).render(listed))
    return OK
