"""Questions that the provider asks, before it carries out a call of a hosted MCP server."""

from __future__ import annotations

from typing import Any

import pytest
from agents import (
    HostedMCPTool,
    Runner,
)
from agents.testing import assistant_message
from openai.types.responses.response_output_item import McpApprovalRequest, McpCall
from openai_scripts import Record, agent, lines

pytestmark = pytest.mark.usefixtures("traced_or_not")


def hosted(*, approve: bool | None) -> HostedMCPTool:
    callback = None if approve is None else lambda request: {"approve": approve, "reason": "because"}
    config: Any = {
        "type": "mcp",
        "server_label": "bank",
        "server_url": "https://bank.test",
        "require_approval": "always",
    }
    return HostedMCPTool(tool_config=config, on_approval_request=callback)  # type: ignore[arg-type]


def asks_provider() -> list[Any]:
    return [
        McpApprovalRequest(
            id="m1", arguments='{"account": 7}', name="close", server_label="bank", type="mcp_approval_request"
        )
    ]


@pytest.mark.parametrize("approve", [True, False])
async def test_a_call_that_the_provider_asks_about_is_decided_by_a_callback_on_record(
    record: Record, approve: bool
) -> None:
    await Runner.run(agent(asks_provider(), "done", tools=[hosted(approve=approve)]), "hi")
    verdict = "approved success" if approve else "denied denied"
    assert record.without_models() == lines(f"""
        agent.start - agent.A -
        action.request - tool.bank.close m1
        action.{verdict} tool.bank.close m1
        agent.stop success agent.A -
    """)
    decided = record.events("action.approved", "action.denied")[0]
    assert decided.parameters == {"account": 7}


async def test_a_call_that_the_provider_asks_about_may_wait_for_a_human(record: Record) -> None:
    one = agent(asks_provider(), "done", tools=[hosted(approve=None)])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.reject(result.interruptions[0], rejection_message="no")
    await Runner.run(one, state)
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.bank.close m1
        permission.check - tool.bank.close m1
        agent.stop suspended agent.A -
        action.denied denied tool.bank.close m1
        agent.start - agent.A -
        agent.stop success agent.A -
    """)


async def test_a_call_that_the_provider_carries_out_once_allowed_shares_the_id_of_its_question(record: Record) -> None:
    ran = McpCall(
        id="m9",
        approval_request_id="m1",
        arguments='{"account": 7}',
        name="close",
        output="closed",
        server_label="bank",
        type="mcp_call",
    )
    one = agent(asks_provider(), [ran, assistant_message("done")], tools=[hosted(approve=None)])
    result = await Runner.run(one, "hi")
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    types = ("permission.check", "action.approved", "tool.call", "tool.response", "action.failed")
    assert record.told(*types) == lines("""
        permission.check - tool.bank.close m1
        action.approved success tool.bank.close m1
        tool.call - tool.bank.close m1
        tool.response success tool.bank.close m1
    """)
    carried_out = record.one("tool.call").metadata
    assert (carried_out["item"], carried_out["hosted"]) == ("m9", True)
    assert carried_out["arguments"] == record.one("action.approved").metadata["arguments"]
