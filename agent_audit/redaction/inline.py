"""Secrets given by name inside text: `password=x` in shell, .env, YAML, JSON, repr, forms, URLs, XML, argv.

A gate hit on a keyword starts the search; the whole name around it is judged as a dict key would be, and only
then the value is looked at. Every step is bounded, so that no text costs more than its length.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_audit.redaction.keys import JOINT, PHONE, KeyClass, KeyClassifier, name_words, sensitive_last_words
from agent_audit.redaction.marker import only_markers
from agent_audit.redaction.validators import has_digit, looks_random
from agent_audit.redaction.vocabulary import words

KEYWORDS: tuple[str, ...] = (
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "cookie",
    "sess",
    "jwt",
    "pin",
    "otp",
    "cvv",
    "cvc",
    "ssn",
    "sig",
    "psk",
    "pat",
    "senha",
    "kennwort",
    "contrase",
    "mdp",
    "code",
    "phrase",
    "mnemonic",
    "pw",
    "card",
    "security",
    "access",
    "private",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "hasło",
    "haslo",
    "şifre",
    "parola",
    "wachtwoord",
    "lösenord",
)
"""Lower-case literals that begin the search; each stands in some sensitive name."""

_NAME_LIMIT = 48
_NAME_BEFORE = re.compile(r"[\w.-]*")
_WORD_BEFORE = re.compile(r" (\w{2,24})")
# What follows the keyword: the rest of the name, then what separates it from a value. Strong: an assignment.
# Weak: mere closeness, which counts only for values that look random, or for an option's argument.
# The third form is a name and a value side by side: `"name": "x", "value": "y"`, in YAML, in XML attributes.
# Declarations name the type in between: `var token string = "x"`, `const KEY: &str = "x"`.
_TYPE = r"(?:(?::\s{0,2}|\s)&?(?:'static )?(?:string|str|String|char|text|bytes)\b\s{0,2}(?==))?"
_ASSIGNED = (
    rf"\\{{0,7}}[\"'`]?[\])]{{0,2}}{_TYPE}\s{{0,4}}"
    r"(?::=|=>|[?+.|]{1,2}[=:]|={1,3}|%3[Dd]|:(?![:/])(?:\s{0,2}[|>][+-]?\s{0,2}\n)?)\s{0,12}(?:\[(?=[\"'\\]))?"
    r"|&(?:quot|apos|#34|#39);\s?[:=]\s?&(?:quot|apos|#34|#39);"
    r"| - (?=[\"'])|[\"']\s?>(?=[^<\s>])"
    r"|\\{0,7}[\"']?[,\s]\s{0,16}\\{0,7}[\"']?[Vv](?:al|AL)(?:ue|UE)?\\{0,7}[\"']?\s{0,2}[:=]\s{0,4}"
)
_RANDOM = r"[A-Za-z0-9_\-+/=.~:%!@#$^*]"
_GAP = r"(?![\w-])[\s,\"'`>|\])(\\]{1,24}(?:(?:is|IS|Is|was) )?[\"'`]?"
_MIXED = rf"(?=[^\s\"']{{0,24}}[0-9])(?=[^\s\"']{{0,24}}[A-Za-z]){_RANDOM}{{8}}"
_CLOSE = rf"(?:{_RANDOM}{{16}}|{_MIXED})"
_AFTER = re.compile(rf"([\w-]{{0,48}})(?:({_ASSIGNED})|({_GAP})(?={_CLOSE}))")
_AFTER_OPTION = re.compile(rf"([\w-]{{0,48}})(?:({_ASSIGNED})|({_GAP})(?=\S))")
_LISTED_VALUE = re.compile(r"[0-9A-Fa-f]{16,256}(?=[\"'])")
_MIXED_VALUE = re.compile(rf"{_MIXED}{_RANDOM}{{0,504}}(?<![.:])")
_WEAK_SAMPLE = re.compile(_RANDOM + "{16,128}")
_WEAK_VALUE = re.compile(_RANDOM + "{16,512}")
_QUOTE = re.compile(r"[bruf]{0,2}(\\{0,7})([\"'`])")
_PLAIN_QUOTED = {
    quote: re.compile(rf"[^{quote}\\]{{0,65536}}(?:\\.[^{quote}\\]{{0,65536}}){{0,8192}}", re.DOTALL)
    for quote in "\"'`"
}
_NEXT_PAIR = r"\s{0,2}[\w.% -]{1,40}[=:]"
_UNQUOTED = re.compile(
    rf"(?:[^\s\"'`,;&|(){{}}\[\]<>\\]+|[,;&|](?!\s|$|{_NEXT_PAIR})|\\(?![nrt\"'])|[(){{}}\[\]<>\"'`](?=[^\s\"'`,;)\]}}>&|]))"
    r"{1,8192}"
)
_HEADER_LINE = re.compile(r"[^\r\n\"'\\]{1,8192}")
_SCHEME = re.compile(r"(?:[A-Za-z-]{2,20} {1,2})?")
_NUMERIC_RULES = frozenset({"key:pin", "key:otp", "key:cvv", "key:ssn", "key:card"})
_MARKER_HEAD = "[REDACTED:"

_NO_SECRET = words(
    """
    none null nil true false undefined nan yes no on off required optional string str int integer
    bool boolean number bytes object array any text secretstr redacted masked hidden empty unset
    missing invalid expired valid include omit must should is was are the a an not and or of to in
    for basic bearer digest self this value env await new async lambda function return yield from
    import
