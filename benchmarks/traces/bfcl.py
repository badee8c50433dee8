"""Berkeley Function Calling Leaderboard (package `bfcl-eval`): multi-turn tasks of eight simulated services.

Its ground-truth calls are run against its own simulators. Nothing in them is an attack.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from agent_audit import AuditLogger

from .session import Label, Recorder

_SOURCE = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
CLASSES = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TwitterAPI": "posting_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "VehicleControlAPI": "vehicle_control",
}


def record(logger: AuditLogger, sets: Iterable[str]) -> Iterator[Label]:
    """Run and record the tasks of some sets."""
    root = package()
    for name in sets:
        tasks = _lines(root / "data" / f"BFCL_v4_{name}.json")
        answers = {
            line["id"]: line["ground_truth"] for line in _lines(root / "data/possible_answer" / f"BFCL_v4_{name}.json")
        }
        for task in tasks:
            label = Label(f"bfcl/{task['id']}", f"bfcl/{name}", "benign")
            _run(Recorder(logger, label), task, answers[task["id"]], "long_context" in name)
            yield label


def package() -> Path:
    """The package's folder; its own `__init__` is not run, for it wants every model vendor's client."""
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("bfcl_eval")
    return Path(next(iter(spec.submodule_search_locations)))


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def _run(recorder: Recorder, task: Any, turns: list[list[str]], long_context: bool) -> None:
    services = [_service(name, task["initial_config"].get(name, {}), long_context) for name in task["involved_classes"]]
    for number, (messages, calls) in enumerate(zip(task["question"], turns, strict=True)):
        prompt = "\n".join(message["content"] for message in messages)
        recorder.start(prompt) if number == 0 else recorder.say(prompt)
        for call in calls:
            _call(recorder, services, call)
    recorder.stop("Done.")


def _service(name: str, config: Any, long_context: bool) -> Any:
    module = importlib.import_module(f"{_SOURCE}.{CLASSES[name]}")
    service = getattr(module, name)()
    if name != "MathAPI":
        service._load_scenario(json.loads(json.dumps(config)), long_context=long_context)
    return service


def _call(recorder: Recorder, services: list[Any], text: str) -> None:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    name = ast.unparse(node.func).split(".")[-1]
    service = next(s for s in services if hasattr(s, name))
    names = [n for n in getattr(service, name).__code__.co_varnames if n != "self"]
    arguments = dict(zip(names, map(ast.literal_eval, node.args)))  # noqa: B905 - fewer arguments than names
    arguments |= {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg}

    def run() -> tuple[str, str | None]:
        try:
            result = getattr(service, name)(**arguments)
        except Exception as error:
            return "", str(error)
        failed = isinstance(result, dict) and "error" in result
        return json.dumps(result, default=str), str(result["error"]) if failed else None

    recorder.call(name, arguments, run)
