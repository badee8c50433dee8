"""LangChain's messages and outputs in the few words that go on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import LLMResult

from agent_audit import Outcome
from agent_audit import message as said
from agent_audit_langchain.graph import Command, names_of

UNKNOWN_TOOL_TEXT = "is not a valid tool"
"""From LangGraph's answer to a tool name that nobody knows; there is no other sign of it."""

_UNSAID = object()


def plain(message: Any) -> Any:
    """A message as a dict of role, content, tool calls. What the user wrote as text, tuple or dict stays that."""
    if not isinstance(message, BaseMessage):
        return message
    if isinstance(message, ToolMessage):
        return said(message.type, message.content, call_id=message.tool_call_id, name=message.name)
    calls = message.tool_calls if isinstance(message, AIMessage) else ()
    return said(message.type, message.content, calls=[(call["id"], call["name"]) for call in calls])


def spelled_out(message: Any) -> Any:
    """The same with the arguments of tool calls, which `plain` leaves to the events of their own."""
    spoken = plain(message)
    if isinstance(message, AIMessage) and message.tool_calls:
        spoken["tool_calls"] = [
            {"id": call["id"], "name": call["name"], "args": call["args"]} for call in message.tool_calls
        ]
    return spoken


def first_new(messages: Sequence[Any]) -> int:
    """Where what was said since the model's last answer begins: the rest is on record from the calls before."""
    last = len(messages) - 1
    for index in range(last, -1, -1):
        if _is_from_model(messages[index]):
            return min(index + 1, last)  # an answer to be continued is new itself
    return 0


def new_messages(messages: Sequence[Any]) -> list[Any]:
    """What was said since the model's last answer, with the names of the tools that said something."""
    new = [plain(message) for message in messages[first_new(messages) :]]
    nameless = [one for one in new if isinstance(one, dict) and "call_id" in one and "name" not in one]
    if nameless:
        called = {call["id"]: call["name"] for one in messages if isinstance(one, AIMessage) for call in one.tool_calls}
        for one in nameless:
            if (name := called.get(one["call_id"])) is not None:
                one["name"] = name
    return new


def _is_from_model(message: Any) -> bool:
    if isinstance(message, BaseMessage):
        return isinstance(message, AIMessage)
    if isinstance(message, Mapping):
        return message.get("role") in ("assistant", "ai")
    return isinstance(message, tuple) and bool(message) and message[0] in ("assistant", "ai")


def messages_of(value: Any) -> Sequence[Any] | None:
    """The conversation inside a graph's input, update or state."""
    messages = value.get("messages") if isinstance(value, Mapping) else None
    if isinstance(messages, (list, tuple)):
        return messages
    return None if messages is None else [messages]


def asked(inputs: Any) -> Any:
    """What a chain or agent was asked: of a conversation only what is new."""
    if isinstance(inputs, Command):
        return {"resume": True} if inputs.resume is not None else {"update": inputs.update}
    messages = messages_of(inputs)
    if messages is not None:
        return {"messages": new_messages(messages)}
    if isinstance(inputs, (list, tuple)) and inputs and all(isinstance(item, BaseMessage) for item in inputs):
        return {"messages": new_messages(inputs)}
    if isinstance(inputs, BaseMessage):
        return {"input": plain(inputs)}
    return inputs if inputs is None or isinstance(inputs, Mapping) else {"input": inputs}


def answered(outputs: Any, *, graph: bool) -> Any:
    """What a chain or agent answered. The state of a graph is not taken along, only its last message."""
    messages = messages_of(outputs)
    if messages:
        return plain(messages[-1])
    if isinstance(outputs, BaseMessage):
        return plain(outputs)
    return None if graph and isinstance(outputs, Mapping) else outputs


def updates(outputs: Any) -> Iterable[Mapping[str, Any]]:
    """The state updates a node returned: one, several, or inside commands."""
    for output in outputs if isinstance(outputs, (list, tuple)) else (outputs,):
        update = output.update if isinstance(output, Command) else output
        if isinstance(update, Mapping):
            yield update


def tool_messages(outputs: Any) -> Iterable[ToolMessage]:
    """The answers to tool calls inside what a node returned."""
    for update in updates(outputs):
        for message in messages_of(update) or ():
            if isinstance(message, ToolMessage):
                yield message


def ends_with_answer(outputs: Any) -> bool:
    """Whether what a node returned ends with the answer to a tool call."""
    return any((said := messages_of(update)) and isinstance(said[-1], ToolMessage) for update in updates(outputs))


def lacks_form(outputs: Any) -> bool:
    """Whether an agent was to answer in a form (`response_format`), and its model's answer does not have it."""
    return any(update.get("structured_response", _UNSAID) is None for update in updates(outputs))


def tool_calls_in(inputs: Any) -> Sequence[Mapping[str, Any]]:
    """The calls a node is to execute or to judge: those of the conversation's last message, or its very input."""
    if isinstance(inputs, Mapping):
        if inputs.get("__type") == "tool_call_with_context":  # langgraph.prebuilt hands over call and state
            inputs = [inputs.get("tool_call")]
        else:
            messages = messages_of(inputs)
            last = messages[-1] if messages else None
            return last.tool_calls if isinstance(last, AIMessage) else ()
    if isinstance(inputs, list):
        calls = [call for call in inputs if isinstance(call, Mapping) and "args" in call and "name" in call]
        if len(calls) == len(inputs):
            return calls
        last = inputs[-1]
        return last.tool_calls if isinstance(last, AIMessage) else ()
    return ()


