"""What is done to a whole log now and then: dropping its oldest part, changing its key."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from agent_audit.backends.file import own_events
from agent_audit.backends.file.checkpointing import Checkpointer
from agent_audit.backends.file.fs import FileSystem, write_file
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.making import add_key, log_keys
from agent_audit.backends.file.read import named_successor, read_header
from agent_audit.backends.file.retention import (
    Choice,
    Retention,
    SealedSegment,
    choose,
    describe,
    drop,
    refuse_if_held,
    while_nobody_prunes,
)
from agent_audit.errors import AuditError, ConfigurationError, PruneInProgressError, StorageError, reason_of, require
from agent_audit.event import AuditEventType
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.note import VerifierKey
from agent_audit.keys import key_directory
from agent_audit.notice import warn
from agent_audit.signing import install_key, load_signer, new_key

_PATIENCE = 5.0
"""Seconds that pruning waits for those who write, and for another one that prunes."""


class KeptLog(Protocol):
    """A log whose upkeep this is: a `FileAuditBackend`, as far as it takes part."""

    layout: Layout

    @property
    def path(self) -> Path:
        """Its directory."""

    def append(self, records: Sequence[bytes]) -> int:
        """Record what is done to it."""

    def sync(self) -> None:
        """Have that on the disk."""

    def checkpointer(self) -> Checkpointer | None:
        """Makes its checkpoints; None where this user has no key for it."""

    def seal(self) -> Checkpoint | None:
        """Make a checkpoint that covers everything; None when another process was at it."""

    def while_nobody_writes(self, timeout: float, work: Callable[[], None]) -> None:
        """Keep all writers out during a call."""


def successor(fs: FileSystem, layout: Layout) -> Path:
    """Where those who wrote to a log that was rolled back go on: all in one, which the first of them has chosen."""
    root, number = layout.root, 2
    if (known := named_successor(layout)) is not None:
        return known
    while (chosen := root.with_name(f"{root.name}-{number}")).exists():
        number += 1
    draft = layout.successor.with_name(f".{layout.successor.name}.{os.getpid()}")
    try:
        write_file(fs, draft, chosen.name.encode() + b"\n")
        fs.link(draft, layout.successor)  # of several processes at once, one wins
        fs.unlink(draft)
    except OSError:
        return chosen  # nothing can be written there: this process goes on by itself
    return named_successor(layout) or chosen


def prune(log: KeptLog, retention: Retention, now: datetime | None = None, *, patience: float = _PATIENCE) -> Choice:
    """See `FileAuditBackend.prune`; returns as well what was kept back. Waits so many seconds for one that is at it."""
    require("retention", retention, Retention, "a Retention")
    refuse_if_held(log.layout)
    if not log.layout.exists():
        return Choice([], None)
    _refuse_without_key(log)

    def prune_now() -> Choice:
        choice = choose(log.layout, retention, now)
        if choice.segments:
            _drop(log, choice.segments, retention)
        return choice

    try:
        return while_nobody_prunes(log.layout, patience, prune_now)
    except OSError as error:
        raise StorageError(f"cannot prune {log.path}: {reason_of(error)}") from error


def _drop(log: KeptLog, segments: list[SealedSegment], retention: Retention) -> None:
    details = describe(log.layout, segments, retention)
    log.append([own_events.record(AuditEventType.LOG_PRUNED, metadata=details)])
    _make_provable(log, segments[0].first, segments[-1].last + 1)
    drop(log.layout, segments, partial(log.while_nobody_writes, _PATIENCE))


def prune_quietly(log: KeptLog, retention: Retention) -> None:
    """`prune` for a writer, whose events are safe without it: what goes wrong is told on stderr."""
    try:
        kept = prune(log, retention, patience=0.0).kept_back
    except PruneInProgressError:
        return  # another process is at it; or this one, which syncs what it records and may seal a segment by that
    except (AuditError, OSError) as error:
        kept = f"nothing was pruned: {error}"
    if kept is not None:
        warn(kept)


def _refuse_without_key(log: KeptLog) -> None:
    """Of a signed log nothing may go that no checkpoint covers, and without its key there is no making one."""
    if _lacks_key(log):
        raise ConfigurationError(
            f"the key that signs {log.path} is not this user's: nothing is pruned, because without a checkpoint the "
            "dropped segments would count as removed; prune as the user who writes it, or have its writer do so "
            "(Retention). If the key is lost, move the log away and start a new one"
        )


def tell_unsealed(log: KeptLog) -> bool:
    """Say once that a signed log gets no checkpoints by this process: its key may have been left behind."""
    if _lacks_key(log):
        warn(
            f"no key of the signed log {log.path} is in {key_directory(str(read_header(log.layout).get('origin')))}: "
            "events are recorded, and no checkpoint covers them until a process that has the key writes or seals"
        )
    return True


def _lacks_key(log: KeptLog) -> bool:
    return bool(log_keys(log.layout)) and log.checkpointer() is None


def _make_provable(log: KeptLog, begin: int, end: int) -> None:
    """Before events are dropped: a checkpoint covers the event that says so, and their tiles are on the disk."""
    checkpointer = log.checkpointer()
    if checkpointer is None:
        log.sync()
        return
    _seal(log)
    checkpointer.keep_tiles(begin, end)


def beat(log: KeptLog, active: Path, interval: float) -> None:
    """Record that nothing was recorded for so many seconds, where that is so: other processes may have written."""
    try:
        idle = time.time() - active.stat().st_mtime
    except OSError:
        idle = interval  # the segment is gone; appending finds out, and says so
    if idle >= interval:
        log.append([own_events.heartbeat(os.getpid(), idle)])
        log.sync()


def rotate_key(log: KeptLog) -> VerifierKey:
    """See `FileAuditBackend.rotate_key`."""
    checkpointer = log.checkpointer()
    present = None if checkpointer is None else load_signer(checkpointer.origin)
    if checkpointer is None or present is None or checkpointer.renew().vkey != present.vkey:
        raise ConfigurationError(f"the key of {log.path} is not a file of this user; it is rotated where it is kept")
    signer, seed = new_key(checkpointer.origin)
    details = {"vkey": str(signer.vkey), "replaces": str(present.vkey)}
    log.append([own_events.record(AuditEventType.LOG_KEY, metadata=details)])
    _seal(log)
    add_key(log.layout, signer.vkey)
    install_key(signer, seed)
    log.append([own_events.record(AuditEventType.LOG_OPENED, metadata={"vkey": str(signer.vkey)})])
    _seal(log)
    return signer.vkey


def _seal(log: KeptLog) -> None:
    if log.seal() is None:
        raise StorageError(f"another process is making a checkpoint of {log.path}; try again")
