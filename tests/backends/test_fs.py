"""The real file system is asked in two ways that give the same answers: by C calls that keep the GIL, and by `os`."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_audit.backends.file import fs


@pytest.fixture(params=["statx", "os"])
def real(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> fs.PosixFileSystem:
    if request.param == "os":
        monkeypatch.setattr(fs, "_statx", None)
    elif fs._statx is None:
        pytest.skip("no statx(2) here")
    return fs.PosixFileSystem()


def test_a_name_stands_for_a_file_of_an_inode_and_a_size(real: fs.PosixFileSystem, tmp_path: Path) -> None:
    path = tmp_path / "ä b"
    path.write_bytes(b"x" * 5000)
    (tmp_path / "link").symlink_to(path)
    status = path.stat()
    assert real.identity(path) == real.identity(tmp_path / "link") == (status.st_ino, 5000)


def test_a_name_that_stands_for_nothing_has_no_identity(real: fs.PosixFileSystem, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert real.identity(tmp_path / "missing") is None
    assert real.identity(tmp_path / "file" / "below") is None


def test_what_cannot_be_looked_at_is_an_error_and_not_taken_for_missing(
    real: fs.PosixFileSystem, tmp_path: Path
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="symbolic links"):
        real.identity(loop)
