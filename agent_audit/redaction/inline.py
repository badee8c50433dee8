"""Secrets given by name inside text: `password=x` in shell, .env, YAML, JSON, repr, forms, URLs, XML, argv.

A gate hit on a keyword starts the search; the whole name around it is judged as a dict key would be, and only
then the value is looked at. Every step is bounded, so that no text costs more than its length.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_audit.redaction.blocks import read_collection, read_yaml
from agent_audit.redaction.keys import KeyClass, KeyClassifier, name_words, sensitive_last_words
from agent_audit.redaction.marker import HEAD
from agent_audit.redaction.phrases import find_code_told, find_number_told, find_told
from agent_audit.redaction.validators import has_digit, looks_random
from agent_audit.redaction.values import (
    QUOTE,
    REFERENCE,
    WORD,
    Named,
    could_be_secret,
    quoted_end,
)

_NAME_LIMIT = 48
_NAME_BEFORE = re.compile(r"[\w.-]*")
_WORD_BEFORE = re.compile(r" (\w{2,24})")
# What follows the keyword: the rest of the name, then what separates it from a value. Strong: an assignment.
# Weak: mere closeness, which counts only for values that look random, or for an option's argument.
# The third form is a name and a value side by side: `"name": "x", "value": "y"`, in YAML, in XML attributes.
# Declarations name the type in between: `var token string = "x"`, `const KEY: &str = "x"`.
_TYPE = r"(?:(?::\s{0,2}|\s)&?(?:'static )?(?:string|str|String|char|text|bytes)\b\s{0,2}(?==))?"
_MEMBER = r"\\{0,7}[\"']?,\s{0,16}\\{0,7}[\"'][\w-]{1,32}\\{0,7}[\"']\s?:\s?\\{0,7}[\"']?(?:[^\"\\,{}]{0,64})"
_ASSIGNED = (
    rf"\\{{0,7}}[\"'`]{{0,2}}[\])]{{0,2}}{_TYPE}\s{{0,4}}"
    r"(?::=|=>|[?+.|]{1,2}[=:]|={1,3}|:(?![:/])(?:\s{0,2}[|>][+-]?\s{0,2}\n)?|(?:->|<-)(?=\s{0,4}[\"'`]))\s{0,12}"
    r"|(?:%22|%27)?%3[ADad](?:%20|\+)?(?:%22|%27)?"
    r"|&(?:quot|apos|#34|#39);\s?[:=]\s?&(?:quot|apos|#34|#39);|&gt;(?=[^&\s])"
    r"| - (?=[\"'])|[\"']\s?>(?=[^<\s>])"
    rf"|(?:{_MEMBER}){{0,4}}\\{{0,7}}[\"']?[,\s]\s{{0,16}}\\{{0,7}}[\"']?(?:[Vv](?:al|AL)(?:ue|UE)?|default)\\{{0,7}}[\"']?"
    r"\s{0,2}[:=]\s{0,4}"
    # The next element of XML, the body of a form's part, the default of a variable, the field of a page.
    r"|(?:[\"']\s?>|</[\w:-]{1,20}>)\s{0,40}<(?:value|string|val)\b[^<>]{0,40}>"
    r"|[\"'](?:\r?\n[\w-]{1,40}: [^\r\n]{1,100})?\r?\n\r?\n(?=\S)"
    r"|\"\s?\{[^{}]{0,300}?\bdefault\s{0,8}=\s{0,4}"
    r"|[\"'\])`]{1,4}(?:\.\w{1,12}\(\d?\))?\.(?:fill|type|send_keys|sendKeys|pressSequentially|press_sequentially"
    r"|setValue|set_value)\(\s{0,2}(?=[\"'`])"
)
_RANDOM = r"[A-Za-z0-9_\-+/=.~:%!@#$^*]"
_GAP = r"(?![\w-])[\s,\"'`>|\])(\\]{1,24}(?:(?:is|IS|Is|was) )?[\"'`]?"
_MIXED = rf"(?=[^\s\"']{{0,24}}[0-9])(?=[^\s\"']{{0,24}}[A-Za-z]){_RANDOM}{{8}}"
_CLOSE = rf"(?:{_RANDOM}{{16}}|{_MIXED})"
# The name is taken whole and never in part: a look-ahead is not gone back into, so nothing is tried twice.
_NAME_REST = r"(?=([\w-]{0,47}\w|))\1"
_AFTER = re.compile(rf"{_NAME_REST}(?:({_ASSIGNED})|({_GAP})(?={_CLOSE}))")
_AFTER_OPTION = re.compile(rf"{_NAME_REST}(?:({_ASSIGNED})|({_GAP})(?=\S))")
_LISTED_VALUE = re.compile(r"[0-9A-Fa-f]{16,256}(?=[\"'])")
_MIXED_VALUE = re.compile(rf"{_MIXED}{_RANDOM}{{0,504}}(?<![.:])")
_WEAK_SAMPLE = re.compile(_RANDOM + "{16,128}")
_WEAK_VALUE = re.compile(_RANDOM + "{16,512}")
_NEXT_PAIR = r"\s{0,2}[\w.% -]{1,40}[=:]"
_UNQUOTED = re.compile(
    rf"(?:[^\s\"'`,;&|(){{}}\[\]<>\\]+|[,;&|](?!\s|$|{_NEXT_PAIR})|\\(?![nrt\"'])|[(){{}}\[\]<>\"'`](?=[^\s\"'`,;)\]}}>&|]))"
    r"{1,8192}"
)
_HEADER_LINE = re.compile(r"[^\r\n\"'\\]{1,8192}")
_SCHEME = re.compile(r"(?:[A-Za-z-]{2,20} {1,2})?")

_CALL = re.compile(r"[A-Za-z_][\w.]*\($|[A-Za-z_][\w.]*\(|[A-Za-z_]\w*\[")
_DOTTED_NAME = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+$")
# An element with an optional prefix opens, `<ns:password`; then its text and the tag that closes it.
_OPENS_ELEMENT = re.compile(r"<(?:[\w-]{1,12}:)?\Z")
_ELEMENT = re.compile(
    r"[\w-]{0,48}(?:\s[^<>]{0,200})?(?<!/)>\s{0,40}(?:<!\[CDATA\[)?"
    r"(?:([^<\n]{1,1024}?)(?:\]\]>)?\s{0,40}(?=</)|([^<\s]{1,1024})\Z)"
)
_LITERAL = re.compile(r"(\"{3}|'{3})\S{1,4096}?\1")
_WRAPPER = re.compile(
    r"(?:(?:new )?(?:SecretStr|SecretBytes|Secret|Some|Just|String|str|bytes|Buffer\.from|(?:String\.)?valueOf"
    r"|\w{1,16}::from)"
    r"\(\s?|string\(\d{1,4}\)\s)(?=[bruf]{0,2}[\"'])|[&!][\w!/.-]{0,40}[ \t]+(?=[^\s|>])"
)
_OPENS_BLOCK = re.compile(r"\[(?!\[|REDACTED)|\{(?=[\s\"'}]|\\\\{1,7}[\"'nrt])")
_CHANGED = re.compile(r"[\"']\s{1,2}->\s{1,2}[\"']([^\"'\n]{1,4096})")
_BESIDE = re.compile(r"(?:([\"'`]\]?)\s{0,2},\s{0,4}|[ \t]{1,4})[Nb]?([\"'`])((?:(?!\2)[^\\\s]){3,128})\2")
_NAME_OF = re.compile(r"[\"'](?:name|Name|key|Key|field|variable)[\"']\s{0,2}:\s{0,2}[\"']\Z")
_VALUE_OF = re.compile(r"[Vv]alue[\"']\s{0,2}:\s{0,2}[\"']([^\"'\\]{1,256})[\"']\s{0,2},[^{}]{0,128}\Z")
_TYPED_INTO = re.compile(
    r"(?i:typ|enter|fill|input|put)\w{0,4} [\"'`]([^\"'`\n]{3,64})[\"'`] (?i:in|into|as|for) "
    r"(?:(?i:the|your|my|its) )?\Z"
)
_SETS = re.compile(
    r"(?i:fill|type|set\w{0,16}|put\w{0,8}|add\w{0,8}|define|header|append|send_keys|getenv|environ\.get|get)"
    r"\(\s{0,2}(?:[\w.]{1,20},\s?)?[\"'`][#.]?(?:\w{1,8}\[name=)?\Z"
)
_SQL = re.compile(r"(?i)\b(?:role|user|login|alter|create|options|identified|set)\b[^;\n]*\Z|:\Z")
_BEFORE_OPTION = ("", " ", "\t", "\n", '"', "'")
_MAY_TELL = re.compile(
    r"(?=(\w{0,24}))\1(?:[\"'`\]]|\Z|'s |-(?i:code|number)"
    r"| (?:[\"'`(\d-]|[NbE]'|[A-Z]{1,2}-\d|(?i:is|was|are|for|of|to|on|at|from|ist|lautet|est|es|é|è|jest|är|er"
    r"|für|de|pour|para|code|number|no)\b))"
)
_BEFORE_FIELD = ('"', "'", "the ", "your ", "my ", "its ", "into ", "in ", "as ", "for ")
_LETTERS_BEFORE = re.compile(r"\w*")
_LETTERS = re.compile(r"\w{0,24}")
_GOES_ON = re.compile(r" +[^\W\d_]")


class Finding(NamedTuple):
    """What stands behind a sensitive name."""

    secrets: list[Named]
    """None where the value was no secret."""
    end: int
    """Where the value ends, so that no other name has to be looked for inside; 0 where it may hold some."""
    block: int = 0
    """Where the list or map ends that was read; lists and maps inside need not be read again."""


_NO_VALUE = Finding([], 0)


class _Value(NamedTuple):
    start: int
    end: int
    quoted: bool


def opens_names(text: str) -> bool:
    """Whether a word in the text may be a name without an assignment: an option, an element."""
    return "-" in text or "<" in text


_TAIL = re.compile(r"[\w-]{0,40}")
_LAST_WORDS = sensitive_last_words()
_hopeless: dict[str, bool] = {}


def names_nothing(text: str, start: int, end: int) -> bool:
    """Whether the name that ends in the word of the keyword at `start:end` is harmless: `max_tokens`."""
    match = _TAIL.match(text, end)
    tail = text[start : match.end()] if match is not None else text[start:end]
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


def find_named(  # noqa: PLR0911, PLR0912  # one line a form
    text: str, start: int, end: int, keys: KeyClassifier, *, opens: bool = True, blocks_from: int = 0
) -> Finding | None:
    """The secrets named by the word that has a keyword at `start:end`.

    Args:
        text: the text.
        start: where the keyword begins.
        end: where it ends.
        keys: judges the name.
        opens: whether `opens_names(text)`.
        blocks_from: where the first list or map may begin that was not read already.

    Returns:
        None when the name is harmless; a finding without secrets when only the value was none.
    """
    if text.startswith("s", end) and text[start:end].lower() == "code":
        codes = find_code_told(text, start, end)
        if codes:
            return Finding(codes, codes[-1].end)
    after = None
    if not opens:
        after = _AFTER.match(text, end)
        if after is None:
            return _unassigned(text, start, end, keys)
    lead = _NAME_BEFORE.match(text[max(0, start - _NAME_LIMIT) : start][::-1])
    first = start - lead.end() if lead is not None else start
    if first and text[first - 1] == "%":
        first += 2 if start - first >= 2 else 0  # the digits of `%22`
    before = text[first - 1 : first] if first else ""
    element = before == "<" or (before == ":" and _OPENS_ELEMENT.search(text, max(0, first - 16), first) is not None)
    option = opens and text.startswith("-", first) and before in _BEFORE_OPTION
    if after is None:
        after = (_AFTER_OPTION if option or element else _AFTER).match(text, end)
    if after is None:
        return _unassigned(text, start, end, keys)
    if text.startswith(HEAD, after.end()):
        return None
    found = _judge(text, first, text[first : after.end(1)], keys)
    if found is None:
        return _unassigned(text, start, end, keys)
    if _in_marker(text, start):
        return None
    if after.group(2) is not None:
        finding = _assigned(text, after, first, found, blocks_from)
    elif element and not found.weak:
        finding = _of(_element(text, after.end(1), found))
    elif option and not found.weak:
        finding = _of(_argument(text, after, found))
    else:
        finding = _of(_close_by(text, after, first, found))
    if finding is None:
        finding = _unassigned(text, start, end, keys)
    return finding or _NO_VALUE


def _of(named: Named | None) -> Finding | None:
    return None if named is None else Finding([named], named.end)


def _unassigned(text: str, start: int, end: int, keys: KeyClassifier) -> Finding | None:
    """What a sentence or a statement says of the name that has a keyword at `start:end`."""
    if text[start:end].lower() == "code":
        codes = find_code_told(text, start, end)
        return Finding(codes, codes[-1].end) if codes else None
    lead = _LETTERS_BEFORE.match(text[max(0, start - 24) : start][::-1])
    first = start - lead.end() if lead is not None else start
    # Most names are followed and preceded by nothing that could tell a secret; they need not be judged.
    if _MAY_TELL.match(text, end) is None and not text[max(0, first - 5) : first].endswith(_BEFORE_FIELD):
        return None
    tail = _LETTERS.match(text, end)
    last = tail.end() if tail is not None else end
    found = _judge(text, first, text[first:last], keys)
    if found is None or found.weak or _in_marker(text, start):
        return None
    beside = _beside(text, first, last, found) or _before(text, first, last, found)
    if beside is not None:
        return _of(beside)
    number = found.rule in ("key:pin", "key:otp", "key:cvv") or text[start:end].lower() == "pass"
    named = find_number_told(text, first, last, found) if number else None
    return _of(named or find_told(text, last, found))


def _in_marker(text: str, place: int) -> bool:
    head = text.rfind(HEAD, max(0, place - 80), place)
    return head >= 0 and text.find("]", head, place) < 0


def _judge(text: str, first: int, name: str, keys: KeyClassifier) -> KeyClass | None:
    found = keys.secret(name.lstrip("-."))
    if found is not None and not found.weak:
        return found
    # `api key: x`, `client secret = x`: the word before may belong to the name.
    before = _WORD_BEFORE.match(text[max(0, first - 26) : first][::-1])
    if before is not None and "_" not in name:
        joined = keys.classify(f"{before.group(1)[::-1]} {name}")
        if joined is not None and not joined.weak:
            return joined
    return found


def _assigned(  # noqa: PLR0911, PLR0912  # one line a form
    text: str, after: re.Match[str], first: int, found: KeyClass, blocks_from: int
) -> Finding | None:
    separator, start = after.group(2), after.end()
    if separator == ":" and text.find("arn:", max(0, first - 120), first) >= 0:
        return None  # the name of an Amazon resource has its kind between colons
    block = _block(text, after, first, found) if start >= blocks_from and not found.weak else None
    if block is not None:
        return block
    head = text[start : start + 32]
    wrapper = _WRAPPER.match(text, start) if "(" in head or head[:1] in "&!" else None
    if wrapper is not None:
        start = wrapper.end()
    # Before the value is measured: what is refused must not cost its length again at the next keyword.
    elif REFERENCE.match(text, start) or (_CALL.match(text, start) and not QUOTE.match(text, start)):
        return None
    if found.weak:
        return _of(_weak(text, start, found))
    if text.startswith(('"""', "'''"), start) and _LITERAL.match(text, start) is None:
        return None  # the documentation of what a function gives back
    if found.rule in ("key:authorization", "key:cookie") and ":" in separator:
        value = _header_value(text, start)
    elif (
        separator.lstrip()[:1] == ":" and first and text[first - 1] == text[start : start + 1] and text[start] in "\"'"
    ):
        return None  # `input('Password: ')`: the quote closes what the name stands in
    else:
        value = _value_at(text, start)
    if value is not None and separator.endswith((">", "gt;")) and "=" not in separator:
        value = _element_text(text, value, separator)
    if value is None or not _plausible(text, value, separator, found):
        return None
    if not value.quoted and _is_itself(text, first, value):
        return None
    named = Named(value.start, value.end, found.rule)
    changed = _CHANGED.match(text, value.end) if value.quoted else None
    if changed is not None and could_be_secret(changed.group(1), found):
        return Finding([named, Named(*changed.span(1), found.rule)], changed.end())
    return Finding([named], named.end)


