"""How a value is written after what assigns it to a name: quoted, bare, to the end of a line, in a list or a block."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_audit.redaction.names.around import is_no_secret_here, is_parameter, names_no_value
from agent_audit.redaction.names.keys import KeyClass, segments
from agent_audit.redaction.names.source_code import (
    is_annotation,
    is_between_quotes,
    is_code,
    is_constant_name,
    is_expression,
    is_made_name,
    is_pattern,
    is_template,
    is_time,
)
from agent_audit.redaction.names.values import (
    NO_KEYS,
    QUOTE,
    REFERENCE,
    WORD,
    Named,
    could_be_secret,
    is_encoded_user,
    is_placeholder,
    is_shown,
    quoted_end,
)
from agent_audit.redaction.texts.blocks import read_collection, read_yaml
from agent_audit.redaction.validators import has_digit, looks_random

RANDOM = r"[A-Za-z0-9_\-+/=.~:%!@#$^*]"
MIXED = rf"(?={RANDOM}{{0,24}}[0-9])(?={RANDOM}{{0,24}}[A-Za-z]){RANDOM}{{8}}"
_WEAK_SAMPLE = re.compile(RANDOM + "{16,128}")
_WEAK_VALUE = re.compile(RANDOM + "{16,512}")
_ENDS_LINE = re.compile(r"\s|\\[nr]|\Z")
_NEXT_PAIR = r"\s{0,2}[\w.% -]{1,40}[=:]"
_UNQUOTED = re.compile(
    rf"(?:[^\s\0\"'`,;&|(){{}}\[\]<>\\]+|[,;|](?!\s|$|\\[nrt]|{_NEXT_PAIR})|&(?!\s|$|\\[nrt]|[\w.%-]{{1,40}}[=:])|\\(?![nrt\"'])|[(){{}}\[\]<>\"'`](?=[^\s\"'`,;)\]}}>&|\u3000-\u9fff\uac00-\ud7ff]))"
    r"{1,8192}"
)
_HEADER_LINE = re.compile(r"[^\r\n\"'\\]{1,8192}")
# RFC 6265: what a server says of its cookie.
_ATTRIBUTES = re.compile(
    r"(?:; ?(?i:path|domain|expires|max-age|httponly|secure|samesite|priority|partitioned)\b"
    r"(?:=[^;\"']{0,64})?){1,10};?\s*\Z"
)
_SAYS_MORE = re.compile(r"Digest \w{2,16}=|AWS4-HMAC-SHA256 Credential=")
_SCHEME = re.compile(r"(?:[A-Za-z-]{2,20} {1,2})?")

_CALL = re.compile(r"[A-Za-z_][\w.]*[(\[]")
_ASSIGNS = re.compile(r"\??[:=]")
_TAG = re.compile("<|&lt;")
_QUOTE_OF_HTML = re.compile("&(?:quot|apos|#0{0,4}3[49]|#x0{0,3}2[27]);", re.IGNORECASE)
# Of HCL and of shells.
_HEREDOC = re.compile(
    r"<<[-~]?[\"']?(\w{1,16})[\"']?[ \t]{0,4}\n[ \t]{0,16}((?!\1\s)[^\n$]{4,1024})\n[ \t]{0,16}\1(?!\w)"
)
_DEFAULT = re.compile(r"-?([^\s{}?+=\"'$-][^\s{}\"']{3,255})\}")
_NAMES_BEFORE = re.compile(
    r"(?:\A|[\n;]|\b(?:const|var|let|my|list)\b)[ \t]{0,40}[(\[]?((?:[\w.$]{1,48}, ?){1,8})\$?\Z"
)
_ITEM = re.compile(
    r"(?:[bruf]?\"(?:[^\"\\\n]|\\.){0,256}\"|[bruf]?'(?:[^'\\\n]|\\.){0,256}'|[\w.]{1,64}(?:\([^()\n]{0,128}\)|\[[^][\n]{0,64}\])?),"
    r"\s{0,16}"
)
_URL_USER = re.compile(r"://[\w.~-]{0,64}\Z")
_USER_AND = re.compile(r"(?i)(?:\bid|user|username|login|name) ?/ ?\Z")
_DOTTED_NAME = re.compile(r"[A-Za-z_]+(?:\??\.[A-Za-z_]+)+$")
_LITERAL = re.compile(r"(\"{3}|'{3})\S{1,4096}?\1")
_WRAPPER = re.compile(
    r"(?:(?:new )?(?:SecretStr|SecretBytes|Secret|Some|Just|String|str|bytes|Buffer\.from|(?:String\.)?valueOf"
    r"|\w{1,16}::from|\[\]byte)"
    r"\(\s?|string\(\d{1,4}\)\s)(?=[bruf]{0,2}[\"'])|[&!][\w!/.-]{0,40}[ \t]+(?=[^\s|>])"
)
_OPENS_BLOCK = re.compile(r"\[(?!\[|REDACTED)|\{(?=[\s\"'}]|\\\\{1,7}[\"'nrt])")
_CHANGED = re.compile(r"[\"']\s{1,2}->\s{1,2}[\"']([^\"'\n]{1,4096})")
_ELSE = re.compile(r"[\"'] if [^\n\"']{1,80}? else [\"']([^\"'\n]{1,4096})")
# What a program takes where a call gives nothing, or by a condition.
_CHOICE = re.compile(
    r"(?=([\w.$]{1,80}))\1(?:\([^()\n]{0,120}\)|\[[^\[\]\n]{0,80}\]){0,2}"
    r"(?: ?(?:\|\||\?\?|\?:) ?| or "
    r"|(?: ?[=!<>]{1,3} ?[\w.\"']{1,60})? ?\? ?[\"'`](?P<then>[^\"'`\n]{1,256})[\"'`] ?: ?)"
    r"[\"'`](?P<otherwise>[^\"'`\n]{1,256})[\"'`]"
)
_CODE_AFTER = re.compile(r"[,;)\]}]|\s{1,40}[)\]}]| =(?!=)| (?:or|and|if|else|is|as|not)\b| ?(?:\?\?|\|\||&&)")
_COORDINATE = re.compile(r"(?:jar|war|pom|aar|bundle|test-jar):[\w.]")
_NEXT_NAME = re.compile(r"[A-Za-z_][\w.-]{0,64}\s?=")
_SCOPE = re.compile(
    r"(?:read|write|list|admin|manage|create|update|delete|view|get|set|reset|rotate|revoke|change|use|export|import"
    r"|access|add|clear|edit|encrypt|decrypt|generate|refresh|remove|show|sync)"
    r"(?:[:_.-][a-z*]{1,24}){0,3}|\*"
)
_KEY_OF_STORE = re.compile(r"[a-z]{2,24}(?::(?:[a-z_-]{1,24}|\d{1,12}(?:\.\d{1,3}){0,3}|\*)){1,6}")
_UNIT_AFTER = re.compile(r" ?(?:k?m|ft|feet|met(?:er|re)s?|miles|points?|tests?|percent|kg|€|%)(?!\w)")
_PROSE = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+ ?")
_GOES_ON = re.compile(r"[,;]? +(?:`{0,2}[^\W\d_]|\d{1,4} ?[^\W\d_]|\(|\"[^\"\s]{1,64}\" )")
_ADDED = re.compile(r"[\"'] ?[+.] ?[A-Za-z_]")
_NAME_HERE = re.compile(r"[\w-]{1,48}")
_QUALIFIED_NAME = re.compile(r"(?:\w{1,32}\.){0,2}[\w-]{1,48}")
# A requirement with its version.
_NO_TOKEN = re.compile(r"[A-Za-z][\w.-]{0,40}==\d{1,4}(?:\.\d{1,4})*\Z")
_METAVAR = re.compile(r"[A-Z]{2,24}(?:_[A-Z]{2,24}){0,6}[\\,.\]]?\Z")
_QUOTES, _CLOSES = ("'", '"'), ("\n", ",", ")", "]")
_SAMPLE = 128
"""Characters of a value that decide whether it is a secret: who is refused does not cost its length again at the
next name inside."""


class Finding(NamedTuple):
    """What stands behind a sensitive name."""

    secrets: list[Named]
    """None where the value was no secret."""
    end: int
    """Where the value ends, so that no other name has to be looked for inside; 0 where it may hold some."""
    block: int = 0
    """Where the list or map ends that was read; lists and maps inside need not be read again."""


class Value(NamedTuple):
    """Where a value stands, without its quotes."""

    start: int
    end: int
    quoted: bool


def finding_of(named: Named | None) -> Finding | None:
    """The finding of one secret, or none."""
    return None if named is None else Finding([named], named.end)


def find_assigned(  # noqa: PLR0911, PLR0912  # one line a form
    text: str, after: re.Match[str], first: int, found: KeyClass, blocks_from: int
) -> Finding | None:
    """The secrets assigned to a name.

    Args:
        text: the text.
        after: what stands behind the keyword; its second group is what assigns.
        first: where the name begins.
        found: what the name says.
        blocks_from: where the first list or map may begin that was not read already.
    """
    separator, start = after.group(2).replace("\\r", "").replace("\\n", "\n"), after.end()
    if "=" in separator and "\n" in separator and _NEXT_NAME.match(text, start):
        return None  # `PASSWORD=`, and the next line
    if "=>" in separator and is_parameter(text, first):
        return None
    if text[first - 2 : first] == "${" and first > 1:
        return _default_of(text, start, found)
    if separator[-2:] == "= " and text[max(0, first - 3) : first].rstrip(" $")[-1:] == ",":
        start = _own_value(text, first, start)
    elif separator[:1] == "," and text[start : start + 1] in ("(", "["):
        start += 1
    if text[max(0, first - 9) : first] == "checksum/":
        return None  # what an annotation of Helm says of a secret
    if text[start : start + 1] == "`" and separator == "=" and text[first].isupper():
        return None  # what a command of a shell prints
    template = text.rfind("{{", max(0, first - 120), first)
    if template >= 0 and text.find("}}", template, first) < 0:
        return None  # `{{resolve:secretsmanager:db:SecretString:password}}`
    if ":" in separator and text[start : start + 1] in _QUOTES and text[start + 1 : start + 2] in _CLOSES:
        return None  # the quote that closes what the name stands in
    if separator == ":" and text.find("arn:", max(0, first - 120), first) >= 0:
        return None  # the name of an Amazon resource has its kind between colons
    own = start != after.end()  # of a list that is assigned to several names, its own item
    opens = not own and start >= blocks_from and not found.weak and not text.startswith("[]byte(", start)
    block = _block(text, after, first, found) if opens else None
    if block is not None:
        return block
    head = text[start : start + 32]
    if head[:1] == "!" and REFERENCE.match(text, start):
        return None
    wrapper = _WRAPPER.match(text, start) if "(" in head or head[:1] in "&!" else None
    if wrapper is not None:
        start = wrapper.end()
    elif (chosen := _choice(text, start, found)) is not None:
        return chosen
    # Before the value is measured: what is refused must not cost its length again at the next keyword.
    elif REFERENCE.match(text, start) or (_CALL.match(text, start) and not QUOTE.match(text, start)):
        return None
    if found.weak:
        return finding_of(find_weak(text, start, found))
    if text.startswith(('"""', "'''"), start) and _LITERAL.match(text, start) is None:
        return None  # the documentation of what a function gives back
    if separator.lstrip()[:1] == ":" and first and text[first - 1] == text[start : start + 1] and text[start] in "\"'":
        return None  # `input('Password: ')`: the quote closes what the name stands in
    if found.rule in ("key:authorization", "key:cookie") and ":" in separator:
        value = _header_value(text, start)
    else:
        value = value_at(text, start)
    if value is not None and separator.endswith(("22", "27")):
        value = _until(text, value, separator[separator.rfind("%") :])
    if value is not None and (separator[-1:] == ";" or text[value.start] == "&"):
        value = _in_html(text, value, separator)
    if value is not None and separator.endswith((">", "gt;")) and "=" not in separator:
        value = _element_text(text, value, separator)
    if value is None or not plausible(text, value, separator, found):
        return None
    if _is_of_program(text, first, value, separator, found):
        return None
    if names_no_value(text, first, start, separator):
        return None
    if is_no_secret_here(text, first, after.end(1), value.start, separator):
        return Finding([], 0)  # nor is what the sentence goes on with
    value = _of_user(text, first, whole(text, value), separator)
    attributes = _ATTRIBUTES.search(text, value.start, value.end) if found.rule == "key:cookie" else None
    if attributes is not None:
        value = value._replace(end=attributes.start())
    named = Named(value.start, value.end, found.rule)
    changed = _CHANGED.match(text, value.end) or _ELSE.match(text, value.end) if value.quoted else None
    if changed is not None and could_be_secret(changed.group(1), found):
        return Finding([named, Named(*changed.span(1), found.rule)], changed.end())
    return Finding([named], 0 if separator[:1] == "," else named.end)  # the next name has the next value


