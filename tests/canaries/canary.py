"""Secrets that are made up for one test, and the search for them in every byte of a log directory."""

from __future__ import annotations

import random
import string
from pathlib import Path

from agent_audit import AuditLogger, FileAuditBackend
from agent_audit.redaction import DefaultRedactor, RedactionConfig

EVERYTHING_KEPT = RedactionConfig(paths={"**": "keep"})


class Canaries:
    """One secret for each place of a run, with its form known to no other test."""

    def __init__(self) -> None:
        self._random = random.Random(7)  # the same in both runs
        self.sent: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        letters = self._random.choices(string.ascii_letters + string.digits, k=93)
        return self.sent.setdefault(place, "sk-ant-api03-" + "".join(letters) + "AA")


def logger_in(directory: Path, config: RedactionConfig | None) -> AuditLogger:
    redactor = None if config is None else DefaultRedactor(config)
    return AuditLogger(FileAuditBackend(directory), redactor=redactor)


def found_in(directory: Path, canaries: Canaries) -> set[str]:
    """The places whose secret, or a half of it, stands in any file of the directory."""
    data = b"\0".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
    return {
        place
        for place, secret in canaries.sent.items()
        if any(half.encode() in data for half in (secret[13:60], secret[60:]))
    }