def _block(text: str, after: re.Match[str], first: int, found: KeyClass) -> Finding | None:
    separator, start = after.group(2), after.end()
    if _OPENS_BLOCK.match(text, start):
        bare = separator.strip() == ":" and text[start] == "["
        block = read_collection(text, start, found, bare=bare)
        return Finding(block.secrets, 0, block.end) if block.end > start else None
    if "\n" in separator and ":" in separator:
        lines = read_yaml(text, first, text.find(":", after.end(1)) + 1, found)
        return None if lines is None else Finding(lines.secrets, 0, lines.end)
    return None


def _is_itself(text: str, first: int, value: _Value) -> bool:
    """`self._token = token`: the name of a variable, which is the attribute's."""
    name = text[first : first + 48].split("=", 1)[0].strip().rsplit(".", 1)
    return len(name) == 2 and name[1].strip("_").lower() == text[value.start : value.end].strip("_;,`)").lower()


def _element_text(text: str, value: _Value, separator: str) -> _Value | None:
    """`<entry key="password">x</entry>`: up to the closing tag, and no word of a form's label."""
    secret = re.split(r"<|&lt;", text[value.start : value.end], maxsplit=1)[0]
    if "<" not in separator and "&" not in separator and (WORD.match(secret) or not has_digit(secret)):
        return None
    return value._replace(end=value.start + len(secret)) if secret else None


