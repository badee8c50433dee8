"""The kit passes an adapter that is right, and catches each way of being wrong. The adapter is that of the guide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import SkipTest

import pytest

from agent_audit import AuditLogger
from agent_audit.testing import SITUATIONS, Script, ScriptedTool, Situation
from tests.testing import toy_framework

GUIDE = Path(__file__).parents[2] / "docs" / "writing-an-adapter.md"
(ADAPTER,) = (
    block for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL) if "ToyAdapter" in block
)


def adapter(changes: Sequence[tuple[str, str]] = ()) -> Any:
    """The guide's adapter, with changes to its source."""
    source = ADAPTER
    for before, after in changes:
        assert before in source, before
        source = source.replace(before, after)
    names: dict[str, Any] = {}
    exec(source, names)
    return SimpleNamespace(**names)


TOOL_ENDS = "    def tool_ends(self, run_id, *, result, error):\n"
LATE = "    def tool_starts(self, run_id, **facts):\n        later[run_id] = facts\n\n"
ENABLE = "def enable(logger=None, **settings):\n"


class Driver:
    framework = "toy"
    missing: Mapping[str, str] = {}

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    @contextmanager
    def recording(self, logger: AuditLogger, **settings: Any) -> Iterator[None]:
        self._adapter.enable(logger, **settings)
        try:
            yield
        finally:
            self._adapter.disable()

    async def run(self, script: Script) -> None:
        about = {"thread": script.session_id, "user": script.user_id}
        await self._agent(script).run(script.question, **{name: value for name, value in about.items() if value})

    def _agent(self, script: Script) -> toy_framework.Agent:
        steps = iter(script.steps)

        def model() -> Any:
            if script.on_model is not None:
                script.on_model()
            step = next(steps)
            if isinstance(step, BaseException):
                raise step
            return step if isinstance(step, str) else [(one.name, dict(one.arguments), one.call_id) for one in step]

        tools = {tool.name: self._tool(tool) for tool in script.tools}
        return toy_framework.Agent(script.name, model, tools, script.approvals.get)

    def _tool(self, tool: ScriptedTool) -> Callable[..., Any]:
        if tool.agent is None:
            assert tool.run is not None
            return tool.run
        inner = self._agent(tool.agent)

        async def ask(text: str) -> str:
            return await inner.run(text)

        return ask


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
async def test_the_adapter_of_the_guide_conforms(situation: Situation) -> None:
    await situation.check(Driver(adapter()))


# What is wrong -> replacements in the adapter's source.
WRONG: dict[str, list[tuple[str, str]]] = {
    "a tool that raised passes for a success": [
        ('outcome_of(error), hook="tool_ends"', 'outcome_of(None), hook="tool_ends"'),
    ],
    "a call is recorded when it is over": [
        ("class ToyAdapter:", "later = {}\n\n\nclass ToyAdapter:"),
        ("    def tool_starts(self, run_id, *,", LATE + "    def _late(self, run_id, *,"),
        (TOOL_ENDS, TOOL_ENDS + "        self._late(run_id, **later.pop(run_id))\n"),
    ],
    "the end of a model call is not recorded": [
        ('        self.tracker.end(run_id, outcome_of(error), hook="model_ends", result=text, exception=error)\n', ""),
    ],
    "a failing model passes for a success": [
        ('outcome_of(error), hook="model_ends"', 'outcome_of(None), hook="model_ends"')
    ],
    "nested agents have no parent": [("T.AGENT_START, run_id, parent=parent", "T.AGENT_START, run_id")],
    "an unknown tool is not told of": [("self.tracker.note(T.ACTION_FAILED, under=agent_id", "dict(under=agent_id")],
    "decisions are turned round": [("approved=allowed", "approved=not allowed")],
    "nobody is on record as having been asked": [
        ('self.tracker.note(under=agent_id, hook="human_decides", **describe_check(', "dict(**describe_check("),
    ],
    "the call id is lost": [('"call_id": call_id, "parameters": arguments, "hook"', '"parameters": arguments, "hook"')],
    "the session is mixed up": [('about.get("thread")', '"one for all"')],
    "the user is not known": [('about.get("user")', "None")],
    "recorded twice when switched on twice": [("def enable(logger=None, **settings):\n    disable()\n", ENABLE)],
    "not switched off": [("\n\ndef disable():\n", "\n\ndef disable():\n    return\n")],
    "failed calls change data": [(" and error is None", "")],
    "an unrecorded tool runs": [
        (
            "            raise\n        run.state",
            "            run = self.tracker.enter(run_id, parent=parent)\n        run.state",
        ),
    ],
    "what was not let through is not told of": [
        ("            self.tracker.note(T.ACTION_FAILED, under=parent, after_effect=True, **facts)\n", ""),
    ],
    "cancelled runs have failed": [("else Outcome.CANCELLED", "else Outcome.FAILURE")],
    "the source says another framework": [('"toy", toy_framework', '"other", toy_framework')],
    "arguments go round the redactor": [
        ("T.TOOL_CALL, run_id,", "T.TOOL_CALL, run_id, span_id=str(arguments) + call_id,")
    ],
}


@pytest.mark.parametrize("mistake", WRONG)
async def test_the_kit_catches(mistake: str) -> None:
    for situation in SITUATIONS:
        toy_framework.listeners.clear()
        try:
            await situation.check(Driver(adapter(WRONG[mistake])))
        except Exception:
            toy_framework.listeners.clear()
            return
    pytest.fail("no situation has shown it")


async def test_a_situation_that_a_framework_does_not_have_is_skipped_with_its_reason() -> None:
    driver = Driver(adapter())
    driver.missing = {SITUATIONS[0].name: "no agents here"}
    with pytest.raises(SkipTest, match="no agents here"):
        await SITUATIONS[0].check(driver)
    driver.missing = {"no such situation": "?"}
    with pytest.raises(AssertionError, match="no such situation"):
        await SITUATIONS[0].check(driver)
