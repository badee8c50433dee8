"""What is written while the disk fails or the machine stops, and what must hold afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import orjson

from agent_audit.backends.file import FileAuditBackend, Layout, Rotation
from agent_audit.backends.file.read import read_header
from agent_audit.errors import AuditError
from agent_audit.event import AuditEvent, AuditEventType, encode_record
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.merkle import leaf_hashes, root_of
from agent_audit.integrity.note import VerifierKey
from agent_audit.verify import Verdict, verify

BATCHES = (1, 3, 120, 140, 1, 2, 130, 5)
"""Two rotations at 256 events, with the log's own events between."""

SEALED_AFTER = (1, 3, 7)
"""Batches after which a checkpoint is made: before the first full tile, at it, and at the end."""


@dataclass
class Story:
    """What was submitted and what of it was acknowledged as synced."""

    submitted: list[int] = field(default_factory=list)
    appended: set[int] = field(default_factory=set)
    synced: set[int] = field(default_factory=set)
    errors: list[AuditError] = field(default_factory=list)
    heads: list[Checkpoint] = field(default_factory=list)
    """Checkpoints that were acknowledged."""


def record(number: int) -> bytes:
    event = AuditEvent(event_type=AuditEventType.TOOL_CALL, parameters={"n": number}, result="x" * (number % 50))
    return encode_record(event.to_record())


def write(backend: FileAuditBackend, story: Story, batches: tuple[int, ...] = BATCHES) -> None:
    """Append batch by batch, with a sync after each; an error is told and the next batch tried."""
    for number_of_batch, size in enumerate(batches):
        start = len(story.submitted)
        numbers = range(start, start + size)
        story.submitted.extend(numbers)
        try:
            backend.append([record(number) for number in numbers])
            story.appended.update(numbers)
            before = set(story.appended)
            backend.sync()
            story.synced |= before
        except AuditError as error:
            story.errors.append(error)
        if number_of_batch in SEALED_AFTER:
            seal(backend, story)


def seal(backend: FileAuditBackend, story: Story) -> None:
    """Make a checkpoint; an error is told of elsewhere: it costs no event."""
    try:
        head = backend.seal()
    except AuditError:
        return
    assert head is not None
    story.heads.append(head)


def open_log(root: Path, disk: object = None) -> FileAuditBackend:
    rotation = Rotation(max_events=256)
    return FileAuditBackend(root, rotation=rotation, fingerprint_key="00" * 32, auto_seal=False, fs=disk)  # type: ignore[arg-type]


def recorded(root: Path) -> list[dict[str, object]]:
    """Every line, parsed; each must stand at the position it says."""
    layout = Layout(root)
    found = []
    for start in layout.segment_starts():
        for position, line in enumerate(layout.segment(start).read_bytes().splitlines(), start=start):
            event = orjson.loads(line)
            assert event["seq"] == position, f"seq {event['seq']} at position {position}"
            found.append(event)
    return found


def check_recovery(root: Path, story: Story) -> None:
    """The log goes on; what was acknowledged is there, once, in order, under a checkpoint that continues the last."""
    if Layout(root).exists():
        found = verify(root, remember=False)
        assert found.verdict is not Verdict.TAMPERED, f"what was signed did not survive: {found.problems}"
    log = open_log(root)
    log.append([record(1_000_000)])
    log.seal()
    log.rebuild()  # of what is not synced, tiles may be missing or torn
    log.close()
    check_checkpoints(root, story)
    found = verify(root, remember=False)
    assert (found.verdict, found.later) == (Verdict.VALID, 0), found
    events = recorded(root)
    numbers = [event["parameters"]["n"] for event in events if event["event_type"] == "tool.call"]  # type: ignore[index]
    assert numbers[-1] == 1_000_000
    numbers = numbers[:-1]
    assert len(set(numbers)) == len(numbers), "something was recorded twice"
    assert numbers == sorted(numbers), "the order of submission was lost"
    missing = story.synced - set(numbers)
    assert not missing, f"acknowledged as synced, and lost: {sorted(missing)[:5]} of {len(missing)}"
    if not story.errors:
        assert numbers == story.submitted[: len(numbers)], "recovered is not a prefix of what was submitted"


def check_checkpoints(root: Path, story: Story) -> None:
    """Every acknowledged head is one of this log, and the one on disk covers all of it."""
    layout = Layout(root)
    lines = [line for start in layout.segment_starts() for line in layout.segment(start).read_bytes().splitlines()]
    note, latest = parse_checkpoint(layout.checkpoint.read_bytes())
    note.verify([VerifierKey.parse(str(read_header(layout)["vkey"]))])
    assert latest.size == len(lines), "the end of the log is not covered"
    for head in [*story.heads, latest]:
        assert head.size <= len(lines), f"signed were {head.size} events, there are {len(lines)}"
        assert head.root == root_of(leaf_hashes(lines[: head.size])), f"the head of {head.size} is not of this log"
    for index in range(latest.size // 256):
        tile = layout.tile(0, index).read_bytes()
        assert tile == b"".join(leaf_hashes(lines[index * 256 : index * 256 + 256])), f"tile {index} is wrong"
