"""The command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "agent_audit.cli.main"]


def run(*args: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with nothing of the tests' environment that matters to it."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("AGENT_AUDIT_")}
    return subprocess.run(
        [*COMMAND, *map(str, args)],
        capture_output=True,
        text=True,
        env={**outer, **(env or {})},
        cwd=cwd,
        timeout=200,
        check=False,
    )
