"""One line to the person who runs this, on stderr."""

from __future__ import annotations

import sys


def warn(message: str) -> None:
    """Say it. Not by `logging`: its handlers may lead back here, and its locks may be held."""
    try:
        sys.stderr.write(f"agent-audit-log: {message}\n")
    except Exception:
        pass  # no stderr (pythonw, closed); what matters is counted and recorded elsewhere