def _element(text: str, end: int, found: KeyClass) -> Named | None:
    """`<password>x</password>`, with a prefix and attributes or without."""
    match = _ELEMENT.match(text, end)
    if match is None:
        return None
    start, stop = match.span(1 if match.group(1) else 2)
    while start < stop and text[start].isspace():
        start += 1
    while start < stop and text[stop - 1].isspace():
        stop -= 1
    return Named(start, stop, found.rule) if start < stop and could_be_secret(text[start:stop], found) else None


def _weak(text: str, start: int, found: KeyClass) -> Named | None:
    """A value whose name alone proves nothing: it must look generated."""
    quote = QUOTE.match(text, start)
    first = quote.end() if quote is not None else start
    # The beginning decides: a long value that is refused must not cost its length again at the next name.
    sample = _WEAK_SAMPLE.match(text, first)
    if sample is None or not looks_random(sample.group()):
        return None
    match = _WEAK_VALUE.match(text, first)
    if match is None or _is_name(match.group()):
        return None
    return Named(match.start(), match.end(), found.rule)


def _close_by(text: str, after: re.Match[str], first: int, found: KeyClass) -> Named | None:
    if REFERENCE.match(text, after.end()):
        return None
    return _weak(text, after.end(), found) or _listed(text, after, first, found) or _mixed(text, after, first, found)


