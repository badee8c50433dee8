"""`verify-proof`: check the proof of one event; needs nothing else of the log."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import FINDING, NOT_PROVABLE, OK
from agent_audit.cli.prove import event_beside
from agent_audit.cli.trusting import add_trust, keys_of, policy_of

if TYPE_CHECKING:
    from agent_audit.integrity.note import Note


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "verify-proof",
        "Check a proof that an event is in a log: proved (0), refuted (1), no trusted key (3).",
    )
    parser.add_argument("proof", metavar="PROOF", help="the .tlog-proof file")
    parser.add_argument(
        "event", nargs="?", metavar="EVENT", help="the event (default: the .json file beside the proof)"
    )
    add_trust(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Verify; returns the exit code."""
    from agent_audit.cli.terminal import say
    from agent_audit.errors import ConfigurationError, ProofError
    from agent_audit.integrity.checkpoint import parse_checkpoint
    from agent_audit.integrity.proof import TlogProof

    path = Path(args.proof)
    policy, keys = policy_of(args), keys_of(args)
    try:
        data = path.read_bytes()
        event = Path(args.event or event_beside(path)).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {error.filename}: {error.strerror}") from None
    try:
        proof = TlogProof.parse(data)
        # An editor may have put a line feed behind the event; a line of the log never holds one.
        head = proof.verify(event.removesuffix(b"\n"))
        note, _ = parse_checkpoint(proof.note)
        if policy is not None:
            policy.check(note)
        signed = policy is not None or _signed(note, head.origin, list(keys))
    except ProofError as error:
        say(f"NOT PROVED: {error}")
        return FINDING
    if not signed:
        say("not provable: the event is under that checkpoint, but whose key signed it? Name it with --key or --policy")
        return NOT_PROVABLE
    print(f"PROVED: this is event {proof.index} of {head.origin}, {head}")
    return OK


def _signed(note: Note, origin: str, keys: list[Any]) -> bool:
    """Whether a key that was given, or one of this user's, signed; False when there is none for that log.

    Raises:
        ProofError: another key signed, or none as it should.
    """
    from agent_audit.signing import known_keys

    trusted = [key for key in keys if key.name == origin] if keys else known_keys(origin)
    if not trusted and not keys:
        return False
    note.verify(trusted)
    return True
