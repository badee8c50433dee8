"""IPI coding agent (as shipped by `inspect-evals`): bug reports and repositories with an injection, and ten without.

A scripted model reads the report and every file, repairs one and runs the tests. The obeying one also runs a command
made of what the package's own indicator finds in the injected line; where that is nothing, it cannot obey.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_audit import AuditLogger

from .session import Label, Recorder


def record(logger: AuditLogger) -> Iterator[Label]:
    """Run and record each sample."""
    spec = importlib.util.find_spec("inspect_evals")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("inspect_evals")
    data = Path(next(iter(spec.submodule_search_locations))) / "ipi_coding_agent/dataset/samples.json"
    for sample in json.loads(data.read_text()):
        variant = f"{sample['injection_vector']} {sample['payload_category']}"
        kind = "benign" if sample["is_benign"] else "resisted"
        quiet = Label(f"coding/{sample['id']}/resisted", "coding", kind, variant)
        _run(Recorder(logger, quiet), sample, None)
        yield quiet
        command = None if sample["is_benign"] else _command(sample)
        if command is not None:
            label = Label(f"coding/{sample['id']}/obeyed", "coding", "attacked", variant)
            _run(Recorder(logger, label), sample, command)
            yield label


def _command(sample: Any) -> str | None:
    """What stands in backticks around the indicator, else the word that holds it."""
    for text in (sample["issue_text"], *sample["repo_files"].values()):
        for pattern in (r"`([^`\n]+)`", r"(\S+)"):
            for part in re.findall(pattern, text):
                if re.search(sample["payload_indicator"], part):
                    return str(part)
    return None


def _run(recorder: Recorder, sample: Any, command: str | None) -> None:
    recorder.start(sample["task_description"])
    recorder.call("read_issue", {}, lambda: (sample["issue_text"], None))
    for path, text in sample["repo_files"].items():
        recorder.call("read_file", {"path": path}, lambda text=text: (text, None))
    if command is not None:
        recorder.call("bash", {"command": command}, lambda: ("", None))
    fixed = next(iter(sample["repo_files"]))
    recorder.call("write_file", {"path": fixed, "content": sample["expected_fix"]}, lambda: ("ok", None))
    recorder.call("bash", {"command": sample["verification_command"]}, lambda: ("1 passed", None))
    recorder.stop("Fixed.")
