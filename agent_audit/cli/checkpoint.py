"""`checkpoint`: print the log's head, or take it to where its writer cannot change it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import INCOMPLETE, OK, USAGE
from agent_audit.cli.trusting import read_policy


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "checkpoint",
        "Print the log's signed head, or send it elsewhere. Whoever keeps it can prove a roll-back later.",
    )
    options.add_log(parser)
    parser.add_argument("--output", "-o", metavar="FILE", help="file to write, atomically")
    parser.add_argument(
        "--line", action="store_true", help="print origin, size and root on one line, e.g. for another log"
    )
    parser.add_argument("--syslog", action="store_true", help="send that line to syslog")
    parser.add_argument(
        "--witness", metavar="POLICY", help="have it cosigned by the witnesses in this policy file that have a URL"
    )
    parser.add_argument(
        "--timeout",
        type=options.seconds,
        default=10.0,
        metavar="S",
        help="seconds to wait for a witness (default: 10)",
    )
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print or take the head elsewhere; returns the exit code."""
    from agent_audit.backends.file.layout import Layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say
    from agent_audit.integrity.checkpoint import parse_checkpoint
    from agent_audit.report.output import PUBLIC, write_whole

    root = log_of(args)
    layout = Layout(root)
    code = _cosign(root, args) if args.witness else OK
    if not layout.checkpoint.exists():
        say(f"{root} has no checkpoint yet; make one with `agent-audit-log seal`")
        return USAGE
    data = layout.checkpoint.read_bytes()
    _, head = parse_checkpoint(data)
    line = " ".join(head.text().split("\n")[:3])
    if args.output:
        write_whole(Path(args.output), data, PUBLIC)
    if args.syslog:
        import syslog

        syslog.openlog("agent-audit-log")
        syslog.syslog(syslog.LOG_NOTICE, f"checkpoint {line}")
    if args.line:
        print(line)
    elif not args.output and not args.syslog:
        sys.stdout.write(data.decode())
    return code


def _cosign(root: Path, args: Namespace) -> int:
    """Ask each witness; those that do not answer are named, and make the exit code say so."""
    from agent_audit.backends.file import FileAuditBackend
    from agent_audit.cli.terminal import say
    from agent_audit.errors import WitnessError
    from agent_audit.integrity.witness import Witness

    policy = read_policy(args.witness)
    checkpointer = FileAuditBackend(root, auto_seal=False).checkpointer()
    if checkpointer is None:
        say(f"{root} cannot be cosigned: it is unsigned, or its key is not this user's")
        return USAGE
    code = OK if policy.urls else USAGE
    if not policy.urls:
        say(f"no witness in {args.witness} has a URL")
    for name, url in policy.urls.items():
        try:
            head = checkpointer.cosign(Witness(policy.witnesses[name], url, timeout=args.timeout))
            say(f"witness {name} has cosigned {head}")
        except WitnessError as error:
            say(str(error))
            code = INCOMPLETE
    return code
