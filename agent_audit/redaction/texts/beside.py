"""A value beside its name with nothing that assigns it: in an element, an argument, quotes, a sentence."""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import KeyClass
from agent_audit.redaction.names.made import is_adjective
from agent_audit.redaction.names.source_code import is_argument, is_constant_name, is_made_name
from agent_audit.redaction.names.values import REFERENCE, WORD, Named, could_be_secret, is_shown
from agent_audit.redaction.names.vocabulary import SAID_OF_OPTIONS
from agent_audit.redaction.rules.model import UUID
from agent_audit.redaction.texts.assigned import (
    MIXED,
    RANDOM,
    find_weak,
    is_key_of_store,
    is_name,
    plausible,
    value_at,
    whole,
)

# OpenPGP, as gpg prints the keys that it names; a private key is no such number.
_FINGERPRINT = re.compile(r"[0-9A-F]{16}(?:[0-9A-F]{24})?(?![0-9A-Za-z])")
# `KEY userid (userid)`: an index of a table.
_INDEX = re.compile(r"([\w-]{1,64})[`\"]? {1,2}\([`\"]?\1\b")
_NEXT_NAME = re.compile(r"[A-Za-z_][\w.-]{0,64}[=:]")
_NEXT_FIELD = re.compile(r"[A-Za-z][\w.-]{1,32}=(?=[^=\s\"'])")
_LISTED_VALUE = re.compile(r"[0-9A-Fa-f]{16,256}(?=[\"'])")
_MIXED_VALUE = re.compile(rf"{MIXED}{RANDOM}{{0,504}}(?<![.:])")
_ELEMENT = re.compile(
    r"[\w-]{0,48}(?:\s[^<>]{0,200})?(?<!/)>\s{0,40}(?:<!\[CDATA\[|<Value>)?"
    r"(?:(?<=CDATA\[)((?:[^\]\n]|\](?!\]>)){1,1024})(?=\]\]>)|([^<\n]{1,1024}?)(?:\]\]>)?\s{0,40}(?=</)|([^<\s]{1,1024})\Z)"
)
_BESIDE = re.compile(r"(?:([\"'`]\]?)\s{0,2},\s{0,24}|[ \t]{1,4})[Nb]?([\"'`])((?:(?!\2)[^\\\s]){3,128})\2")
_NAME_OF = re.compile(r"[\"'](?:name|Name|key|Key|field|variable)[\"']\s{0,2}:\s{0,2}[\"']\Z")
_VALUE_OF = re.compile(r"[Vv]alue[\"']\s{0,2}:\s{0,2}[\"']([^\"'\\]{1,256})[\"']\s{0,2},[^{}]{0,128}\Z")
_TYPED_INTO = re.compile(
    r"(?i:typ|enter|fill|input|put)\w{0,4} [\"'`]([^\"'`\n]{3,64})[\"'`] (?i:in|into|as|for) "
    r"(?:(?i:the|your|my|its) )?\Z"
)
# `usa x como contraseña`; in English `sentences.passwords` has it.
AS = ("als ", "comme ", "como ", "come ", "som ", "jako ", "как ", "mot de ", "la ")
_USED_AS = re.compile(
    r"(?:\A|[\s(])[\"'`]?([^\s\"'`()]{6,64})[\"'`]? (?:als|comme|como|come|som|jako|как)"
    r"(?: (?:mot de|la|il|le|het|das|neues))? \Z"
)
_TYPED_BARE = re.compile(r"(?i:typ|enter)\w{0,4} ([^\s\"'`]{6,64}) (?i:in|into) (?:(?i:the|your|my|its) )?\Z")
_SETS = re.compile(
    r"(?i:fill|type|set\w{0,16}|put\w{0,8}|add\w{0,8}|define|header|append|send_keys|getenv|environ\.get|get)"
    r"\(\s{0,2}(?:[\w.]{1,20},\s?)?[\"'`][#.]?(?:\w{1,8}\[name=)?\Z"
)
_GOES_ON = re.compile(r" (?:[a-z]{1,16}|\()(?![\w=-])")
_NEXT_ARGUMENT = re.compile(r"\\{0,7}[\"'],\s{0,24}\\{0,7}[\"']")
# `["API_TOKEN", "x"]`
_PAIR = re.compile(r"[\[(]\s{0,8}[\"']\Z")
_SQL = re.compile(r"(?i)\b(?:role|user|login|alter|create|options|identified|set)\b[^;\n]*\Z|:\Z")
_FIELD_TAG = re.compile(r"<(?i:input|textarea|meta)\s[^<>]{0,300}\Z")
_FIELD_VALUE = re.compile(r"[^<>]*?\b(?:value|content)=([\"'])([^\"'<>]{3,256})\1", re.IGNORECASE)
_NO_TEXT_FIELD = re.compile(r"type=[\"']?(?:checkbox|radio|submit|button)", re.IGNORECASE)
# The next cell of a row in Markdown; the next element of a page as an accessibility tree (YAML) shows it.
_NEXT_CELL = re.compile(r"[*`_]{0,2} {0,40}\| {0,40}[*`]{0,2}([^\s|`]{4,128})[`*]{0,2} {0,40}(?:\||\r?$)", re.MULTILINE)
_MARKS = r"(?: \[[^\]\n]{1,40}\]){0,4}"
_NEXT_NODE = re.compile(
    rf"\"?{_MARKS}:?(?:\n {{0,80}}- /\w{{1,20}}: [^\n]{{0,200}}){{0,3}}"
    r"\n {0,80}- (?:cell|gridcell|definition|code|generic|text|strong|paragraph)\b"
    rf"{_MARKS}:? {{1,4}}\"?([^\s\"]{{4,128}})\"?{_MARKS}:?\r?$",
    re.MULTILINE,
)
_NODE = re.compile(rf"(?:^|\n) {{0,80}}- \w{{2,16}}{_MARKS}:? \"?[\w ]{{0,24}}\Z")
# A regular expression has its bars without blanks: `(secret|token)\s*[:=]`.
_EXPRESSION = re.compile(r"\\[sSdDwWb]|\[[^\]\s]{1,64}\][*+?{]|\(\?")
_ROW_LABEL = re.compile(r"(?:^|\n|\|) {0,40}[*`_]{0,2}(?:[\w]{1,16} ){0,3}\Z")


