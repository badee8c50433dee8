"""What source code has where a configuration has the secret: variables, types, calls, templates.

Agents that write programs read and record much of it, and hardly any of it is secret.
"""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import segments, sensitive_last_words
from agent_audit.redaction.names.vocabulary import words

_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\??\.|->)[A-Za-z_$][\w$]*)*")
_SENSITIVE = sensitive_last_words() | {"keys", "passes", "sentinel"}
# `self`, `this`, and what a statement assigns with: nothing of it stands in a configuration.
_OWN = re.compile(r"(?:self|cls|this|super\(\))[.>-]")
_UNPACKS = re.compile(r"(?:^|\n)[ \t]{0,40}(?:[A-Za-z_][\w.]{0,40}, ){1,4}\Z")
_WORD = re.compile(r"\w{1,48}")
_ADDS = ("+=", "|=")
# What follows an expression or a type, and never a value in a log or a sentence.
_GOES_ON = re.compile(
    # Also a signature with what it gives back, the call of a method in the next line.
    r"\)(?: ?[=-]> ?|: [A-Z][\w.<>\[\]| ]{0,60};)|\s{0,40}\n\s{0,40}\??\.[a-z]\w{0,40}\("
    r"| ?(?:=(?![=>])|\?\?|\|\||&&|\|(?= )(?! \w{1,40}=))|;(?=\s*(?:$|\n))| (?:or|and|if|else|is|as|not|for|in)\b"
    r"| [-+/*%] [\w\"'.(]"
)
_IN_LIST = re.compile(r"\)? ?[,;)\]}]|\s{1,40}[)\]}]")
_NEXT_STATEMENT = re.compile(
    r"[@)\]}]|\d{1,2}[.)] |[-+]?(?:def|class|if|elif|for|while|with|return|raise|try|assert|yield|await|async|import"
    r"|from|del|pass|msgid|msgstr)\b"
    r"|[A-Za-z_][\w.]*(?:, [A-Za-z_]\w*){0,3}(?:\[[^\]\n]{0,60}\])?(?:\(| [-+*/|&]?= |: \w[\w.\[\], |]{0,60} = |\. ?$)"
)
_EXPRESSION = re.compile(
    # A tuple, a call of a method, a string in parentheses.
    r"\(+(?:r?f?['\"]|[A-Za-z_][\w$]*(?:[.,)\s]|$)|\{?(?:self|this)\.|\d{1,4}(?:[,)]|$))"
    # A name with an index: `tokens[index`, `~t["name`.
    r"|[A-Za-z_]\w*(?:\.\w+){0,4}\[[A-Za-z_]\w*(?:[\].\s\[]|$)|~?\w{1,16}\[f?[\"']"
    # Functions, negated calls, regular expressions and what is taken apart in JavaScript.
    r"|[A-Za-z_$][\w$]{0,20}=>|![A-Za-z_$][\w$]{0,40}\(|/\^|/[\w-]{0,8}\[[\w^-]|[A-Za-z_$]\w?\}=[\w(]"
    # Roles of reStructuredText, what Cognito puts a password for, the pseudo-classes of CSS, literals.
    r"|:?(?:[a-z]{2,8}:){1,2}`|\{#+\}|(?:before|after|hover|focus|active)[{,: ]"
    # What a statement of SQL is bound to, a rule of a grammar (RFC 5234).
    r"|:[A-Za-z_]\w{0,40}$|\d{0,2}\*\d{0,2}[a-z(]"
    r"|(?:null|true|false|void 0|!0|!1|None|True|False)[,;)]"
    # A literal of Go: `&corev1.Secret{`.
    r"|&?[a-z]\w{0,20}\.[A-Z]\w{0,40}\{"
    # What an f-string fills in, cut off at its brace.
    r"|\{[A-Za-z_]\w{0,40}(?:$|[,.!:])|\{\.\.\.|\{\d?!r"
)
_CALL_INSIDE = re.compile(r"[^\s\"']{0,60},[A-Za-z_$]\w{0,40}\(|[a-z_]\w{0,40}(?:\.\w{1,40}){0,3}\(")
# Types have capital words: `TaskToken`, `X25519PrivateKey`; names of constants too: `TOKEN_BLOCK_END`.
# Each part in one way only.
_CAPITALS = re.compile(r"(?:[A-Z][a-z]+|[A-Z]+(?![A-Za-z])|[A-Z]+(?=[A-Z][a-z])|(?<=[A-Za-z])\d{1,5}(?!\d))+")
_CONSTANT = re.compile(r"_{0,2}[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_CALLED = re.compile(
    r"[A-Z]{2,12}(?:PASSWORD|PASSWD|TOKEN|SECRET)"
    r"|(?:auth|access|refresh|session|csrf|id|bearer|user)(?:[._-][a-z]{2,10}){0,2}[._-]?(?:[Tt]oken|[Aa]pi_?[Kk]ey)"
)
_PART_OF_NAME = re.compile(
    r"[A-Za-z]{2,}\d{0,4}|[A-Z]\d{1,4}|\d{1,4}|[A-Za-z]|(?:[a-z]{3,}\d{1,4}){1,3}[a-z]{0,8}|[a-z]\d[a-z]\d"
)
_SIMPLE = re.compile(r"[a-z]{1,12}\d{0,5}|[A-Z]{2,4}\d{0,3}|[A-Z]?[a-z]{3,}")
_SPELT = re.compile(r"[A-Z]?[a-z]{2,}")
_PRONOUNCED = re.compile(r"(?=[a-z]*[aeiouy])(?![a-z]*[^aeiouy]{5})[A-Za-z]{6,}")
_GENERIC = words("value val key obj data res result response item token char c s v k x y t e r n mask kwargs args auth")
# `{name}`, `{a.b!r}`, `{f(x)}`, `{}` and `%s` of templates.
_HOLE = re.compile(
    r"\$?\{(?:await )?[\w.]{0,80}(?:\([^{}()]{0,40}\)|\[[^{}\[\]]{0,40}\]){0,3}(?:![rsa])?(?::[^{}\s]{0,8})?\}"
    r"|%[sdr]\b|<[a-z_ ]{1,24}>"
)
_AROUND_HOLES = re.compile(r"(?:Bearer |Basic |Token )?[A-Za-z:@/_.,|\[\] -]{0,80}")
_ANNOTATION = re.compile(
    r"[A-Za-z_][\w.]{0,60}(?:\[[\w.\[\], |]{0,80}\])?(?: \| [A-Za-z_][\w.]{0,60}(?:\[[\w.\[\], |]{0,80}\])?){0,4}"
    r"(?: = [^=\s]|,$|, \w+: |\) ?(?:->|:))"
)
_PATTERN = re.compile(
    # Groups, classes that repeat and escapes of regular expressions.
    r"\(\?[:P=!<im]|\[\^?[^\]\s]{2,40}\](?:[+*?]|\{\d)|\\[wdsbWDS](?:[+*?{)\]\\]|$)"
    # Of strftime, a name in a namespace, a type, which versions of a package do.
    r"|^(?:%[YmdHMSzjbBy][^%]{0,3}){2}|^urn:[a-z]"
    r"|^[A-Za-z_][\w.]{1,60}\[[\w.\[\], |]{1,80}\](?: \| None)?$|^(?:string|boolean|array|object|number|int)\?$"
    # Rules of Laravel's validator, a type in quotes.
    r"|^(?:required|nullable|sometimes|string)\|[\w|:,.-]{1,200}$|^[A-Z]\w{1,40}(?: \| (?:None|[A-Z]\w{1,40})){1,4}$"
    r"|^[<>~=!^]=? ?\d[\w.*]{0,20}(?:, ?[<>~=!^]|$)"
)
# A function, a call of one that is no method, a comparison, a choice, types, members of objects: all without the digits
# that a token has.
_OF_CODE = re.compile(
    r"\A\([\w, :?]{0,80}\) ?=>|\A[^\d\n]{1,120} (?:[!=]==?|=>|&&|\|\||\?\?) |\A\([\w$]+ [=!?<>&|]|\A\(\d, \w"
    r"|\A[A-Za-z._]{3,60} \| [A-Za-z]|\A(?:[A-Za-z_$]+\??\.)+[A-Za-z_$]+[;,)]"
    r"|\A(?:null|undefined|None|void 0)\b[,;)]"
)
_BETWEEN = re.compile(r"(?: [+.] [\w$(]|[\])}] ?[,;)]\s|[,;]\s{0,24}\n| [^\W\d_][^\n]{0,160}\n)")
_SCRIPT = re.compile(r"[\w-]{1,48}")
_ENTRY_POINT = re.compile(r"[a-z_]{1,40}(?:\.[A-Za-z_]{1,40}){1,6}:[A-Za-z_]{1,60}")
_KEYWORD_ARGUMENT = re.compile(r"[a-z_]\w{0,40}=(?:\d{1,4}|None|True|False|\w{1,24}\.\w{1,40})(?![\w.])")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")