def _choice(text: str, start: int, found: KeyClass) -> Finding | None:
    """`input() or "x"`, `env("TOKEN") ?: "x"`, `live ? "x" : "y"`."""
    match = _CHOICE.match(text, start) if text[start : start + 1] not in _QUOTES else None
    if match is None:
        return None
    spans = [match.span(group) for group in ("then", "otherwise")]
    return Finding([Named(*span, found.rule) for span in spans if is_shown(text[slice(*span)], found)], 0)


def _own_value(text: str, first: int, start: int) -> int:
    """Of the values at `start` the one of this name: `user, password = "u", "x"`."""
    names = _NAMES_BEFORE.search(text, max(0, first - 200), first)
    if names is not None and text[start : start + 1] in ("(", "["):
        start += 1  # Perl and PHP
    for _name in range(names.group(1).count(",") if names is not None else 0):
        item = _ITEM.match(text, start)
        if item is None:
            break
        start = item.end()
    return start


def _default_of(text: str, start: int, found: KeyClass) -> Finding | None:
    """`${api.token:x}`, `${DB_PASSWORD:-x}`: what a variable is where nothing sets it."""
    match = _DEFAULT.match(text, start)
    if match is None or not is_shown(match.group(1), found):
        return None
    return Finding([Named(*match.span(1), found.rule)], match.end(1))