# docker run --secret, docker service create --secret.
_MOUNT = re.compile(r"(?:id|type|src|source|target)=[\w./-]")

_IDENTIFIER = re.compile(rf"{UUID}(?![\w-])", re.IGNORECASE)


def find_in_line(text: str, first: int, last: int, found: KeyClass) -> Named | None:
    """The next cell of a table's row in Markdown, the next line of an accessibility tree: a value that fills it."""
    match = _NEXT_CELL.match(text, last)
    label = _ROW_LABEL if match is not None else _NODE
    match = match or _NEXT_NODE.match(text, last)
    if match is None or label.search(text[max(0, first - 120) : first]) is None:
        return None
    if _EXPRESSION.search(match.group(1)) is not None:
        return None
    return Named(*match.span(1), found.rule) if is_shown(match.group(1), found) else None


def find_in_field(text: str, first: int, found: KeyClass) -> Named | None:
    """What a field of a form holds whose name, id or label says so: `<input value="x" name="password">`."""
    opened = text.rfind("<", max(0, first - 300), first)
    if opened < 0 or _FIELD_TAG.match(text, opened, first) is None:
        return None
    closed = text.find(">", first, first + 600)
    match = _FIELD_VALUE.match(text, opened + 1, closed if closed >= 0 else len(text))
    if match is None or _NO_TEXT_FIELD.search(text, opened, closed if closed >= 0 else first):
        return None
    return Named(*match.span(2), found.rule) if is_shown(match.group(2), found) else None


def find_in_element(text: str, end: int, found: KeyClass) -> Named | None:
    """`<password>x</password>`, with a prefix and attributes or without."""
    match = _ELEMENT.match(text, end)
    if match is None:
        return None
    if match.group(3) and (match.group(3)[0] == "@" or _NEXT_NAME.match(match.group(3))):
        return None  # `//user:<password>@host`; `TOKEN=<YOUR_SECRET>`, and the next line
    start, stop = match.span(match.lastindex or 0)
    while start < stop and text[start].isspace():
        start += 1
    while start < stop and text[stop - 1].isspace():
        stop -= 1
    secret = text[start:stop]
    # A section that says of itself that it is text: what looks like a type is none.
    marked = match.group(1) is not None and "<" in secret[1:] and not secret.startswith("<")
    return Named(start, stop, found.rule) if secret and (marked or could_be_secret(secret, found)) else None


def find_close_by(  # noqa: PLR0911  # one line a form
    text: str, after: re.Match[str], first: int, found: KeyClass
) -> Named | None:
    """A value that merely follows its name: it must look generated, or stand in quotes."""
    if REFERENCE.match(text, after.end()) or (first and text[first - 1] == "/"):
        return None  # a path and the next argument
    if after.group(3)[0] in "\"'," and _NEXT_FIELD.match(text, after.end()):
        return None  # `msg="wrong password" remote_addr=10.0.0.7`
    if after.group(3)[-1] == "\\" and text[after.end()] in "nrtu":
        return None  # a letter or a line's end as JSON escapes it
    if _INDEX.match(text, after.end()):
        return None
    if found.rule == "key:credential" and "(" in after.group(3) and _IDENTIFIER.match(text, after.end()):
        return None  # `ClientSecretCredential("<tenant>", …`
    if (found.weak or found.rule == "key:private-key") and _FINGERPRINT.match(text, after.end()):
        return None
    return (
        find_weak(text, after.end(), found) or _listed(text, after, first, found) or _mixed(text, after, first, found)
    )


