"""The gate: the same places by every library and without any, and no text that costs more than its length."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor
from agent_audit.redaction.gate import AhoCorasickGate, Gate, StdlibGate, lower_in_place
from agent_audit.redaction.rules import BUILT_IN, personal

LITERALS = DefaultRedactor()._scanner.literals
FAST, PLAIN = AhoCorasickGate(LITERALS), StdlibGate(LITERALS)
words = st.sampled_from([*LITERALS, "TOKEN", "Secret", "İ", "ß", " ", "=", "x"])


@given(st.lists(words, max_size=12).map("".join) | st.text(st.characters(exclude_categories=["Cs"])))
@settings(max_examples=200)
def test_every_gate_finds_the_same_places_in_the_same_order(text: str) -> None:
    short, long = FAST.find(text), FAST.find(text + "\0" * 513)
    assert list(short) == list(long) == list(PLAIN.find(text))


@pytest.mark.parametrize("made", [AhoCorasickGate, StdlibGate])
@pytest.mark.parametrize("after", ["", "x" * 600])
@pytest.mark.parametrize("before", ["", "İ", "Ä"])
def test_a_gate_finds_every_place_by_its_end_overlapping_ones_too(
    made: type[AhoCorasickGate] | type[StdlibGate], before: str, after: str
) -> None:
    gate = made(("aa", "ken", "oke", "token"))
    found = [(2, 1, 4), (3, 0, 5), (1, 2, 5), (0, 6, 8), (0, 7, 9), (0, 8, 10)]
    first = len(before)
    places = gate.find(f"{before}ToKen AaAa{after}")
    assert [tuple(place) for place in places] == [(index, first + start, first + end) for index, start, end in found]


@pytest.mark.parametrize(("given", "lowered"), [("AbC", "abc"), ("ÄB", "äb"), ("İÄB", "iäb")])
def test_lowering_leaves_every_character_where_it_was(given: str, lowered: str) -> None:
    assert lower_in_place(given) == lowered


@pytest.mark.parametrize("gate", [FAST, PLAIN], ids=["libraries", "stdlib"])
@pytest.mark.parametrize("length", [1, 600])
def test_lone_surrogates_are_refused_by_every_gate(gate: Gate, length: int) -> None:
    with pytest.raises(UnicodeError):
        gate.find("\ud800" + "x" * length)


def test_the_outcome_is_the_same_without_a_library() -> None:
    full, plain = DefaultRedactor(), DefaultRedactor()
    plain._scanner._gate = PLAIN
    texts = [
        "password=x1y2",
        "see ghp_" + "a1B2" * 9,
        "İ token: q8W2e7R5",
        "a@b.example",
        "4111111111111111",
        "none",
    ]
    assert plain.redact(texts) == full.redact(texts)


@given(st.text())
def test_lowering_moves_no_character(text: str) -> None:
    assert len(lower_in_place(text)) == len(text)


number_pieces = st.sampled_from(
    [
        *"0123456789",
        "DE",
        "de",
        "GB82 WEST",
        "4111 1111 1111 1111",
        "1234",
        "+1 ",
        "(",
        ")",
        "-",
        ".",
        " ",
        "x",
        "\n",
        "É",
        "a1",
    ]
)


@given(st.lists(number_pieces, max_size=24).map("".join))
@settings(max_examples=300)
def test_no_number_stands_where_the_quick_passes_see_none(text: str) -> None:
    """Every match of the slow expressions that leads to a finding is among the places of the quick ones."""
    slow = {m.start() for pattern in (personal._NUMBERS, personal._IBANS) for m in pattern.finditer(text)}
    quick = set(personal.number_places(text))
    assert {place for place in slow if personal.find_number(text, place)} <= quick


HOSTILE = [
    "@",
    "a@",
    "a@a.aa",
    "eyJ-",
    "eyJ.",
    "-----BEGIN PRIVATE KEY-----",
    "password=",
    "password='",
    "token",
    "sk-",
    "://",
    "://a:",
    "1-",
    "1 ",
    "(1",
    "xoxb-",
    'key=\\"',
    "[REDACTED:",
    "[REDACTED:email]",
    "bearer ",
    "DE11",
    "secret: ",
    "auth-",
    "token,,,,",
    "sig=%",
    "x=y;pw=1;",
    "PuTTY-User-Key-File-2",
    "\\",
    "token={{",
    "token=a(",
    "key: '",
    "secret: {",
    '"secret":{"a":',
    "passwords:\n- a\n",
    "secret:\n a: b\n",
    "user,password\n",
    "|password|a|\n",
    "NAME  PASSWORD\n",
    "insert into t (password) values ('",
    "password for x ",
    "code 1234 ",
    "cGFzc3dvcmQ",
    "70617373776f7264",
    "70617373776f7264 ",
    ":*:",
    "a:*:b:c:d1 ",
    "net use /a ",
    "=s:a.",
    "<password>",
    "password\u200b=",
    "kind: secret\n",
    "-----BEGIN OpenVPN Static key V1-----",
    "auth-",
    "<td>password</td>",
    "<tr><th>password</th>",
    "<th>user</th><th>password</th></tr><tr>",
    "password</b><i>",
    "<input name='password' ",
    "<input value='password' ",
    "password:</p><p>",
    "password | x1y2z3 ",
    "your password? x1y2z3w4\n",
    "A: your pin?\nB: it's ",
    "what is the password for ",
    '- cell "password"\n',
    "pin=",
    '--password\\"',
    'pass=\\"',
    "=(pwd\\\\",
    'kind: secret="',
    "expdp -YY",
    # What stands in the first half, and in the second.
    ('="', "--user=://a.b/"),
    ("esecret_<b>", "a@b.co>", "secret-"),
    ("seed phrase  ", "a\n"),
    "phone,",
    ("name,phone\n", "1,654 218 907\n"),
    "your code 12 34 5 is ",
    "recovery codes\n1. a1b2c ",
    "код 12-34-56, ",
    ("código de verificación ", "code: 1 "),
    ("backup codes\n", "4821-1377\n"),
    "setup key: abc2 ",
    "replace into%s密码",
    "nrinsert ignore into??$pass ",
    "replace into\\n?.expect(",
    "cGFzc3dvcmQ_",
    '\\"_authtoken&quot;%22',
    "密码%27\\n",
]


_fresh = count()


def follows_the_length(redactor: DefaultRedactor, build: Callable[[int, str], object], size: int) -> bool:
    """Whether four times the size takes less than nine times the CPU time; the quadratic takes sixteen times as much.

    By the least of up to five measurements of each: what else the machine does, or a garbage collection, falls into
    some of them only. What is built ends in the blanks that it is given, so that nothing is remembered.
    """

    seconds(redactor, build, size // 16)
    small = large = float("inf")
    for _ in range(5):
        small, large = min(small, seconds(redactor, build, size)), min(large, seconds(redactor, build, 4 * size))
        if large < 9 * small:
            return True
    return False


def seconds(redactor: DefaultRedactor, build: Callable[[int, str], object], size: int) -> float:
    value = build(size, " " * (next(_fresh) % 97))
    start = time.thread_time()
    redactor.redact(value)
    return time.thread_time() - start


def repeated(piece: str | tuple[str, ...]) -> Callable[[int, str], object]:
    """Whole pieces: what a cut one ends in may be another thing to find."""
    pieces = (piece,) if isinstance(piece, str) else piece
    return lambda size, blanks: {"text": "".join(p * (size // len(pieces) // len(p)) for p in pieces) + blanks}


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_costs_no_more_than_its_length(redactor: DefaultRedactor, piece: str | tuple[str, ...]) -> None:
    assert follows_the_length(redactor, repeated(piece), 20_000)


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_hostile_text_costs_many_times_what_others_do(
    redactor: DefaultRedactor, piece: str | tuple[str, ...]
) -> None:
    """What is looked at once more at each of many places costs a hundred times as much and follows the length."""
    dear, usual = repeated(piece), repeated('pass=\\"')
    seconds(redactor, dear, 500)
    least = [min(seconds(redactor, build, 5_000) for _ in range(3)) for build in (dear, usual)]
    assert least[0] < 20 * least[1]


@pytest.mark.parametrize("piece", ["パスワードを", "密码", "密码8", "Das ", "a-", "8 ", "пароль "])
def test_a_hostile_value_under_a_name_costs_no_more_than_its_length(redactor: DefaultRedactor, piece: str) -> None:
    assert follows_the_length(redactor, lambda size, blanks: {"password": piece * (size // len(piece)) + blanks}, 5_000)


@pytest.mark.parametrize("piece", ["a", "A", "a-", "Aa", "name"])
def test_a_hostile_name_below_a_sensitive_one_costs_no_more_than_its_length(
    redactor: DefaultRedactor, piece: str
) -> None:
    def build(size: int, blanks: str) -> object:
        return {"secrets": {piece * (size // len(piece)) + "1": "x1y2z3Kd" + blanks}}

    assert follows_the_length(redactor, build, 10_000)


NAMED = ["password: {}", "password={}", '{{"password": "{}"}}', "<td>password</td><td>{}</td>", "password? {}"]
PARTS = ["_", "-", "'", ".", "a_", "a-", "a'", "ab-", "a.", "1-", "v1.", "A_", "a1", "%2", "=", "/a", "((", "x,"]


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("end", ["", "0", "A!", "\\"])
def test_a_value_of_many_parts_is_read_in_one_way_only(redactor: DefaultRedactor, named: str, end: str) -> None:
    """Expressions that can read a part in two ways take 2**60 steps to refuse sixty of them."""
    start = time.thread_time()
    for part in PARTS:
        redactor.redact(named.format(part * 60 + end))
    assert time.thread_time() - start < 10


def test_every_rule_compiles() -> None:
    for rule in BUILT_IN:
        rule.pattern.match("", 0)
        if rule.before is not None:
            rule.before.match("", 0)
