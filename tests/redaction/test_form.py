"""The output's form: always JSON, never the caller's object, never an exception."""

from __future__ import annotations

import copy
import dataclasses
import decimal
import enum
import pathlib
import uuid
from collections import OrderedDict, UserDict, deque, namedtuple
from datetime import date, datetime, timedelta, timezone
from typing import Any

import orjson
import pydantic
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor, redact
from agent_audit.redaction.walk import MAX_DEPTH

SECRET = "orchid-blue-42"
REDACTOR = DefaultRedactor()

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=20)
    | st.characters(categories=["Cs"])
    | st.datetimes()
    | st.uuids()
    | st.decimals()
    | st.sampled_from(
        [
            "password=x",
            "a@b.example",
            "[REDACTED:email]",
            "[REDACTED:",
            "4111 1111 1111 1111",
            "token: ",
            "://a:b@c",
        ]
    )
)
keys = (
    st.text(max_size=12)
    | st.sampled_from(["password", "token", "name", "value", "columns", "rows", "key"])
    | st.integers()
)
payloads = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5) | st.tuples(inner, inner),
    max_leaves=20,
)
pieces = st.sampled_from(
    [
        "password",
        "=",
        ":",
        " ",
        "secret",
        "token",
        "'",
        '"',
        "\\",
        "\n",
        "[REDACTED:",
        "]",
        "[REDACTED:email]",
        "x",
        "9",
        "a@b.co",
        "://",
        "@",
        "Bearer ",
        "api_key",
        "sk-",
        "aA1" * 8,
        "&",
        ";",
        ",",
        "{",
        "}",
        "-----BEGIN PRIVATE KEY-----",
        "--",
        "4111",
        "<",
        ">",
        "None",
        "4111111111111111",
        "+1 415 555 0132",
        "-----END PRIVATE KEY-----",
        "[REDACTED:card:last4=1111]",
        "İ",
        "-u a:",
    ]
)


@given(payloads)
@settings(max_examples=150)
def test_the_output_is_always_json(payload: Any) -> None:
    orjson.dumps(REDACTOR.redact(payload).value)


@given(payloads)
@settings(max_examples=150)
def test_redacting_twice_changes_nothing(payload: Any) -> None:
    once = redact(payload)
    assert redact(once) == once


@given(st.lists(pieces, max_size=14).map("".join))
@example("4111111111111111-u a:Bearer ")
@settings(max_examples=400)
def test_redacting_a_text_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(payloads)
@settings(max_examples=80)
def test_the_input_is_never_changed(payload: Any) -> None:
    before = copy.deepcopy(payload)
    redact(payload)
    assert repr(payload) == repr(before)


@dataclasses.dataclass
class Login:
    user: str
    password: str
    max_tokens: int = 5


@dataclasses.dataclass(slots=True)
class SlottedLogin:
    user: str
    password: str


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    user: str
    password: str


class Plain:
    def __init__(self) -> None:
        self.user, self.password = "bob", SECRET


class Slots:
    __slots__ = ("password", "user")

    def __init__(self) -> None:
        self.user, self.password = "bob", SECRET


Row = namedtuple("Row", "user password")  # the untyped form is what is tested


@pytest.mark.parametrize(
    "value",
    [
        Login("bob", SECRET),
        SlottedLogin("bob", SECRET),
        Model(user="bob", password=SECRET),
        Plain(),
        Slots(),
        Row("bob", SECRET),
        OrderedDict(user="bob", password=SECRET),
        UserDict(user="bob", password=SECRET),
        Model(user="bob", password="x", api_key=SECRET),  # type: ignore[call-arg]  # extra fields
    ],
)
def test_objects_become_dicts_of_their_attributes(value: object) -> None:
    out = redact({"o": value})
    assert SECRET not in str(out)
    assert out["o"]["user"] == "bob"


def test_an_exception_keeps_its_words_and_loses_its_secrets() -> None:
    error = RuntimeError(f"login failed: password={SECRET}")
    error.__cause__ = ValueError(f"secret='{SECRET}'")
    out = redact(error)
    assert SECRET not in str(out)
    assert out["type"] == "RuntimeError"
    assert out["message"].startswith("login failed: password=")
    assert out["cause"]["type"] == "ValueError"


class Colour(enum.Enum):
    RED = "red"
    FIVE = 5


class Secret:
    """Called like a type that holds a secret, and none."""

    def __init__(self) -> None:
        self.a = 1


