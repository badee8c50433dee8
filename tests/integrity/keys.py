"""Keys of a log and of witnesses that the tests of notes, policies and proofs share."""

from __future__ import annotations

from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.merkle import leaf_hash
from agent_audit.integrity.note import COSIGNATURE, Ed25519Signer, VerifierKey

SIGNER = Ed25519Signer("log.example/a", b"\x01" * 32)
HEAD = Checkpoint("log.example/a", 1, leaf_hash(b"entry"))


class WitnessKey:
    """A key that cosigns."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._signer = Ed25519Signer(name, seed)
        self.vkey = VerifierKey(name, COSIGNATURE, self._signer.vkey.public)

    def sign(self, message: bytes) -> bytes:
        return self._signer.sign(message)


WITNESSES = [WitnessKey(f"w{number}.example", bytes([number]) * 32) for number in range(2, 6)]
