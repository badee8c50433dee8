"""A log directory made of a copy, so that everything that reads logs reads copies too."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from agent_audit.backends.file.layout import SEGMENT_MULTIPLE, Layout
from agent_audit.errors import ConfigurationError, ProofError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.ship.evidence import BLOBS, CHECKPOINTS, HEADER, KEYS, TILES
from agent_audit.ship.sink import Copies, Evidence

_SEGMENT_BYTES = 64 << 20
_KEYS = re.compile(f"{KEYS}[0-9]{{6}}")
_BLOB = re.compile(f"{BLOBS}[0-9a-f]{{64}}")
_TILE = re.compile(f"{TILES}[0-9]{{1,2}}/(x[0-9]{{3}}/){{0,6}}[0-9]{{3}}")


class Restored(NamedTuple):
    """What was found of a log."""

    first_seq: int
    """Of its first event; more than 0 when the log was pruned before it was shipped."""
    next_seq: int
    """Behind its last event."""
    last_line: bytes | None
    problems: list[str]
    """What a log directory cannot show: heads that contradict each other, files that are not what their names say."""
    strays: list[str]
    """Names that no part of a log has. They are left out."""


def restore(copies: Copies, origin: str, directory: Path | str) -> Restored:
    """Write the copy of a log into a directory.

    Args:
        copies: where it is.
        origin: which log.
        directory: an empty or new directory; empty again where the copy cannot be written to it as a whole.

    Raises:
        ConfigurationError: the directory holds something.
        ProofError: the copy is not what was shipped: an object of lines was changed, or two have the same events.
        StoreUnavailableError, StoreRefusedError: the copy cannot be read.
        OSError: the directory cannot be written to.
    """
    layout = Layout(directory)
    _claim(layout)
    try:
        problems, strays = _evidence(copies, origin, layout)
        first, end, last = _Segments(layout).write(copies, origin)
    except BaseException:
        _empty(layout.root)  # part of a log would look like one that was cut
        raise
    return Restored(first, end, last, problems, strays)


def _claim(layout: Layout) -> None:
    """Of two that restore to one directory at once, one makes the first folder in it, and the other is refused."""
    try:
        _make_folder(layout.root)
        if any(layout.root.iterdir()):
            raise FileExistsError
        layout.segments.mkdir(mode=0o700)
    except FileExistsError:
        raise ConfigurationError(f"{layout.root} is not empty: name a new directory") from None
    except BaseException:
        with suppress(OSError):  # a signal may come when it is made: nobody could restore to it again
            layout.segments.rmdir()
        raise


def _empty(folder: Path) -> None:
    """Remove what is in a folder."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


class _Segments:
    """Writes lines into segments."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._file: BinaryIO | None = None

    def write(self, copies: Copies, origin: str) -> tuple[int, int, bytes | None]:
        """First seq, the seq behind the last one, and the last line."""
        first: int | None = None
        seq, last = 0, None
        try:
            for batch in copies.batches(origin):
                if first is None:
                    first = batch.first_seq
                if batch.first_seq < seq:
                    raise ProofError(f"the copy of {origin} has events from {batch.first_seq:,} on twice")
                if batch.first_seq > seq:
                    self._close()  # a gap: what follows cannot stand in the same segment
                for seq, line in enumerate(batch.lines, start=batch.first_seq + 1):
                    self._put(seq - 1, line)
                    last = line
        finally:
            self._close()
        return first or 0, seq, last

    def _put(self, seq: int, line: bytes) -> None:
        file = self._file
        if file is not None and seq % SEGMENT_MULTIPLE == 0 and file.tell() >= _SEGMENT_BYTES:
            self._close()
            file = None
        if file is None:
            file = self._file = _new_file(self._layout.segment(seq))
        file.write(line + b"\n")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _evidence(copies: Copies, origin: str, layout: Layout) -> tuple[list[str], list[str]]:
    """Put the files where a log has them; what is wrong with them, and the names of those that belong to no log."""
    problems: list[str] = []
    strays: list[str] = []
    heads: dict[int, list[tuple[Checkpoint, bytes]]] = defaultdict(list)
    keys = Evidence("", b"")
    for evidence in copies.evidence(origin):
        if evidence.name.startswith(CHECKPOINTS):
            try:
                head = parse_checkpoint(evidence.data)[1]
                heads[head.size].append((head, evidence.data))
            except ProofError as error:
                problems.append(f"{evidence.name} is no checkpoint: {error}")
        elif _KEYS.fullmatch(evidence.name):
            keys = max(keys, evidence)
        elif (path := _place_of(layout, evidence.name)) is None:
            strays.append(evidence.name)
        elif path.parent.parent == layout.blobs and not _is_blob(evidence):
            problems.append(f"{evidence.name} is not the payload of that name")
        else:
            _write(path, evidence.data)
    if keys.data:
        _write(layout.keys, keys.data)
    return problems + _put_heads(layout, heads), strays


def _place_of(layout: Layout, name: str) -> Path | None:
    """Where a log has the file of that name; None when it has none."""
    if name == HEADER:
        return layout.header
    if _BLOB.fullmatch(name):
        return layout.blob(name.removeprefix(BLOBS))
    return layout.root / name if _TILE.fullmatch(name) else None


def _is_blob(evidence: Evidence) -> bool:
    return hashlib.sha256(evidence.data).hexdigest() == evidence.name.removeprefix(BLOBS)


def _put_heads(layout: Layout, heads: dict[int, list[tuple[Checkpoint, bytes]]]) -> list[str]:
    """The heads where a log keeps them; two of one size and other roots are a fork, which no directory can hold."""
    problems = []
    for size, found in sorted(heads.items()):
        roots = {head.root for head, _ in found}
        if len(roots) > 1:
            problems.append(f"forked: {len(roots)} heads of size {size:,} contradict each other")
        # Of two with the same root, the one with more cosignatures.
        best = max((data for _, data in found), key=lambda data: (len(data), data))
        _write(layout.kept_checkpoint(size), best)
    if heads:
        _write(layout.checkpoint, best)
    return problems


def _write(path: Path, data: bytes) -> None:
    _make_folder(path.parent)
    with _new_file(path) as file:
        file.write(data)


def _new_file(path: Path) -> BinaryIO:
    """As in any log, it is its owner's alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _make_folder(path: Path) -> None:
    """Make a folder and those above it where they are missing, each for its owner alone."""
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
