"""Shell, patch and computer tools, whose hooks tell neither the call nor its arguments."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace
from typing import Any

import pytest
from agents import (
    ApplyPatchResult,
    ApplyPatchTool,
    Computer,
    ComputerTool,
    CustomTool,
    LocalShellTool,
    Runner,
    ShellTool,
    ToolSearchTool,
    function_tool,
    input_guardrail,
)
from agents.testing import assistant_message
from openai.types.responses import (
    ResponseComputerToolCall,
    ResponseCustomToolCall,
    ResponseFunctionShellToolCall,
    ResponseFunctionShellToolCallOutput,
    ResponseToolSearchCall,
    ResponseToolSearchOutputItem,
)
from openai.types.responses.response_output_item import LocalShellCall
from openai_scripts import Record, agent, lines, shell_call

from agent_audit_openai_agents import AuditRunHooks

DECIDED_AND_RUN = (
    "permission.check",
    "action.approved",
    "action.denied",
    "tool.call",
    "tool.response",
    "action.failed",
)


pytestmark = pytest.mark.usefixtures("traced_or_not")


def patch_call(call_id: str, path: str) -> dict[str, Any]:
    operation = {"type": "delete_file", "path": path}
    return {
        "type": "apply_patch_call",
        "id": call_id,
        "call_id": call_id,
        "status": "completed",
        "operation": operation,
    }


TWO_COMMANDS = [shell_call("s1", "rm -rf /data"), shell_call("s2", "ls")]


class Disk:
    """Whose files are patched."""

    def create_file(self, operation: Any) -> str:
        return f"created {operation.path}"

    def update_file(self, operation: Any) -> str:
        return f"updated {operation.path}"

    def delete_file(self, operation: Any) -> str:
        return f"deleted {operation.path}"


class Screen(Computer):
    """A computer that does one and the same thing."""

    def __init__(self, react: Any) -> None:
        self._react = react

    def screenshot(self) -> str:
        return self._react()

    click = double_click = scroll = type = wait = move = keypress = drag = lambda self, *args, **keys: self._react()


async def removes(context: Any, action: Any, call_id: str) -> bool:
    return any("rm" in command for command in action.commands)


def shell(**settings: Any) -> ShellTool:
    return ShellTool(executor=lambda request: f"ran {request.data.action.commands[0]}", **settings)


async def test_of_two_commands_the_one_that_runs_is_on_record_and_not_the_one_that_waits(record: Record) -> None:
    one = agent(TWO_COMMANDS, "done", tools=[shell(needs_approval=removes)])
    result = await Runner.run(one, "hi")
    assert record.told(*DECIDED_AND_RUN) == lines("""
        tool.call - tool.shell s2
        tool.response success tool.shell s2
        permission.check - tool.shell s1
    """)
    assert record.one("tool.call").parameters["commands"] == ["ls"]
    assert record.one("tool.response").result == "ran ls"
    state = result.to_state()
    state.approve(result.interruptions[0])
    await Runner.run(one, state)
    assert record.told("action.approved", "tool.call", "tool.response")[2:] == lines("""
        action.approved success tool.shell s1
        tool.call - tool.shell s1
        tool.response success tool.shell s1
    """)
    assert record.one("tool.call", call_id="s1").parameters["commands"] == ["rm -rf /data"]


async def test_hooks_alone_tell_of_two_commands_the_one_that_runs(silent: Record) -> None:
    one = agent(TWO_COMMANDS, "done", tools=[shell(needs_approval=removes)])
    await Runner.run(one, "hi", hooks=AuditRunHooks(silent.logger))
    gc.collect()  # nothing tells hooks that a run waits
    assert silent.told("tool.call", "tool.response") == lines("""
        tool.call - tool.shell s2
        tool.response success tool.shell s2
    """)
    assert silent.one("tool.call").parameters["commands"] == ["ls"]


async def test_a_command_that_is_rejected_at_once_is_not_the_one_that_runs(record: Record) -> None:
    def decide(context: Any, item: Any) -> Any:
        return {"approve": item.raw_item.call_id == "s2"}

    one = agent(TWO_COMMANDS, "done", tools=[shell(needs_approval=True, on_approval=decide)])
    await Runner.run(one, "hi")
    assert record.told(*DECIDED_AND_RUN) == lines("""
        action.denied denied tool.shell s1
        action.approved success tool.shell s2
        tool.call - tool.shell s2
        tool.response success tool.shell s2
    """)
    assert record.one("tool.call").parameters["commands"] == ["ls"]


async def test_of_two_patches_the_one_that_is_applied_is_on_record(record: Record) -> None:
    async def of_production(context: Any, operation: Any, call_id: str) -> bool:
        return operation.path == "prod.db"

    patch = ApplyPatchTool(editor=Disk(), needs_approval=of_production)
    await Runner.run(agent([patch_call("p1", "prod.db"), patch_call("p2", "tmp.txt")], "done", tools=[patch]), "hi")
    assert record.told(*DECIDED_AND_RUN) == lines("""
        tool.call - tool.apply_patch p2
        tool.response success tool.apply_patch p2
        permission.check - tool.apply_patch p1
    """)
    assert record.one("tool.call").parameters["path"] == "tmp.txt"
    assert record.one("tool.response").result == "deleted tmp.txt"


async def test_a_shell_a_patch_and_a_custom_tool_that_raise_have_failed_though_the_model_gets_a_text(
    record: Record,
) -> None:
    def refuse(*_: Any) -> str:
        raise PermissionError("not yours")

    disk: Any = SimpleNamespace(create_file=refuse, update_file=refuse, delete_file=refuse)
    commands = [shell_call("s1", "ls"), shell_call("s2", "pwd")]
    custom = {"type": "custom_tool_call", "id": "k1", "call_id": "k1", "name": "ask", "input": "some words"}
    tools = [
        ShellTool(executor=lambda request: refuse() if request.data.call_id == "s1" else "here"),
        ApplyPatchTool(editor=disk),
        CustomTool(name="ask", description="", on_invoke_tool=refuse),
    ]
    asked = [*commands, patch_call("p1", "x"), ResponseCustomToolCall.model_validate(custom)]
    await Runner.run(agent(asked, "done", tools=tools), "hi")
    ends = {event.call_id: (event.outcome, event.error_type, event.error) for event in record.events("tool.response")}
    failed = ("failure", "PermissionError", "not yours")
    assert ends == {"s1": failed, "s2": ("success", None, None), "p1": failed, "k1": failed}


@pytest.mark.parametrize("kind", ["computer", "local_shell"])
async def test_a_computer_or_a_local_shell_that_raises_has_failed_with_what_the_run_raises(
    record: Record, kind: str
) -> None:
    def refuse(*_: Any) -> str:
        raise PermissionError("not yours")

    click = {"type": "click", "x": 1, "y": 2, "button": "left"}
    command = {"type": "exec", "command": ["ls"], "env": {}}
    asked: dict[str, Any] = {
        "computer": ResponseComputerToolCall.model_validate(
            {
                "type": "computer_call",
                "id": "n1",
                "call_id": "n1",
                "action": click,
                "pending_safety_checks": [],
                "status": "completed",
            }
        ),
        "local_shell": LocalShellCall.model_validate(
            {"type": "local_shell_call", "id": "n1", "call_id": "n1", "action": command, "status": "completed"}
        ),
    }
    tools: dict[str, Any] = {"computer": ComputerTool(Screen(refuse)), "local_shell": LocalShellTool(executor=refuse)}
    one = agent([asked[kind]], "done", tools=[tools[kind]])
    with pytest.raises(PermissionError):
        await Runner.run(one, "hi")
    assert record.told("tool.call", "tool.response", "agent.stop") == lines(f"""
        tool.call - {record.one("tool.call").action} n1
        tool.response failure {record.one("tool.call").action} n1
        agent.stop failure agent.A -
    """)
    response = record.one("tool.response")
    assert (response.error_type, response.error) == ("PermissionError", "not yours")


async def test_a_native_tool_that_runs_when_something_else_ends_the_run_was_cancelled(record: Record) -> None:
    running = asyncio.Event()

    async def slow(request: Any) -> str:
        running.set()
        await asyncio.sleep(10)
        return "never"

    @input_guardrail
    async def broken(context: Any, agent: Any, input: Any) -> Any:
        await running.wait()
        raise RuntimeError("classifier is down")

    command: Any = {"type": "exec", "command": ["ls"], "env": {}}
    asked = LocalShellCall(id="n1", call_id="n1", action=command, status="completed", type="local_shell_call")
    one = agent([asked], "done", tools=[LocalShellTool(executor=slow)], input_guardrails=[broken])
    with pytest.raises(RuntimeError):
        await Runner.run(one, "hi")
    assert record.told("tool.response", "agent.stop") == lines("""
        tool.response cancelled tool.local_shell n1
        agent.stop failure agent.A -
    """)


async def test_a_patch_that_the_editor_says_has_failed_has_failed(record: Record) -> None:
    def conflict(operation: Any) -> ApplyPatchResult:
        return ApplyPatchResult(status="failed", output="conflict")

    disk: Any = SimpleNamespace(delete_file=conflict)
    await Runner.run(agent([patch_call("p1", "x")], "done", tools=[ApplyPatchTool(editor=disk)]), "hi")
    response = record.one("tool.response")
    assert (response.outcome, response.error_type, response.error) == ("failure", "PatchFailed", "conflict")


async def test_a_shell_of_another_name_has_the_call_s_id_and_arguments(record: Record) -> None:
    await Runner.run(agent([shell_call("s1", "ls")], "done", tools=[shell(name="bash")]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        action.request - tool.shell s1
        tool.call - tool.shell s1
        tool.response success tool.shell s1
        agent.stop success agent.A -
    """)
    assert record.one("tool.call").parameters["commands"] == ["ls"]