def _of_user(text: str, first: int, value: Value, separator: str) -> Value:
    """Without what is no secret of a user and a password: `user/pass: u/x`, and the host of `https://token:x@host`."""
    if separator == ":" and _URL_USER.search(text, max(0, first - 96), first):
        at = text.rfind("@", value.start, value.end)
        return value._replace(end=at) if at > value.start else value
    slash = text.find("/", value.start, value.end)
    if value.start < slash < value.end - 1 and _USER_AND.search(text, max(0, first - 12), first):
        return value._replace(start=slash + 1)
    return value


def _block(text: str, after: re.Match[str], first: int, found: KeyClass) -> Finding | None:
    separator, start = after.group(2), after.end()
    if text.startswith("<<", start):
        document = _HEREDOC.match(text, start)
        told = document.group(2).strip() if document is not None else ""
        inside = bool(told) and " " not in told and could_be_secret(told, found)
        return Finding([Named(*document.span(2), found.rule)], document.end()) if document and inside else None
    if _OPENS_BLOCK.match(text, start):
        bare = separator.strip() == ":" and text[start] == "["
        block = read_collection(text, start, found, bare=bare)
        return Finding(block.secrets, 0, block.end)
    if ":" in separator and ("\n" in separator or text.startswith("# ", start)):
        lines = read_yaml(text, first, text.find(":", after.end(1)) + 1, found)
        return None if lines is None else Finding(lines.secrets, 0, lines.end)
    return None


