"""Checkpoints (C2SP tlog-checkpoint): a signed note that states the origin, size and root of a log."""

from __future__ import annotations

from typing import NamedTuple

from agent_audit.errors import ProofError
from agent_audit.integrity.merkle import EMPTY_ROOT, HASH_SIZE
from agent_audit.integrity.note import Note, decode_base64, encode_base64


class Checkpoint(NamedTuple):
    """The head of a log: that it had `size` entries, and which."""

    origin: str
    size: int
    root: bytes
    """Root hash of the Merkle tree over the entries, 32 bytes."""

    def text(self) -> str:
        """The text of the note, without extension lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def of(cls, note: Note) -> Checkpoint:
        """Read the text of a note. Extension lines are passed over.

        Raises:
            ProofError: it is no checkpoint.
        """
        lines = note.text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise ProofError("the note is no checkpoint: origin, size and root, each on its line, are needed")
        origin, size, root = lines[:3]
        if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")) or len(size) > 19:
            raise ProofError(f"the checkpoint's size is no number: {size[:30]!r}")
        decoded = decode_base64(root, "the checkpoint's root")
        if len(decoded) != HASH_SIZE:
            raise ProofError(f"the checkpoint's root is not {HASH_SIZE} bytes long")
        if size == "0" and decoded != EMPTY_ROOT:
            raise ProofError("the checkpoint is of an empty log, but its root is not that of an empty tree")
        return cls(origin, int(size), decoded)

    def __str__(self) -> str:
        return f"{self.size} events, root {encode_base64(self.root)}"


def parse_checkpoint(data: bytes) -> tuple[Note, Checkpoint]:
    """Read a checkpoint with its signatures; they are not verified yet.

    Raises:
        ProofError: it is none.
    """
    note = Note.parse(data)
    return note, Checkpoint.of(note)
