"""What a log directory says of itself: its header, its checkpoint, the checkpoints it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent_audit.backends.file.layout import FORMAT, Layout
from agent_audit.errors import FormatError, ProofError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.note import Note, VerifierKey
from agent_audit.verify.verdict import Problem


class StoredHead(NamedTuple):
    """A checkpoint in the log directory."""

    note: Note
    checkpoint: Checkpoint
    file: str


class Stored:
    """Reads it all, the latest checkpoint first; what is wrong is in `problems`.

    Raises:
        FormatError: a log of a newer format.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.problems: list[Problem] = []
        self.latest = self._head(layout.checkpoint)
        self.header = self._header()
        self.kept = [head for path in self._kept_paths() if (head := self._kept(path)) is not None]
        self.keys = self._keys()
        if not layout.checkpoint.exists() and self.kept:
            self._problem("missing, though the log keeps earlier ones", layout.checkpoint)
        if self.latest is not None and self._said_origin() != self.latest.checkpoint.origin:
            self._problem(f"names another log than the checkpoint, which is of {self.origin}", layout.header)

    @property
    def origin(self) -> str | None:
        """Which log it is."""
        if self.latest is not None:
            return self.latest.checkpoint.origin
        return str(self.header["origin"]) if "origin" in self.header else None

    def _problem(self, what: str, path: Path, *, unreadable: bool = False) -> None:
        file = str(path.relative_to(self._layout.root))
        self.problems.append(Problem(what=what, file=file, unreadable=unreadable))

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._problem(f"cannot be read: {error.strerror or error}", path, unreadable=True)
            return None

    def _cannot_be_read(self, path: Path) -> bool:
        """Whether that was found of it."""
        file = str(path.relative_to(self._layout.root))
        return any(problem.unreadable and problem.file == file for problem in self.problems)

    def _said_origin(self) -> object:
        """The origin as the header says it; where that cannot be read, as the checkpoint does."""
        return self.origin if self._cannot_be_read(self._layout.header) else self.header.get("origin")

    def _header(self) -> dict[str, Any]:
        data = self._read(self._layout.header)
        if data is None:
            if not self._cannot_be_read(self._layout.header):
                self._problem("missing", self._layout.header)
            return {}
        try:
            fields = orjson.loads(data)
        except orjson.JSONDecodeError:
            fields = None
        if not isinstance(fields, dict) or orjson.dumps(fields) + b"\n" != data:
            self._problem("changed: it is not the header that was written", self._layout.header)
            return fields if isinstance(fields, dict) else {}
        if isinstance(fields.get("format"), int) and fields["format"] > FORMAT:
            raise FormatError(
                f"{self._layout.root} has log format {fields['format']}; this version verifies up to {FORMAT}: "
                "upgrade agent-audit-log"
            )
        if [name for name in fields if name != "vkey"] != ["format", "origin"] or fields["format"] != FORMAT:
            self._problem("changed: it is not the header that was written", self._layout.header)
        return fields

    def _head(self, path: Path) -> StoredHead | None:
        data = self._read(path)
        if data is None:
            return None
        try:
            note, checkpoint = parse_checkpoint(data)
            if note.encode() != data:
                raise ProofError("it was not written like this")
        except ProofError as error:
            self._problem(f"no checkpoint: {error}", path)
            return None
        return StoredHead(note, checkpoint, str(path.relative_to(self._layout.root)))

    def _kept_paths(self) -> list[Path]:
        try:
            return sorted(path for path in self._layout.checkpoints.iterdir() if not path.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self._problem(f"cannot be read: {error.strerror or error}", self._layout.checkpoints, unreadable=True)
            return []

    def _kept(self, path: Path) -> StoredHead | None:
        head = self._head(path)
        if head is not None and path.name != f"{head.checkpoint.size:020d}":
            self._problem(f"is the checkpoint of size {head.checkpoint.size}", path)
            return None
        if head is not None and head.checkpoint.origin != self.origin:
            self._problem(f"is of another log, {head.checkpoint.origin}", path)
            return None
        return head

    def _keys(self) -> list[VerifierKey]:
        """The keys that the log names, the oldest first."""
        found = []
        origin = self._said_origin()
        data = self._read(self._layout.keys) or b""
        named = [(self._layout.header, str(self.header["vkey"]))] if "vkey" in self.header else []
        named += [(self._layout.keys, line) for line in data.decode("utf-8", "replace").splitlines()]
        for path, vkey in named:
            try:
                key = VerifierKey.parse(vkey)
                if str(key) != vkey or key.name != origin:
                    raise ProofError("it is no key of this log")
                found.append(key)
            except ProofError as error:
                self._problem(f"changed: {error}", path)
        return found
