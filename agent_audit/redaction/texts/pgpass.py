"""The lines of PostgreSQL's password file: `host:port:database:user:password`, any of the first four an asterisk."""

from __future__ import annotations

import re

from agent_audit.redaction.marker import HEAD
from agent_audit.redaction.names.keys import KeyClass, KeyClassifier
from agent_audit.redaction.names.values import WORD, Named, could_be_secret

_BEFORE = re.compile(r"[^\s\"'\\]{0,320}")
_LINE = re.compile(
    r"(?!arn:)[\w.*-]{1,255}:(?:\*|\d{1,5}):[^:\s\"']{1,64}:[^:\s\"']{1,64}:((?:[^:\s\"'\\]|\\[:\\]){1,128})(?=[\s\"'\\]|\Z)"
)
PGPASS = "pgpass-password"
_PASSWORD = KeyClass(PGPASS)


def find_in_password_file(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """The password of the line that has an asterisk for a field at `place`, and how far the text was read."""
    lead = _BEFORE.match(text[max(0, place - 320) : place][::-1])
    start = place - lead.end() if lead is not None else place
    match = _LINE.match(text, start)
    if match is None or match.end() < place or HEAD in match.group():
        return [], place + 1
    secret = match.group(1)
    # A mere word may be the last part of a permission with five parts.
    if WORD.match(secret) or not could_be_secret(secret, _PASSWORD):
        return [], place + 1
    return [Named(*match.span(1), _PASSWORD.rule)], place + 1