def _listed(text: str, after: re.Match[str], first: int, found: KeyClass) -> Named | None:
    """`set("API_TOKEN", "0123…")`, `PASSWORD 'x'` in SQL: a value in quotes beside its name."""
    gap = after.group(3)
    if found.weak or gap[-1] not in "\"'":
        return None
    match = _LISTED_VALUE.match(text, after.end()) if "," in gap else None
    return Named(match.start(), match.end(), found.rule) if match is not None else None


def _beside(text: str, first: int, end: int, found: KeyClass) -> Named | None:
    """A quoted value beside its name: `fill('#password', 'x')`, `CREATE USER a PASSWORD 'x'`."""
    match = _BESIDE.match(text, end)
    if match is None or found.weak:
        return None
    secret = match.group(3)
    if match.group(1):  # the name is quoted too
        told = _SETS.search(text, max(0, first - 48), first) is not None
    else:
        name = text[first:end]
        if match.group(2) == "`" or name == "pass":  # `pass `x` to`: a sentence about code
            return None
        told = name.isupper() or not WORD.match(secret) or _SQL.search(text, max(0, first - 120), first) is not None
    fit = told and could_be_secret(secret, found) and not (first and text[first - 1] in "'\"" and not match.group(1))
    return Named(*match.span(3), found.rule) if fit else None


