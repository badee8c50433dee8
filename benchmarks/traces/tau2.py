"""tau2-bench's desks (as shipped by the package `inspect-evals`): honest customer service.

The actions that a task expects are run against the package's own simulators, the customer's request is the prompt.
An id from one tool goes into the next all the time. Nothing in them is an attack.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import json
import sys
import types
from collections.abc import Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from agent_audit import AuditLogger

from .session import Label, Recorder


class _Desk(NamedTuple):
    tools: str
    folder: str
    policy: str
    tasks: str = "tasks.json"


_DESKS = {
    "airline": _Desk("AirlineAgentTools", "airline", "policy.txt"),
    "retail": _Desk("RetailAgentTools", "retail", "policy.txt"),
    "telecom": _Desk("TelecomAgentTools", "telecom", "main_policy.txt", "tasks.json.gz"),
    "banking": _Desk("BankingAgentTools", "banking_knowledge", "prompts/components/policy_header.md"),
}


def record(logger: AuditLogger, domains: Iterable[str]) -> Iterator[Label]:
    """Run and record the tasks of some domains in which the agent, not the customer alone, has something to do."""
    root = _package()
    for domain in domains:
        told = _DESKS[domain]
        desk = getattr(importlib.import_module(f"inspect_evals.tau2.{domain}.{told.tools}"), told.tools)()
        desk.initialize()
        fresh = desk.db
        folder = root / "data/domains" / told.folder
        policy = (folder / told.policy).read_text()
        packed = (folder / told.tasks).read_bytes()
        for task in json.loads(gzip.decompress(packed) if told.tasks.endswith(".gz") else packed):
            actions = task["evaluation_criteria"]["actions"] or []
            if not any(hasattr(desk, action["name"]) for action in actions):
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
    if isinstance(asked, dict):
        words = [asked.get("reason_for_call"), asked.get("known_info"), asked.get("task_instructions")]
        asked = "\n".join(text for text in words if text)
    recorder.start(asked, policy)
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
