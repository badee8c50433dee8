"""The entry point of `agent-audit-log`, and `python -m agent_audit`."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command line of this process; returns the exit code.

    While the commands are loaded, Ctrl-C ends it by the signal itself, for nobody could catch an exception yet.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where somebody ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from agent_audit.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