def _before(text: str, first: int, last: int, found: KeyClass) -> Named | None:
    """A value that stands before its name: `{"value": "x", "name": "password"}`, `type 'x' into the password field`."""
    if text[first - 1 : first] in ("'", '"') and first:
        lead = _NAME_OF.search(text, max(0, first - 24), first)
        place = text.rfind("alue", max(0, first - 400), lead.start()) if lead is not None else -1
        match = _VALUE_OF.match(text, place - 1, lead.start()) if lead is not None and place > 0 else None
    else:
        match = _TYPED_INTO.search(text, max(0, first - 120), first) if text[first - 1 : first] == " " else None
    if match is None or not could_be_secret(match.group(1), found):
        return None
    return Named(*match.span(1), found.rule)


def _mixed(text: str, after: re.Match[str], first: int, found: KeyClass) -> Named | None:
    """`the password is x1y2z3w4`, `with password 'x1y2z3w4'`: too short to look generated, yet no word."""
    if found.rule not in ("key:password", "key:secret", "key:api-key") or after.group(3).strip(" \t,\"'`iswa\\"):
        return None
    if after.group(3)[-1] == "`" and text[first : after.end(1)] == "pass":
        return None  # "pass `x=1` to": a sentence about code
    match = _MIXED_VALUE.match(text, after.end())
    return None if match is None or _is_name(match.group()) else Named(match.start(), match.end(), found.rule)


