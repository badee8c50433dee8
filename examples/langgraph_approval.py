"""A LangGraph agent that needs a human's yes before it pays: one payment is approved, one rejected.

    python examples/langgraph_approval.py

Runs offline with scripted replies. With OPENAI_API_KEY set and `langchain-openai` installed, a real model asks.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain.chat_models import init_chat_model
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agent_audit import get_logger
from agent_audit.analysis import AuditAnalyzer
from agent_audit_langchain import AuditCallbackHandler, AuditMiddleware

LIMIT = 100


@tool
def pay(to: str, amount: int) -> str:
    """Pay an amount in euros to somebody."""
    return f"paid {amount} EUR to {to}"


class Scripted(GenericFakeChatModel):
    """Gives the replies below instead of a model's."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Scripted:
        return self


def scripted() -> Scripted:
    payments = [
        ToolCall(name="pay", args={"to": "Baker & Sons", "amount": 40}, id="call_baker", type="tool_call"),
        ToolCall(name="pay", args={"to": "Yacht Rental", "amount": 9000}, id="call_yacht", type="tool_call"),
    ]
    replies = [AIMessage("", tool_calls=payments), AIMessage("The baker is paid. The yacht was refused.")]
    return Scripted(messages=iter(replies))


def model() -> Any:
    if os.environ.get("OPENAI_API_KEY") and importlib.util.find_spec("langchain_openai"):
        return init_chat_model("openai:gpt-4o-mini")
    return scripted()


def decide(action: dict[str, Any]) -> dict[str, str]:
    """What the human says; here a rule, so that the example runs by itself."""
    if action["args"].get("amount", 0) <= LIMIT:
        return {"type": "approve"}
    return {"type": "reject", "message": f"above {LIMIT} EUR"}


def main() -> None:
    agent = create_agent(
        model(),
        [pay],
        name="cashier",
        # Last: it sees the calls that are really executed. With a fail-closed logger it stops what it cannot record.
        middleware=[HumanInTheLoopMiddleware({"pay": True}), AuditMiddleware(modifies={"pay"})],
        checkpointer=InMemorySaver(),
    )
    config: Any = {
        "callbacks": [AuditCallbackHandler()],
        "configurable": {"thread_id": "invoices-may"},
        "metadata": {"user_id": "ann", "decided_by": "eve"},
    }
    question: Any = {"messages": [("user", "Pay 40 EUR to Baker & Sons and 9000 EUR to Yacht Rental.")]}
    answer = agent.invoke(question, config)
    while interrupts := answer.get("__interrupt__"):
        for request in interrupts[0].value["action_requests"]:
            print("asked:", request["name"], request["args"], "->", decide(request)["type"])
        decisions = [decide(request) for request in interrupts[0].value["action_requests"]]
        answer = agent.invoke(Command(resume={"decisions": decisions}), config)
    print("the agent said:", answer["messages"][-1].content)
    with AuditAnalyzer(get_logger()) as analyzer:
        print(analyzer.get_agent_activity())
        print(analyzer.detect_anomalies())
        print(analyzer.generate_compliance_report())


if __name__ == "__main__":
    main()
