"""Programs that a model writes and the provider runs: they call tools, and their output may come some answers later."""

from __future__ import annotations

from typing import Any

import agents
import pytest
from agents import Runner, function_tool
from agents.testing import assistant_message
from openai_scripts import Record, agent, lines

pytestmark = [
    pytest.mark.usefixtures("traced_or_not"),
    pytest.mark.skipif(not hasattr(agents, "ProgrammaticToolCallingTool"), reason="this SDK knows no programs"),
]

CODE = "await tools.pay({amount: 5})"
BEGUN = {"type": "program", "id": "pr1", "call_id": "p1", "code": CODE, "fingerprint": "f"}
DONE = {"type": "program_output", "id": "po1", "call_id": "p1", "result": "all paid", "status": "completed"}
FAILED = {**DONE, "result": "", "status": "incomplete"}
CALLS = {
    "type": "function_call",
    "id": "fc1",
    "call_id": "c1",
    "name": "pay",
    "arguments": '{"amount": 5}',
    "caller": {"type": "program", "caller_id": "p1"},
}


def writer(*steps: Any, needs_approval: bool = False) -> Any:
    @function_tool(needs_approval=needs_approval, allowed_callers=["programmatic"])
    def pay(amount: int) -> str:
        return f"paid {amount}"

    said = [[_item(one) for one in step] for step in steps]
    return agent(*said, tools=[pay, agents.ProgrammaticToolCallingTool()])


def _item(said: Any) -> Any:
    from openai.types.responses import ResponseFunctionToolCall, response_output_item

    if not isinstance(said, dict):
        return said
    kinds = {"program": "Program", "program_output": "ProgramOutput"}
    kind = kinds.get(said["type"])
    return ResponseFunctionToolCall(**said) if kind is None else getattr(response_output_item, kind)(**said)


ANSWER = assistant_message("done")
PAID = """
    action.request - tool.pay c1
    tool.call - tool.pay c1
    tool.response success tool.pay c1
"""


@pytest.mark.parametrize(("output", "outcome"), [(DONE, "success"), (FAILED, "failure")])
async def test_a_program_lasts_until_its_output_comes(record: Record, output: Any, outcome: str) -> None:
    await Runner.run(writer([BEGUN, CALLS], [output, ANSWER]), "hi")
    assert record.without_models() == lines(f"""
        agent.start - agent.A -
        tool.call - tool.programmatic_tool_calling p1
        {PAID}
        tool.response {outcome} tool.programmatic_tool_calling p1
        agent.stop success agent.A -
    """)
    begun = record.one("tool.call", call_id="p1")
    assert (begun.parameters, begun.metadata) == ({"code": CODE}, {"hosted": True})
    assert record.one("tool.response", call_id="p1").result == output["result"]


async def test_a_program_that_is_done_at_once_is_one_call(record: Record) -> None:
    await Runner.run(writer([BEGUN, DONE, ANSWER]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        tool.call - tool.programmatic_tool_calling p1
        tool.response success tool.programmatic_tool_calling p1
        agent.stop success agent.A -
    """)


async def test_a_program_waits_with_the_run_for_an_approval_and_its_output_comes_in_the_one_that_goes_on(
    record: Record,
) -> None:
    asks = writer([BEGUN, CALLS], [DONE, ANSWER], needs_approval=True)
    state = (await Runner.run(asks, "hi")).to_state()
    state.approve(state.get_interruptions()[0])
    await Runner.run(asks, state)
    ends = [line for line in record.told() if line.endswith(" p1")]
    assert ends == lines("""
        tool.call - tool.programmatic_tool_calling p1
        tool.response suspended tool.programmatic_tool_calling p1
        tool.response success tool.programmatic_tool_calling p1
    """)
    last = record.events("tool.response")[-1]
    assert (last.result, last.metadata) == ("all paid", {"hosted": True, "resumed": True})
