"""Keys of a log, kept outside it: `<state>/agent-audit-log/<origin>/`, directory 0700, files 0600.

`fingerprint.key`: 32 random bytes as hex, the key of every digest of what is not itself stored. Whoever has it
and the log can test guesses against the digests; whoever has only the log cannot.

What signs the log, and the last head it signed, stand beside it: see `signing`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import platformdirs

from agent_audit.errors import ConfigurationError

_NAME = "agent-audit-log"
_FILE = "fingerprint.key"


def state_directory() -> Path:
    """The user's state directory for this library (XDG_STATE_HOME on Linux)."""
    return _of_user(platformdirs.user_state_path, ".local/state")


def cache_directory() -> Path:
    """The user's cache directory for this library (XDG_CACHE_HOME on Linux)."""
    return _of_user(platformdirs.user_cache_path, ".cache")


def _of_user(find: Callable[[str], Path], below_home: str) -> Path:
    """A folder of the user. One without a home, as a number that no passwd file has, has the root for it, as in a
    container; it cannot write there, which is told where it matters."""
    try:
        found = find(_NAME)
    except RuntimeError:  # older versions of platformdirs have a path that begins with ~
        found = Path("~")
    return found if found.is_absolute() else Path("/", below_home, _NAME)


def key_directory(origin: str) -> Path:
    """Where the keys of the log with that origin are: right below the state directory, whatever a log may call itself.

    What can be the name of no file there gets its SHA-256 for one.
    """
    name = origin.replace("/", "_")
    if name in ("", ".", "..") or "\0" in name:
        name = hashlib.sha256(origin.encode()).hexdigest()
    return state_directory() / name


def fingerprint_key(origin: str, given: str | None = None, *, create: bool = True) -> bytes | None:
    """The fingerprint key of the log with that origin; made at first use.

    Args:
        origin: the log's origin line.
        given: the key as 64 hex digits, e.g. from AGENT_AUDIT_FINGERPRINT_KEY; instead of the file.
        create: whether to make one where there is none.

    Returns:
        32 bytes; None when it cannot be read or made (another user's log): digests are left out then.

    Raises:
        ConfigurationError: `given` is no key.
    """
    if given is not None:
        return _parse(given, "fingerprint_key (AGENT_AUDIT_FINGERPRINT_KEY)")
    path = key_directory(origin) / _FILE
    try:
        if create and not path.exists():
            create_secret(path, secrets.token_hex(32).encode() + b"\n")
        return _parse(path.read_text(), str(path))
    except OSError:
        return None


def _parse(text: str, place: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigurationError(f"{place} is no fingerprint key: 64 hex digits are needed")
    return key


def make_private_folder(folder: Path) -> None:
    """Make a folder in the state directory, and that one where it is missing; both are this user's alone.

    Raises:
        OSError: it cannot be made.
    """
    for one in (folder.parent, folder):  # `parents=True` alone would make the first as the umask says
        one.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_secret(path: Path, data: bytes) -> None:
    """Make a file that only this user can read; of several processes at once, one wins and all read what it wrote."""
    make_private_folder(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        draft.unlink()
