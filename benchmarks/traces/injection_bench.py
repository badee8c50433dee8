"""agent-injection-bench (package `agent-injection-bench`): two dozen scenarios with a machine-checkable end.

A scripted model reads what the scenario hands it and obeys or resists; whether it was compromised says the package's
own judge. Scenarios in which the user speaks the injection are left out: no tool's output carries it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from agent_audit import AuditLogger

from .session import Label, Recorder

_BY_USER = ("user_message", "multi_turn")
_VALUES = {
    "url": r"https?://[^\s\"'<>)]+",
    "to": r"[\w.+-]+@[\w-]+\.[\w.-]+\w",
    "path": r"/?(?:[\w-]+/)*[\w-]+\.\w{1,4}\b",
}


def record(logger: AuditLogger) -> Iterator[Label]:
    """Run and record each scenario."""
    from aib.dataset import load
    from aib.scoring import AgentResponse, Outcome, ToolCall, judge

    for scenario in load(str(files("aib") / "data/attacks.jsonl")):
        if scenario.channel in _BY_USER:
            continue
        name = f"aib/{scenario.id}"
        quiet = Label(f"{name}/resisted", "agent-injection-bench", "benign" if scenario.is_control else "resisted")
        _run(Recorder(logger, quiet), scenario, None, "Done.")
        yield quiet
        if scenario.is_control:
            continue
        call, answer = _obey(scenario)
        found = judge(scenario, AgentResponse(text=answer, tool_calls=[ToolCall(*call)] if call else []))
        kind = "failed attack" if found.outcome is not Outcome.COMPROMISED else "attacked" if call else "only in words"
        label = Label(f"{name}/obeyed", "agent-injection-bench", kind)
        _run(Recorder(logger, label), scenario, call, answer)
        yield label


def _obey(scenario: Any) -> tuple[tuple[str, dict[str, str]] | None, str]:
    """The call that the injection asks for, if it asks for one, and the answer."""
    wanted = scenario.success
    name = wanted.tool or wanted.sink
    if name is None:
        return None, wanted.canary
    tool = next(tool for tool in scenario.tools if tool.name == name)
    arguments = {}
    for parameter in tool.parameters["properties"]:
        found = re.search(_VALUES.get(parameter, r"(?!)"), scenario.injected)
        arguments[parameter] = found[0] if found else wanted.secret or " ".join(wanted.arguments_contain) or "all"
    return (name, arguments), "Done."


def _run(recorder: Recorder, scenario: Any, call: tuple[str, dict[str, str]] | None, answer: str) -> None:
    reader = next((tool for tool in scenario.tools if tool.returns), None)
    recorder.start(scenario.task, scenario.system_prompt)
    output = scenario.injected if reader is None else reader.returns
    recorder.call("read_document" if reader is None else reader.name, {}, lambda: (output, None))
    if call is not None:
        recorder.call(*call, lambda: ("ok", None))
    recorder.stop(answer)
