"""tau2-bench's airline and retail desks (as shipped by the package `inspect-evals`): honest customer service.

The actions that a task expects are run against the package's own simulators, the customer's request is the prompt.
An id from one tool goes into the next all the time. Nothing in them is an attack.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import types
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from agent_audit import AuditLogger

from .session import Label, Recorder

_DESKS = {"airline": "AirlineAgentTools", "retail": "RetailAgentTools"}


def record(logger: AuditLogger, every: int = 1) -> Iterator[Label]:
    """Run and record each `every`-th task."""
    root = _package()
    for domain, name in _DESKS.items():
        desk = getattr(importlib.import_module(f"inspect_evals.tau2.{domain}.{name}"), name)()
        desk.initialize()
        fresh = desk.db
        policy = (root / "data/domains" / domain / "policy.txt").read_text()
        for task in json.loads((root / "data/domains" / domain / "tasks.json").read_text())[::every]:
            if not task["evaluation_criteria"]["actions"]:
                continue
            desk.db = deepcopy(fresh)
            label = Label(f"tau2/{domain}/{task['id']}", f"tau2/{domain}", "benign")
            _run(Recorder(logger, label), desk, task, policy)
            yield label


def _package() -> Path:
    """The folder of `inspect_evals.tau2`, without running its `__init__`, which wants an evaluation harness."""
    spec = importlib.util.find_spec("inspect_evals")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("inspect_evals")
    root = Path(next(iter(spec.submodule_search_locations)))
    for part in ("tau2", *(f"tau2/{domain}" for domain in _DESKS)):
        module = types.ModuleType("inspect_evals." + part.replace("/", "."))
        module.__path__ = [str(root / part)]
        sys.modules.setdefault(module.__name__, module)
    return root / "tau2"


def _run(recorder: Recorder, desk: Any, task: Any, policy: str) -> None:
    asked = task["user_scenario"]["instructions"]
    words = [asked.get("reason_for_call"), asked.get("known_info"), asked.get("task_instructions")]
    recorder.start("\n".join(text for text in words if text), policy)
    for action in task["evaluation_criteria"]["actions"]:
        name, arguments = action["name"], action["arguments"]
        method = getattr(desk, name, None)
        if method is None:  # a customer's own device, or the handing over to a person
            continue

        def run(method: Any = method, arguments: Any = arguments) -> tuple[str, str | None]:
            try:
                return _text(method(**arguments)), None
            except Exception as error:
                return "", str(error)

        recorder.call(name, arguments, run)
    recorder.stop("Done.")


def _text(result: Any) -> str:
    if isinstance(result, str):
        return result
    if hasattr(result, "model_dump_json"):
        return str(result.model_dump_json())
    return json.dumps(result, default=lambda value: value.model_dump() if hasattr(value, "model_dump") else str(value))
