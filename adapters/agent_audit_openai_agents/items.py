"""Translation of what goes to a model and comes from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents import ModelResponse

from agent_audit import ActionRequest, HostedCall, Outcome, message

_LOOKUPS = {"file_search_call": "file_search", "web_search_call": "web_search"}
"""Hosted tools that read: their items are on record as `data.access`."""

HOSTED_APPROVAL = "mcp_approval_request"
"""A call that the provider carries out itself once it is allowed."""

_HOSTED = {
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "mcp_call": "mcp",
}
"""Hosted tools that ran at the provider before anybody could record an intent."""

_PROGRAM, _PROGRAM_TOOL = "program", "programmatic_tool_calling"
"""Code of the model's that the provider runs, and that may call tools; its output may come some answers later."""


@dataclass(frozen=True)
class Call:
    """A tool call that a model asks for."""

    name: str
    call_id: str | None
    arguments: Any
    """Parsed; the raw text where it is no JSON object."""
    kind: str = "function_call"
    """The type of the response item."""
    raw: Any = field(default=None, compare=False, repr=False)
    """The response item."""

    @property
    def action(self) -> str:
        return f"tool.{self.name}"

    @property
    def request(self) -> ActionRequest:
        """What is asked, in the form that all frameworks share."""
        return ActionRequest(self.action, self.arguments, self.call_id)

    @property
    def fields(self) -> dict[str, Any]:
        """Those of an event about it."""
        return self.request.fields


def field_of(item: Any, name: str) -> Any:
    """A field of an item, which is a dict or an object of the openai package."""
    if isinstance(item, dict):  # most are; the check for Mapping costs ten times as much
        return item.get(name)
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)


def tokens_of(usage: Any) -> dict[str, Any]:
    """The tokens that a model call has taken; where a provider does not tell, the SDK says zero, and this nothing."""
    told = {name: value for name in ("input_tokens", "output_tokens") if (value := field_of(usage, name)) is not None}
    return told if any(told.values()) else {}


def parse_arguments(raw: Any) -> Any:
    """Arguments as a value; text that is no JSON object stays as it is."""
    if not isinstance(raw, str):
        return raw
    try:
        parsed = json.loads(raw) if raw else {}
    except ValueError:
        return raw
    return parsed if isinstance(parsed, dict) else raw


def are_malformed(raw: Any) -> bool:
    """Whether arguments are a text that a function tool cannot take."""
    return isinstance(raw, str) and isinstance(parse_arguments(raw), str)


def call_of(item: Any) -> Call | None:
    """The call in an output item that the application has to carry out or to allow; None for all other items."""
    kind = field_of(item, "type")
    if kind == HOSTED_APPROVAL:
        name = f"{field_of(item, 'server_label')}.{field_of(item, 'name')}"
        return Call(name, _id_of(item, "id"), plain(parse_arguments(field_of(item, "arguments"))), kind, item)
    if not isinstance(kind, str) or not kind.endswith("_call") or kind in _LOOKUPS or kind in _HOSTED:
        return None
    namespace, name = field_of(item, "namespace"), field_of(item, "name") or kind.removesuffix("_call")
    if namespace and namespace != name:
        name = f"{namespace}.{name}"
    arguments = next(
        (value for key in ("arguments", "input", "action", "operation") if (value := field_of(item, key)) is not None),
        None,
    )
    call_id = _id_of(item, "call_id", "id")
    return Call(name, call_id, plain(parse_arguments(arguments)), kind, item)


def _id_of(item: Any, *names: str) -> str | None:
    found = next((value for name in names if (value := field_of(item, name))), None)
    return None if found is None else str(found)


@dataclass
class Answer:
    """What a model has answered."""

    texts: list[str] = field(default_factory=list)
    refused: bool = False
    hosted: list[HostedCall] = field(default_factory=list)
    """The hosted tools that ran for it."""
    begun: list[Call] = field(default_factory=list)
    """Those that begin with it."""
    done: list[HostedCall] = field(default_factory=list)
    """Those that have begun with an earlier one, and have run."""
    calls: list[Call] = field(default_factory=list)
    """The calls that it asks for, in their order."""


def read_answer(response: ModelResponse) -> Answer:
    """Sort what is in a response."""
    answer, programs = Answer(), set()
    for item in response.output:
        kind = field_of(item, "type")
        if kind == "message":
            for part in field_of(item, "content") or ():
                answer.texts.append(str(field_of(part, "text") or field_of(part, "refusal") or field_of(part, "type")))
                answer.refused |= field_of(part, "type") == "refusal"
        elif kind in _LOOKUPS or kind in _HOSTED:
            answer.hosted.append(_hosted(item))
        elif kind == _PROGRAM:
            programs.add(field_of(item, "call_id"))
            output = next((one for one in response.output if _is_output_of(one, item)), None)
            if output is None:
                answer.begun.append(_program_begun(item))
            else:
                answer.hosted.append(_program(item, output))
        elif kind == f"{_PROGRAM}_output" and field_of(item, "call_id") not in programs:
            answer.done.append(_program(None, item))
        elif (call := call_of(item)) is not None:
            ran = None if call.kind == "function_call" else _run_by_provider(call, response.output)
            if ran is None:
                answer.calls.append(call)
            else:
                answer.hosted.append(ran)
    return answer


