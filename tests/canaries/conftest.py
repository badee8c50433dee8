from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_audit import AuditLogger, FileAuditBackend
from tests.canaries.texts import CanaryTexts


class Cage:
    """A log on disk, and everything that must not get into it."""

    def __init__(self, root: Path) -> None:
        self.canaries = CanaryTexts()
        self.root = root
        self.logger = AuditLogger(FileAuditBackend(root / "log"))

    def check(self) -> None:
        """Nothing leaked, neither into the log nor beside it; everything was recorded."""
        self.logger.close()
        assert not self.canaries.leaks(self.root)
        assert self.canaries.places
        assert not self.canaries.unrecorded(self.root / "log")


@pytest.fixture
def cage(tmp_path: Path) -> Iterator[Cage]:
    cage = Cage(tmp_path)
    yield cage
    cage.logger.close()
