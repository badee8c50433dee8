"""Payloads beside the lines: a line names its blobs right after `seq`, so that only such lines are parsed."""

from __future__ import annotations

from hashlib import sha256

import orjson

from agent_audit.backends.file.layout import Layout, is_digest
from agent_audit.backends.file.oversize import NAMES_BLOBS
from agent_audit.verify.lines import Piece
from agent_audit.verify.verdict import Problem


class BlobCheck:
    """Checks every blob that lines name; each file once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._sound: dict[str, int] = {}
        """Digest -> bytes."""
        self.problems: list[Problem] = []

    def feed(self, piece: Piece) -> None:
        """Check the blobs of some lines."""
        if piece.bare:
            return
        for seq, line in enumerate(piece.lines, start=piece.first):
            if NAMES_BLOBS.match(line):
                self._check(seq, line, piece)

    def _check(self, seq: int, line: bytes, piece: Piece) -> None:
        file = str(piece.path.relative_to(self._layout.root))
        try:
            blobs = [(str(blob["sha256"]), int(blob["bytes"])) for blob in orjson.loads(line)["blobs"]]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            self.problems.append(Problem(what="the line names its blobs wrongly", file=file, first_seq=seq))
            return
        for digest, size in blobs:
            problem = self._wrong(digest, size)
            if problem is not None:
                what, unreadable = problem
                path = str(self._layout.blob(digest).relative_to(self._layout.root)) if is_digest(digest) else file
                self.problems.append(Problem(what=what, file=path, first_seq=seq, unreadable=unreadable))

    def _wrong(self, digest: str, size: int) -> tuple[str, bool] | None:
        """What is wrong with a blob, and whether that is only that it cannot be read."""
        if not is_digest(digest):
            return "the line names its blobs wrongly", False
        if digest not in self._sound:
            try:
                data = self._layout.blob(digest).read_bytes()
            except FileNotFoundError:
                return "the blob is missing", False
            except OSError as error:
                return f"the blob cannot be read: {error.strerror or error}", True
            if sha256(data).hexdigest() != digest:
                return "the blob was changed", False
            self._sound[digest] = len(data)
        if self._sound[digest] != size:
            return f"the blob has {self._sound[digest]} bytes, the line says {size}", False
        return None