def _is_of_program(text: str, first: int, value: Value, separator: str, found: KeyClass) -> bool:
    """Whether source code has something here that is no secret."""
    secret = text[value.start : value.end]
    if separator == "=" and text[first] == "-" and _is_metavar(text, first, secret):
        return True
    if found.rule in ("key:authorization", "key:cookie") and not QUOTE.match(text, value.start - 1):
        return "\n" in separator or is_template(secret) or is_annotation(secret) or is_expression(secret)
    if value.quoted:
        if is_between_quotes(secret):
            return True
        if secret[-1:] in ("_", "-", ":") and _ADDED.match(text, value.end):
            return True  # the prefix of what is made: `"ak_" + token_hex(16)`
        made = is_template(secret) or is_constant_name(secret) or is_pattern(secret)
        return made or _is_same_name(text, first, secret)
    chosen = found.rule in ("key:password", "key:secret")
    return _is_itself(text, first, value) or is_code(text, first, value.start, value.end, separator, chosen=chosen)


def _is_metavar(text: str, first: int, secret: str) -> bool:
    """`--kms-key=KMS_KEY`: what a manual calls the argument of an option; one word only if the option ends in it."""
    if _METAVAR.match(secret) is None:
        return False
    named = _NAME_HERE.match(text, first)
    return "_" in secret or (named is not None and segments(named.group())[-1:] == [secret.rstrip("\\,.]").lower()])


