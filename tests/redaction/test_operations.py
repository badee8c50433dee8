"""Tools whose name tells that what they take or give back is a secret: no other sign of it is needed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_audit.redaction import DefaultRedactor

SECRET = "Zx8qLw3vTn5R"


def _masked(redactor: DefaultRedactor, value: Any, action: str | None = None) -> list[tuple[str, str]]:
    return [(hit.path, hit.rule) for hit in redactor.redact(value, action=action).hits]


@pytest.mark.parametrize(
    ("tool", "rule"),
    [
        ("get_password", "key:password"),
        ("getSecretByName", "key:secret"),
        ("fetch_secret_from_vault", "key:secret"),
        ("read_secret_version", "key:secret"),
        ("generate_random_password", "key:password"),
        ("password_generator", "key:password"),
        ("create_api_key", "key:api-key"),
        ("reset_password", "key:password"),
        ("get_access_token", "key:token"),
        ("get_db_credentials", "key:credential"),
        ("vault_read", "key:secret"),
        ("keyring_get", "key:secret"),
        ("mcp__vault__read_secret", "key:secret"),
        ("vault.read", "key:secret"),
        ("secrets.get", "key:secret"),
    ],
)
def test_what_a_tool_named_after_a_secret_gives_back_is_one(redactor: DefaultRedactor, tool: str, rule: str) -> None:
    action = f"tool.{tool}"
    assert _masked(redactor, {"action": action, "result": SECRET}, action) == [("result", rule)]
    assert _masked(redactor, {"action": action, "result": {"name": "db9", "value": SECRET}}, action) == [
        ("result.value", rule)
    ]
    assert _masked(redactor, {"action": action, "result": [{"type": "text", "text": SECRET}]}, action) == [
        ("result.0.text", rule)
    ]


@pytest.mark.parametrize(
    ("tool", "parameters", "path", "rule"),
    [
        ("store_secret", {"name": "db9", "value": SECRET}, "value", "key:secret"),
        ("set_password", {"user": "ada9", "new": SECRET}, "new", "key:password"),
        ("change_user_password", {"old": SECRET, "user": "ada9"}, "old", "key:password"),
        ("verify_pin", {"value": "4711"}, "value", "key:pin"),
        ("verify_pin", {"value": 4711}, "value", "key:pin"),
        ("verify_code", {"email": "x", "code": "482913"}, "code", "key:otp"),
        ("enter_otp", {"text": "482913"}, "text", "key:otp"),
        ("put_secret_in_vault", {"path": "kv/db9", "data": {"value": SECRET}}, "data.value", "key:secret"),
    ],
)
def test_what_a_tool_named_after_a_secret_is_called_with_is_one(
    redactor: DefaultRedactor, tool: str, parameters: dict[str, Any], path: str, rule: str
) -> None:
    action = f"tool.{tool}"
    assert _masked(redactor, {"action": action, "parameters": parameters}, action) == [(f"parameters.{path}", rule)]


@pytest.mark.parametrize(
    ("tool", "payload"),
    [
        ("get_password", {"result": "not found"}),
        ("get_password", {"result": "not_found"}),
        ("get_secret", {"result": "No secret named db9"}),
        ("get_secret", {"parameters": {"name": "prod/db9", "value": "a9b8c7d6"}}),
        ("set_password", {"result": "done4ada9"}),
        ("create_secret", {"result": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-Ab1Cd2"}),
        ("list_secrets", {"result": ["db9x8y7", "web9x8y7"]}),
        ("delete_secret", {"parameters": {"value": "db9x8y7"}}),
        ("check_password_strength", {"result": "score9of10"}),
        ("get_token_usage", {"result": "a9b8c7d6"}),
        ("count_tokens", {"parameters": {"text": "a9b8c7d6"}}),
        ("generate_code", {"result": "a9b8c7d6"}),
        ("read_file", {"parameters": {"input": "a9b8c7d6"}, "result": "a9b8c7d6"}),
        ("files.read", {"result": "a9b8c7d6"}),
        ("search", {"parameters": {"input": "a9b8c7d6"}, "result": "a9b8c7d6"}),
    ],
)
def test_what_else_such_tools_take_and_give_stays_and_all_that_others_do(
    redactor: DefaultRedactor, tool: str, payload: dict[str, Any]
) -> None:
    action = f"tool.{tool}"
    assert _masked(redactor, {"action": action, **payload}, action) == []


def _conversations(tool: str, value: str) -> list[Any]:
    """A call and its result, as the providers and frameworks write them in the history that a model is sent."""
    return [
        [
            {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": tool, "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": value},
        ],
        [
            {"type": "ai", "content": "", "tool_calls": [{"name": tool, "args": {}, "id": "c1", "type": "tool_call"}]},
            {"type": "tool", "content": value, "tool_call_id": "c1"},
        ],
        [{"type": "tool", "name": tool, "content": value, "tool_call_id": "c1"}],
        [
            {"type": "function_call", "call_id": "c1", "name": tool, "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": value},
        ],
        [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": tool, "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": value}]},
        ],
    ]


def test_a_result_in_the_history_is_joined_with_its_call(redactor: DefaultRedactor) -> None:
    for messages in _conversations("get_password", SECRET):
        assert [rule for _, rule in _masked(redactor, {"messages": messages})] == ["key:password"]
    for messages in _conversations("get_weather", SECRET):
        assert _masked(redactor, {"messages": messages}) == []


def test_a_call_in_a_message_is_read_too_and_as_json(redactor: DefaultRedactor) -> None:
    arguments = {"name": "db9", "value": SECRET}
    for given in (arguments, json.dumps(arguments), json.dumps(arguments, indent=1)):
        masked = redactor.redact({"tool_calls": [{"function": {"name": "store_secret", "arguments": given}}]}).value
        kept = masked["tool_calls"][0]["function"]["arguments"]
        kept = json.loads(kept) if isinstance(kept, str) else kept
        assert kept == {"name": "db9", "value": "[REDACTED:key:secret]"}
    result = {"action": "tool.get_secret", "result": json.dumps({**arguments, "version": 3})}
    assert json.loads(redactor.redact(result, action="tool.get_secret").value["result"]) == {
        **arguments,
        "value": "[REDACTED:key:secret]",
        "version": 3,
    }


def test_who_calls_is_no_tool(redactor: DefaultRedactor) -> None:
    call = {"name": "Ada", "tool": "set_password", "args": {"user": "ada9", "new": SECRET}}
    assert _masked(redactor, call) == [("args.new", "key:password")]


def test_a_secret_that_a_tool_s_name_tells_is_masked_once(redactor: DefaultRedactor) -> None:
    event = {"action": "tool.get_secret", "result": {"value": SECRET}}
    once = redactor.redact(event, action="tool.get_secret").value
    assert redactor.redact(once, action="tool.get_secret").value == once
