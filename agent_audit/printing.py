"""Calls whose command prints a secret: what they give back is one, and their call is all that tells.

The call and its result are events of their own, and what a model is told of the result is a third. So the ids of such
calls are kept for as long as their results may still be told, and redaction is shown a result as what it is: the output
of a command that prints a secret.
"""

from __future__ import annotations

from typing import Any

from agent_audit.redaction.chat import printing_command
from agent_audit.redaction.rules.printed import PRINTED

_COMMAND, _PRINTS = "command", PRINTED.rstrip()
"""Beside an output, what redaction takes for the command that it is of."""
_MOST = 1000
"""Ids that are remembered, two for a call."""


class PrintingCalls:
    """What one logger knows of such calls. Safe for any thread: each step is one of a dict."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def note(self, record: dict[str, Any]) -> None:
        """Remember a call, as it was told, if its command prints a secret."""
        if not printing_command(record.get("parameters")):
            return
        for name in ("span_id", "call_id"):
            if (called := record.get(name)) is not None:
                self._ids[called] = None
        for oldest in list(self._ids)[:-_MOST]:
            self._ids.pop(oldest, None)

    def beside(self, record: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
        """The payload of an event, with a command beside each output of such a call; itself when it has none."""
        if not self._ids:
            return payload
        if "result" in payload and (record.get("span_id") in self._ids or record.get("call_id") in self._ids):
            return {**payload, _COMMAND: _PRINTS}
        if self._is_answer(payload.get("result")):  # a run that ends with what its tool gave back
            return {**payload, "result": {**payload["result"], _COMMAND: _PRINTS}}
        messages = _messages(payload)
        if not any(map(self._is_answer, messages)):
            return payload
        told = [{**one, _COMMAND: _PRINTS} if self._is_answer(one) else one for one in messages]
        return {**payload, "parameters": {**payload["parameters"], "messages": told}}

    def _is_answer(self, message: Any) -> bool:
        if type(message) is not dict or _COMMAND in message:
            return False
        called = message.get("call_id")
        return type(called) is str and called in self._ids


def _messages(payload: dict[str, Any]) -> list[Any]:
    parameters = payload.get("parameters")
    messages = parameters.get("messages") if type(parameters) is dict else None
    return messages if type(messages) is list else []


def take_away(value: Any, payload: dict[str, Any]) -> None:
    """Take the commands out of what became of a payload that `PrintingCalls.beside` has put there."""
    if type(value) is not dict:
        return
    if _COMMAND in payload:
        value.pop(_COMMAND, None)
        return
    for message in (value.get("result"), *_messages(value)):
        if type(message) is dict and message.get(_COMMAND) == _PRINTS:
            del message[_COMMAND]
