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
_CIPHERS = re.compile(r"[+!-][A-Z][A-Z0-9.-]{1,24}(?:[:@][+!-]?[A-Z][A-Z0-9.-]{1,24})*(?![\w-])")
_PLAIN_WORD = re.compile(r"[a-z]{2,16}(?![\w-])")
# A model's token with its probability, a search engine's with its place in the text, a theme's with its type.
_TOKEN_OF_TEXT = re.compile(
    r"[^\"\n]{1,80}\\{0,7}\"\s?,\s{0,40}\\{0,7}\"(?:logprob|start_offset)\\{0,7}\""
    r"|[A-Za-z]{1,80}\\{0,7}\"\s?,\s{0,40}\\{0,7}\"type\\{0,7}\"\s?:\s?\\{0,7}\"(?:string|number|boolean)\\{0,7}\""
)
_CLOSED = re.compile(r"\Z|[\s,;.)%]")
_COMPARES = frozenset({"==", "===", "!=", "!=="})
_OF_A_PART = ('name="', "name='")
_LABELLED = re.compile(r"(?:\bcase\s{1,4}|[\w\])\"']\s?\?\s?|[\"']:)[\"']\Z")
_ASSIGNED_TO = re.compile(r"[\w$] ?= {0,4}\Z")
_NEXT_PAIR = re.compile(r"[A-Za-z][\w.-]{1,40}=(?!=)")
_PSEUDO_CLASS = re.compile(r":?(?:before|after|hover|focus|active|checked|disabled|not\()\s{0,4}[{,:(]")
# What ls(1) prints below the name of a folder, a line of passwd(5), whose second field is empty today, the heading of
# the next section of a manual.
_LISTED_BELOW = re.compile(
    r"total \d{1,9}\n|[a-z_][\w.-]{0,31}\$?:[x*!]{0,2}:\d{1,10}:\d{1,10}:|(?<=\n\n)[A-Z]{3,24}\n[ \t]{2,8}\S"
)
# GNU's change logs: `(get_passphrase): Likewise.`
_CHANGED = re.compile(r"[A-Z][a-z]{2,16}(?:[.,]|\s[a-z])")
_OF_PAM = re.compile(r"pam_\w{1,24}\(\Z")


def is_no_secret_here(  # noqa: PLR0911  # one line a kind
    text: str, first: int, last: int, start: int, separator: str
) -> bool:
    """Whether the place of a value tells that it is none.

    Args:
        text: the text.
        first: where the name begins.
        last: where it ends.
        start: where the value begins, behind its quote.
        separator: what stands between them.
    """
    name = text[first:last]
    if name == "token" and (_TOKEN_OF_TEXT.match(text, start) or text.endswith("nexpected ", 0, first)):
        return True
    if name == "PASS" and separator == ": ":
        return _is_result(text, first, start)
    if name == "PW" and _COUNTRIES_BELOW.match(text, start):
        return _COUNTRIES_ABOVE.search(text, max(0, first - 200), first) is not None
    if "\n" in separator and (_PROMPT.match(text, start) or _is_target(text, first, separator)):
        return True
    if separator[:1] == "=" and _is_named_in_prose(text, start, separator):
        return True
    if text.startswith("%(", first - 2) or (name.endswith("PSK") and _is_cipher(text, first, start)):
        return True  # `%(secret:db)s` of a template
    return (
        (separator == ":" and _is_between_colons(text, first, start))
        or (separator[:1] == "]" and _is_link(text, first, start))
        or _is_own_name(text, first, last, start, separator)
        or _is_closing(text, first, last, start)
    )


def is_parameter(text: str, first: int) -> bool:
    """Whether a name is a function's parameter in JavaScript: `const f = token => {`. Perl has pairs in brackets."""
    return _ASSIGNED_TO.search(text, max(0, first - 12), first) is not None


def names_no_value(text: str, first: int, start: int, separator: str) -> bool:
    """Whether the place of a name tells that nothing is assigned to it there, whatever follows.

    Args:
        text: the text.
        first: where the name begins.
        start: where the value would begin.
        separator: what stands between them.
    """
    lead = separator[0]
    if lead == ":":
        return _LISTED_BELOW.match(text, start) is not None or _is_said_of(text, first, start)
    if lead in "\"'":
        return _is_a_text(text, first, separator)
    if lead == ",":
        return _NEXT_PAIR.match(text, start) is not None  # `user=$user, password=$password, host=x`
    if lead != ")" or text[first - 1 : first] != "(":
        return False
    return "_" in text[first : start - len(separator)] and _CHANGED.match(text, start) is not None


def _is_said_of(text: str, first: int, start: int) -> bool:
    """A class of CSS in a state: `.icon-secret:before {`; what PAM is asked for: `pam_unix(passwd:auth)`."""
    if first == 0 or _PSEUDO_CLASS.match(text, start):
        return text[first] == "." or (first > 0 and text[first - 1] in ".-#")
    return text[first - 1] == "(" and _OF_PAM.search(text, max(0, first - 32), first) is not None


def _is_a_text(text: str, first: int, separator: str) -> bool:
    """A text for itself, no name: imported, compared, the label of a switch, a branch of a choice."""
    before = text[max(0, first - 12) : first]
    if separator.endswith(("\n\n", "\r\n\r\n")):
        return not before.endswith(_OF_A_PART)  # `from "./credentials"`, and a blank line: no part of a form
    if separator.strip("\"' ") in _COMPARES:
        return True  # `assert 'token-1' == 'token-2'`
    return separator[1:2] == ":" and _LABELLED.search(before) is not None  # `case "password":`, `x ? "token" : "key"`


def _is_cipher(text: str, first: int, start: int) -> bool:
    """`ECDHE-PSK:+PSK:+AES-128`, `!MD5:!PSK:!RC4`: several in a row, or one behind one that is excluded, too."""
    match = _CIPHERS.match(text, start)
    return match is not None and (":" in match.group() or "@" in match.group() or text[first - 1 : first] in ("!", "+"))


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