def _is_same_name(text: str, first: int, secret: str) -> bool:
    """`X_API_KEY = "x-api-key"`, `BAD_CREDENTIALS = "bad-credentials"`: what it is called elsewhere."""
    named = _QUALIFIED_NAME.match(text, first)
    if named is None or not secret.replace("_", "").replace("-", "").isalpha():
        return False
    name, parts = named.group().rpartition(".")[2], segments(secret)
    own = segments(name)
    if len(parts) > 1 and name.isupper() and secret.isupper() and name.endswith("_KEY") and "-" not in secret:
        return True  # `STORAGE_KEY = "GUIDED_TOUR"`
    return len(parts) > 1 and (own == parts or (name.isupper() and own[-len(parts) :] == parts))


def _is_itself(text: str, first: int, value: Value) -> bool:
    """`self._token = token`, `f(token=token, apiKey: ApiKey)`: the name of a variable or type, which is the name's."""
    end = value.end - (text[value.end - 1] in ";,`)")
    given = text[value.start : end].strip("_").lower()
    before = text[first : min(first + 48, value.start)]
    if given not in before.lower():
        return False
    owner, _, name = _ASSIGNS.split(before, maxsplit=1)[0].strip(" \t\n\"']").rpartition(".")
    owner = owner or ("]" in before and " = " in before)
    return name.strip("_").lower() == given and (bool(owner) or _CODE_AFTER.match(text, end) is not None)


def _until(text: str, value: Value, quote: str) -> Value:
    """A value up to the quote, escaped as in a URL, that also opened it: `%22password%22%3A%22x%22%7D`."""
    end = text.find(quote, value.start, value.end + len(quote))
    return value if end < 0 else Value(value.start, end, True)


def _in_html(text: str, value: Value, separator: str) -> Value:
    """The same of quotes as HTML writes them: `&quot;password&quot;: &quot;x&quot;`, `password=&#39;x&#39;`."""
    opened = _QUOTE_OF_HTML.match(text, value.start)
    if opened is None:
        quote = separator[separator.rfind("&") :]
        return value if _QUOTE_OF_HTML.fullmatch(quote) is None else _until(text, value, quote)
    return _until(text, value._replace(start=opened.end()), opened[0]) if opened.end() < value.end else value


def _element_text(text: str, value: Value, separator: str) -> Value | None:
    """`<entry key="password">x</entry>`: up to the closing tag, and no word of a form's label."""
    secret = _TAG.split(text[value.start : value.end], maxsplit=1)[0]
    if "<" not in separator and "&" not in separator and not has_digit(secret):
        return None
    return value._replace(end=value.start + len(secret))


def find_weak(text: str, start: int, found: KeyClass) -> Named | None:
    """A value whose name alone proves nothing: it must look generated."""
    quote = QUOTE.match(text, start)
    first = quote.end() if quote is not None else start
    # The beginning decides: a long value that is refused must not cost its length again at the next name.
    if quote is None and _CALL.match(text, first):
        return None
    sample = _WEAK_SAMPLE.match(text, first)
    if sample is None or text.startswith("(", sample.end()):
        return None
    if sample.group().startswith(NO_KEYS) or _NO_TOKEN.match(sample.group()):
        return None
    if not (looks_random(sample.group()) or is_encoded_user(sample.group(), found.rule)):
        return None
    match = _WEAK_VALUE.match(text, first)
    if match is None or is_name(match.group()) or is_made_name(match.group()) or is_time(match.group()):
        return None
    return Named(match.start(), match.end(), found.rule)


def is_name(text: str) -> bool:
    """Paths, addresses and plain identifiers are long without being secret."""
    return "://" in text or text.startswith(("/", "./", "~/", "-")) or (text.count("/") > 3 and text[-1] != "=")


def is_key_of_store(text: str) -> bool:
    """Whether a text is the key of a store or cache, its parts between colons: `user:42:profile`."""
    return _KEY_OF_STORE.fullmatch(text) is not None


