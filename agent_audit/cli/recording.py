"""What commands put on record themselves: decisions, and that somebody examined the log."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from agent_audit.cli import options

if TYPE_CHECKING:
    from agent_audit.event import AuditEvent
    from agent_audit.verify import AnyVerification


def record(directory: Path, event: AuditEvent) -> None:
    """Write an event to a log, to the disk.

    Raises:
        AuditError: it cannot be written.
        OSError: the log cannot be opened for writing.
    """
    from agent_audit.backends.file import FileAuditBackend
    from agent_audit.logger import AuditLogger

    with AuditLogger(FileAuditBackend(directory), durability="synced", on_failure="raise") as logger:
        logger.log(event)


def add_examined(parser: ArgumentParser) -> None:
    """Whether to put the examination on record. Not by itself: who only reads must not write."""
    parser.add_argument(
        "--examined-by",
        type=options.told,
        metavar="WHO",
        help="record in the log that WHO examined it (log.examined): command, period, verdict, head",
    )


def examined(
    args: Namespace,
    command: str,
    *,
    verification: AnyVerification | None = None,
    output: Path | None = None,
    **counted: int,
) -> None:
    """Put the examination on record if the command line asks for it; when that fails, only say so."""
    if args.examined_by is None:
        return
    from agent_audit.analysis.examination import examination_event
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say
    from agent_audit.errors import AuditError
    from agent_audit.verify import FleetVerification

    choice, who = options.choice(args), args.examined_by
    if getattr(args, "source", None):
        say(f"the examination by {who} was not recorded: only hosts write to the stores they ship to")
        return
    assert not isinstance(verification, FleetVerification)  # that is about sources
    if output is not None and not output.is_file():
        output = None  # what went into a pipe or a device cannot be read again
    try:
        event = examination_event(command, by=who, choice=choice, verification=verification, output=output, **counted)
        record(log_of(args), event)
    except (AuditError, OSError) as error:
        say(f"the examination by {who} was not recorded: the log cannot be written to: {error}")
    else:
        say(f"recorded: {command} by {who}; event {event.event_id}")