def is_time(text: str) -> bool:
    """Whether a value is a date or a time of ISO 8601: when a credential expires is no secret."""
    return text[:2].isdigit() and _TIME.fullmatch(text) is not None


def is_template(text: str) -> bool:
    """Whether a value is put together when the program runs: `Bearer {token}`, `{user}:{password}`."""
    if "{" not in text and "%" not in text:
        return False
    rest, holes = _HOLE.subn("", text)
    return holes > 0 and _AROUND_HOLES.fullmatch(rest) is not None


def is_pattern(text: str) -> bool:
    """Whether a value is a regular expression, a format of times, an identifier in a namespace or a type."""
    return _PATTERN.search(text) is not None


def is_annotation(text: str) -> bool:
    """Whether the line behind the name of an argument has its type: `cookies: CookieTypes | None = None`."""
    return _ANNOTATION.match(text) is not None


def is_expression(text: str) -> bool:
    """Whether the rest of a line behind the name of a header is code: `cookies: a !== b ? a : undefined`."""
    return _OF_CODE.search(text) is not None


def is_between_quotes(text: str) -> bool:
    """Whether a text that seems quoted stands between two others: `'password=' + password + '&'`, `['a:b'], c: 'd'`."""
    return _BETWEEN.match(text) is not None or text.endswith((" + ", " . "))