"""
)
_REFERENCE = re.compile(
    r"\$\{?[A-Za-z_]\w*\}?(?![^\s\"'`;,&|)\]}])|\$[({]|\{\{|<[^>]*>?$|<[A-Za-z][\w .-]{0,40}>|%\(?\w+\)?[sd%]$"
    r"|\{\w*\}$|\[[A-Z_ -]+\]?$"
    r"|(?:os\.|process\.env|getenv|env\(|getpass|import\.meta|secrets\.|vault:|config\.|settings\."
    r"|(?i:your[_-])|self\.|args\.|this\.|Optional\[|Union\[|List\[|SecretStr)"
)
_FILLER = re.compile(r"([*xX.•_#-])\1{2,}$|\.\.\.$|[*•]+")
_CALL = re.compile(r"[A-Za-z_][\w.]*\($|[A-Za-z_][\w.]*\(|[A-Za-z_]\w*\[")
_DOTTED_NAME = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+$")
_NUMBER = re.compile(r"[-+]?\d{1,15}(?:[.,]\d+)?[a-zA-Z%]{0,2}$")
_ALNUM = re.compile(r"[^\W_]|[^\w\s]{4}")
_WORD = re.compile(r"[^\W\d]+(?:['_-][^\W\d]+)*[.?!]?$")
_GOES_ON = re.compile(r" +[A-Za-z]")


class Named(NamedTuple):
    """A value that its name makes a secret."""

    start: int
    end: int
    rule: str


_NO_VALUE = Named(0, 0, "")


class _Value(NamedTuple):
    start: int
    end: int
    quoted: bool


def opens_names(text: str) -> bool:
    """Whether a word in the text may be a name without an assignment: an option, an element."""
    return "--" in text or "<" in text


_TAIL = re.compile(r"[\w-]{1,48}")
_LAST_WORDS = sensitive_last_words()
_hopeless: dict[str, bool] = {}


def names_nothing(text: str, start: int) -> bool:
    """Whether the name that ends in the word at `start` is harmless, whatever stands before it: `max_tokens`."""
    match = _TAIL.match(text, start)
    if match is None:
        return False
    tail = match.group()
    known = _hopeless.get(tail)
    if known is None:
        known = _is_hopeless(tail)
        if len(_hopeless) >= 4096:
            _hopeless.clear()
        _hopeless[tail] = known
    return known


def _is_hopeless(tail: str) -> bool:
    parts = name_words(tail)
    if not parts:
        return False
    last = parts[-1].rstrip("0123456789")
    # The first word may have begun before the keyword: `dbpass`.
    return last not in _LAST_WORDS if len(parts) > 1 else not any(word.endswith(last) for word in _LAST_WORDS)


def find_named(text: str, start: int, end: int, keys: KeyClassifier, opens: bool = True) -> Named | None:
    """The secret named by the word that has a keyword at `start:end`.

    Args:
        text: the text.
        start: where the keyword begins.
        end: where it ends.
        keys: judges the name.
        opens: whether `opens_names(text)`.

    Returns:
        None when the name is harmless; with `end` 0 when only the value was no secret.
    """
    after = None
    if not opens:
        after = _AFTER.match(text, end)
        if after is None:
            return None
    lead = _NAME_BEFORE.match(text[max(0, start - _NAME_LIMIT) : start][::-1])
    first = start - lead.end() if lead is not None else start
    opened = opens and (text.startswith("--", first) or text[max(0, first - 1) : first] == "<")
    if after is None:
        after = (_AFTER_OPTION if opened else _AFTER).match(text, end)
    if after is None or text.startswith(_MARKER_HEAD, after.end()):
        return None
    found = _judge(text, first, text[first : after.end(1)], keys)
    if found is None or _in_marker(text, start):
        return None
    if after.group(2) is not None:
        named = _assigned(text, after, first, found)
    elif opened and not found.weak:
        named = _argument(text, after, first, found)
    else:
        named = _close_by(text, after, found)
    return named or _NO_VALUE


def _in_marker(text: str, place: int) -> bool:
    head = text.rfind(_MARKER_HEAD, max(0, place - 80), place)
    return head >= 0 and text.find("]", head, place) < 0


def _judge(text: str, first: int, name: str, keys: KeyClassifier) -> KeyClass | None:
    found = keys.classify(name.lstrip("-."))
    if found is not None and not found.weak:
        return found
    # `api key: x`, `client secret = x`: the word before may belong to the name.
    before = _WORD_BEFORE.match(text[max(0, first - 26) : first][::-1])
    if before is not None and "_" not in name:
        joined = keys.classify(f"{before.group(1)[::-1]} {name}")
        if joined is not None and not joined.weak:
            return joined
    return None if found is PHONE or found is JOINT else found


def _assigned(text: str, after: re.Match[str], first: int, found: KeyClass) -> Named | None:
    separator, start = after.group(2), after.end()
    if separator == ":" and text.find("arn:", max(0, first - 120), first) >= 0:
        return None  # the name of an Amazon resource has its kind between colons
    # Before the value is measured: what is refused must not cost its length again at the next keyword.
    if _REFERENCE.match(text, start) or (_CALL.match(text, start) and not _QUOTE.match(text, start)):
        return None
    if found.weak:
        return _weak(text, start, found)
    if found.rule in ("key:authorization", "key:cookie") and ":" in separator:
        value = _header_value(text, start)
    else:
        value = _value_at(text, start)
    if value is not None and separator.endswith(">") and "=" not in separator:
        value = _element_text(text, value)
    if value is None or not _plausible(text, value, separator, found):
        return None
    return Named(value.start, value.end, found.rule)


def _element_text(text: str, value: _Value) -> _Value | None:
    """`<entry key="password">x</entry>`: up to the closing tag, and no word of a form's label."""
    secret = text[value.start : value.end].split("<", 1)[0]
    return None if _WORD.match(secret) or not has_digit(secret) else value._replace(end=value.start + len(secret))


