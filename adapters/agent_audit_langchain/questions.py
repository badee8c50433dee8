"""What an interrupt asks, and what the answer to it decides. Pure: reads values, records nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent_audit import ActionRequest, same_arguments

_YES = frozenset({"approve", "approved", "accept", "accepted", "allow", "yes", "ok"})
_NO = frozenset({"reject", "rejected", "deny", "denied", "ignore", "no"})
_RESPOND = frozenset({"respond", "response"})

_NEEDS = {"edit": "edited_action", "respond": "message"}
"""What LangChain's decisions have to say besides their type."""

_NOWHERE: Mapping[Any, Any] = {}


@dataclass(frozen=True)
class Question:
    """One interrupt: what it asks for."""

    interrupt_id: str | None
    kind: str
    """`tool_approvals` (several at once), `tool_approval` (one), `interrupt`, `breakpoint`."""
    requests: list[ActionRequest] = field(default_factory=list)
    asked: Any = None
    """The value given to `interrupt()` inside a tool: what the human is shown beside the arguments."""
    in_tool: bool = False
    """A tool asks; it is called again as it was, and given the answer."""
    accepts: Sequence[Collection[str] | None] = ()
    """For each request the decisions that whoever asks says it accepts; None or nothing: it does not say."""
    steps: Mapping[Any, Any] = field(default_factory=dict)
    """Where it was asked: of each graph around it the step."""


@dataclass(frozen=True)
class Decision:
    """What was decided about one request."""

    kind: str
    """approve, edit, reject, respond; `answer` when only the application knows what the value means."""
    parameters: Any = None
    """The arguments in place of those asked about, when edited."""
    name: str | None = None
    """The tool in place of the one asked about, when edited."""
    text: Any = None
    """What the human said: the reason of a rejection, or the answer in place of the tool's."""
    value: Any = None
    """The answer as it was given."""


def read_question(
    value: Any,
    interrupt_id: str | None,
    *,
    calls: Sequence[Mapping[str, Any]],
    tool: ActionRequest | None,
    judged: Sequence[Mapping[str, Any]] = (),
    schema: Any = None,
    steps: Mapping[Any, Any] = _NOWHERE,
) -> Question:
    """Read an interrupt's value.

    Args:
        value: what was given to `interrupt()`.
        interrupt_id: LangGraph's id of it.
        calls: the tool calls in the hands of the node that was interrupted.
        tool: the tool that was interrupted, if it was one.
        judged: the calls that it can ask about at once.
        schema: JSON Schema of the answer, where the interrupt says so.
        steps: see `Question`.
    """
    requests = _approval_requests(value)
    if requests:
        found = with_call_ids(requests, judged or calls)
        accepts = _reviews(value, len(requests))
        return Question(interrupt_id, "tool_approvals", found, in_tool=tool is not None, accepts=accepts, steps=steps)
    if _is_one_approval(value):
        asked = [_of_call(value, "tool_call_id")]
        return Question(interrupt_id, "tool_approval", asked, accepts=[_words_in(schema)], steps=steps)
    if tool is not None:
        return Question(interrupt_id, "interrupt", [tool], value, in_tool=True, steps=steps)
    if len(calls) == 1 and "id" in calls[0]:
        return Question(interrupt_id, "interrupt", [_of_call(calls[0])], value, steps=steps)
    return Question(interrupt_id, "interrupt", [ActionRequest("interrupt", value, interrupt_id)], steps=steps)


def _is_one_approval(value: Any) -> bool:
    kind = value.get("type") if isinstance(value, Mapping) else None
    return isinstance(kind, str) and kind == "tool_approval"


def _reviews(value: Any, expected: int) -> Sequence[Collection[str] | None]:
    """What HumanInTheLoopMiddleware says it accepts for each of the calls it asks about."""
    told = value.get("review_configs") if isinstance(value, Mapping) else None
    if not isinstance(told, list) or len(told) != expected:
        return ()
    return [one.get("allowed_decisions") if isinstance(one, Mapping) else None for one in told]


def _words_in(schema: Any) -> Collection[str] | None:
    """The same of one call, from the schema of the answer: one kind of decision, or several told apart by `type`."""
    if not isinstance(schema, Mapping):
        return None
    told_apart = schema.get("discriminator")
    if told_apart:
        return frozenset(told_apart.get("mapping", ()))
    word = schema.get("properties", {}).get("type", {}).get("const")
    return None if word is None else frozenset([word])


def is_accepted(question: Question, answer: Any) -> bool:
    """Whether whoever asked takes that for an answer, as far as it said what it takes.

    What it does not take decides nothing: it raises, and the question stays open.
    """
    if is_batch(answer):
        values: Sequence[Any] = answer["decisions"]
        if len(values) != len(question.requests):
            return False
    else:
        if question.kind == "tool_approvals" and any(question.accepts):
            return False
        values = [answer]
    return all(_is_among(value, words) for value, words in zip(values, question.accepts, strict=False))