def is_constant_name(text: str) -> bool:
    """Whether a quoted value is the name of a variable of the environment or of a constant: `"OPENAI_API_KEY"`."""
    if _CALLED.fullmatch(text) is not None:
        return True
    return _CONSTANT.fullmatch(text) is not None and not _SENSITIVE.isdisjoint(segments(text))


def is_argument(text: str) -> bool:
    """Whether a word gives an argument its value: `precision=2`."""
    return _KEYWORD_ARGUMENT.match(text) is not None


def is_made_name(text: str) -> bool:
    """Whether a long word is an identifier although letters and digits mix in it: `X509WorkloadIdentityAuth`."""
    parts = text.strip("_.").split(".")
    return all(
        _CONSTANT.fullmatch(part) or (len(parts) > 1 and _SIMPLE.fullmatch(part)) or (part and _is_made(part))
        for part in parts
    )


def _is_made(part: str) -> bool:
    if "_" in part or "-" in part:
        pieces = [piece for piece in part.replace("-", "_").split("_") if piece]
        return len(pieces) > 1 and all(map(_is_piece, pieces)) and any(len(piece) > 3 for piece in pieces)
    if not _CAPITALS.fullmatch(part[:1].upper() + part[1:]):
        return part.isalpha() and part.islower() and len(part) < 16
    spelt = _SPELT.findall(part)
    return 5 * sum(map(len, spelt)) >= 2 * len(part) and any(_PRONOUNCED.fullmatch(word.lower()) for word in spelt)


def _is_piece(piece: str) -> bool:
    return _PART_OF_NAME.fullmatch(piece) is not None or _is_capitals(piece)


def _is_capitals(piece: str) -> bool:
    return _CAPITALS.fullmatch(piece) is not None and any(len(word) > 3 for word in _SPELT.findall(piece))


def is_code(text: str, first: int, start: int, end: int, separator: str, *, chosen: bool) -> bool:
    """Whether a value without quotes is an expression of a program.

    Args:
        text: the text.
        first: where the name begins.
        start: where the value begins.
        end: where it ends.
        separator: what stands between name and value.
        chosen: people choose such secrets, so that they may be words.
    """
    if "\n" in separator and _NEXT_STATEMENT.match(text, start):
        return True  # `if password:`, `def f(token):` and the next line
    if text[first - 1 : first] == "[" and first > 1 and separator[:1] == "]" and " = " in separator:
        return True  # `names[token] = x`
    secret = text[start:end]
    if _EXPRESSION.match(secret) or (separator == " = " and _is_entry_point(text, first, secret)):
        return True
    if not chosen and _CALL_INSIDE.match(secret):
        return True
    bare = secret.rstrip(";,)!")
    if _NAME.fullmatch(bare) is None:
        return False
    stop = start + len(bare)
    return _is_variable(text, first, bare, stop, separator, chosen=chosen)


def _is_entry_point(text: str, first: int, secret: str) -> bool:
    """`find-secrets = find_secrets.main:main`: what a script of a distribution for Python runs, under its name."""
    named = _SCRIPT.match(text, first)
    if named is None or _ENTRY_POINT.fullmatch(secret) is None:
        return False
    return "".join(segments(named.group())) in "".join(segments(secret))


def _is_variable(  # noqa: PLR0911  # one line a form
    text: str, first: int, name: str, stop: int, separator: str, *, chosen: bool
) -> bool:
    unpacked = separator == " = " and _UNPACKS.search(text, max(0, first - 120), first)
    if unpacked or (separator.strip() == "=" and _OWN.match(text, first)) or separator.strip() in _ADDS:
        return any(map(str.isalpha, name))
    goes_on = _GOES_ON.match(text, stop) is not None
    listed = goes_on or _IN_LIST.match(text, stop) is not None
    parts = segments(name.rpartition(".")[2])
    if any(character.isdigit() for character in name):
        return (goes_on if chosen else listed or separator.endswith("= ")) and is_made_name(name)
    sensitive = not _SENSITIVE.isdisjoint(parts)
    if len(parts) > 1:
        spaced = separator[-1:] == " " and separator.strip() == "="
        if chosen:
            return goes_on or (sensitive and (listed or spaced)) or _is_type_of(text, first, parts)
        if separator == "=" and text[first : first + 1].isupper():
            return False  # a variable of the environment
        return "_" in name or sensitive or goes_on or _is_made(name)
    if "." in name:
        return goes_on or not chosen
    if name.lower() in _GENERIC and (goes_on or len(name) <= 3 or not chosen):
        return listed or separator.endswith("= ")
    if chosen and sensitive and listed and separator.endswith(" "):
        return True  # `{"DB_PASSWORD": password}`
    return goes_on if chosen else listed or (separator == " = " and name.istitle())


def _is_type_of(text: str, first: int, parts: list[str]) -> bool:
    """`client_secret: SessionClientSecret`"""
    named = _WORD.match(text, first)
    own = segments(named.group()) if named is not None else []
    return bool(own) and parts[-len(own) :] == own and len(parts) > len(own)
