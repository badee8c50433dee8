"""Receipts (C2SP tlog-proof): that one entry is in a log, for somebody who sees nothing else of it.

The file has the position, the audit path and the checkpoint it leads to; the entry itself travels beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from agent_audit.integrity.note import decode_base64, encode_base64

_HEADER = "c2sp.org/tlog-proof@v1"
_LONGEST_PATH = 63


@dataclass(frozen=True)
class TlogProof:
    """A `.tlog-proof` file."""

    index: int
    """Position of the entry in the log."""
    path: tuple[bytes, ...]
    """Audit path, sibling of the leaf first."""
    note: bytes
    """The checkpoint with its signatures, as it was."""
    extra: bytes | None = None
    """Data of the application; not authenticated."""

    def encode(self) -> bytes:
        """The file."""
        extra = "" if self.extra is None else f"extra {encode_base64(self.extra)}\n"
        hashes = "".join(f"{encode_base64(one)}\n" for one in self.path)
        return f"{_HEADER}\n{extra}index {self.index}\n{hashes}\n".encode() + self.note

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """Read a file.

        Raises:
            ProofError: it is none; says which line.
        """
        head, blank, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise ProofError("this is no tlog-proof: its first lines are not ASCII") from None
        if not blank or lines[0] != _HEADER:
            raise ProofError(f"this is no tlog-proof: its first line must be {_HEADER!r}")
        rest = lines[1:]
        extra = None
        if rest and rest[0].startswith("extra "):
            extra = decode_base64(rest.pop(0)[6:], "the extra line")
        if not rest or not rest[0].startswith("index "):
            raise ProofError("the tlog-proof has no index line")
        digits = rest.pop(0)[6:]
        if not digits.isdigit() or (digits != "0" and digits.startswith("0")) or len(digits) > 19:
            raise ProofError(f"the tlog-proof's index is no number: {digits[:30]!r}")
        path = tuple(decode_base64(line, "a line of the audit path") for line in rest)
        if len(path) > _LONGEST_PATH or any(len(one) != HASH_SIZE for one in path):
            raise ProofError(f"the audit path must have at most {_LONGEST_PATH} hashes of {HASH_SIZE} bytes")
        return cls(int(digits), path, note, extra)

    def verify(self, entry: bytes) -> Checkpoint:
        """Check that the entry is where the proof says, under the checkpoint in it.

        Who signed that checkpoint is another question, see `policy`.

        Raises:
            ProofError: it is not.
        """
        _, checkpoint = parse_checkpoint(self.note)
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.path, checkpoint.root)
        return checkpoint
