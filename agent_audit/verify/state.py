"""How far a log was verified before, so that only new lines need to be hashed.

Kept in the verifying user's key directory, not in the log: whoever can change the log must not be able to say that
it was verified. A sealed segment counts as unchanged while its inode, size and time of change are the same.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import orjson

from agent_audit.atomic import replacing
from agent_audit.backends.file.checkpointing import decode_edge, encode_edge
from agent_audit.backends.file.layout import Layout
from agent_audit.integrity.tiles import Edge
from agent_audit.keys import key_directory, make_private_folder
from agent_audit.verify.scan import Start

_FILE = "verified"


class Verified(NamedTuple):
    """A log up to a verified head."""

    edge: Edge
    segment: int
    """Segment in which that head's last line is."""
    offset: int
    """End of that line."""
    files: dict[str, list[int]]
    """Name of each segment up to there -> inode, size, time of change (ns); of the last one only the inode counts."""
    pruned: int
    keys: list[tuple[int, dict[str, Any]]]
    """The `log.key` events up to there."""

    @property
    def start(self) -> Start:
        """Where to go on."""
        return Start(self.edge, self.segment, self.offset, self.pruned)


def load(layout: Layout, origin: str) -> Verified | None:
    """What was verified before, if the log still has the same files up to there; None: everything is to be read."""
    try:
        data = orjson.loads((key_directory(origin) / _FILE).read_bytes())
        edge = decode_edge(base64.b64decode(data.pop("edge")))
        found = Verified(edge=edge, **data) if edge is not None else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if found is not None and _same_files(layout, found) else None


def save(layout: Layout, origin: str, verified: Verified) -> bool:
    """Remember a verified head; False when the key directory cannot be written to."""
    directory = key_directory(origin)
    data = {**verified._asdict(), "edge": base64.b64encode(encode_edge(verified.edge)).decode()}
    try:
        make_private_folder(directory)
        with replacing(directory / _FILE) as draft:
            draft.write_bytes(orjson.dumps(data))
    except OSError:
        return False
    return True


def files_through(layout: Layout, segment: int) -> dict[str, list[int]]:
    """What is remembered of the segments up to the one that begins there."""
    found = {}
    for start in layout.segment_starts():
        if start <= segment:
            status = layout.segment(start).stat()
            found[layout.segment(start).name] = [status.st_ino, status.st_size, status.st_ctime_ns]
    return found


def _same_files(layout: Layout, verified: Verified) -> bool:
    try:
        now = files_through(layout, verified.segment)
    except OSError:
        return False
    last = layout.segment(verified.segment).name
    if now.keys() != verified.files.keys() or last not in now:
        return False
    sealed = all(now[name] == verified.files[name] for name in now if name != last)
    return sealed and now[last][0] == verified.files[last][0] and now[last][1] >= verified.offset
