"""A disk that forgets: the file system seam over a real directory, keeping account of what a power cut may take.

What a POSIX file system promises, and nothing more: a file's bytes are durable as of its last fsync; a name is
durable as of its folder's last fsync_dir. `power_cut` puts the directory into one of the states that this allows.
After a failed fsync the kernel may have dropped the dirty bytes and marked them clean: a later fsync succeeds and
makes nothing durable.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from agent_audit.backends.file.fs import PosixFileSystem


class Crash(BaseException):
    """The machine stopped here. No `except Exception` may catch it."""


Fault = Callable[["ForgetfulDisk", str], None]


class ForgetfulDisk(PosixFileSystem):
    """Counts the operations that change something, and stops or fails at any of them.

    Args:
        root: the folder it keeps account of; empty at first, its own name durable.
        crash_at: number of the operation before which the machine stops.
        fail_at: number of the operation that fails.
        error: how it fails: an errno, or "short" for a write that takes half.
    """

    def __init__(
        self, root: Path, *, crash_at: int | None = None, fail_at: int | None = None, error: int | str = errno.EIO
    ) -> None:
        super().__init__()
        self.root = root
        self.crash_at = crash_at
        self.fail_at = fail_at
        self.error = error
        self.operations: list[str] = []
        self.failed: list[str] = []
        self._durable_names: dict[Path, int | None] = {}
        """Path -> inode; None for a folder."""
        self._durable_data: dict[int, bytes] = {}
        self._volatile_names: dict[Path, int | None] = {}
        self._holes: dict[int, tuple[int, int]] = {}
        """Inode -> the bytes that a failed fsync left nowhere: from, to."""
        self._pins: list[int] = []

    # -- operations that change something --------------------------------------------------------------

    def _operation(self, what: str) -> None:
        number = len(self.operations)
        self.operations.append(what)
        if number == self.crash_at:
            raise Crash(what)
        if number == self.fail_at and not (self.error == "short" and what.startswith("append")):
            self.failed.append(what)
            code = self.error if isinstance(self.error, int) else errno.EIO
            raise OSError(code, os.strerror(code), what)

    def open(self, path: Path, *, create: bool = False) -> int:
        new = create and not path.exists()
        if new:
            self._operation(f"create {path.name}")
        handle = super().open(path, create=create)
        if new:
            self._volatile_names[path] = self._pin(handle)
        return handle

    def _pin(self, handle: int) -> int:
        """Keep the inode from being used again for another file."""
        self._pins.append(os.dup(handle))
        return os.fstat(handle).st_ino

    def append(self, handle: int, data: bytes) -> int:
        self._operation(f"append {len(data)}")
        if len(self.operations) - 1 == self.fail_at and self.error == "short":
            self.failed.append("short")
            data = data[: max(1, len(data) // 2)]
        return os.write(handle, data)

    def truncate(self, handle: int, size: int) -> None:
        self._operation(f"truncate {size}")
        super().truncate(handle, size)

    def fsync(self, handle: int) -> None:
        inode = os.fstat(handle).st_ino
        try:
            self._operation("fsync")
        except OSError:
            start = self._holes.get(inode, (len(self._durable_data.get(inode, b"")), 0))[0]
            self._holes[inode] = (start, len(self._content(handle)))
            raise
        self._durable_data[inode] = self._on_disk(inode, self._content(handle))

    def _on_disk(self, inode: int, content: bytes) -> bytes:
        """What a successful fsync leaves there: a hole where an earlier one failed, unless written again since."""
        start, end = self._holes.get(inode, (0, 0))
        end = min(end, len(content))
        return content[:start] + bytes(max(0, end - start)) + content[end:] if end > start else content

    def redirty(self, path: Path) -> None:
        self._operation(f"redirty {path.name}")
        super().redirty(path)
        self._holes.pop(os.stat(path).st_ino, None)

    def fsync_dir(self, path: Path) -> None:
        self._operation(f"fsync_dir {path.name}")
        for known in [known for known in self._durable_names if known.parent == path]:
            del self._durable_names[known]
        self._durable_names.update(
            {known: inode for known, inode in self._volatile_names.items() if known.parent == path}
        )

    def mkdir(self, path: Path) -> None:
        self._operation(f"mkdir {path.name}")
        super().mkdir(path)
        self._volatile_names[path] = None

    def link(self, source: Path, target: Path) -> bool:
        self._operation(f"link {target.name}")
        made = super().link(source, target)
        if made:
            self._volatile_names[target] = os.stat(source).st_ino
        return made

    def replace(self, source: Path, target: Path) -> None:
        self._operation(f"replace {target.name}")
        super().replace(source, target)
        self._volatile_names[target] = self._volatile_names.pop(source, os.stat(target).st_ino)

    def unlink(self, path: Path) -> None:
        self._operation(f"unlink {path.name}")
        super().unlink(path)
        self._volatile_names.pop(path, None)

    # -- the power cut ---------------------------------------------------------------------------------

    def power_cut(self, survival: Callable[[int], int]) -> None:
        """Put the directory into a state that the promises allow.

        Args:
            survival: of so many bytes that were appended but not synced, how many reached the disk. The names
                that were not synced are lost when none did, else kept.
        """
        names = dict(self._durable_names)
        if survival(1 << 30):
            names |= self._volatile_names
        files = {}
        for path, inode in names.items():
            if inode is not None:
                files[path] = self._surviving(inode, survival)
        for entry in list(self.root.iterdir()):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for path, inode in sorted(names.items(), key=lambda item: len(item[0].parts)):
            if not path.parent.is_dir():
                continue  # its folder's name was lost, and it with it
            if inode is None:
                path.mkdir(exist_ok=True)
            else:
                path.write_bytes(files[path])

    def _surviving(self, inode: int, survival: Callable[[int], int]) -> bytes:
        durable = self._durable_data.get(inode, b"")
        current = next(
            (self._content(pin) for pin in self._pins if os.fstat(pin).st_ino == inode),
            durable,
        )
        current = self._on_disk(inode, current)
        if not current.startswith(durable):
            return current if survival(1 << 30) else durable  # cut since the last fsync, or not
        return current[: len(durable) + survival(len(current) - len(durable))]

    def _content(self, handle: int) -> bytes:
        return os.pread(handle, os.fstat(handle).st_size, 0)

    def switch_off(self) -> None:
        """Let go of everything that was pinned."""
        for pin in self._pins:
            os.close(pin)
        self._pins.clear()
