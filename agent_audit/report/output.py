"""Where results are written that a person names a file for."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agent_audit.atomic import PRIVATE, drafted, remove_abandoned
from agent_audit.errors import ConfigurationError

PUBLIC = 0o644
"""Permissions of a new file that is for all to read; the umask takes away from them."""


@contextmanager
def written_as_a_whole(target: Path, mode: int = PRIVATE) -> Iterator[Path]:
    """A file to write to, whose content is what stands in `target` when everything has been written, and not before.

    A file is replaced. What is no file, as a device, a pipe or a link, stays and is written to.

    Args:
        target: what was named.
        mode: permissions of the new file.

    Raises:
        ConfigurationError: it cannot be made or written to.
    """
    folder = target.parent if is_file_or_nothing(target) else Path(tempfile.gettempdir())
    remove_abandoned(folder, target.name)
    with ExitStack() as stack:
        try:
            draft = stack.enter_context(drafted(folder / target.name, mode if folder == target.parent else PRIVATE))
        except OSError as error:
            raise _cannot_write(target, error) from error
        yield draft
        _put(draft, target)


def write_whole(target: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write bytes as `written_as_a_whole` does.

    Raises:
        ConfigurationError: as there.
    """
    with written_as_a_whole(target, mode) as draft:
        draft.write_bytes(data)


def is_file_or_nothing(target: Path) -> bool:
    """Whether it is a regular file itself, and no link to one, or nothing is there yet."""
    try:
        return stat.S_ISREG(target.lstat().st_mode)
    except OSError:
        return True


def _put(draft: Path, target: Path) -> None:
    try:
        if is_file_or_nothing(target):
            draft.replace(target)
            return
        with (
            draft.open("rb") as data,
            os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        ):
            shutil.copyfileobj(data, file)
    except OSError as error:
        raise _cannot_write(target, error) from error


def _cannot_write(target: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"cannot write {target}: {error.strerror or error}")