@pytest.mark.parametrize("status", ["completed", "incomplete"])
async def test_a_shell_that_has_run_at_the_provider_is_a_call_with_its_result(record: Record, status: str) -> None:
    said = {"stdout": "removed", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
    item = {"type": "shell_call_output", "id": "o1", "call_id": "h1", "status": status, "output": [said]}
    output = ResponseFunctionShellToolCallOutput.model_validate({**item, "max_output_length": None})
    asked = ResponseFunctionShellToolCall.model_validate(shell_call("h1", "rm *.bak"))
    one = agent([asked, output, assistant_message("done")], tools=[ShellTool(environment={"type": "container_auto"})])
    await Runner.run(one, "hi")
    assert record.without_models() == lines(f"""
        agent.start - agent.A -
        tool.call - tool.shell h1
        tool.response {"success" if status == "completed" else "failure"} tool.shell h1
        agent.stop success agent.A -
    """)
    ran, response = record.one("tool.call"), record.one("tool.response")
    assert (ran.parameters["commands"], ran.metadata) == (["rm *.bak"], {"hosted": True})
    assert response.result == [said]


async def test_a_search_for_tools_at_the_provider_is_a_call_with_an_end(record: Record) -> None:
    shared = {"call_id": None, "execution": "server", "status": "completed"}
    asked = {"type": "tool_search_call", "id": "t1", "arguments": {"paths": ["x"]}, **shared}
    output = {"type": "tool_search_output", "id": "t2", "tools": [], **shared}
    items = [ResponseToolSearchCall.model_validate(asked), ResponseToolSearchOutputItem.model_validate(output)]
    later = function_tool(lambda: "x", name_override="later", defer_loading=True)
    await Runner.run(agent([*items, assistant_message("done")], tools=[ToolSearchTool(), later]), "hi")
    assert record.without_models() == lines("""
        agent.start - agent.A -
        tool.call - tool.tool_search t1
        tool.response success tool.tool_search t1
        agent.stop success agent.A -
    """)
    assert record.one("tool.response").result == {"tools": 0}
