"""Small signed logs to verify and to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

from agent_audit.backends.file import FileAuditBackend, Layout, Rotation
from agent_audit.backends.file.read import read_header
from agent_audit.event import AuditEvent, AuditEventType, encode_record
from agent_audit.verify import Verification, verify


def record(number: int, **fields: object) -> bytes:
    event = AuditEvent(
        event_type=AuditEventType.TOOL_CALL, action="t", span_id=f"{number:016x}", parameters={"n": number}, **fields
    )
    return encode_record(event.to_record())


def open_log(root: Path, **settings: object) -> FileAuditBackend:
    settings.setdefault("rotation", Rotation(max_events=256))
    return FileAuditBackend(root, fingerprint_key="00" * 32, auto_seal=False, **settings)  # type: ignore[arg-type]


def make_log(root: Path, count: int = 600, **settings: object) -> Layout:
    """A closed log of so many events and two of its own, in segments of 256."""
    log = open_log(root, **settings)
    for start in range(0, count, 50):
        log.append([record(number) for number in range(start, min(start + 50, count))])
    log.close()
    return Layout(root)


def check(root: Path | Layout, **settings: object) -> Verification:
    """Verify, leaving no trace."""
    settings.setdefault("remember", False)
    return verify(root.root if isinstance(root, Layout) else root, **settings)  # type: ignore[arg-type]


def lines_of(layout: Layout) -> list[bytes]:
    """All lines, without line feeds."""
    return [line for start in layout.segment_starts() for line in layout.segment(start).read_bytes().split(b"\n")[:-1]]


def vkey_of(layout: Layout) -> str:
    return str(read_header(layout)["vkey"])


def copy_of(layout: Layout, target: Path) -> Layout:
    shutil.copytree(layout.root, target)
    return Layout(target)