def _header_value(text: str, start: int) -> Value | None:
    # `{"authorization": "Basic x"}` is quoted; `Authorization: Basic x` goes to the end of the line.
    in_map = text[start - 2 : start - 1] in _QUOTES or text[start - 3 : start - 2] in _QUOTES
    if in_map or QUOTE.match(text, start):
        return value_at(text, start)
    match = _HEADER_LINE.match(text, start)
    if match is None or _PROSE.match(text, start) or text[start] == "{":
        return None
    closed = text.find("`", start, match.end())
    if closed >= 0 and text.count("`", text.rfind("\n", max(0, start - 400), start) + 1, start) % 2:
        return Value(start, closed, True)  # in a sentence of Markdown
    if _SAYS_MORE.match(text, start):
        return None  # of these, only the signature is secret
    scheme = _SCHEME.match(text, start)
    if is_placeholder(text[scheme.end() if scheme is not None else start : match.end()]):
        return None
    return Value(match.start(), match.end(), True)


def value_at(text: str, start: int) -> Value | None:
    """The value in quotes or without that begins here; of a long one without, what `whole` completes."""
    quote = QUOTE.match(text, start)
    return _quoted(text, quote) if quote is not None else _unquoted(text, start, start + _SAMPLE)


def whole(text: str, value: Value) -> Value:
    """All of a value of which `value_at` has the beginning."""
    if value.quoted or value.end - value.start < _SAMPLE - 1:  # the last of so many may have wanted the next
        return value
    return _unquoted(text, value.start, len(text)) or value


def _unquoted(text: str, start: int, end_of_text: int) -> Value | None:
    match = _UNQUOTED.match(text, start, end_of_text)
    if match is None:
        return None
    end = match.end()
    # The end of a sentence or of a list is no part of the value.
    while end > start + 1 and text[end - 1] in ".,:!?" and _ENDS_LINE.match(text, end):
        end -= 1
    return Value(start, end, False)


def _quoted(text: str, quote: re.Match[str]) -> Value:
    start = quote.end()
    end = quoted_end(text, start, quote.group(1) + quote.group(2))
    if end < 0:
        unquoted = _UNQUOTED.match(text, start)
        end = unquoted.end() if unquoted is not None else start
    return Value(start, end, True)


def plausible(text: str, value: Value, separator: str, found: KeyClass) -> bool:
    """Whether a value is a secret where this stands between it and its name: no comparison, no call, no prose."""
    secret = text[value.start : value.end]
    if separator[-4:] in (" to ", " or ") and not is_shown(secret, found):
        return False  # `rename `api_key` to `apiKey``, `("password") or "passphrase"`
    stored = not value.quoted and found.rule != "key:password" and is_key_of_store(secret)
    if separator == ":" and (stored or _COORDINATE.match(secret)):
        return False  # Redis: `EXPIRE token:bucket:10.0.0.3`; Maven's dependencies
    if separator == ":" and _SCOPE.fullmatch(secret):
        return False  # `"secrets:read"`, `rake secret:generate`
    if not value.quoted and found.numeric and secret.isdigit() and _UNIT_AFTER.match(text, value.end):
        return False  # `Brenner Pass: 1370 m`
    if not value.quoted and ("==" in separator or ("\n" in separator and text[value.end : value.end + 1] == ":")):
        return False  # a comparison in code; the next level of a YAML mapping
    return could_be_secret(secret, found) and (value.quoted or _plausible_bare(text, value, secret, separator, found))


def _plausible_bare(text: str, value: Value, secret: str, separator: str, found: KeyClass) -> bool:
    """Code and prose have words where a configuration has the secret."""
    # `POSTGRES_PASSWORD=tall.giraffe` of an environment names nothing.
    environment = (
        found.rule == "key:password" and separator == "=" and text[value.start - 2 : value.start - 1].isupper()
    )
    if _CALL.match(secret) or text[value.end : value.end + 1] == "(":
        return False
    if _DOTTED_NAME.match(secret) and not environment:
        return False
    prose = ":" in separator and separator[-1:].isspace()
    return not (prose and WORD.match(secret.rstrip(",;")) and _GOES_ON.match(text, value.end))
