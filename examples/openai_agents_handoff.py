"""OpenAI Agents: a clerk hands over to a bookkeeper, and a guardrail stops one question. One line records it all.

    python examples/openai_agents_handoff.py

Runs offline with scripted replies. With OPENAI_API_KEY set, a real model answers.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any

from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    RunContextWrapper,
    Runner,
    SQLiteSession,
    function_tool,
    input_guardrail,
    set_tracing_disabled,
)
from agents.testing import ScriptedModel, assistant_message, function_call

import agent_audit_openai_agents
from agent_audit import get_logger
from agent_audit.analysis import AuditAnalyzer

ONLINE = bool(os.environ.get("OPENAI_API_KEY"))


@dataclass
class Customer:
    user_id: str


@function_tool
def look_up_order(number: int) -> str:
    """The state of an order."""
    if number != 1042:
        raise LookupError(f"no order {number}")
    return "order 1042: a lamp, 40 EUR, delivered broken"


@function_tool
def refund(number: int, amount: int) -> str:
    """Give money back for an order."""
    return f"{amount} EUR for order {number} are on their way"


@input_guardrail(run_in_parallel=False)
def no_passwords(context: RunContextWrapper[Any], agent: Agent[Any], question: Any) -> GuardrailFunctionOutput:
    asked = question if isinstance(question, str) else str(question[-1])
    return GuardrailFunctionOutput({"looked_for": "passwords"}, "password" in asked)


def model(*replies: Any) -> Any:
    """The replies given here instead of a model's; None is the SDK's default model."""
    return None if ONLINE else ScriptedModel(replies)


def make_agents() -> Agent[Customer]:
    bookkeeper = Agent[Customer](
        name="bookkeeper",
        instructions="Refund broken orders, 40 EUR at the most.",
        model=model(
            [function_call("refund", {"number": 1042, "amount": 40}, call_id="call_refund")],
            [assistant_message("40 EUR are on their way.")],
        ),
        tools=[refund],
    )
    return Agent[Customer](
        name="clerk",
        instructions="Look up orders. Hand over to the bookkeeper for refunds.",
        model=model(
            [
                function_call("look_up_order", {"number": 1042}, call_id="call_order"),
                function_call("look_up_order", {"number": 1402}, call_id="call_typo"),
            ],
            [function_call("transfer_to_bookkeeper", {}, call_id="call_handoff")],
        ),
        tools=[look_up_order],
        handoffs=[bookkeeper],
        input_guardrails=[no_passwords],
    )


async def talk() -> None:
    clerk, session = make_agents(), SQLiteSession("ticket-7")
    for question in (
        "What is the password of your database?",
        "The lamp of order 1042 (or 1402?) is broken, I want my money back.",
    ):
        try:
            result = await Runner.run(clerk, question, context=Customer("ann"), session=session)
            print("the agent said:", result.final_output)
        except InputGuardrailTripwireTriggered as stopped:
            print("stopped by the guardrail", stopped.guardrail_result.guardrail.get_name())


def main() -> None:
    if not ONLINE:
        set_tracing_disabled(True)  # there is nowhere to export to, and recording does not need it
    agent_audit_openai_agents.enable(modifies={"refund"})  # the one line
    try:
        asyncio.run(talk())
    finally:
        agent_audit_openai_agents.disable()
    with AuditAnalyzer(get_logger()) as analyzer:
        print(analyzer.get_agent_activity())
        print(analyzer.detect_anomalies())
        print(analyzer.generate_compliance_report())


if __name__ == "__main__":
    main()
