"""The command in a process to which the permissions of files apply, also where root runs the tests."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def run_unprivileged(*args: object) -> subprocess.CompletedProcess[str]:
    """Run `agent-audit-log`.

    Of root only what lets it read every file is taken away, not its name: another user may not be able to read the
    interpreter.
    """
    return subprocess.run(
        [sys.executable, "-m", "agent_audit.cli.main", *map(str, args)],
        capture_output=True,
        text=True,
        preexec_fn=_bind_to_permissions if os.geteuid() == 0 else None,
        timeout=120,
        check=False,
    )


def _bind_to_permissions() -> None:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        if prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "the right to read every file cannot be dropped")
