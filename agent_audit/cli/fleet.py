"""`fleet`: the logs of many hosts, from their copies in one store."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import FINDING, INCOMPLETE, NOT_PROVABLE, OK
from agent_audit.cli.moments import span
from agent_audit.cli.sources import as_url
from agent_audit.cli.trusting import add_trust, keys_of, policy_of

if TYPE_CHECKING:
    from agent_audit.analysis.shipped import Shipped
    from agent_audit.verify import HostLog


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers, "fleet", "Verify or restore the logs that many hosts ship to one store."
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    verify: ArgumentParser = options.command(
        actions, "verify", "Verify every log in the store: valid, tampered, or silent, and since when."
    )
    _add_store(verify)
    add_trust(verify)
    verify.add_argument("--origin", action="append", metavar="NAME", help="only this log; may be repeated")
    verify.add_argument(
        "--silent-after", type=span, metavar="AGE", help="report logs without an event for so long, e.g. 2h"
    )
    verify.add_argument(
        "--events", action="store_true", help="also compare the Parquet files, which analyses read, with the lines"
    )
    verify.add_argument("--json", action="store_true", help="one JSON object for each log, as soon as it is verified")
    verify.set_defaults(run=_verify)
    restore: ArgumentParser = options.command(
        actions, "restore", "Turn a copy back into a log directory, for all commands."
    )
    _add_store(restore)
    restore.add_argument("origin", metavar="ORIGIN", help="name of the log, as `fleet verify` lists it")
    restore.add_argument("-o", "--output", required=True, metavar="DIR", help="an empty or new directory")
    restore.set_defaults(run=_restore)


def _add_store(parser: ArgumentParser) -> None:
    parser.add_argument("store", metavar="URL", help="what was given to `ship --to`, or the path of a directory")


def _verify(args: Namespace) -> int:
    from agent_audit.backends.file.layout import Layout
    from agent_audit.cli.terminal import say
    from agent_audit.ship import open_copies
    from agent_audit.ship.fleet import verify_fleet
    from agent_audit.verify import Liveness, Trust, Verdict

    store = as_url(args.store)
    copies = open_copies(store)
    trust = Trust(policy=policy_of(args), keys=keys_of(args))
    asked = {"silent_after": args.silent_after, "origins": args.origin}
    verdicts, silent = set(), 0
    try:
        for log in verify_fleet(copies, trust, **asked, events=events_of(store) if args.events else None):
            verdicts.add(log.verdict)
            silent += log.liveness is Liveness.SILENT
            lines = [log.model_dump_json()] if args.json else _lines(log)
            sys.stdout.writelines(f"{line}\n" for line in lines)
            sys.stdout.flush()
    finally:
        copies.close()
    if not verdicts:
        if Layout(Path(args.store)).exists():
            say(f"{args.store} is itself a log: use `verify`")
        else:
            say(f"{store} has no log; name what was given to `ship --to`")
        return INCOMPLETE
    if Verdict.TAMPERED in verdicts or (silent and args.silent_after is not None):
        return FINDING
    if Verdict.INCOMPLETE in verdicts:
        return INCOMPLETE
    return NOT_PROVABLE if Verdict.NOT_PROVABLE in verdicts else OK


def events_of(url: str) -> Shipped | None:
    """The store as analyses read it, where they read files that are made of the lines; None: they read the lines.

    Raises:
        ConfigurationError, LogNotFoundError, ShipError: there is none, or it cannot be read.
    """
    from agent_audit.analysis.opening import open_source

    found = open_source(url)
    return None if isinstance(found, list) else found


def _lines(log: HostLog) -> Iterator[str]:
    from agent_audit.analysis.printable import printable
    from agent_audit.event import format_timestamp

    last = f"last event {format_timestamp(log.last_event)}" if log.last_event is not None else "no event"
    state = f", {log.liveness}" if str(log.liveness) != "heard" else ""
    proved = f"{log.proved:,} of {log.first_seq + log.events:,} events under a checkpoint"
    yield f"{str(log.verdict).upper():<13} {printable(log.origin)}: {proved}, {last}{state}"
    yield from (f"  PROBLEM: {printable(problem)}" for problem in log.problems)
    yield from (f"  not proved: {printable(missing)}" for missing in log.missing)
    yield from (f"  note: {printable(remark)}" for remark in log.remarks)


def _restore(args: Namespace) -> int:
    from agent_audit.analysis.printable import printable
    from agent_audit.cli.terminal import say
    from agent_audit.errors import ConfigurationError, ProofError
    from agent_audit.ship import open_copies
    from agent_audit.ship.restore import restore

    store = as_url(args.store)
    copies = open_copies(store)
    try:
        if args.origin not in copies.origins():
            raise ConfigurationError(f"{store} has no log {args.origin}; `fleet verify` lists those that it has")
        found = restore(copies, args.origin, Path(args.output))
    except ProofError as error:
        say(f"PROBLEM: {error}; nothing was restored")
        return FINDING
    finally:
        copies.close()
    for problem in found.problems:
        say(f"PROBLEM: {printable(problem)}")
    for name in found.strays:
        say(f"skipped, because it is no part of a log: {printable(name)}")
    say(f"{args.output} has the events {found.first_seq:,} to {found.next_seq - 1:,}; try `verify {args.output}`")
    return FINDING if found.problems else OK
