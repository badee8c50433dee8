"""Texts within texts: what a tool puts around the lines that it shows; strings, forms and pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from agent_audit.redaction import DefaultRedactor
from agent_audit.redaction.texts.parts import without_prefixes
from tests.redaction.test_gate import follows_the_length

# What a secret is here is told by another line, by the beginning of a line, or up to the end of a text.
TEXTS = [
    ("passwords:\n  - {}\n  - {}\nname: x", "key:password"),
    ("user,password,role\nbob,{},dev\neve,{},ops", "key:password"),
    ("| user | password |\n|---|---|\n| bob | {} |\n| eve | {} |", "key:password"),
    ("Bot: Please enter your password.\nUser: {}\nBot: And once more?", "key:password"),
    ("secrets:\n  first:\n    main: {}\n    replica: {}\nname: x", "key:secret"),
    ("host: db\npassword: >-\n  {}\nport: 5432", "key:password"),
    ("**Password**\n`{}`\n", "key:password"),
]


def lines(prefix: str | Callable[[int], str]) -> Callable[[str], str]:
    """What puts a prefix before every line; for a number it is given the line's."""

    def prefixed(text: str) -> str:
        return "\n".join(
            (prefix if isinstance(prefix, str) else prefix(number)) + line
            for number, line in enumerate(text.split("\n"), 1)
        )

    return prefixed


def behind(first: str, form: Callable[[str], str], last: str = "") -> Callable[[str], str]:
    """What stands behind a line, and before another one."""
    return lambda text: first + form(text) + last


def as_json(text: str) -> str:
    return json.dumps({"id": 1, "output": text})


FORMS = {
    "cat -n": lines(lambda number: f"{number:6}\t"),
    "an editor": lines(lambda number: f"{number:6}→"),
    "bat": lines(lambda number: f"{number:4} | "),
    "grep -n": lines(lambda number: f"{number}:"),
    "grep -rn": lines(lambda number: f"src/app-1/settings.py:{number + 6}:"),
    "an added file": behind("--- /dev/null\n+++ b/x\n@@ -0,0 +1,9 @@\n", lines("+"), "\n"),
    "a change": behind("@@ -1,9 +1,9 @@ def f():\n", lines(" "), "\n+y"),
    "a log": lines("2026-11-30T12:00:01.123Z INFO  [main] "),
    "a log of Python": lines("2026-11-30 12:00:01,123 - app.main - INFO - "),
    "basicConfig": lines("INFO:root:"),
    "syslog": lines("Nov 30 12:00:01 host app[12]: "),
    "docker compose": lines("web-1  | "),
    "several containers": lines("[pod/web-1/app] "),
    "a quotation": behind("Jo wrote:\n", lines("> "), "\n"),
    "a comment": lines("# "),
    "an indented text": lines("    "),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "JSON": behind("Result of step 3:\n", as_json),
    "JSON in a log": behind('12:00:01 INFO reply="ok" body: ', as_json, "\n12:00:02 INFO done"),
    "a structure of Python": lambda text: repr({"id": 1, "output": text}),
    "an event of a server": behind("event: message\n", lines("data: "), "\n\n"),
    "a block of YAML": behind("id: 1\noutput: |\n", lines("  "), "\nok: true\n"),
    "what an agent observes": behind("Thought: look\nObservation: ", str, "\nThought: done"),
    "a message of several lines": lambda text: f'git commit -m "{text}" && git push',
    "a string of documentation": lambda text: f'    """{text}"""\n    return 1',
    "a cell of CSV": lambda text: 'id,text\n1,hello\n2,"{}"\n3,bye'.format(text.replace('"', '""')),
    "a field of Python": lambda text: f"Result(id=1, output={text!r})",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("text", "rule"), TEXTS)
def test_a_secret_is_found_whatever_a_tool_puts_before_its_line(
    redactor: DefaultRedactor, form: str, text: str, rule: str
) -> None:
    secrets = ("blueorchid7", "q8-sunshine")
    given, masked = text.format(*secrets), text.format(*[f"[REDACTED:{rule}]"] * 2)
    assert redactor.redact(given).value == masked
    assert redactor.redact(FORMS[form](given)).value == FORMS[form](masked)


@pytest.mark.parametrize(("text", "rule"), TEXTS)
def test_lines_in_a_list_are_read_as_one_text(redactor: DefaultRedactor, text: str, rule: str) -> None:
    secrets = ("blueorchid7", "q8-sunshine")
    given, masked = text.format(*secrets), text.format(*[f"[REDACTED:{rule}]"] * 2)
    cells, left = ([{"source": lines.splitlines(keepends=True)}] for lines in (given, masked))
    assert redactor.redact({"cells": cells}).value == {"cells": left}
    assert redactor.redact(json.dumps(cells)).value == json.dumps(left)


def test_what_goes_over_several_lines_of_a_list_stands_in_the_first_of_them(redactor: DefaultRedactor) -> None:
    key = ["-----BEGIN PRIVATE KEY-----\n", *["a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6\n"] * 3, "-----END PRIVATE KEY-----\n"]
    for before in ([], ["a\n"], ["a\n", "a\n"]):
        out = redactor.redact([*before, *key, "a\n", "end"])
        assert out.value == [*before, "[REDACTED:private-key]\n", "", "", "", "", "a\n", "end"]
        assert {hit.rule for hit in out.hits} == {"private-key"}