def _is_among(value: Any, words: Collection[str] | None) -> bool:
    if words is None:
        return True
    word = value.get("type") if isinstance(value, Mapping) else None
    needs = _NEEDS.get(word) if isinstance(word, str) else None
    return isinstance(word, str) and word in words and (needs is None or needs in value)


def is_batch(answer: Any) -> bool:
    """Whether it is several decisions at once, as HumanInTheLoopMiddleware wants them."""
    return isinstance(answer, Mapping) and isinstance(answer.get("decisions"), list)


def _approval_requests(value: Any) -> list[ActionRequest]:
    """Of HumanInTheLoopMiddleware ({"action_requests": [...]}) or of the agent inbox ([{"action_request": ...}])."""
    if isinstance(value, Mapping) and isinstance(value.get("action_requests"), list):
        asked = value["action_requests"]
    else:
        items = value if isinstance(value, (list, tuple)) else [value]
        asked = [item.get("action_request") for item in items if isinstance(item, Mapping)]
    return [
        ActionRequest(f"tool.{one.get('name') or one.get('action')}", one.get("args"))
        for one in asked
        if isinstance(one, Mapping)
    ]


def with_call_ids(requests: Sequence[ActionRequest], calls: Sequence[Mapping[str, Any]]) -> list[ActionRequest]:
    """Find the model's call behind each request: the value of the interrupt names only tool and arguments."""
    left = [_of_call(call) for call in calls]
    found = []
    for request in requests:
        same = [call for call in left if call.action == request.action]
        equal = (call for call in same if same_arguments(call.parameters, request.parameters))
        match = next(equal, same[0] if same else None)
        if match is not None:
            left = [one for one in left if one is not match]
        found.append(ActionRequest(request.action, request.parameters, match.call_id if match else None))
    return found


def _of_call(call: Mapping[str, Any], id_key: str = "id") -> ActionRequest:
    return ActionRequest(f"tool.{call.get('name')}", call.get("args"), call.get(id_key))


def as_requests(calls: Sequence[Mapping[str, Any]]) -> list[ActionRequest]:
    """The model's tool calls as things to decide on."""
    return [_of_call(call) for call in calls]


def read_decisions(answer: Any, expected: int) -> list[Decision]:
    """What an answer decides, one decision for each request, in their order."""
    if is_batch(answer):
        values: list[Any] = answer["decisions"]
    elif isinstance(answer, list) and len(answer) == expected and all(isinstance(item, Mapping) for item in answer):
        values = answer
    else:
        values = [answer]
    return [read_decision(value) for value in values]


def read_decision(value: Any) -> Decision:
    """What one answer decides. What is not plainly a yes or a no stays an answer."""
    if isinstance(value, bool):
        return Decision("approve" if value else "reject", value=value)
    if isinstance(value, str) and value.strip().lower() in _YES | _NO:
        return Decision("approve" if value.strip().lower() in _YES else "reject", value=value)
    if not isinstance(value, Mapping):
        return Decision("answer", value=value)
    words = (value.get(key) for key in ("type", "decision", "action", "approved", "approve"))
    word = next((word for word in words if isinstance(word, (str, bool))), "")
    return _by_word(word.strip().lower() if isinstance(word, str) else "yes" if word else "no", value)


def _by_word(word: str, value: Mapping[str, Any]) -> Decision:
    if word == "edit":
        edited = _first(value, "edited_action", "args", default={})
        name = edited.get("name") or edited.get("action") if isinstance(edited, Mapping) else None
        parameters = edited.get("args", edited) if isinstance(edited, Mapping) else edited
        return Decision("edit", parameters, name, value=value)
    kinds = ((_YES, "approve"), (_NO, "reject"), (_RESPOND, "respond"))
    kind = next((kind for words, kind in kinds if word in words), "answer")
    text = None if kind == "answer" else _first(value, "message", "reason", "args")
    return Decision(kind, text=text, value=value)


def _first(value: Mapping[str, Any], *keys: str, default: Any = None) -> Any:
    return next((found for key in keys if (found := value.get(key)) is not None), default)


def match_by_evidence(
    decisions: Sequence[Decision], requests: Sequence[ActionRequest], answered: set[str], edited: set[str]
) -> list[tuple[ActionRequest, Decision]]:
    """Join decisions and calls when nobody remembers which of the calls were asked about.

    Args:
        decisions: in the order of the calls asked about; calls that needed no approval have none.
        requests: all calls of the turn.
        answered: ids of calls that got a message in place of their execution: rejected or responded to.
        edited: ids of calls that were replaced.
    """
    pools = {
        "message": [one for one in requests if one.call_id in answered],
        "edit": [one for one in requests if one.call_id in edited],
        "approve": [one for one in requests if one.call_id not in answered | edited],
    }
    kinds = ["message" if one.kind in ("reject", "respond") else one.kind for one in decisions]
    certain = {kind for kind, pool in pools.items() if len(pool) == kinds.count(kind)}
    return [
        (pools[kind].pop(0) if kind in certain else ActionRequest("interrupt"), decision)
        for decision, kind in zip(decisions, kinds, strict=True)
    ]
