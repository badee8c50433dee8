"""The verification that a report rests on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from agent_audit.cli import options
from agent_audit.cli.moments import span
from agent_audit.cli.progress import progress
from agent_audit.cli.trusting import keys_of, policy_of

if TYPE_CHECKING:
    from agent_audit.verify import AnyVerification, FleetVerification, Trust, Verification

_SILENT_AFTER = timedelta(hours=2)


def add_verify(parser: ArgumentParser) -> None:
    """Whether to verify first."""
    parser.add_argument(
        "--no-verify",
        action="store_true",
        help="do not verify first; the report says so. (Of a store, verification reads every log in full.)",
    )
    parser.add_argument(
        "--silent-after",
        type=span,
        metavar="AGE",
        default=_SILENT_AFTER,
        help="of a store: report logs without an event for so long (default: 2h; a live log has one every hour)",
    )


def trust_of(args: Namespace) -> Trust:
    """Whose signatures are believed, by the command line.

    Raises:
        ConfigurationError: the policy cannot be read.
        ProofError: a key or the policy is malformed.
    """
    from agent_audit.verify import Trust

    return Trust(policy=policy_of(args), keys=keys_of(args))


def verification_of(args: Namespace) -> AnyVerification | None:
    """What `verify` says of the log, or `fleet verify` of every log of the stores; None with --no-verify.

    Raises:
        ConfigurationError, ProofError: as `trust_of`; or there is no such store.
        LogNotFoundError, ShipError: a store has no log, or cannot be read.
    """
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.sources import sources_of

    sources = sources_of(args)
    if args.no_verify:
        return None
    return fleet_verified(sources, args) if sources else verified(log_of(args), trust_of(args))


def fleet_verified(sources: list[str], args: Namespace) -> FleetVerification:
    """What `fleet verify --events` says of every log in stores, some of which may have become silent."""
    from agent_audit.cli.fleet import events_of
    from agent_audit.ship import open_copies
    from agent_audit.ship.fleet import logs_gone, verify_fleet
    from agent_audit.verify import FleetVerification, HostLog

    trust = trust_of(args)
    found: list[HostLog] = []
    with progress("verifying", "judging") as tell:
        for source in sources:
            events, copies = events_of(source), open_copies(source)
            try:
                origins = copies.origins()
                for log in verify_fleet(copies, trust, silent_after=args.silent_after, origins=origins, events=events):
                    found.append(log)
                    tell(len(found), len(origins) if len(sources) == 1 else None)
            finally:
                copies.close()
    found += logs_gone(trust, {log.origin for log in found})
    return FleetVerification(logs=tuple(sorted(found, key=lambda log: log.origin)))


def verified(root: Path, trust: Trust) -> Verification:
    """What `verify` says of a log, but for open intents: those are counted by the analysis."""
    from agent_audit.verify import verify

    with verifying(root) as tell:
        return verify(root, trust, intents=False, remember=False, jobs=options.cores(), progress=tell)


@contextmanager
def verifying(root: Path) -> Iterator[Callable[[int], None]]:
    """A progress bar that is told how many lines are verified."""
    size = _size(root)
    with progress("verifying", "judging", told_often=True) as tell:
        yield lambda lines: tell(lines, size)


def _size(root: Path) -> int | None:
    """How many events there are, as the checkpoint says; it may be wrong, then the bar is."""
    from agent_audit.backends.file.layout import Layout
    from agent_audit.errors import ProofError
    from agent_audit.integrity.checkpoint import parse_checkpoint

    try:
        return parse_checkpoint(Layout(root).checkpoint.read_bytes())[1].size
    except (OSError, ProofError):
        return None
