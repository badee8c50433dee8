"""Whether a text that stands where a secret would be can be one, by what its name says."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_audit.redaction.marker import HEAD, only_markers
from agent_audit.redaction.names.keys import KeyClass
from agent_audit.redaction.names.labels import LABEL_WORDS, is_described, is_issued_form, is_label
from agent_audit.redaction.names.source_code import is_time
from agent_audit.redaction.names.vocabulary import DESCRIPTIVE, words
from agent_audit.redaction.validators import has_digit, is_basic_credentials, is_uuid, looks_random

# PINs have 4 to 12 digits (ISO 9564-1), verification codes of cards 3 or 4; fewer are numbers of contacts or items.
_FEWEST_DIGITS = {"key:pin": 4, "key:otp": 4, "key:cvv": 3, "key:ssn": 4, "key:card": 4, "key:national-id": 4}
_NO_SECRET = words(
    """
    none null nil true false undefined nan yes no on off required optional string str int integer
    bool boolean number bytes object array any text secretstr redacted masked hidden empty unset
    missing invalid expired valid include omit must should is was are the a an not and or of to in
    for basic bearer digest self this value env await new async lambda function return yield from
    todo tbd fixme unchanged unset set n/a undef always on_create
    unexpected expected unrecognized unterminated malformed
    try prompt fail skip not-set not_set require typeof typename same-origin
    !0 !1 void never import inherit read write wrong incorrect correct weak amd64 arm64 armhf i386 x86_64 noarch
    erforderlich pflichtfeld obligatoire obligatorio obligatoria obrigatório requis requerido vereist
    обязательно 必須 必填 必填项 필수
