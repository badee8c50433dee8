"""What a tool gives back that was called with a command which prints a secret: the call alone tells."""

from __future__ import annotations

from typing import Any

import pytest

from agent_audit import AuditEvent, AuditLogger, MemoryAuditBackend

SECRET = "Zx8qLw3vTn5R"
MASKED = "[REDACTED:printed-secret]"
CALL = {"action": "tool.bash", "span_id": "s1", "call_id": "c1", "parameters": {"command": "gh auth token"}}


def recorded(*events: dict[str, Any]) -> list[AuditEvent]:
    backend = MemoryAuditBackend()
    with AuditLogger(backend) as logger:
        for event in events:
            logger.record(**event)
        return list(logger.query())


def response(**fields: Any) -> dict[str, Any]:
    return {"event_type": "tool.response", "outcome": "success", "action": "tool.bash", "result": SECRET, **fields}


def call(**fields: Any) -> dict[str, Any]:
    return {"event_type": "tool.call", **CALL, **fields}


@pytest.mark.parametrize("known_by", [{"span_id": "s1"}, {"call_id": "c1"}, {"span_id": "s1", "call_id": "c1"}])
@pytest.mark.parametrize(
    "parameters",
    [
        {"command": "gh auth token"},
        {"commands": ["gh auth token"]},
        {"cmd": "vault kv get -field=token secret/x"},
        {"action": {"type": "exec", "command": ["gh", "auth", "token"]}},
    ],
)
def test_its_response_is_masked(parameters: dict[str, Any], known_by: dict[str, str]) -> None:
    _, event = recorded(call(parameters=parameters), response(**known_by))
    assert event.result == MASKED
    assert event.metadata == {"redacted": [{"path": "result", "rule": "printed-secret"}]}
    assert event.to_record().keys().isdisjoint({"command"})


@pytest.mark.parametrize("result", [{"stdout": SECRET}, [{"type": "text", "text": SECRET}]])
def test_its_response_is_masked_in_whatever_form_tools_have(result: Any) -> None:
    _, event = recorded(call(), response(span_id="s1", result=result))
    assert SECRET not in event.to_json()
    assert MASKED in event.to_json()


def test_what_the_model_is_told_of_it_is_masked_and_the_rest_stays() -> None:
    messages = [
        {"role": "tool", "content": SECRET, "call_id": "c1"},
        {"role": "tool", "content": SECRET, "call_id": "c2"},
        {"role": "user", "content": "go on", "command": "pass show y"},
        {"role": "tool", "content": "x", "call_id": ["no", "id"]},
    ]
    _, event = recorded(call(), {"event_type": "llm.request", "parameters": {"messages": messages}})
    assert event.parameters == {"messages": [{**messages[0], "content": MASKED}, *messages[1:]]}


def test_a_run_that_ends_with_what_its_tool_gave_back_does_not_tell_it() -> None:
    answer = {"role": "tool", "content": SECRET, "call_id": "c1"}
    _, event = recorded(call(), {"event_type": "agent.stop", "outcome": "success", "result": answer})
    assert event.result == {**answer, "content": MASKED}


@pytest.mark.parametrize("command", ["gh auth status", "ls", "echo pass", "kubectl get pods"])
def test_what_other_commands_print_stays(command: str) -> None:
    _, event = recorded(call(parameters={"command": command}), response(span_id="s1", call_id="c1"))
    assert event.result == SECRET


def test_what_others_give_back_stays() -> None:
    _, event = recorded(call(), response(span_id="s2", call_id="c2"))
    assert event.result == SECRET


def test_of_many_calls_the_latest_are_remembered() -> None:
    calls = [call(span_id=f"s{n}", call_id=f"c{n}") for n in range(1200)]
    *_, first, last = recorded(*calls, response(span_id="s0"), response(span_id="s1199"))
    assert (first.result, last.result) == (SECRET, MASKED)