def _run_by_provider(call: Call, items: Sequence[Any]) -> HostedCall | None:
    """A call whose output comes in the same response, e.g. of a shell in the provider's container."""
    kinds = (f"{call.kind}_output", f"{call.kind.removesuffix('_call')}_output")
    call_id = field_of(call.raw, "call_id")
    output = next((i for i in items if field_of(i, "type") in kinds and field_of(i, "call_id") == call_id), None)
    if output is None and field_of(call.raw, "execution") != "server":
        return None
    said, tools = field_of(output, "output"), field_of(output, "tools")
    result = [plain(part) for part in said] if isinstance(said, list) else {"tools": len(tools or ())}
    return HostedCall(call.name, call.call_id, call.arguments, is_lookup=False, ended=_ended(output, result))


def _ended(item: Any, result: Any) -> dict[str, Any]:
    error = field_of(item, "error")
    failed = error is not None or field_of(item, "status") in ("failed", "incomplete")
    outcome = Outcome.FAILURE if failed else Outcome.SUCCESS
    return {"outcome": outcome, "result": result, "error": None if error is None else str(error)}


def _hosted(item: Any) -> HostedCall:
    kind = field_of(item, "type")
    name = _LOOKUPS.get(kind) or _HOSTED[kind]
    if kind == "mcp_call":
        name = f"{field_of(item, 'server_label')}.{field_of(item, 'name')}"
    asked = {
        key: plain(parse_arguments(value)) if key == "arguments" else plain(value)
        for key in ("queries", "action", "arguments", "code")
        if (value := field_of(item, key)) is not None
    }
    found, question = field_of(item, "results"), field_of(item, "approval_request_id")
    result = {"results": len(found)} if isinstance(found, Sequence) else plain(field_of(item, "output"))
    return HostedCall(
        name=name,
        call_id=question or field_of(item, "id"),
        parameters=asked,
        is_lookup=kind in _LOOKUPS,
        ended=_ended(item, result),
        facts={"item": field_of(item, "id")} if question else {},
    )


def _is_output_of(item: Any, program: Any) -> bool:
    is_output = field_of(item, "type") == f"{_PROGRAM}_output"
    return is_output and bool(field_of(item, "call_id") == field_of(program, "call_id"))


def _program_begun(program: Any) -> Call:
    return Call(_PROGRAM_TOOL, field_of(program, "call_id"), {"code": field_of(program, "code")}, _PROGRAM, program)


def _program(program: Any, output: Any) -> HostedCall:
    code = None if program is None else {"code": field_of(program, "code")}
    ended = _ended(output, field_of(output, "result"))
    return HostedCall(_PROGRAM_TOOL, field_of(output, "call_id"), code, is_lookup=False, ended=ended)


def message_of(item: Any, name_of: Callable[[str], str | None]) -> Any:
    """An item that is sent to a model as a message; what is none stays as it is.

    Args:
        item: that is sent.
        name_of: the tool of a call, by its id.
    """
    kind = str(field_of(item, "type"))
    if kind.endswith("_output") and (call_id := field_of(item, "call_id")):
        return message("tool", plain(field_of(item, "output")), call_id=call_id, name=name_of(call_id))
    if (role := field_of(item, "role")) is not None:
        return message(str(role), plain(field_of(item, "content")))
    return plain(item)


def called_in(items: Iterable[Any], call_id: str) -> str | None:
    """The tool that a call among items asks for."""
    calls = (item for item in items if field_of(item, "call_id") == call_id)
    return next((name for name in (field_of(call, "name") for call in calls) if isinstance(name, str)), None)


def news(previous: Sequence[Any], items: Sequence[Any]) -> list[Any]:
    """The items that a model has not been sent before and has not said itself.

    Args:
        previous: all that was sent the last time; where it is no longer the beginning (a filter rewrote the
            history), everything is new.
        items: what is sent now.
    """
    known = len(previous)
    if list(items[:known]) != list(previous):
        return list(items)
    return [item for item in items[known:] if not _said_by_model(item)] if known else list(items)


def history_before(asked: Any, items: Sequence[Any]) -> Sequence[Any]:
    """What stands in a run's first request before the run's own input: the history of its session."""
    own = [{"role": "user", "content": asked}] if isinstance(asked, str) else list(asked or ())
    start = len(items) - len(own)
    if not own or start <= 0 or [_core(item) for item in items[start:]] != [_core(item) for item in own]:
        return ()
    return items[:start]


def _core(item: Any) -> tuple[Any, ...]:
    return tuple(field_of(item, name) for name in ("role", "content", "call_id", "output"))


def _said_by_model(item: Any) -> bool:
    kind = field_of(item, "type") or ""
    return field_of(item, "role") == "assistant" or kind == "reasoning" or kind.endswith("_call")


def outputs_in(items: Iterable[Any]) -> dict[str, str]:
    """Answers to calls: call id -> text."""
    return {
        str(call_id): str(field_of(item, "output"))
        for item in items
        if str(field_of(item, "type")).endswith("_output") and (call_id := field_of(item, "call_id"))
    }


def plain(value: Any) -> Any:
    """Objects of the openai package as dicts; everything else as it is."""
    dump = getattr(value, "model_dump", None)
    return dump(exclude_none=True) if callable(dump) else value
