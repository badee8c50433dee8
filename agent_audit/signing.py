"""Who signs a log, and the last head that was signed: kept outside the log, in the key directory of its origin.

::

    <state>/agent-audit-log/<origin>/
      signing.key    private key: 32 bytes (RFC 8032) as hex, 0600
      vkeys          every public key this user has had for the log, one vkey a line, the newest last
      signed-head    the last checkpoint that was signed: whoever rolls the log back does not roll this back

A key is made with a log and never again for an origin that exists: a process that cannot read the key writes events
all the same, and leaves the checkpoints to one that can.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from agent_audit.errors import ConfigurationError, ProofError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.note import Ed25519Signer, VerifierKey
from agent_audit.keys import create_secret, key_directory
from agent_audit.locks import unforked

_KEY = "signing.key"
_VKEYS = "vkeys"
_HEAD = "signed-head"


def preload() -> None:
    """Import what signing needs now, rather than in a background thread at some later moment."""
    with unforked:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401


def load_signer(origin: str) -> Ed25519Signer | None:
    """The signer of an existing log; None when this user has no key for it or cannot read it.

    Raises:
        ConfigurationError: the file is no key.
    """
    path = key_directory(origin) / _KEY
    try:
        text = path.read_text()
    except OSError:
        return None
    try:
        return Ed25519Signer(origin, bytes.fromhex(text.strip()))
    except (ValueError, ProofError) as error:
        raise ConfigurationError(f"{path} is no signing key of {origin}: {error}") from None


class KeyFile:
    """The key of an existing log in this user's key directory, read again when another has taken its place.

    Args:
        origin: of the log.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._path = key_directory(origin) / _KEY
        self._seen: tuple[int, int] | None = None
        """Inode and time of change of the file that was read."""
        self._signer: Ed25519Signer | None = None

    def signer(self) -> Ed25519Signer | None:
        """See `load_signer`; the last one that could be read."""
        try:
            status = self._path.stat()
        except OSError:
            return self._signer
        if (now := (status.st_ino, status.st_mtime_ns)) != self._seen:
            self._signer = load_signer(self._origin) or self._signer
            self._seen = now
        return self._signer


def create_signer(origin: str) -> Ed25519Signer:
    """Make and keep the key of a new log.

    Raises:
        OSError: the key directory cannot be written to.
        ProofError: the origin cannot name a key.
    """
    signer, seed = new_key(origin)
    install_key(signer, seed)
    return signer


def new_key(origin: str) -> tuple[Ed25519Signer, bytes]:
    """A key that is not kept yet, with its seed."""
    seed = secrets.token_bytes(32)
    return Ed25519Signer(origin, seed), seed


def install_key(signer: Ed25519Signer, seed: bytes) -> None:
    """Keep a key as the one that signs from now on, and remember its public side.

    Raises:
        OSError: the key directory cannot be written to.
    """
    directory = key_directory(signer.vkey.name)
    draft = directory / f"{_KEY}.new"
    draft.unlink(missing_ok=True)
    create_secret(draft, seed.hex().encode() + b"\n")
    handle = os.open(directory / _VKEYS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a") as file:
        file.write(f"{signer.vkey}\n")
    draft.replace(directory / _KEY)


def forget_keys(origin: str) -> None:
    """Remove the keys of a log that never came to be."""
    shutil.rmtree(key_directory(origin), ignore_errors=True)


def known_keys(origin: str) -> list[VerifierKey]:
    """The public keys that this user trusts for a log because they are its own; empty when there are none."""
    try:
        text = (key_directory(origin) / _VKEYS).read_text()
    except OSError:
        return []
    return [VerifierKey.parse(line) for line in text.split()]


def signed_head_path(origin: str) -> Path:
    """Where the last signed head is."""
    return key_directory(origin) / _HEAD


def read_signed_head(origin: str) -> Checkpoint | None:
    """The last head that was signed for a log; None when none was, or not by this user.

    Raises:
        ProofError: the file is damaged, or not signed by a key of this directory.
        OSError: it is there and cannot be read: without it, a log that was rolled back would be signed again.
    """
    path = signed_head_path(origin)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None  # this user has signed nothing
    try:
        note, head = parse_checkpoint(data)
        keys = known_keys(origin)
        if keys:  # the key of a service leaves none here
            note.verify(keys)
    except ProofError as error:
        raise ProofError(f"{path} is damaged: {error}") from None
    if head.origin != origin:
        raise ProofError(f"{path} is of another log, {head.origin}")
    return head
