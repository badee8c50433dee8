"""Whose signature is believed, and which heads are known from outside the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from agent_audit.errors import ConfigurationError, ProofError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.note import Note, VerifierKey
from agent_audit.integrity.policy import Policy
from agent_audit.signing import known_keys, read_signed_head, signed_head_path


@dataclass(frozen=True)
class Trust:
    """What a verifier brings along. With nothing given: the keys and the head in this user's key directory."""

    policy: Policy | None = None
    """A C2SP tlog-policy: log keys, witnesses and their quorum."""
    keys: tuple[VerifierKey, ...] = ()
    """Further keys of the log."""
    since: Path | None = None
    """A checkpoint that was kept elsewhere."""
    own: bool = True
    """Whether this user's key directory counts."""

    def log_keys(self, origin: str) -> list[VerifierKey]:
        """The keys that may sign for a log; none: only what the log says of itself is known.

        Raises:
            ProofError: the key directory holds something that is no key.
        """
        given = [key for key in self._given if key.name == origin]
        if given or self.policy is not None or self.keys or not self.own:
            return given
        return known_keys(origin)

    @property
    def names_keys(self) -> bool:
        """Whether keys were given, so that a log with others is not the one that was asked for."""
        return bool(self.policy is not None or self.keys)

    @property
    def named_logs(self) -> list[str]:
        """The logs that keys were given of, each once: somebody expects them to be there."""
        return list(dict.fromkeys(key.name for key in self._given))

    @property
    def _given(self) -> tuple[VerifierKey, ...]:
        return (*self.keys, *(self.policy.logs if self.policy else ()))

    def outside_heads(self, origin: str) -> list[KnownHead]:
        """The heads that are known from outside the log.

        Raises:
            ConfigurationError: the given checkpoint cannot be read or is of another log.
            ProofError: the signed head of the key directory is damaged.
        """
        heads = [_kept(self.since, origin)] if self.since is not None else []
        signed = read_signed_head(origin) if self.own else None
        if signed is not None:
            heads.append(KnownHead(signed, f"the head signed last ({signed_head_path(origin)})", of_writer=True))
        return heads


class KnownHead(NamedTuple):
    """A head that the log must agree with."""

    checkpoint: Checkpoint
    source: str
    """Where it is from, for people."""
    of_writer: bool = False
    """Whether the key directory of the log's writer has it: it moves on with the log, not with a copy of it."""


def _kept(path: Path, origin: str) -> KnownHead:
    try:
        _, checkpoint = parse_checkpoint(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"cannot read the checkpoint {path}: {error.strerror or error}") from None
    except ProofError as error:
        raise ConfigurationError(f"{path} is no checkpoint: {error}") from None
    if checkpoint.origin != origin:
        raise ConfigurationError(f"{path} is a checkpoint of {checkpoint.origin}, this log is {origin}")
    return KnownHead(checkpoint, f"the checkpoint {path}")


def successors(
    trusted: Sequence[VerifierKey],
    named: Sequence[VerifierKey],
    key_events: Sequence[tuple[int, dict[str, Any]]],
    notes: Sequence[tuple[Note, Checkpoint]],
) -> list[VerifierKey]:
    """The keys that trusted ones have handed over to, as the `log.key` events say.

    Args:
        trusted: keys that are believed already.
        named: the keys that the log names, in their order.
        key_events: seq and metadata of each `log.key` event.
        notes: checkpoints of these very lines; an event counts when the key that it replaces has signed one above it.
    """
    found: list[VerifierKey] = list(trusted)
    for key in named:
        for seq, metadata in key_events:
            before = [old for old in found if str(old) == metadata.get("replaces")]
            signed = any(_signed_by(note, before) for note, head in notes if head.size > seq)
            if key not in found and metadata.get("vkey") == str(key) and signed:
                found.append(key)
    return found[len(trusted) :]


def _signed_by(note: Note, keys: Sequence[VerifierKey]) -> bool:
    try:
        return bool(note.verify(keys))
    except ProofError:
        return False
