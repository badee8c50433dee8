"""What stands around a name and its value and says that the value is no secret: a test's report, markup, a prompt.

Asked only where a value was found, so that it costs nothing where there is none.
"""

from __future__ import annotations

import re

from agent_audit.redaction.names.vocabulary import SAID_OF_OPTIONS

_RESULT = r"(?:[XK]?(?:PASS|FAIL)|SKIP|UN(?:SUPPORTED|RESOLVED|TESTED))"
_RESULT_BELOW = re.compile(rf"[^\n]{{0,400}}\n[ \t]{{0,8}}{_RESULT}: ")
_RESULT_ABOVE = re.compile(rf"(?:\A|\n)[ \t]{{0,8}}{_RESULT}: [^\n]{{0,400}}\n[ \t]{{0,8}}\Z")
_CASE = re.compile(r"[a-zA-Z][\w+]*(?:[./-][\w+]+)+(?::|\s|\Z)|[\w./+-]+:? \S")
# `GID:user_list`, what is left of `group_name:password:GID:user_list`.
_FIELDS = re.compile(r"[A-Za-z_]{2,24}(?::[A-Za-z_]{2,24}){1,8}(?![\w:.-])")
# What a shell shows once a password was typed: its prompt, or that it asks for the next.
_PROMPT = re.compile(r"[\w.-]{1,64}@[\w.-]{1,64}(?:'s [a-z]|:[~/][^\s#$%]{0,80}[#$%](?:\s|\Z))|mysql(?:>|&gt;)\s")
_REFERENCE = re.compile(r"(?:\A|\n) {0,3}\[[^\[\]\n]{0,80}\Z")
# Countries (ISO 3166) before and behind Palau.
_COUNTRY = r"[\"']?[A-Z]{2}[\"']?\s{0,4}(?::|=>)\s{0,4}[\"']?"
_COUNTRIES_ABOVE = re.compile(rf"({_COUNTRY}[^\"'\n:]{{1,64}}[\"']?,?\s{{0,24}}){{2}}[\"']?\Z")
_COUNTRIES_BELOW = re.compile(rf"[^\W\d][^\"'\n:\d]{{0,64}}[\"']?,?\s{{0,24}}{_COUNTRY}")
_NAMED_TOO = re.compile(r"/[A-Z][A-Za-z]{2,40}=(?!\w)|[A-Z]{2,16}(?:[:\[]{1,2}[A-Z]{2,16}\]?){1,3}(?![\w-])")
_CIPHERS = re.compile(r"[+!-][A-Z][A-Z0-9.-]{1,24}(?:[:@][+!-]?[A-Z][A-Z0-9.-]{1,24})+")
_PLAIN_WORD = re.compile(r"[a-z]{2,16}(?![\w-])")
_CLOSED = re.compile(r"\Z|[\s,;.)%]")


def is_no_secret_here(text: str, first: int, last: int, start: int, separator: str) -> bool:
    """Whether the place of a value tells that it is none.

    Args:
        text: the text.
        first: where the name begins.
        last: where it ends.
        start: where the value begins, behind its quote.
        separator: what stands between them.
    """
    name = text[first:last]
    if name == "PASS" and separator == ": ":
        return _is_result(text, first, start)
    if name == "PW" and _COUNTRIES_BELOW.match(text, start):
        return _COUNTRIES_ABOVE.search(text, max(0, first - 200), first) is not None
    if "\n" in separator and (_PROMPT.match(text, start) or _is_target(text, first, separator)):
        return True
    if separator[:1] == "=" and _is_named_in_prose(text, start, separator):
        return True
    if text.startswith("%(", first - 2) or (name.endswith("PSK") and _CIPHERS.match(text, start)):
        return True  # `%(secret:db)s` of a template; `ECDHE-PSK:+PSK:+AES-128`
    return (
        (separator == ":" and _is_between_colons(text, first, start))
        or (separator[:1] == "]" and _is_link(text, first, start))
        or _is_own_name(text, first, last, start, separator)
        or _is_closing(text, first, last, start)
    )


def _is_target(text: str, first: int, separator: str) -> bool:
    """`.. _how-to-find-a-token:` of reStructuredText, and below a blank line what it is of."""
    return text.startswith(".. _", first - 3) and separator[0] == ":" and separator.count("\n") > 1


def _is_named_in_prose(text: str, start: int, separator: str) -> bool:
    """`the setting LoadCredential= above`, `SetCredential=ID:VALUE`, `see LoadCredential=/SetCredential=`."""
    if text[start - 1] in "\"'`":
        return False
    if separator == "=":
        return _NAMED_TOO.match(text, start) is not None
    word = _PLAIN_WORD.match(text, start) if separator[1:].isspace() else None
    return word is not None and word.group() in SAID_OF_OPTIONS


def _is_between_colons(text: str, first: int, start: int) -> bool:
    """A role of reStructuredText, `:token:`x``, a line of passwd(5) explained, the next of several addresses."""
    before = text[first - 1 : first] if first else "\n"
    if before != ":":
        return before in "/#" and text.startswith("http", start)
    role = text[start - 1] == "`" and not text[first - 2 : first - 1].isalnum()
    return role or _FIELDS.match(text, start) is not None


def _is_link(text: str, first: int, start: int) -> bool:
    """`[how to set credentials]: https://…` of Markdown."""
    return text.startswith("http", start) and _REFERENCE.search(text, max(0, first - 90), first) is not None


def _is_own_name(text: str, first: int, last: int, start: int, separator: str) -> bool:
    """`<a href="…#DB_PASSWORD">DB_PASSWORD</a>`: the name once more, as the text of its link."""
    whole = text[first:last]
    names = (whole, whole.rpartition(".")[2]) if separator.endswith(">") else ()
    return any(text[start : start + len(name) + 1].rstrip("< ") == name for name in names)


def _is_closing(text: str, first: int, last: int, start: int) -> bool:
    """`a prompt "password:" that asks`: the quote before the value closes what the name stands in."""
    quote = text[start - 1]
    if quote not in '"`' or quote in text[last : start - 1] or not _CLOSED.match(text, start):
        return False
    line = text.rfind("\n", max(0, first - 400), first) + 1
    return text.count(quote, max(line, first - 400), first) % 2 == 1


def _is_result(text: str, first: int, start: int) -> bool:
    """`PASS: login.exp: a user logs in`, one of several results of tests."""
    return (
        text[start - 1] == " "
        and _CASE.match(text, start) is not None
        and (
            _RESULT_BELOW.match(text, start) is not None
            or _RESULT_ABOVE.search(text, max(0, first - 440), first) is not None
        )
    )