class Vault:
    def get_secret_value(self) -> str:
        return SECRET

    def __init__(self) -> None:
        self.a = 1


class Fields:
    _fields = ("b",)

    def __init__(self) -> None:
        self.a = 1


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (2**63, str(2**63)),
        (-(2**63), -(2**63)),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (b"abc", "abc"),
        (b"\xff\xfe", "[BYTES:2]"),
        ("\ud800x", "\ufffdx"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(seconds=90), 90.0),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), "2026-01-02T00:00:00+00:00"),
        (decimal.Decimal("1.50"), "1.50"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (uuid.UUID(int=1), str(uuid.UUID(int=1))),
        (Colour.RED, "red"),
        (Colour.FIVE, 5),
        (Secret(), {"a": 1}),
        (Vault(), {"a": 1}),
        (Fields(), {"a": 1}),
        (2**63 - 1, 2**63 - 1),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (10**4000, "[INTEGER:13288 bits]"),
        ({1: "a", None: "b", "1": "c"}, {"1": "a", "null": "b", "1#2": "c"}),
        ((1, 2), [1, 2]),
        ({"x"}, ["x"]),
        (deque([1]), [1]),
        ({"\udc80": 1}, {"?": 1}),
        (pydantic.SecretStr(SECRET), "[REDACTED:secret-type]"),
    ],
)
def test_each_type_has_its_plain_form(value: object, plain: object) -> None:
    out = redact(value)
    orjson.dumps(out)
    assert plain is None or out == plain


def test_cycles_and_depths_end_in_a_marker() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    assert redact(ring) == [1, "[CYCLE]"]
    deep: Any = SECRET
    for _ in range(5000):
        deep = [deep]
    assert "[DEPTH]" in str(redact(deep))


def test_pairs_of_name_and_value_end_in_a_marker_as_lists_do() -> None:
    pair: list[Any] = ["password"]
    pair.append([pair])
    assert redact(pair) == ["password", ["[CYCLE]"]]
    assert "ERROR" not in str(redact([pair]))
    deep: Any = SECRET
    for _ in range(500):
        deep = [["password", deep]]
    told = str(redact(deep))
    assert told.count("[") < 2 * MAX_DEPTH
    assert "ERROR" not in told


def test_a_value_that_multiplies_is_cut_off() -> None:
    bomb: Any = ["x"]
    for _ in range(9):
        bomb = [bomb] * 10
    assert "[SIZE]" in orjson.dumps(redact(bomb)).decode()


class Bad:
    def __repr__(self) -> str:
        raise RuntimeError(SECRET)


class BadDict(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError(SECRET)


class BadProperty:
    __slots__ = ("_x",)

    @property
    def __dict__(self) -> Any:  # type: ignore[override]  # hostile on purpose
        raise RuntimeError(SECRET)

    def __repr__(self) -> str:
        raise RuntimeError(SECRET)


class BadIter(list[Any]):
    def __iter__(self) -> Any:
        raise RuntimeError(SECRET)


class BadKey:
    def __hash__(self) -> int:
        return 1

    def __str__(self) -> str:
        raise RuntimeError(SECRET)

    __repr__ = __str__


@pytest.mark.parametrize(
    "value", [Bad(), BadDict(a=1), BadProperty(), BadIter([1]), {BadKey(): SECRET * 0 or 1}, {"a": Bad()}]
)
def test_hostile_objects_raise_nothing_and_leak_nothing(value: object) -> None:
    out = redact({"v": value, "kept": 1})
    orjson.dumps(out)
    assert SECRET not in str(out)
    assert out["kept"] == 1


def test_an_error_of_our_own_costs_the_text_it_happened_in_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redactor = DefaultRedactor()
    scan = redactor._scanner._find_all

    def fail(texts: Any, *rest: Any) -> Any:
        if any(SECRET in text for text in texts):
            raise RuntimeError(SECRET)
        return scan(texts, *rest)

    monkeypatch.setattr(redactor._scanner, "_find_all", fail)
    out = redactor.redact(["kept", f"x {SECRET}"])
    assert out.value == ["kept", "[REDACTION-ERROR:str]"]
    assert [tuple(hit) for hit in out.hits] == [("1", "error")]


def test_an_unprintable_object_leaves_its_type_name() -> None:
    assert redact(Bad()) == "[REDACTION-ERROR:Bad]"
