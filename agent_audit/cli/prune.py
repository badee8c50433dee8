"""`prune`: drop old sealed segments; what was dropped is on record."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import FINDING, OK
from agent_audit.cli.moments import span
from agent_audit.wording import plural

if TYPE_CHECKING:
    from agent_audit.backends.file.retention import SealedSegment

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "prune",
        "Drop sealed segments, oldest first, never the active one. Recorded before they go. A held log is refused.",
    )
    options.add_log(parser)
    parser.add_argument(
        "--max-age", type=span, metavar="TIME", help="drop segments whose events are all older, e.g. 90d"
    )
    parser.add_argument("--max-size", type=size, metavar="BYTES", help="keep at most this much, e.g. 500M, 10G")
    parser.add_argument(
        "--unshipped", action="store_true", help="also drop what a store that follows the log does not have yet"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only list what would be dropped; exit code 1 if anything would"
    )
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Prune, or say what would go; returns the exit code."""
    from agent_audit.backends.file import FileAuditBackend, Retention
    from agent_audit.backends.file.retention import choose, refuse_if_held
    from agent_audit.backends.file.upkeep import prune
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say
    from agent_audit.errors import ConfigurationError

    if args.max_age is None and args.max_size is None:
        raise ConfigurationError("without a limit everything is kept; give --max-age or --max-size")
    backend = FileAuditBackend(log_of(args))
    retention = Retention(max_age=args.max_age, max_bytes=args.max_size, unshipped=args.unshipped)
    if args.dry_run:
        refuse_if_held(backend.layout)
        choice = choose(backend.layout, retention)
    else:
        choice = prune(backend, retention)
    if choice.kept_back is not None:
        say(choice.kept_back)
    _print(choice.segments)
    told = plural(len(choice.segments), "segment")
    if args.dry_run:
        say(f"{told} would be dropped from {backend.path}")
        return FINDING if choice.segments else OK
    backend.close()
    say(f"{told} dropped from {backend.path}")
    return OK


def _print(segments: list[SealedSegment]) -> None:
    for segment in segments:
        sys.stdout.write(f"{segment.first}\t{segment.last}\t{segment.size}\t{segment.path.name}\n")


def size(text: str) -> int:
    """A number of bytes, with K, M, G or T for powers of 1024.

    Raises:
        ArgumentTypeError: it is none.
    """
    number, unit = text.strip(), ""
    if number[-1:].lower() in tuple("kmgt"):
        number, unit = number[:-1], number[-1].lower()
    if not number.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no size: write e.g. 1000000, 500M or 10G")
    return int(number) * _UNITS[unit]
