"""Whom to trust, as options of the commands that verify."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_audit.integrity.note import VerifierKey
    from agent_audit.integrity.policy import Policy


def add_trust(parser: ArgumentParser) -> None:
    """Keys and policy."""
    parser.add_argument("--policy", metavar="FILE", help="C2SP tlog-policy: keys of logs and witnesses, and a quorum")
    parser.add_argument(
        "--key", action="append", default=[], metavar="VKEY", help="a public key of the log; may be repeated"
    )


def policy_of(args: Namespace) -> Policy | None:
    """The policy file; None when none is named. Raises as `read_policy`."""
    return read_policy(args.policy) if args.policy else None


def read_policy(path: str) -> Policy:
    """A policy file.

    Raises:
        ConfigurationError: it cannot be read.
        ProofError: it is no policy; names the line.
    """
    from agent_audit.errors import ConfigurationError, reason_of
    from agent_audit.integrity.policy import Policy

    try:
        return Policy.parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the policy {path}: {reason_of(error)}") from None


def keys_of(args: Namespace) -> tuple[VerifierKey, ...]:
    """The keys that were given.

    Raises:
        ProofError: one is no vkey.
    """
    from agent_audit.integrity.note import VerifierKey

    return tuple(VerifierKey.parse(vkey) for vkey in args.key)
