"""What adapters share."""

from __future__ import annotations

import json
import logging
import threading
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit import (
    ActionRequest,
    AdapterSettings,
    BoundedMap,
    Seam,
    ToolDefinitions,
    after_the_fact,
    describe_check,
    describe_decision,
    message,
    shared_state,
)


@given(st.lists(st.tuples(st.sampled_from("spgc"), st.integers(0, 9), st.integers())), st.integers(1, 5))
def test_a_bounded_map_is_a_dict_that_forgets_its_oldest(steps: list[tuple[str, int, int]], limit: int) -> None:
    bounded: BoundedMap[int] = BoundedMap(limit)
    plain: dict[int, int] = {}
    for step, key, value in steps:
        if step == "s":
            bounded[key] = value
            plain[key] = value
        elif step == "p":
            assert bounded.pop(key) == plain.pop(key, None)
        elif step == "c":
            assert bounded.claim(key, value) is (key not in plain)
            plain.setdefault(key, value)
        if len(plain) > limit:
            del plain[next(iter(plain))]
        assert (bounded.get(key), key in bounded, len(bounded)) == (plain.get(key), key in plain, len(plain))


def test_of_many_threads_one_gets_the_claim_and_all_get_the_same_state() -> None:
    class Logger:
        adapter_state: dict[str, Any] = {}  # noqa: RUF012

    claims: BoundedMap[int] = BoundedMap()
    gate = threading.Barrier(8)
    won: list[bool] = []
    states: list[object] = []

    def work() -> None:
        gate.wait()
        won.append(claims.claim("key", 1))
        states.append(shared_state(Logger(), "name", object))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won.count(True) == 1
    assert len(set(map(id, states))) == 1


def test_what_was_given_outright_is_told_and_a_failing_callable_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    settings = AdapterSettings(user_id="alice", context=lambda source: source["nope"])
    assert settings.given == {"user_id": "alice"}
    assert settings.told({}) == {}
    assert "context callable" in caplog.text


def test_a_predicate_that_fails_says_no_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    settings = AdapterSettings(modifies=lambda name, arguments: bool(arguments["nope"]))
    assert settings.changes_data("pay", {}) is False
    assert "'pay'" in caplog.text
    assert AdapterSettings(modifies={"pay"}).changes_data("pay", {}) is True


@given(st.dictionaries(st.text(), st.integers() | st.text(), max_size=5))
def test_the_same_arguments_have_the_same_bytes_in_any_order(arguments: dict[str, Any]) -> None:
    shuffled = dict(reversed(arguments.items()))
    first, second = ActionRequest("tool.t", arguments, "c"), ActionRequest("tool.t", shuffled, "c")
    assert first.argument_bytes() == second.argument_bytes()
    assert json.loads(first.argument_bytes()) == arguments


def test_a_decision_says_what_was_decided_on_and_only_what_is_known() -> None:
    request = ActionRequest("tool.pay", {"amount": 5}, "c1")
    digest = {"hmac_sha256": "abc"}
    denied = describe_decision(request, approved=False, digest=lambda data: digest, message="no", decided_by=None)
    assert (denied["event_type"], denied["outcome"], denied["call_id"]) == ("action.denied", "denied", "c1")
    assert denied["metadata"] == {"message": "no", "arguments": digest}
    assert describe_check(request, digest=lambda data: digest)["metadata"] == {"arguments": digest}
    graph = ActionRequest("interrupt", "go on?", "i1")
    assert describe_check(graph, digest=lambda data: digest)["metadata"] is None, "not about a call"


def test_roles_have_one_name_whatever_a_framework_calls_them() -> None:
    assert message("human", "hi") == {"role": "user", "content": "hi"}
    assert message("ai", "", calls=[("c1", "add")])["tool_calls"] == [{"id": "c1", "name": "add"}]
    answer = {"role": "tool", "content": "3", "call_id": "c1"}
    assert message("tool", "3", call_id="c1") == answer
    assert message("tool", "3", call_id="c1", name="add") == {**answer, "name": "add"}


def test_an_exception_after_the_fact_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    @after_the_fact
    def on_end() -> None:
        raise KeyError("ours")

    on_end()
    assert "on_end" in caplog.text


class Framework:
    def method(self, value: int) -> int:
        return value

    @classmethod
    def of_class(cls, value: int) -> tuple[type, int]:
        return cls, value


@pytest.fixture
def framework(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("a_framework")
    module.Framework = Framework  # type: ignore[attr-defined]
    module.function = lambda value: value  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "a_framework", module)
    return module


@pytest.mark.parametrize("name", ["function", "Framework.method", "Framework.of_class"])
def test_a_seam_is_wrapped_once_and_put_back_as_it_was(framework: Any, name: str) -> None:
    owner = framework.Framework if "." in name else framework
    before = vars(owner)[name.rpartition(".")[2]]
    seam = Seam(f"a_framework:{name}", "nothing")
    seen: list[Any] = []

    def make(original: Any) -> Any:
        def wrapped(*args: Any) -> Any:
            seen.append(args[-1])
            return original(*args)

        return wrapped

    assert seam.wrap(make)
    assert seam.wrap(make)
    assert seam.is_wrapped
    target = framework.Framework() if "." in name else framework
    result = getattr(target, name.rpartition(".")[2])(7)
    assert result == ((Framework, 7) if name.endswith("of_class") else 7)
    assert seen == [7]
    seam.unwrap()
    seam.unwrap()
    assert vars(owner)[name.rpartition(".")[2]] is before


@pytest.mark.parametrize(
    "path", ["a_framework:gone", "a_framework:Framework.gone", "no_such_module:x", "a_framework:No.x"]
)
def test_a_seam_that_is_gone_warns_once_and_does_nothing(
    framework: Any, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    seam = Seam(path, "answers are not seen")
    assert not seam.wrap(lambda original: original)
    assert not seam.check()
    seam.unwrap()
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        f"this version of the framework has no {path}: answers are not seen"
    ]


def test_a_definition_is_told_once_for_each_owner_and_content_whatever_came_between() -> None:
    definitions = ToolDefinitions(lambda data: {"hmac_sha256": data.decode()})
    schema = {"properties": {"q": {}}}
    assert definitions.new("a", "Look.", schema) == {
        "definition": {
            "hmac_sha256": '["Look.", {"properties": {"q": {}}}]',
            "covers": "description, parameters",
            "description": "Look.",
        }
    }
    assert definitions.new("a", "Look.", dict(schema)) == {}
    assert definitions.new("b", "Look.", schema)["definition"]["covers"] == "description, parameters"
    assert definitions.new("a", "Look twice.", schema)["definition"]["description"] == "Look twice."
    assert definitions.new("a", "Look.", schema) == {}
    assert definitions.new("a", "Look.")["definition"]["covers"] == "description"


def test_a_definition_is_spelled_out_only_when_it_may_have_changed_and_never_raises() -> None:
    definitions, spelled = ToolDefinitions(lambda data: {"hmac_absent": "no key"}), []
    source = object()

    def spell_out() -> Any:
        spelled.append(source)
        return {"type": "object"}

    told = [definitions.new("a", "x" * 5000, source, spell_out) for _ in range(3)]
    assert told[1:] == [{}, {}]
    assert len(spelled) == 1
    assert told[0]["definition"]["description"] == "x" * 1000
    assert definitions.new("b", "Look.", source, lambda: 1 / 0) == {}
    assert definitions.new("c", "Look.", {1: object()}) == {}
    assert definitions.new("d", None) == {}