def _listed(text: str, after: re.Match[str], first: int, found: KeyClass) -> Named | None:
    """`set("API_TOKEN", "0123…")`, `PASSWORD 'x'` in SQL: a value in quotes beside its name."""
    gap = after.group(3)
    if found.weak or gap[-1] not in "\"'":
        return None
    match = _LISTED_VALUE.match(text, after.end()) if "," in gap else None
    return Named(match.start(), match.end(), found.rule) if match is not None else None


def find_beside(text: str, first: int, end: int, found: KeyClass) -> Named | None:
    """A quoted value beside its name: `fill('#password', 'x')`, `CREATE USER a PASSWORD 'x'`."""
    match = _BESIDE.match(text, end)
    if match is None or found.weak:
        return None
    secret = match.group(3)
    if match.group(1):  # the name is quoted too
        told = _SETS.search(text, max(0, first - 48), first) is not None
        told = told or (_PAIR.search(text, max(0, first - 16), first) is not None and is_shown(secret, found))
    else:
        name = text[first:end]
        # `pass `x` to`, `the token `min=8``: a sentence about code
        if name in ("pass", "Pass") or (match.group(2) == "`" and ("=" in secret or not is_shown(secret, found))):
            return None
        told = name.isupper() or not WORD.match(secret) or _SQL.search(text, max(0, first - 120), first) is not None
    fit = told and could_be_secret(secret, found) and not (first and text[first - 1] in "'\"" and not match.group(1))
    return Named(*match.span(3), found.rule) if fit else None


def find_before(text: str, first: int, found: KeyClass) -> Named | None:
    """A value that stands before its name: `{"value": "x", "name": "password"}`, `type 'x' into the password field`."""
    if text[first - 1 : first] in ("'", '"') and first:
        lead = _NAME_OF.search(text, max(0, first - 24), first)
        place = text.rfind("alue", max(0, first - 400), lead.start()) if lead is not None else -1
        match = _VALUE_OF.match(text, place - 1, lead.start()) if lead is not None and place > 0 else None
    else:
        match = _TYPED_INTO.search(text, max(0, first - 120), first) if text[first - 1 : first] == " " else None
        if match is None and text[first - 1 : first] == " ":
            match = _TYPED_BARE.search(text, max(0, first - 120), first)
            match = match or _USED_AS.search(text, max(0, first - 96), first)
            match = match if match is not None and is_shown(match.group(1), found) else None
    if match is None or not could_be_secret(match.group(1), found):
        return None
    return Named(*match.span(1), found.rule)


def _mixed(text: str, after: re.Match[str], first: int, found: KeyClass) -> Named | None:
    """`the password is x1y2z3w4`, `with password 'x1y2z3w4'`: too short to look generated, yet no word."""
    if found.rule not in ("key:password", "key:secret", "key:api-key") or after.group(3).strip(" \t,\"'`iswaISWA\\"):
        return None
    if after.group(3)[-1] == "`" and text[first : after.end(1)] == "pass":
        return None  # "pass `x=1` to": a sentence about code
    match = _MIXED_VALUE.match(text, after.end())
    if match is None or is_name(match.group()) or is_adjective(match.group()) or text.startswith("(", match.end()):
        return None
    listed = "," in after.group(3) and after.group(3)[-1] not in "\"'`"
    if (listed and is_made_name(match.group())) or is_argument(match.group()):
        return None
    if found.weak and is_key_of_store(match.group()):
        return None  # `cache miss for key user:42:profile`
    return Named(match.start(), match.end(), found.rule)


def find_argument(  # noqa: PLR0911  # one line a form
    text: str, after: re.Match[str], found: KeyClass
) -> Named | None:
    """`--password x`, `-storepass x`."""
    gap = after.group(3)
    # In a list of arguments each is quoted: `"--password", "x"`.
    told = gap.strip(" \t\"'") == "" or _NEXT_ARGUMENT.fullmatch(gap) is not None
    if not told:
        return None
    bare = value_at(text, after.end())
    opens = after.start(3) + len(gap.rstrip("\\\"'"))  # the gap has the quote of a value in it
    value = value_at(text, opens)
    if value is None or text.find("\n", value.start, value.end) >= 0:
        value = bare
    elif gap[0] in "\"'" and (bare is None or not plausible(text, bare, "=", found)):
        return None  # `.option("--token", "the token of the account")`
    if value is None:
        return None
    secret = text[value.start : value.end]
    if secret.startswith(("-", "pass:'", 'pass:"')) or (secret.isupper() and secret.isalpha()):
        return None
    if (gap.startswith("  ") or gap[0] in "\"'`") and WORD.match(secret) and _GOES_ON.match(text, value.end):
        return None  # `-W, --password   force a prompt`, `'--passphrase' asks again`: what it is for
    if is_constant_name(secret) or (secret in SAID_OF_OPTIONS and gap == " ") or _MOUNT.match(secret):
        return None
    return Named(value.start, whole(text, value).end, found.rule) if plausible(text, value, "=", found) else None