def _weak(text: str, start: int, found: KeyClass) -> Named | None:
    """A value whose name alone proves nothing: it must look generated."""
    quote = _QUOTE.match(text, start)
    first = quote.end() if quote is not None else start
    # The beginning decides: a long value that is refused must not cost its length again at the next name.
    sample = _WEAK_SAMPLE.match(text, first)
    if sample is None or not looks_random(sample.group()):
        return None
    match = _WEAK_VALUE.match(text, first)
    if match is None or _is_name(match.group()):
        return None
    return Named(match.start(), match.end(), found.rule)


def _close_by(text: str, after: re.Match[str], found: KeyClass) -> Named | None:
    if _REFERENCE.match(text, after.end()):
        return None
    return _weak(text, after.end(), found) or _listed(text, after, found) or _mixed(text, after, found)


def _listed(text: str, after: re.Match[str], found: KeyClass) -> Named | None:
    """`set("API_TOKEN", "0123…")`: digits alone look like no token, but under such a name they are one."""
    match = _LISTED_VALUE.match(text, after.end())
    if match is None or found.weak or "," not in after.group(3) or after.group(3)[-1] not in "\"'":
        return None
    return Named(match.start(), match.end(), found.rule)


def _mixed(text: str, after: re.Match[str], found: KeyClass) -> Named | None:
    """`the password is x1y2z3w4`, `with password 'x1y2z3w4'`: too short to look generated, yet no word."""
    if found.rule not in ("key:password", "key:secret", "key:api-key") or after.group(3).strip(" \t,\"'`iswa\\"):
        return None
    match = _MIXED_VALUE.match(text, after.end())
    return None if match is None or _is_name(match.group()) else Named(match.start(), match.end(), found.rule)


