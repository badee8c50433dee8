"""Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519 and ML-DSA-44): what a key saw, and when."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.note import COSIGNATURE, MLDSA44, Note, Signature, Signer, VerifierKey

_LAST_TIME = 2**63 - 1

KINDS = {COSIGNATURE: 64, MLDSA44: 2420}
"""Types of keys that cosign -> bytes of their signatures."""


class Cosigned(NamedTuple):
    """A verified cosignature."""

    key: VerifierKey
    time: int
    """Seconds since 1970 (POSIX)."""


def cosigned_message(key: VerifierKey, time: int, note: Note) -> bytes:
    """What a cosignature of that key signs.

    Raises:
        ProofError: the note is no checkpoint.
    """
    if key.kind == COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{note.text}".encode()
    head = Checkpoint.of(note)
    size = struct.pack(">QQ", 0, head.size)  # of a checkpoint, all entries from the first
    return b"subtree/v1\n\0" + _short(key.name) + struct.pack(">Q", time) + _short(head.origin) + size + head.root


def _short(text: str) -> bytes:
    data = text.encode()
    if len(data) > 255:
        raise ProofError(f"the name {text[:40]}… has more than the 255 bytes that fit into a cosignature")
    return bytes([len(data)]) + data


def cosign(text: str, signer: Signer, time: int) -> Signature:
    """Cosign the text of a checkpoint; the signer's key must be of the type for cosignatures."""
    value = struct.pack(">Q", time) + signer.sign(cosigned_message(signer.vkey, time, Note(text, ())))
    return Signature(signer.vkey.name, signer.vkey.id, value)


def verify_cosignatures(note: Note, witnesses: Iterable[VerifierKey]) -> list[Cosigned]:
    """Which of these witnesses have cosigned the note, and when. Other signatures are passed over.

    Raises:
        ProofError: a cosignature of one of them is wrong.
    """
    known = {(key.name, key.id): key for key in witnesses if key.kind in KINDS}
    found: dict[VerifierKey, Cosigned] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.id))
        if key is None:
            continue
        if len(signature.value) != (length := 8 + KINDS[key.kind]):
            raise ProofError(f"the cosignature of {key.name} is not {length} bytes long")
        (time,) = struct.unpack(">Q", signature.value[:8])
        if not 0 < time <= _LAST_TIME or not key.verifies(signature.value[8:], cosigned_message(key, time, note)):
            raise ProofError(f"the cosignature of {key.name} (key {key.id.hex()}) is wrong")
        found[key] = Cosigned(key, time)
    return list(found.values())
