"""The verification that a report rests on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agent_audit.cli import options
from agent_audit.cli.progress import progress
from agent_audit.cli.trusting import keys_of, policy_of

if TYPE_CHECKING:
    from agent_audit.verify import Trust, Verification


def add_verify(parser: ArgumentParser) -> None:
    """Whether to verify first."""
    parser.add_argument("--no-verify", action="store_true", help="do not verify the log first; the report says so")


def trust_of(args: Namespace) -> Trust:
    """Whose signatures are believed, by the command line.

    Raises:
        ConfigurationError: the policy cannot be read.
        ProofError: a key or the policy is malformed.
    """
    from agent_audit.verify import Trust

    return Trust(policy=policy_of(args), keys=keys_of(args))


def verification_of(args: Namespace) -> Verification | None:
    """What `verify` says of the log; None with --no-verify, and of stores, which `fleet verify` verifies."""
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.sources import sources_of
    from agent_audit.cli.terminal import say

    if sources := sources_of(args):
        say(f"not verified: `fleet verify` tells for each log what it is worth ({', '.join(sources)})")
        return None
    return None if args.no_verify else verified(log_of(args), trust_of(args))


def verified(root: Path, trust: Trust) -> Verification:
    """What `verify` says of a log, but for open intents: those are counted by the analysis."""
    from agent_audit.verify import verify

    with verifying(root) as tell:
        return verify(root, trust, intents=False, remember=False, jobs=options.cores(), progress=tell)


@contextmanager
def verifying(root: Path) -> Iterator[Callable[[int], None]]:
    """A progress bar that is told how many lines are verified."""
    size = _size(root)
    with progress("verifying", "judging") as tell:
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
