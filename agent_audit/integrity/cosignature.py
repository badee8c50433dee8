"""Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519): what a key saw, and when."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from agent_audit.errors import ProofError
from agent_audit.integrity.note import COSIGNATURE, Note, Signature, Signer, VerifierKey

_LAST_TIME = 2**63 - 1


class Cosigned(NamedTuple):
    """A verified cosignature."""

    key: VerifierKey
    time: int
    """Seconds since 1970 (POSIX)."""


def cosigned_message(time: int, text: str) -> bytes:
    """What a cosignature signs."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosign(text: str, signer: Signer, time: int) -> Signature:
    """Cosign the text of a checkpoint; the signer's key must be of the type for cosignatures."""
    value = struct.pack(">Q", time) + signer.sign(cosigned_message(time, text))
    return Signature(signer.vkey.name, signer.vkey.id, value)


def verify_cosignatures(note: Note, witnesses: Iterable[VerifierKey]) -> list[Cosigned]:
    """Which of these witnesses have cosigned the note, and when. Other signatures are passed over.

    Raises:
        ProofError: a cosignature of one of them is wrong.
    """
    known = {(key.name, key.id): key for key in witnesses if key.kind == COSIGNATURE}
    found: dict[VerifierKey, Cosigned] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.id))
        if key is None:
            continue
        if len(signature.value) != 8 + 64:
            raise ProofError(f"the cosignature of {key.name} is not 72 bytes long")
        (time,) = struct.unpack(">Q", signature.value[:8])
        if not 0 < time <= _LAST_TIME or not key.verifies(signature.value[8:], cosigned_message(time, note.text)):
            raise ProofError(f"the cosignature of {key.name} (key {key.id.hex()}) is wrong")
        found[key] = Cosigned(key, time)
    return list(found.values())
