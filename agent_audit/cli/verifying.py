"""The verification that a report rests on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from agent_audit.cli import options
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
    """What `verify` says of the log; None with --no-verify."""
    from agent_audit.cli.directory import log_of
    from agent_audit.verify import verify

    # Open intents are counted by the analysis.
    if args.no_verify:
        return None
    return verify(log_of(args), trust_of(args), intents=False, remember=False, jobs=options.cores())