@pytest.mark.parametrize("place", ["id=1&text={}", "GET /say?text={} HTTP/1.1", '1.2.3.4 - "POST /x?a=b&text={}" 200'])
@pytest.mark.parametrize("encoded", [quote, quote_plus])
@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("my password is hunter2x9", "hunter2x9"),
        ("call me at +1 415 555 0132", "+1 415 555 0132"),
        ("mongo -u u -p Kq9vLr3tXw", "Kq9vLr3tXw"),
        ("root / Hunter22XX.", "Hunter22XX"),
        ("паролата е ub3rGang-xhqL", "ub3rGang-xhqL"),
    ],
)
def test_a_value_of_a_form_is_read_as_what_it_says(
    redactor: DefaultRedactor, place: str, encoded: Callable[[str], str], text: str, secret: str
) -> None:
    said = place.format(encoded(text))
    before, _, after = said.partition(encoded(secret))
    out = redactor.redact(said).value
    assert out.startswith(f"{before}[REDACTED:")
    assert out.endswith(f"]{after}")


def test_labels_behind_labels_are_read_once(redactor: DefaultRedactor) -> None:
    labels = "User: " * 5_000 + "\n"
    assert (
        redactor.redact(f"{labels}the password is hunter2").value == f"{labels}the password is [REDACTED:key:password]"
    )


@pytest.mark.parametrize("text", ["my password is hunter2", "Your PIN: 4711", "root / Hunter22XX."])
def test_a_cell_is_read_by_itself(redactor: DefaultRedactor, text: str) -> None:
    masked = redactor.redact(text).value
    assert "[REDACTED:" in masked
    table = "| id | text |\n|---|---|\n| 1 | {} |\n| 2 | bye |\n"
    assert redactor.redact(table.format(text)).value == table.format(masked)
    cells = '1,"He said ""hello"". {}"\n2,bye\n'
    assert redactor.redact(cells.format(text)).value == cells.format(masked)


@pytest.mark.parametrize("text", ["PIN2=4711", "4711 is your PIN", "Bot: the mfa code\nUser: 482913"])
def test_the_text_of_an_element_is_read_by_itself(redactor: DefaultRedactor, text: str) -> None:
    page = '<html><body class="x"><p>{}</p></body></html>'
    masked = redactor.redact(text).value
    assert "[REDACTED:" in masked
    assert redactor.redact(page.format(escape(text))).value == page.format(escape(masked))


@pytest.mark.parametrize(
    "text",
    [
        "| Name | Type |\n|---|---|\n| password | VARCHAR(255) |\n| token | int64 |",
        "id | password\n1 | never\n2 | none",
        "12:00:01 INFO 5435 tokens\n12:00:02 INFO 8405 tokens",
        "@@ -1,2 +1,2 @@\n-    token = read()\n+    token = read(path)\n",
        "1\tdef login(user, password):\n2\t    return check(user, password)",
        "x=a+b&y=token+c",
        "print('password \"x1y2z3!\"')",
        "Use `--password 'x'` hmm",
        "User: which token?\nAssistant: none\nUser: a password?\nAssistant: no\nneither",
        "<p>Choose a password</p><p>at least 8 characters</p>",
    ],
)
def test_what_says_nothing_without_its_prefix_either_survives(redactor: DefaultRedactor, text: str) -> None:
    assert redactor.redact(text).value == text


def test_lines_that_differ_in_numbers_only_are_not_all_read_again() -> None:
    text = (
        "".join(f"12:00:{n % 60:02} INFO worker={n} took {n * 7} tokens\n" for n in range(500)) + "12:09:01 INFO end\n"
    )
    again = "".join(reading.text for reading in without_prefixes(text))
    assert again.count("worker") == 12
    assert again.endswith("\nend\n")


@pytest.mark.parametrize(
    "piece",
    [
        *("> # password\n", "    \n", "  password\n", "  \t password\n \n", "1\tpassword\n2\ta\n", "a-1-1-1-token\n"),
        *("12:00:01 INFO token\n", "INFO:a:INFO:a: token\n", "[a] [a] token\n", "web | token\n", "@@ \n+token\n"),
        *("@@ \n+password=Kq9vLr3tXw1\n", "1:password=Kq9vLr3tXw1\n2:\n"),
        *("'token\\'", "token='\\n", "'a': 'token ", "a=+a=+token", "token=a+b&", ">token</", "\r\ntoken"),
        *("\r\r\n token", "User: ", "User: \n", "User:\ntoken\n\n", "Out[1]: User: ", "Observation: token\n\n"),
        *("a: |\n  token\n", "a: |\n    \n", '"""token\n', ',"token""', "| token |\n", "data: token\n"),
    ],
)
def test_hostile_lines_cost_no_more_than_their_length(redactor: DefaultRedactor, piece: str) -> None:
    def build(size: int, blanks: str) -> object:
        return {"text": piece * (size // len(piece)) + "token\n" + blanks}

    assert follows_the_length(redactor, build, 20_000)