"""
)
# In JSON, and where a key has the type of its value.
_TYPES = words("true false none null string text integer number boolean bool int varchar never required optional") | {
    "character varying"
}
# Languages without blanks between words: required, optional, not set.
_ASKED_FOR = ("必須", "必要", "任意", "必填", "未設定", "未设置")
_ALONE = r"(?![^\s\"'`,;)])"
_ARN = r"arn:[a-z-]{2,16}:[a-z0-9-]{1,40}:"
# What tools fill in: Home Assistant, autoconf and DokuWiki, templates of documentation.
_FILLED_IN = r"\[%[\w:]{3,120}%\]|(?:@[A-Z][A-Z_]{2,40}@|<<[A-Za-z][A-Za-z_ .-]{0,64}>>)" + _ALONE
REFERENCE = re.compile(
    r"\$(?:env|ENV|this|self|request|_ENV|_SERVER|_POST|_GET|config|__file|__env|__vault)(?:->|:|\{|\[)|(?:String|ID|Int|Boolean|Float)!"
    r"|[A-Za-z_]\w{0,40}(?:::\w{1,40}){1,3}(?:\.\w{1,40}[!?]?)?\(|\$\d{1,2}(?!\w)|(?:Get|Read|New|ConvertTo)-[A-Z][A-Za-z]{3,24}\b|\$\{?[A-Za-z_]\w*\}?(?![^\s\"'`;,&|)\]}])|\$[({]|\{\{|<[^>]*>?$"
    r"|(?!<(?!h\d)[A-Za-z]+\d\w*>\w)</?[A-Za-z][\w .-]{0,40}>|%[+#]?\(?\w*\)?[sdvqrwxT%](?![^\s\"'`,;)])"
    r"|\$\{?[A-Z][A-Z0-9_]{2,}\}?/|\$\{\w{1,64}:?\?|\{ ?\w{0,64} ?\}(?=[\s\"'`,;&/>)]|$)"
    r"|\{[A-Za-z_][\w.]*(?:[(\[]|\.\w+\})"
    r"|\((?:sensitive|hidden|known after)\b|[A-Z]\w{2,24}<[\w\[\], |&']{1,48}>"
    r"|!(?:Ref|GetAtt|ImportValue|vault|reference)\b|\[[A-Z_ -]+\]?$|&(?:'\w+ )?(?:mut )?(?:str|String)\b"
    r"|(?:op|awssm|vault)://|ENC\[[A-Z0-9]|@Microsoft\.KeyVault|(?:\w{1,16}=)?0x[0-9a-fA-F]{4,16}(?![0-9a-zA-Z])"
    r"|(?:os\.|process\.env|getenv|env\(|getpass|import\.meta|secrets\.|vault:|config\.|settings\."
    r"|(?i:your[_ -])|self\.|args\.|this\.|Optional\[|Union\[|List\[|SecretStr)"
    r"|(?i:insert|enter|paste|put|replace|add)(?:[_ -][A-Za-z]{1,20}){0,6}[_ -]"
    r"(?i:key|token|secret|password|here|me|this|value)(?=[\"'`\s,;)]|$)"
    rf"|{_ARN}|{_FILLED_IN}"
    # Types of TypeScript with their parameters: `Token<Syntax.Dot>`, `z.Optional<z.String`.
    r"|(?:(?:[A-Za-z]\w{0,16}\.)?[A-Z][A-Za-z]{2,40}|[a-z]\w{0,16}\.[a-z]\w{2,40})"
    r"<(?:[A-Za-z_][\w.\[\], |&'\"]{0,120}>|[A-Za-z_][\w.]{2,60}<\w|[{\s]|\\n)"
    # An entry of a hash in Perl, what Ruby and templates fill in, also behind a word, letters in roff.
    rf"|(?:\$[A-Za-z_]\w*\{{\$?[\w'\"]+\}}?|#\{{[a-z_][\w.]*\}}?|@[A-Z][A-Z_]{{2,40}}){_ALONE}|[a-z]{{2,12}}:\{{\{{|=\{{\{{"
    r"|(?:\\f(?:[BIRPC]|\([A-Z]{2}|\[\w*\]))+"
    # Headers that a program puts together.
    r"|=?(?:Bearer|Basic|Token) (?:\$\{|\{\{)"
    # Icinga, FreeRADIUS and Dovecot; escaped for a page; of messages that are translated.
    r"|(?:\$[a-z][a-z0-9_]{0,60}(?:pass(?:wor)?d?|secret|token|key|credentials)\$|%\{[\w:.-]{1,64}\}|REPLACE_?ME|%\d)"
    rf"{_ALONE}"
    r"|&(?:lt|#x3[Cc]|#60);[A-Za-z][\w .|-]{0,60}(?:&(?:gt|#x3[Ee]|#62);|>)"
)
# In examples: one character again and again, also behind the prefix of a format.
_FILLER = re.compile(
    r"([*xX.•·●_#-])\1{2,}$|-{3,}[^\w\s]{0,3}-{3,}|\.\.\.$|[*•]+|(?:[A-Za-z0-9]{1,12}[-_~.:]){1,4}[xX*#•-]{8,}"
    r"|(?:[A-Za-z]{1,12}[-_]){1,4}(?:\.{2,8}|…)"
)
_STAND_IN = re.compile(
    rf"{_ARN}\S{{0,400}}|{_FILLED_IN}"
    r"|<[a-z][\w -]{0,40}>|\[[A-Z]{3,16}(?:[ _-][A-Z]{2,16}){0,3}\]"
    r"|\{[a-z_]{2,40}\}|\$[A-Z][A-Z0-9_]{1,60}|projects/[\w-]{1,64}/secrets/[\w/-]{1,128}"
    r"|(?:~|\.{1,2})?/[\w./-]{1,200}\.(?:key|pem|p12|pfx|jks|crt|json|txt)|%[A-Z][A-Z0-9_]{2,40}%|\.{3}|…|[a-z]{2,6}[-_](?:\.{3}|…)|REPLACE_ME"
    r"|(?i:your)[-_ ][A-Za-z_ -]{2,40}|"
    r"(?:(?:Bearer|Basic|Token) )?(?:\*{3,64}|•{3,64}|[<\[(](?i:redacted|hidden|masked|removed|filtered|sensitive)"
    r"(?: \w{1,16}){0,2}[>\])]|[<(](?:not )?(?:set|unset|none|null|empty)[>)]|\$env:\w{1,64}"
    r"|\$\{(?:input|env|secrets?|vault|ssm|file|var):[^{}]{1,80}\}|(?:op|awssm|vault|secret)://\S{1,256}"
    r"|(?:vault|ssm|aws-sm|gcp-sm|sm):[\w/.-]{1,256}(?:#[\w.-]{1,64})?|ENC\[[^\]]{1,8192}\]|@Microsoft\.KeyVault\([^)]{1,512}\)"
    r"|\$\{\w{1,64}(?::?\?[^{}]{0,64})?\}|\$?\{\{[^{}]{1,80}\}\})"
)
_FILLER_ENDS = frozenset("*xX.•·●_#-…")
_NUMBER = re.compile(r"[-+]?\d{1,15}(?:[.,]\d+)?[a-zA-Z%]{0,2}$")
NO_KEYS = ("sha256:", "sha512:", "sha1:", "md5:", "sha256-", "sha384-", "sha512-", "arn:")
"""How the digests of images and files begin, and the names of resources of AWS."""
_ALNUM = re.compile(r"[^\W_]|[^\w\s]{4}")
WORD = re.compile(r"[^\W\d]+(?:['-][^\W\d]+)*[.?!]?$")
_FILE = re.compile(r"(?:[\w.-]{1,64}/){1,12}[\w-]{1,64}\.[a-z]{1,4}")
_NAME = re.compile(r"[A-Za-z]+(?:[_-][A-Za-z]+)+(?:[_-]?v?\d{1,4})?$|[A-Za-z]+[_-]v\d{1,3}$")
_DESCRIPTIVE_ENDS = words(
    "name names type path file files url uri arn ref id version enabled description at date time owner status"
)
# Its forms have nothing in common: a name of many parts is read in one way only.
_PART = r"(?:[a-z]+|\d[a-z]{1,3}|v?\d{1,4})"
# What documentation says where a form has the secret: types, algorithms, versions, sizes, names of other things.
_TECHNICAL = re.compile(
    r"(?i:(?:u?int|float|double|decimal|n?(?:var)?char(?:acter)?2?|varbinary|str|string|bytes?|bits?|utf|ucs|iso|rfc|"
    r"base|sha|md|aes|rsa|dsa|ecdsa|hs|rs|es|ps|o?auth|saml|tls|ssl|https?|ipv|uuid|guid|version|argon|bcrypt|scrypt|pbkdf|"
    r"hmac|crc|blake|ripemd|datetime|timestamp|fips|pkcs|nist|type|length)[-_ ]?"
    r"\d[\d.]*(?:[-_/|.:]?[a-z]{1,6}\d{0,4}){0,3}"
    r"|[a-z]\d{1,3}|\d{1,6}[-_+]?(?:ms|s|sec|secs|seconds?|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|months?|years?|"
    r"chars?|characters?|bytes?|bits?|[kmg]i?b|digits?|letters?|px)|ed25519|x25519|\w+[(\[<{][\w, .|-]*[)\]>}]\??)"
    r"|v?\d[\d.,:/_-]*[a-z]?|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
    rf"|(?:{_PART}[-_.])+{_PART}|[/#&{{(<\[].*|.*://.*"
)
_SYMBOL = re.compile(r"[!@#$%^&*+=?]")
# In whatever way it is grouped.
_PHONE = re.compile(r"(?=(?:\D*\d){7,15}\D*\Z)[\d\s()+./x-]{7,28}\Z")
_LAST_WORD = re.compile(r"[A-Z]?[a-z]+$|[A-Z]+$")
_LONGEST_WORD = 32
"""Letters of the last word of a key, at most: it is looked for from each of them."""


QUOTE = re.compile(r"[bBrRuUfFLNE@$]{0,2}(\\{0,7})(\"\"\"|'''|\"\"(?=[^\"\s,;:)}\]])|[\"'`])")
_PLAIN_QUOTED = {
    quote: re.compile(rf"[^{quote}\\]{{0,65536}}(?:\\.[^{quote}\\]{{0,65536}}){{0,8192}}", re.DOTALL)
    for quote in "\"'`"
}


def quoted_end(text: str, start: int, quote: str) -> int:
    """Where the text behind an opening quote ends; -1 when nothing closes a quote of more than one character.

    Args:
        text: the text.
        start: behind the quote.
        quote: one quote, three of them, two of CSV, or one with the backslashes before it of nested escaping.
    """
    if len(quote) > 1:
        return text.find(quote, start, start + 65536)
    match = _PLAIN_QUOTED[quote].match(text, start)
    return match.end() if match is not None else start


class Named(NamedTuple):
    """A value that its name makes a secret."""

    start: int
    end: int
    rule: str


# What their issuers give out: no version, address or digest.
_FORMS = {
    "key:national-id": re.compile(r"[^\W_](?:[ ./-]?[^\W_]){4,23}"),
    "key:pin": re.compile(r"(?!pin[-_])(?!(?:GPIO|ADC|DAC|P[A-K])_?\d{1,2}$)(?=\D{0,39}\d)[^\s:+/]{3,40}"),
    "key:api-key": re.compile(
        # The keys of licenses (SPDX).
        r"(?!(?i:apache|mit|[la]?gpl|bsd|mpl|cc0?|isc|epl|unlicense|zlib)(?:-[\w.-]{1,16})?$).*",
        re.DOTALL,
    ),
    # Of systemd: `LoadCredential=db_password:/etc/app/db_password`.
    "key:credential": re.compile(r"(?![\w.-]{1,64}:/[\w./-]+$).*", re.DOTALL),
    "key:otp": re.compile(r"(?![A-Z]{7,}$).*", re.DOTALL),
    "key:token": re.compile(
        # A command with a file: the name of a script.
        r"(?!(?!(?i:bearer|basic|token|jwt|ssws|apikey) )[a-z][\w-]{0,24} [\w-]{1,40}[./][\w./-]{1,80}(?: |$))"
        # A word, a piece of one as models count them, an option, a colour, a version.
        r"(?! ?[^\W\d_]{1,7}$| [^\W\d_]{1,40}$|--[a-z]|#[0-9A-Fa-f]{3,8}$|[\^~]?\d{1,4}(?:\.\d{1,4}){2,3}$"
        r"|\d{1,4}(?:\.\d{1,4})?(?:px|r?em|v[hw])$).*",
        re.DOTALL,
    ),
}
# What a form says of what was typed into a field, in the words of Rails, Django and Laravel.
_COMPLAINT = re.compile(
    r"(?i)(?=[^\n]{0,160}\b(?:characters?|digits?|letters?|least|most|required|invalid|valid|match|short|long|expired"
    r"|blank|empty|contain|incorrect|weak|common|missing|numeric|wrong|null|allowed|unique)\b)"
    r"(?:is|are|must|not an?|can(?:no|')t|should|has|have|does|do|needs?|may|too"
    r"|this \w{1,16}|the \w{1,16} (?:is|must|field|confirmation))"
    r" [\w\s()',.:;-]{2,160}\Z"
)


# A version or a range of versions as files of packages have it (SemVer, PEP 440), an address of IPv4; a script that is
# run: `node scripts/rotate.js --all`.
_NOT_ISSUED = re.compile(
    r"(?:[\^~]|[<>]=? ?|==? ?)?v?\d{1,5}(?:\.\d{1,5}){2,3}"
    r"(?:[.-]?(?:a|b|rc|alpha|beta|dev|pre|next|canary)[.\d-]{0,16})?"
    r"|(?:[\^~]|[<>]=? ?)\d{1,5}(?:\.\d{1,5}){1,2}|\d{1,3}(?:\.(?:x|\*)){1,2}"
    r"|[a-z][\w-]{0,24} (?:[\w@/.=-]{1,40} ){0,3}[\w./-]{1,80}\.(?:[cm]?[jt]s|py|sh|rb|pl|ps1)(?: [ -~]*)?"
)
_OF_PERSONS = frozenset({"key:national-id", "key:ssn", "key:card"})
"""Their numbers may stand in groups with dots between them."""


def has_form(secret: str, rule: str) -> bool:
    """Whether a text has the form that secrets of this kind have, where they have one."""
    if "." in secret and rule not in _OF_PERSONS and _NOT_ISSUED.fullmatch(secret) is not None:
        return False
    form = _FORMS.get(rule)
    return (form is None or form.fullmatch(secret) is not None) and is_issued_form(secret, rule)


def could_be_secret(secret: str, found: KeyClass) -> bool:  # one line a kind
    """Whether the text can be what its name says: no placeholder, no reference, no word of a configuration."""
    if (secret.startswith(HEAD) and only_markers(secret)) or _ALNUM.search(secret) is None:
        return False
    if secret.strip(" .,;:()\"'`").lower() in _NO_SECRET or secret.startswith(_ASKED_FOR) or is_placeholder(secret):
        return False
    if found.rule == "key:api-key" and secret in LABEL_WORDS:
        return False  # `secretKey: password`: the name of a member
    if (found.path_ok and secret[0] in "/~.") or is_time(secret):
        return False
    return (
        fits(secret, found)
        and not (is_label(secret) or is_described(secret))
        and (not found.shown or _is_chosen(secret, found))
    )


def fits(secret: str, found: KeyClass) -> bool:
    """Whether the value could be a secret of this kind: `tokens: 5` and `authorization: granted` are none."""
    if _NUMBER.match(secret) and (not found.numeric or (found.rule == "key:password" and len(secret) < 4)):
        return False
    if found.rule == "key:authorization":
        return (len(secret) >= 16 or has_digit(secret)) and has_form(secret, found.rule)
    if found.rule == "key:cookie":
        return ("=" in secret or has_digit(secret)) and has_form(secret, found.rule)
    return enough_digits(secret, found.rule) and has_form(secret, found.rule)


def enough_digits(secret: str, rule: str) -> bool:
    """Whether a text under a name whose secrets are numbers holds as many digits as those have."""
    fewest = _FEWEST_DIGITS.get(rule)
    return fewest is None or sum(map(str.isdigit, secret)) >= fewest


def is_weak_secret(text: str, rule: str) -> bool:
    """Whether a value whose name alone proves nothing looks generated, or is the base64 of a user and a password.

    Under the name of a telephone: whether it is the number of one.
    """
    if rule == "phone":
        return _PHONE.match(text) is not None
    if looks_random(text):
        return not (is_uuid(text) or is_time(text) or text.startswith(NO_KEYS) or "/" in text)
    return is_encoded_user(text, rule)


def is_encoded_user(text: str, rule: str) -> bool:
    """Whether a value under the name `auth` is the base64 of a user and a password."""
    return rule == "key:auth" and 8 <= len(text) <= 512 and is_basic_credentials(text)


def is_technical(text: str) -> bool:
    """Whether one token is a type, an algorithm, a version, a size or a name, as in documentation of a parameter."""
    return _TECHNICAL.fullmatch(text) is not None


def is_shown(text: str, found: KeyClass) -> bool:
    """Whether one token, shown by itself beside what names it, is a secret: letters mixed with digits or symbols.

    A mere word may be anything there: a type, a state, the next label.
    """
    if found.weak:
        return is_weak_secret(text, found.rule)
    return HEAD not in text and could_be_secret(text, found) and _is_chosen(text, found)


def _is_chosen(text: str, found: KeyClass) -> bool:
    if any(c.isspace() for c in text):
        return False
    if text.isdigit():
        return found.numeric and (found.rule != "key:password" or len(text) >= (8 if found.shown else 6))
    mixed = has_digit(text) or _SYMBOL.search(text[:-1]) is not None
    return mixed and len(text) >= 6 and not is_technical(text) and any(map(str.isalpha, text))


def is_placeholder(text: str) -> bool:
    """Whether the text only stands for a secret: a reference to it, filler, a request to put it here."""
    if REFERENCE.match(text) is not None:
        return True
    return text[-1:] in _FILLER_ENDS and _FILLER.fullmatch(text) is not None


def stands_for_itself(text: str) -> bool:
    """Whether the value of a key is no word of JSON, no label, no mask or reference: `<redacted>`, `${DB_PASSWORD}`."""
    if text.lower() in _TYPES or _STAND_IN.fullmatch(text) is not None or is_label(text) or is_described(text):
        return False
    return " " not in text or _COMPLAINT.match(text) is None


def describes(key: str) -> bool:
    """Whether a key inside a sensitive object describes the secret rather than holds it: `secretName`, `key_id`."""
    if key in DESCRIPTIVE or (key.istitle() and key.lower() in DESCRIPTIVE):  # .NET: `"Jwt": {"Issuer": x}`
        return True
    last = _LAST_WORD.search(key, max(0, len(key) - _LONGEST_WORD))
    return last is not None and last.group().lower() in _DESCRIPTIVE_ENDS


def describes_in(key: str, value: object, found: KeyClass) -> bool:
    """`describes`, but that `{"secrets": {"db": x}}` names a secret after what it is for."""
    named = key in {"db", "database"} and isinstance(value, str) and is_shown(value, found)
    return describes(key) and not named


def is_list_item(text: str, found: KeyClass, name: str) -> bool:
    """Whether an item of a list or table could be a secret: no sentence, no name of one, no word of a heading."""
    if _FILE.fullmatch(text) is not None:
        return False
    count = len(text.split())
    if count >= 3 or (count == 2 and text.replace(" ", "").isalpha()):
        return False
    if _NAME.match(text) and not (found.rule == "key:password" and text[-3:].isdigit()):
        return False  # `cobalt-velvet-469` is what people choose
    return not (WORD.match(text) and found.rule != "key:password" and not name[:1].islower())
