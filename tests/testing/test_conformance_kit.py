"""The kit passes an adapter that is right, and catches each way of being wrong. The adapter is that of the guide."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from textwrap import indent
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
LATER, LATER_TOO = "class ToyAdapter:", "later = {}\n\n\nclass ToyAdapter:"
CHECK = (
    '        self.tracker.note(under=agent_id, hook="human_asked", '
    "**describe_check(request, digest=self.logger.digest))\n"
)
DECIDED = '        self.tracker.note(under=agent_id, hook="human_decides", **decided)\n'
AGENT = (
    '        self.tracker.start(T.AGENT_START, run_id, parent=parent, hook="agent_starts", '
    'action=f"agent.{name}", **who)\n'
)
MODEL = (
    "        self.tracker.start(\n"
    '            T.LLM_REQUEST, run_id, parent=parent, hook="model_starts", action=f"llm.{model}", parameters=asked\n'
    "        )\n"
)
UNRECORDED = "        except WriteError:\n            self.tracker.enter(run_id, parent=parent)\n"
MODEL_ENDS = (
    '        self.tracker.end(run_id, outcome_of(error), hook="model_ends", '
    "result=text, exception=error, metadata=cost)\n"
)
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
        known = {"thread": script.session_id, "user": script.user_id}
        agent, about = self._agent(script), {name: value for name, value in known.items() if value}
        if script.streamed:
            async with aclosing(agent.stream(script.question, **about)) as bits:
                async for _ in bits:
                    if script.left_early:
                        break
            return
        waiting = await self._until_it_waits(agent.run(script.question, **about))
        while waiting is not None:
            decisions = {call_id: script.approvals[call_id] for call_id in waiting.in_question}
            waiting = await self._until_it_waits(agent.resume(waiting, decisions))

    async def _until_it_waits(self, run: Awaitable[str]) -> toy_framework.Waiting | None:
        try:
            await run
        except toy_framework.Waiting as waiting:
            return waiting
        return None

    def _agent(self, script: Script) -> toy_framework.Agent:
        steps = iter(script.steps)

        def model() -> tuple[Any, Any]:
            if script.on_model is not None:
                script.on_model()
            step = next(steps)
            if isinstance(step, BaseException):
                raise step
            calls = [] if isinstance(step, str) else [(one.name, dict(one.arguments), one.call_id) for one in step]
            return calls or step, script.tokens

        tools = {tool.name: self._tool(tool) for tool in script.tools}
        gated = {tool.name for tool in script.tools if tool.needs_approval}
        return toy_framework.Agent(script.name, model, tools, gated)

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
        (LATER, LATER_TOO),
        ("    def tool_starts(self, run_id, *,", LATE + "    def _late(self, run_id, *,"),
        (TOOL_ENDS, TOOL_ENDS + "        self._late(run_id, **later.pop(run_id))\n"),
    ],
    "the end of a model call is not recorded": [(MODEL_ENDS, "")],
    "a failing model passes for a success": [
        ('outcome_of(error), hook="model_ends"', 'outcome_of(None), hook="model_ends"')
    ],
    "nested agents have no parent": [("T.AGENT_START, run_id, parent=parent", "T.AGENT_START, run_id")],
    "an unknown tool is not told of": [("self.tracker.note(T.ACTION_FAILED, under=agent_id", "dict(under=agent_id")],
    "decisions are turned round": [("approved=allowed", "approved=not allowed")],
    "nobody is on record as having been asked": [
        ('self.tracker.note(under=agent_id, hook="human_asked", **describe_check(', "dict(**describe_check("),
    ],
    "the question is recorded when it is answered": [
        (CHECK, "        later[call_id] = describe_check(request, digest=self.logger.digest)\n"),
        (LATER, LATER_TOO),
        (DECIDED, '        self.tracker.note(under=agent_id, hook="human_asked", **later.pop(call_id))\n' + DECIDED),
    ],
    "of several questions only the first is recorded": [
        (LATER, LATER_TOO),
        (CHECK, "        if later.setdefault(agent_id, call_id) != call_id:\n            return\n" + CHECK),
    ],
    "a denial is lost when several calls wait": [
        (LATER, LATER_TOO),
        (CHECK, CHECK + "        later[call_id] = True\n"),
        (DECIDED, "        if not allowed and len(later) > 1:\n            return\n" + DECIDED),
    ],
    "the question has another digest than the decision": [
        (CHECK, CHECK.replace("self.logger.digest", "lambda arguments: {'hmac': '0'}")),
    ],
    "the call does not say what was decided on": [("in self.tracker.get(parent).state.get(", "in dict().get(")],
    "a run that waits has succeeded": [("return Outcome.SUSPENDED", "return Outcome.SUCCESS")],
    "a rejected call has a response without a call": [
        (
            DECIDED,
            DECIDED + "        if not allowed:\n"
            '            response = {"action": f"tool.{name}", "call_id": call_id, "outcome": Outcome.DENIED}\n'
            '            self.tracker.note(T.TOOL_RESPONSE, under=agent_id, hook="human_decides", **response)\n',
        ),
    ],
    "an agent begins that cannot be recorded": [
        (AGENT, "        try:\n    " + AGENT + UNRECORDED),
    ],
    "a model is asked though that cannot be recorded": [
        (
            MODEL,
            "        try:\n" + indent(MODEL, "    ") + UNRECORDED,
        ),
    ],
    "the settings are ignored": [("        who |= self.settings.given\n", "")],
    "the context callable is ignored": [("self.settings.told(about).items()", "{}.items()")],
    "the context callable goes before the settings": [
        ("        who |= self.settings.given\n", ""),
        ('"agent_id": name}\n', '"agent_id": name, **self.settings.given}\n'),
    ],
    "the whole history is recorded with each model call": [
        (LATER, LATER_TOO),
        ("[message_of(message)]", "later.setdefault(parent, []) + [later[parent].append(message_of(message))]"),
    ],
    "what a model call has taken is not recorded": [('cost["input_tokens"], cost["output_tokens"] = tokens', "pass")],
    "which model answers is not recorded": [('{"model": run.fields["action"].removeprefix("llm.")}', "{}")],
    "a stream that is left early has succeeded": [
        ("    if error is None:\n", "    if error is None or isinstance(error, GeneratorExit):\n"),
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
    wrong = adapter(WRONG[mistake])
    for situation in SITUATIONS:
        toy_framework.listeners.clear()
        try:
            await situation.check(Driver(wrong))
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