def _argument(text: str, after: re.Match[str], first: int, found: KeyClass) -> Named | None:
    """`--password x`, `<password>x</password>`."""
    gap = after.group(3)
    value = _value_at(text, after.end())
    if value is None or gap.startswith("]"):
        return None
    secret = text[value.start : value.end]
    if text[first - 1 : first] == "<":
        secret = secret.split("<", 1)[0]
        value = value._replace(end=value.start + len(secret))
    elif gap.strip(" \"'") != "" or secret.startswith("-") or (secret.isupper() and secret.isalpha()):
        return None
    return Named(value.start, value.end, found.rule) if secret and _plausible(text, value, "=", found) else None


def _is_name(text: str) -> bool:
    """Paths, addresses and plain identifiers are long without being secret."""
    return "://" in text or text.startswith(("/", "./", "~/", "-")) or text.count("/") > 3 or text.count("(") > 0


def _header_value(text: str, start: int) -> _Value | None:
    # `{"authorization": "Basic x"}` is quoted; `Authorization: Basic x` goes to the end of the line.
    if _QUOTE.match(text, start):
        return _value_at(text, start)
    match = _HEADER_LINE.match(text, start)
    if match is None:
        return None
    scheme = _SCHEME.match(text, start)
    if _REFERENCE.match(text, scheme.end() if scheme is not None else start):
        return None
    return _Value(match.start(), match.end(), True)


def _value_at(text: str, start: int) -> _Value | None:
    quote = _QUOTE.match(text, start)
    if quote is not None:
        return _quoted(text, quote)
    match = _UNQUOTED.match(text, start)
    if match is None:
        return None
    end = match.end()
    # The end of a sentence or of a list is no part of the value.
    while end > start + 1 and text[end - 1] in ".,:!?" and (end == len(text) or text[end].isspace()):
        end -= 1
    return _Value(start, end, False)


def _quoted(text: str, quote: re.Match[str]) -> _Value | None:
    start = quote.end()
    if not quote.group(1):
        match = _PLAIN_QUOTED[quote.group(2)].match(text, start)
        end = match.end() if match is not None else start
    else:
        # Nested escaping: the value ends at the same number of backslashes and the same quote.
        end = text.find(quote.group(), start, start + 65536)
        if end < 0:
            unquoted = _UNQUOTED.match(text, start)
            end = unquoted.end() if unquoted is not None else start
    return _Value(start, end, True) if end > start else None


def _plausible(text: str, value: _Value, separator: str, found: KeyClass) -> bool:
    secret = text[value.start : value.end]
    if (secret.startswith(_MARKER_HEAD) and only_markers(secret)) or _ALNUM.search(secret) is None:
        return False
    if not value.quoted and ("==" in separator or ("\n" in separator and text[value.end : value.end + 1] == ":")):
        return False  # a comparison in code; the next level of a YAML mapping
    if secret.strip(" .,").lower() in _NO_SECRET or _REFERENCE.match(secret) or _FILLER.fullmatch(secret):
        return False
    if (found.path_ok and secret[0] in "/~.") or not _fits(secret, found):
        return False
    return value.quoted or _plausible_bare(text, value, secret, separator)


def _fits(secret: str, found: KeyClass) -> bool:
    """Whether the value could be a secret of this kind: `tokens: 5` and `authorization: granted` are none."""
    if _NUMBER.match(secret) and (not found.numeric or (found.rule == "key:password" and len(secret) < 4)):
        return False
    if found.rule == "key:authorization":
        return len(secret) >= 16 or has_digit(secret)
    if found.rule == "key:cookie":
        return "=" in secret or has_digit(secret)
    return found.rule not in _NUMERIC_RULES or has_digit(secret)


def _plausible_bare(text: str, value: _Value, secret: str, separator: str) -> bool:
    """Code and prose have words where a configuration has the secret."""
    if _CALL.match(secret) or text[value.end : value.end + 1] == "(" or _DOTTED_NAME.match(secret):
        return False
    prose = ":" in separator and separator[-1:].isspace()
    return not (prose and _WORD.match(secret) and _GOES_ON.match(text, value.end))
