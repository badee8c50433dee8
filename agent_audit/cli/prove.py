"""`prove`: one event, for somebody who sees nothing else of the log."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import OK

if TYPE_CHECKING:
    from agent_audit.backends.file.layout import Layout


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "prove",
        "Write a proof (C2SP tlog-proof) that an event is in the log, and the event beside it, for `verify-proof`.",
    )
    parser.add_argument("event", metavar="SEQ|EVENT_ID", help="position in the log, or event id")
    options.add_log(parser)
    parser.add_argument(
        "--output",
        "-o",
        metavar="FILE",
        default="event.tlog-proof",
        help="default: %(default)s; the event is written beside it, as .json",
    )
    parser.set_defaults(whole=True, run=run)


def run(args: Namespace) -> int:
    """Prove; returns the exit code."""
    from agent_audit.backends.file.read import open_layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.lines import at
    from agent_audit.cli.terminal import say
    from agent_audit.errors import LogNotFoundError
    from agent_audit.report.output import write_whole
    from agent_audit.verify.proofs import ProofMaker

    layout = open_layout(log_of(args))
    seq = int(args.event) if args.event.isdecimal() else _position(layout, args.event)
    maker = ProofMaker(layout)
    if seq >= maker.head.size and at(layout, seq) is None:  # no checkpoint would help
        raise LogNotFoundError(f"there is no event {seq} in {layout.root}")
    proven = maker.prove(seq)
    target = Path(args.output)
    write_whole(target, proven.proof.encode())
    write_whole(event_beside(target), proven.line)
    say(f"{target} proves that {event_beside(target)} is event {seq} of {maker.head.origin}, {maker.head}")
    return OK


def _position(layout: Layout, event_id: str) -> int:
    """Position of the event with that id.

    Raises:
        LogNotFoundError: there is none.
    """
    from agent_audit.cli.progress import progress
    from agent_audit.cli.searching import find_event
    from agent_audit.errors import LogNotFoundError

    with progress("searching segments") as tell:
        line = find_event(layout, event_id, tell)
    if line is None:
        raise LogNotFoundError(f"no event {event_id} in {layout.root}")
    return line.seq


def event_beside(proof: Path) -> Path:
    """Where the event of a proof is put."""
    return proof.with_suffix(".json")