def _argument(text: str, after: re.Match[str], found: KeyClass) -> Named | None:
    """`--password x`, `-storepass x`."""
    gap = after.group(3)
    value = _value_at(text, after.end())
    if value is None or gap.strip(" \"'") != "":
        return None
    secret = text[value.start : value.end]
    if secret.startswith("-") or (secret.isupper() and secret.isalpha()):
        return None
    return Named(value.start, value.end, found.rule) if _plausible(text, value, "=", found) else None


def _is_name(text: str) -> bool:
    """Paths, addresses and plain identifiers are long without being secret."""
    return "://" in text or text.startswith(("/", "./", "~/", "-")) or text.count("/") > 3 or text.count("(") > 0


def _header_value(text: str, start: int) -> _Value | None:
    # `{"authorization": "Basic x"}` is quoted; `Authorization: Basic x` goes to the end of the line.
    if QUOTE.match(text, start):
        return _value_at(text, start)
    match = _HEADER_LINE.match(text, start)
    if match is None:
        return None
    scheme = _SCHEME.match(text, start)
    if REFERENCE.match(text, scheme.end() if scheme is not None else start):
        return None
    return _Value(match.start(), match.end(), True)


def _value_at(text: str, start: int) -> _Value | None:
    quote = QUOTE.match(text, start)
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
    end = quoted_end(text, start, quote.group(1) + quote.group(2))
    if end < 0:
        unquoted = _UNQUOTED.match(text, start)
        end = unquoted.end() if unquoted is not None else start
    return _Value(start, end, True) if end > start else None


def _plausible(text: str, value: _Value, separator: str, found: KeyClass) -> bool:
    secret = text[value.start : value.end]
    if not value.quoted and ("==" in separator or ("\n" in separator and text[value.end : value.end + 1] == ":")):
        return False  # a comparison in code; the next level of a YAML mapping
    return could_be_secret(secret, found) and (value.quoted or _plausible_bare(text, value, secret, separator))


def _plausible_bare(text: str, value: _Value, secret: str, separator: str) -> bool:
    """Code and prose have words where a configuration has the secret."""
    if _CALL.match(secret) or text[value.end : value.end + 1] == "(" or _DOTTED_NAME.match(secret):
        return False
    prose = ":" in separator and separator[-1:].isspace()
    return not (prose and WORD.match(secret) and _GOES_ON.match(text, value.end))
