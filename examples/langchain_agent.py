"""A LangChain agent with two tools at once, recorded to the default log by one line.

    python examples/langchain_agent.py

Runs offline with scripted replies. With OPENAI_API_KEY set and `langchain-openai` installed, a real model answers.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.tools import tool

import agent_audit_langchain
from agent_audit import get_logger
from agent_audit.analysis import AuditAnalyzer


@tool
def weather(city: str) -> str:
    """Today's weather in a city."""
    return {"Rome": "sunny, 24 °C", "Oslo": "snow, -3 °C"}.get(city, "nobody knows")


@tool
def save_note(text: str) -> str:
    """Keep a note for later."""
    return f"saved: {text}"


class Scripted(GenericFakeChatModel):
    """Gives the replies below instead of a model's."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Scripted:
        return self


def scripted() -> Scripted:
    both = [
        ToolCall(name="weather", args={"city": "Rome"}, id="call_rome", type="tool_call"),
        ToolCall(name="weather", args={"city": "Oslo"}, id="call_oslo", type="tool_call"),
    ]
    note = [ToolCall(name="save_note", args={"text": "Rome: sunny. Oslo: snow."}, id="call_note", type="tool_call")]
    replies = [AIMessage("", tool_calls=both), AIMessage("", tool_calls=note), AIMessage("Rome: sun. Oslo: snow.")]
    return Scripted(messages=iter(replies))


def model() -> Any:
    if os.environ.get("OPENAI_API_KEY") and importlib.util.find_spec("langchain_openai"):
        return init_chat_model("openai:gpt-4o-mini")
    return scripted()


def main() -> None:
    agent_audit_langchain.enable(modifies={"save_note"})  # the one line
    try:
        agent = create_agent(model(), [weather, save_note], name="weather-clerk")
        answer = agent.invoke(
            {"messages": [("user", "What is the weather in Rome and in Oslo? Keep a note of it.")]},
            {"configurable": {"thread_id": "holiday-plans"}, "metadata": {"user_id": "ann"}},
        )
        print("the agent said:", answer["messages"][-1].content)
    finally:
        agent_audit_langchain.disable()
    with AuditAnalyzer(get_logger()) as analyzer:
        print(analyzer.get_agent_activity())
        print(analyzer.detect_anomalies())
        print(analyzer.generate_compliance_report())


if __name__ == "__main__":
    main()
