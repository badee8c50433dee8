"""The whole tour: real agents under both frameworks, offline; then their log, checked and reported.

    python examples/tour.py [--dir DIRECTORY]

Four agents record to one log: plain Python, LangChain, LangGraph with a human's approval, and OpenAI Agents with a
handoff and a guardrail. Then the log is checked (every position is used once, every intent has its outcome) and
verified (every line is under a signed checkpoint). The command line shows the activity, the anomalies and the
compliance report.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = ("plain_agent", "langchain_agent", "langgraph_approval", "openai_agents_handoff")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, help="log directory (default: a new one)")
    parser.add_argument("--online", action="store_true", help="use real models if their API key is set")
    options = parser.parse_args()
    directory = (options.dir or Path(tempfile.mkdtemp()) / "agent-audit-log").absolute()
    os.environ["AGENT_AUDIT_DIR"] = str(directory)
    if not options.online:
        for key in KEYS:
            os.environ.pop(key, None)
    for name in EXAMPLES:
        heading(f"examples/{name}.py")
        importlib.import_module(name).main()
    heading("is the record whole?")
    problems = check(directory)
    print("\n".join(problems) or "yes: every position taken once, every intent with its outcome")
    for command in ("verify", "activity", "anomalies", "compliance"):
        heading(f"agent-audit-log {command} --dir {directory}")
        line = [sys.executable, "-m", "agent_audit.cli.main", command, "--dir", str(directory)]
        status = subprocess.run(line, check=False).returncode
        if status != 0 and not (command == "anomalies" and status == 1):  # some are found, as they should be here
            problems.append(f"agent-audit-log {command} ended with {status}")
    return 1 if problems else 0


def check(directory: Path) -> list[str]:
    """What is wrong with the record as such."""
    from agent_audit import FileAuditBackend, get_logger
    from agent_audit.analysis.pairing import unpaired

    get_logger().close()
    events = list(FileAuditBackend(directory).query())
    problems = [f"seq {event.seq} at position {n}" for n, event in enumerate(events) if event.seq != n]
    return problems + [f"unpaired: {problem}" for problem in unpaired(events)]


def heading(text: str) -> None:
    print(f"\n\x1b[1m== {text}\x1b[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
