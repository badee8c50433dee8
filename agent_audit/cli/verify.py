"""`verify`: is the record whole, and can that be proved?"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import OF_VERDICT
from agent_audit.cli.recording import add_examined, examined
from agent_audit.cli.trusting import add_trust, keys_of, policy_of
from agent_audit.cli.verifying import verifying

if TYPE_CHECKING:
    from agent_audit.verify import Verification


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "verify",
        "Check whether the log is as it was signed: valid (0), tampered (1), not provable (3), or unreadable (4).",
    )
    options.add_log(parser)
    add_trust(parser)
    parser.add_argument(
        "--since-checkpoint", metavar="FILE", help="a checkpoint kept elsewhere; the log must continue it"
    )
    parser.add_argument(
        "--incremental", action="store_true", help="hash only what is new since this user's last verification"
    )
    parser.add_argument(
        "--jobs",
        type=options.positive,
        default=options.cores(),
        metavar="N",
        help="processes that read a long log (default: one per processor)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_examined(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Verify; returns the exit code."""
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import show
    from agent_audit.verify import Trust, verify

    root = log_of(args)
    since = Path(args.since_checkpoint) if args.since_checkpoint else None
    trust = Trust(policy=policy_of(args), keys=keys_of(args), since=since)
    with verifying(root) as tell:
        found = verify(root, trust, incremental=args.incremental, jobs=args.jobs, progress=tell)
    show((found.model_dump_json(indent=2) if args.json else "\n".join(_lines(found))) + "\n")
    examined(args, "verify", verification=found)
    return OF_VERDICT[str(found.verdict)]


def _lines(found: Verification) -> Iterator[str]:
    from agent_audit.analysis.printable import printable

    later = f", {found.later:,} more after it" if found.later else ""
    covered = "under the checkpoint" if found.root is not None else "and no checkpoint"
    yield f"{str(found.verdict).upper()}: {found.size:,} events {covered}{later}"
    named = {
        "log": (found.log,),
        "origin": (found.origin,) if found.origin else (),
        "root": (found.root,) if found.root else (),
        "pruned on record": (f"the first {found.pruned:,} events",) if found.pruned else (),
        "signed by": found.signed_by,
        "agrees with": found.heads,
        "cosigned by": found.cosigned_by,
        "PROBLEM": found.problems,
        "not proved": found.missing,
        "remark": found.remarks,
        "intents without outcome": (f"{found.unpaired:,}",) if found.unpaired is not None else (),
        "lines hashed": (f"{found.hashed:,}",),
    }
    for name, values in named.items():
        yield from (f"  {name}: {printable(str(value))}" for value in values)
