"""Secrets that the lines around them tell: members of a section for passwords, settings of one line each, what a
vault prints, what is typed where a password was asked for."""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import KeyClass, KeyClassifier
from agent_audit.redaction.names.values import WORD, Named, could_be_secret, describes, is_shown, is_weak_secret

_PASSWORD = KeyClass("key:password")
_MAX_LINES = 200
_SECTION = re.compile(
    r"(?:\[(?:[\w-]{1,32}\.){0,4})?(?:passwords|secrets|credentials|admins)\][ \t]*\r?\n", re.IGNORECASE
)
_MEMBER = re.compile(
    r"(?:[#;][^\n]{0,400}|[ \t]*|[\"']?([\w.@-]{1,64})[\"']?[ \t]{0,8}=[ \t]{0,8}"
    r"(?:\"([^\"\n]{1,512})\"|'([^'\n]{1,512})'|([^\s\"'\[{]\S{0,512}))[ \t]*(?:[#;][^\n]{0,400})?)(?:\r?\n|\Z)"
)
# The first lines of an account, as msmtp, mbsync, fetchmail and OpenVPN write them: a name, blanks, a value.
_SETTING = re.compile(
    r"(?:user|login|username|host|hostname|port|from|account|imapaccount|server|tls|auth|tunnels|protocol|sslmode)"
    r"[ \t]{1,8}(?:\"[^\"\n]{1,120}\"|[^\s:={\"]\S{0,120})\r?\Z",
    re.IGNORECASE,
)
_SECRET_SETTING = re.compile(
    r"\n[ \t]{0,8}(?i:password|passwd|pass)[ \t]{1,8}"
    r"(?:\"([^\"\n]{1,512})\"|'([^'\n]{1,512})'|([^\s\"'=:]\S{2,512}))[ \t]*(?:\r?\n|\Z)"
)
_COLUMN_TYPE = re.compile(r"(?i:(?:n?var|n?)char2?|text|string|str|bytes|binary|bytea|clob)\b.{0,24}")
_KEY_VALUE = re.compile(r"value[ \t]*\r?\n---+ {2,}-{5,}[ \t]*\r?\n", re.IGNORECASE)
_ROW = re.compile(r"([\w.-]{1,64}) {2,64}(\S[^\n]{0,4096})(?:\n|\Z)")
_KEYSTROKE = re.compile(r"keystroke \\?\"([^\"\\\n]{3,128})\\?\"", re.IGNORECASE)
_ASKED = re.compile(r"passwor[dt]|passphrase|passcode|contraseñ|mot de passe", re.IGNORECASE)


def find_in_section(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """The members of `[passwords]` and the like in TOML and INI: users or services, and what they log in with."""
    start = text.rfind("[", max(0, place - 160), place + 1)
    head = _SECTION.match(text, start) if start >= 0 and text[start - 1 : start] in ("", "\n") else None
    if head is None:
        return [], place + 1
    of_passwords = "passwords]" in head.group().lower()
    secrets: list[Named] = []
    end = head.end()
    for _line in range(_MAX_LINES):
        member = _MEMBER.match(text, end)
        if member is None or member.end() == end:
            break
        end = member.end()
        name, index = member.group(1), next((n for n in (2, 3, 4) if member.group(n) is not None), 0)
        if name is None or describes(name):
            continue
        value = member.group(index)
        if could_be_secret(value, _PASSWORD) and (of_passwords or is_shown(value, _PASSWORD)):
            secrets.append(Named(*member.span(index), _PASSWORD.rule))
    return secrets, end


def find_setting(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """`password x` on a line of its own, below a line of the same kind that tells whose."""
    match = _SECRET_SETTING.match(text, place)
    if match is None:
        return [], place + 1
    index = next(n for n in (1, 2, 3) if match.group(n) is not None)
    value = match.group(index)
    # A list of what a page offers has two words a line, too: below one setting only, a mere word is none.
    needed = 2 if index == 3 and WORD.match(value) else 1
    lines = text[max(0, place - 320) : place].split("\n")[-needed:]
    if len(lines) < needed or not all(map(_SETTING.match, lines)):
        return [], place + 1
    if _COLUMN_TYPE.fullmatch(value) or value.isupper() or value.isdigit():
        return [], place + 1
    return ([Named(*match.span(index), _PASSWORD.rule)] if could_be_secret(value, _PASSWORD) else []), match.end(index)


def find_key_values(text: str, place: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """The rows of a table `Key  Value`, as Vault prints what it keeps: each key names its value."""
    head = _KEY_VALUE.match(text, place)
    if head is None:
        return [], place + 1
    secrets: list[Named] = []
    end = head.end()
    for _line in range(_MAX_LINES):
        row = _ROW.match(text, end)
        if row is None:
            break
        end = row.end()
        found = keys.secret(row.group(1))
        value = row.group(2).rstrip()
        if found is not None and (is_weak_secret(value, found.rule) if found.weak else could_be_secret(value, found)):
            secrets.append(Named(row.start(2), row.start(2) + len(value), found.rule))
    return secrets, end


def find_keystroke(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """What AppleScript types where a password was spoken of before."""
    match = _KEYSTROKE.match(text, place)
    if match is None or _ASKED.search(text, max(0, place - 400), place) is None:
        return [], place + 1
    value = match.group(1)
    return ([Named(*match.span(1), _PASSWORD.rule)] if could_be_secret(value, _PASSWORD) else []), match.end()


SECTION_FINDERS = {
    "passwords]": find_in_section,
    "[secrets]": find_in_section,
    ".secrets]": find_in_section,
    "credentials]": find_in_section,
    "[admins]": find_in_section,
    "\npassword ": find_setting,
    "\npassword\t": find_setting,
    "\npass ": find_setting,
    "\npasswd ": find_setting,
    "value\n---": find_key_values,
    'keystroke "': find_keystroke,
}
"""Literals, and what finds the secrets of what begins there."""
