"""Making a log: its directory, its header, its keys; and putting whole files into it."""

from __future__ import annotations

import os
import re
import secrets
import socket
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import orjson

from agent_audit.backends.file.fs import FileSystem, make_folder, write_all
from agent_audit.backends.file.layout import FORMAT, Layout
from agent_audit.backends.file.read import read_header
from agent_audit.backends.file.retention import Retention
from agent_audit.backends.file.segments import Rotation
from agent_audit.errors import ConfigurationError, require, require_given, require_name, require_number
from agent_audit.integrity.note import Signer, VerifierKey
from agent_audit.notice import warn
from agent_audit.signing import create_signer, forget_keys


class LogMaker:
    """Makes what is missing of one log. Several processes may do so at once: one wins, all go on with what it made.

    Args:
        fs: the file system.
        layout: names of the log.
        signer: who is to sign; None for a key of the log's own, False for nobody.
    """

    def __init__(self, fs: FileSystem, layout: Layout, signer: Signer | Literal[False] | None) -> None:
        self._fs = fs
        self._layout = layout
        self._signer = signer

    def header(self) -> dict[str, object]:
        """`log.json`; made, with the directory and its keys, when this is a new log."""
        header = read_header(self._layout)
        if header:
            return header
        layout = self._layout
        make_folder(self._fs, layout.segments, durable=True)
        self._write_once(layout.gitignore, b"*\n")
        origin = self._new_origin()
        fields: dict[str, object] = {"format": FORMAT, "origin": origin}
        signer = self._new_signer(origin)
        if signer is not None:
            fields["vkey"] = str(signer.vkey)
        self._write_once(layout.header, orjson.dumps(fields) + b"\n")
        header = read_header(layout)
        if header.get("origin") != origin:
            forget_keys(origin)  # another process was first: nobody will ever use them
        return header

    def _new_origin(self) -> str:
        if self._signer:
            return self._signer.vkey.name
        host, name = (re.sub(r"[^A-Za-z0-9._-]", "-", part) for part in (socket.gethostname(), self._layout.root.name))
        return f"{host}/{name}/{secrets.token_hex(16)}"

    def _new_signer(self, origin: str) -> Signer | None:
        if self._signer is not None:
            return self._signer or None
        try:
            return create_signer(origin)
        except OSError as error:
            warn(f"the log {self._layout.root} stays unsigned, its key cannot be kept: {error}")
            return None

    def put_blob(self, digest: str, data: bytes) -> None:
        """Keep a payload by its SHA-256."""
        self.header()
        path = self._layout.blob(digest)
        make_folder(self._fs, path.parent, durable=True)
        if self._fs.identity(path) is None:
            self._write_once(path, data)
        self._fs.fsync_dir(path.parent)  # also when it was there: its name may not have become durable

    def _write_once(self, path: Path, data: bytes) -> None:
        """Make a file whole or not at all; of several processes at once, the first one's stays."""
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = self._fs.open(draft, create=True)
        try:
            write_all(self._fs, handle, data)
            self._fs.fsync(handle)
        finally:
            self._fs.close(handle)
        self._fs.link(draft, path)  # does nothing when another process was first: its file is the one that counts
        self._fs.unlink(draft)
        self._fs.fsync_dir(path.parent)


def add_key(layout: Layout, key: VerifierKey) -> None:
    """Put a later public key of the log behind the others."""
    with os.fdopen(os.open(layout.keys, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())


def log_keys(layout: Layout) -> list[str]:
    """The vkeys that the log itself names: that of its header, then those that came later."""
    first = read_header(layout).get("vkey")
    try:
        later = layout.keys.read_text().split()
    except OSError:
        later = []
    return [str(first), *later] if first else later


def check_arguments(
    path: Any, key: Any, signer: Any, heartbeat: Any, on_rollback: Any, *, rotation: Any, retention: Any
) -> None:
    """Refuse what a `FileAuditBackend` cannot be given: most of it is used first by another thread.

    Raises:
        ConfigurationError: one of them cannot be used. An empty path would be the working directory.
    """
    if not isinstance(path, PathLike):
        require_name("path", path)
    require_given(str, fingerprint_key=key)
    require_given(Rotation, rotation=rotation)
    require_given(Retention, retention=retention)
    if heartbeat is not None:  # with 0 the thread would do nothing but beat
        require_number("heartbeat", heartbeat, above=True)
    if not (signer in (None, False) or hasattr(signer, "vkey")):
        require("signer", signer, (), "a Signer, None, or False for a log that is not signed")
    if on_rollback not in (None, "refuse", "new-log"):
        raise ConfigurationError(f"on_rollback is {on_rollback!r}; use 'refuse' or 'new-log'")
