"""What becomes of an object: exceptions, slots, extra fields; and the names that stand for what cannot be told."""

from __future__ import annotations

import dataclasses
from typing import Any

import pydantic
import pytest

from agent_audit.redaction import redact
from agent_audit.redaction.marker import type_name
from agent_audit.redaction.objects import MAX_REPR

W = "Tr0ub4dor3xQ"
P = "[REDACTED:key:password]"


class Several(Exception):
    """As `ExceptionGroup` of later Pythons."""

    def __init__(self, message: str, *exceptions: Exception) -> None:
        super().__init__(message)
        self.exceptions = exceptions


def test_an_exception_tells_type_message_and_arguments() -> None:
    assert redact(ValueError("no", 5)) == {"type": "ValueError", "message": "('no', 5)", "args": ["no", 5]}


def test_notes_of_an_exception_are_redacted() -> None:
    error = ValueError("no")
    error.__notes__ = [f"password={W}", "kept"]  # type: ignore[attr-defined]  # what add_note of Python 3.11 makes
    assert redact(error)["notes"] == [f"password={P}", "kept"]


def test_the_exceptions_of_a_group_are_redacted() -> None:
    group = Several("two", ValueError(f"password={W}"), KeyError("kept"))
    told = redact(group)["exceptions"]
    assert [error["message"] for error in told] == [f"password={P}", "'kept'"]
    assert told[0]["type"] == "ValueError"


def test_other_attributes_of_that_name_are_no_group() -> None:
    error = Several("one")
    error.exceptions = "text"  # type: ignore[assignment]
    assert "exceptions" not in redact(error)


class OneSlot:
    __slots__ = "password"  # noqa: PLC0205  # one name, written as Python allows

    def __init__(self) -> None:
        self.password = W


class SomeSlots:
    __slots__ = ("__dict__", "__hidden__", "__weakref__", "a", "never_set")

    def __init__(self) -> None:
        self.a, self.__hidden__, self.b = 1, 2, 3
        self.__dict__["__private__"] = 4


class Both(SomeSlots):
    __slots__ = ("c",)

    def __init__(self) -> None:
        super().__init__()
        self.c = 5


class Extra(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    a: int


class LiesAboutExtra:
    __pydantic_extra__: Any = "no dict"

    def __init__(self) -> None:
        self.a = 1


class Half:
    __pydantic_fields__: Any = ()
    __pydantic_extra__: Any = "no dict"

    def __init__(self) -> None:
        self.a = 1


@dataclasses.dataclass
class Data:
    a: int
    b: int = 2


def test_attributes_come_from_slots_and_dict_and_those_of_python_are_left_out() -> None:
    assert redact(OneSlot()) == {"password": P}
    assert redact(SomeSlots()) == {"a": 1, "b": 3}
    assert redact(Both()) == {"c": 5, "a": 1, "b": 3}


def test_undeclared_fields_of_a_model_are_told_and_redacted() -> None:
    assert redact(Extra(a=1, b=2, password=W)) == {"a": 1, "b": 2, "password": P}  # type: ignore[call-arg]
    assert redact(LiesAboutExtra()) == {"a": 1}
    assert redact(Half()) == {"a": 1}


def test_a_dataclass_tells_the_fields_that_it_has() -> None:
    data = Data(1)
    assert redact(data) == {"a": 1, "b": 2}
    del data.a
    assert redact(data) == {"b": 2}
    assert redact(Data).endswith("Data'>")


class Long:
    def __repr__(self) -> str:
        return f"password={W} " + "word " * MAX_REPR


def test_an_object_without_attributes_is_known_by_its_words_up_to_a_limit() -> None:
    told = redact(Long())
    assert told.startswith(f"password={P} word word")
    assert told.endswith(" word")
    assert MAX_REPR - 20 < len(told) < MAX_REPR + 20


@pytest.mark.parametrize(
    ("name", "told"),
    [("Plain", "Plain"), ("A[int]", "Aint"), ("ö.B", ".B"), ("x" * 70, "x" * 64), ("-", "object")],
)
def test_the_name_of_a_type_is_told_without_what_could_break_a_marker(name: str, told: str) -> None:
    assert type_name(type(name, (), {})()) == told