def tool_calls_judged(inputs: Any) -> Sequence[Mapping[str, Any]]:
    """The calls that a node judges which is given a conversation: those of the model's last answer.

    Others may have answered some of them since.
    """
    for message in reversed(messages_of(inputs) or ()):
        if isinstance(message, AIMessage):
            return message.tool_calls
    return tool_calls_in(inputs)


def tool_result(output: Any, call_id: str | None = None) -> tuple[Any, bool]:
    """What a tool returned, and whether it says itself that it failed.

    Args:
        output: what it returned: anything, its answer as a message, a command, or several of these two.
        call_id: of the call, where it has one. A command may repeat the whole conversation, answers to others in it.
    """
    if isinstance(output, ToolMessage):
        return output.content, output.status == "error"
    several = output if isinstance(output, (list, tuple)) else [output]
    if not several or not all(isinstance(one, (ToolMessage, Command)) for one in several):
        return output, False
    said = _own([one for one in several if isinstance(one, ToolMessage)], call_id)
    result: dict[str, Any] = {}
    for command in (one for one in several if isinstance(one, Command)):
        for update in updates(command):
            said += _own(messages_of(update) or (), call_id)
        goto = names_of(command.goto)
        result.update({"goto": goto} if goto else {})
    result.update({"messages": [message.content for message in said]} if said else {})
    return result, any(message.status == "error" for message in said)


def verdict(result: Any, *, failed: bool) -> dict[str, Any]:
    """Fields of the end of a tool that has returned: what it says went wrong stands there in words, too.

    Args:
        result, failed: as `tool_result` gives them, or the provider that has run it.
    """
    if not failed:
        return {"outcome": Outcome.SUCCESS, "result": result}
    said = result["messages"] if isinstance(result, Mapping) and "messages" in result else [result]
    error = "\n".join(_words(content) for content in said if content is not None) or None
    return {"outcome": Outcome.FAILURE, "result": result, "error": error, "error_type": "ToolError"}


def _words(content: Any) -> str:
    """The texts among the blocks of a message's content."""
    if isinstance(content, list):
        texts = [block.get("text") if isinstance(block, Mapping) else block for block in content]
        return "\n".join(str(text) for text in texts if text)
    return str(content)


def _own(messages: Sequence[Any], call_id: str | None) -> list[ToolMessage]:
    """The answer to a call: the last one, for its id may have been used before; else what answers are new."""
    answers = [message for message in messages if isinstance(message, ToolMessage)]
    own = [message for message in answers if call_id is not None and message.tool_call_id == call_id]
    return own[-1:] or [message for message in messages[first_new(messages) :] if isinstance(message, ToolMessage)]


def model_answer(response: LLMResult) -> tuple[Any, dict[str, Any], list[AIMessage]]:
    """Of a model's response: its text, model name and tokens, and the messages."""
    generations = [generation for group in response.generations for generation in group]
    messages = [getattr(generation, "message", None) for generation in generations]
    texts = [
        generation.text if message is None else message.content
        for generation, message in zip(generations, messages, strict=True)
    ]
    ai_messages = [message for message in messages if isinstance(message, AIMessage)]
    facts = _usage(response, ai_messages)
    return (texts[0] if len(texts) == 1 else texts), facts, ai_messages


def _usage(response: LLMResult, messages: list[AIMessage]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for message in messages:
        usage: dict[str, Any] = {**(message.usage_metadata or {})}
        if usage.get("total_cost") == 0:  # out of langchain-core's cache, with the tokens of when it was not
            facts["cached"] = True
            usage |= {"input_tokens": 0, "output_tokens": 0}
        for name in ("input_tokens", "output_tokens"):
            if name in usage:
                facts[name] = facts.get(name, 0) + usage[name]
        model = message.response_metadata.get("model_name") or message.response_metadata.get("model")
        if model:
            facts["model"] = model
    told = (response.llm_output or {}).get("token_usage")
    if "input_tokens" not in facts and isinstance(told, Mapping):
        facts["input_tokens"], facts["output_tokens"] = (
            told.get("prompt_tokens"),
            told.get("completion_tokens"),
        )
    return facts


def decision(answer: Any) -> tuple[Any, dict[str, Any]]:
    """Of the answer of a model that decides: what it has decided, model name and tokens."""
    usage = getattr(answer, "usage", None) or {}
    facts = {name: usage[name] for name in ("input_tokens", "output_tokens") if name in usage}
    model = getattr(answer, "model", None)
    return getattr(answer, "answers", answer), {**facts, **({"model": model} if model else {})}


def documents_found(documents: Sequence[Any]) -> dict[str, Any]:
    """What a retriever found: how many, which, from where, and last, for it may be cut short, the text."""
    metadata = [getattr(document, "metadata", None) or {} for document in documents]
    return {
        "count": len(documents),
        "ids": [
            getattr(document, "id", None) or facts.get("id")
            for document, facts in zip(documents, metadata, strict=True)
        ],
        "sources": [facts.get("source") for facts in metadata],
        "contents": [getattr(document, "page_content", None) for document in documents],
    }
