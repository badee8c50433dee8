"""Who acts, for whom, in which conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from agents import RunConfig, Runner, SQLiteSession, trace
from openai_scripts import ASKED_TO_ADD, Record, add, agent, call

import agent_audit_openai_agents
from agent_audit import identify


@dataclass
class Account:
    user_id: str
    tenant: str = "t1"


def identities(record: Record) -> set[tuple[str | None, str | None, str | None]]:
    return {(event.agent_id, event.session_id, event.user_id) for event in record.events()}


@pytest.mark.parametrize("context", [Account("alice"), {"user_id": "alice"}])
async def test_the_user_is_taken_from_the_context_object(record: Record, context: Any) -> None:
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi", context=context)
    assert identities(record) == {("A", None, "alice")}


@pytest.mark.parametrize("as_key", [False, True])
async def test_a_user_may_be_a_uuid(record: Record, as_key: bool) -> None:
    user: Any = UUID(int=7)
    await Runner.run(agent("hello"), "hi", context={"user_id": user} if as_key else Account(user))
    assert identities(record) == {("A", None, str(user))}


async def test_a_group_is_a_session(record: Record) -> None:
    await Runner.run(agent("hello"), "hi", run_config=RunConfig(group_id="chat-7"))
    assert identities(record) == {("A", "chat-7", None)}


async def test_a_callable_tells_more_than_the_context_object_and_arguments_more_than_both(silent: Record) -> None:
    agent_audit_openai_agents.enable(
        silent.logger,
        session_id="fixed",
        context=lambda wrapper: {
            "user_id": f"{wrapper.context.tenant}/{wrapper.context.user_id}",
            "session_id": "told",
            "agent_id": "clerk",
        },
    )
    await Runner.run(agent(ASKED_TO_ADD, "3", tools=[add]), "hi", context=Account("alice"), session=SQLiteSession("s"))
    assert identities(silent) == {("clerk", "fixed", "t1/alice")}


async def test_a_callable_that_fails_does_not_fail_the_run(silent: Record) -> None:
    agent_audit_openai_agents.enable(silent.logger, context=lambda wrapper: {"user_id": wrapper.context["nope"]})
    await Runner.run(agent("hello"), "hi", context={"user_id": "alice"})
    assert identities(silent) == {("A", None, "alice")}


async def test_what_is_in_force_around_the_run_is_the_last_resort(record: Record) -> None:
    with identify(user_id="bob", session_id="outer"):
        await Runner.run(agent("hello"), "hi")
    assert identities(record) == {("A", "outer", "bob")}


async def test_agents_as_tools_act_for_the_same_user_in_the_same_session(record: Record) -> None:
    inner = agent("3", name="Inner")
    outer = agent([call("ask", {"input": "?"})], "ok", name="Outer", tools=[inner.as_tool("ask", "")])
    await Runner.run(outer, "hi", context=Account("alice"), session=SQLiteSession("s"))
    assert identities(record) == {("Outer", "s", "alice"), ("Inner", "s", "alice")}


async def test_a_session_that_learns_its_name_later_is_named_as_soon_as_it_knows(record: Record) -> None:
    class Lazy(SQLiteSession):
        known = False

        @property
        def session_id(self) -> str:
            if not self.known:
                raise ValueError("not yet available")
            return "conv-1"

        @session_id.setter
        def session_id(self, value: str) -> None: ...

        async def get_items(self, *args: Any, **kwargs: Any) -> Any:
            self.known = True
            return []

        async def add_items(self, items: Any) -> None: ...

    await Runner.run(agent("hello"), "hi", session=Lazy("x"))
    assert identities(record) == {("A", "conv-1", None)}


async def test_a_run_that_fails_before_its_agent_begins_is_for_the_user_of_its_context(record: Record) -> None:
    class Broken(SQLiteSession):
        async def get_items(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("no database")

    with pytest.raises(OSError, match="no database"):
        await Runner.run(agent("hello"), "hi", context=Account("alice"), session=Broken("s"))
    error = record.one("error")
    assert (error.error_type, error.session_id, error.user_id) == ("OSError", "s", "alice")


async def test_the_session_of_a_run_s_caller_goes_before_the_group_of_a_trace_around_it(record: Record) -> None:
    with trace("around", group_id="group"), identify(session_id="chat-7"):
        await Runner.run(agent("hello"), "hi")
    assert identities(record) == {("A", "chat-7", None)}
