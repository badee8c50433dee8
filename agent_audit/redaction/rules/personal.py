"""Personal data with a checkable shape: e-mail, payment card, IBAN, US social security number, telephone.

Numbers have no literal to look for, so `number_places` finds the places where one of them could begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from agent_audit.redaction.names.vocabulary import words
from agent_audit.redaction.rules.model import Span
from agent_audit.redaction.validators import iban_length, is_card, is_iban, is_ssn

EMAIL, CARD, IBAN, SSN, PHONE = "email", "card", "iban", "ssn", "phone"
CARD_CODE = "card-code"
PERSONAL_IDS = frozenset({EMAIL, CARD, IBAN, SSN, PHONE})

Found = tuple[int, int, str]

# One hyphen behind goes on with the name, more begin something else, such as `-----BEGIN`.
AT_SIGNS = re.compile(r"@(?<=[\w.+%-]@)(?=(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?!\w|-(?!-)))")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.)+([^\W\d_]{2,24})")
_OBJECT_HASH = re.compile(r"@[0-9a-f]{5,8}\.")
_LOCAL = re.compile(r"[\w.+%'-]{1,64}")
# Names of algorithms and extensions of SSH (RFC 4251, section 6); a repository as git clones it.
_ALGORITHMS_OF, _ALGORITHMS = frozenset({"openssh.com", "libssh.org"}), frozenset({"zlib", "statvfs", "fstatvfs"})
_REPOSITORY = re.compile(r":(?:[\w.-]{1,100}/){1,4}[\w.-]{1,100}\.git(?![\w.])")
# `a@b.txt` is a file. Only endings that are no country's top-level domain, or that follow a slash.
_FILE_ENDINGS = words(
    """
    txt png jpg jpeg gif json html css csv pdf svg webp xml yaml yml lock conf log ini toml exe dll
    js ts tsx jsx ttf woff mp3 mp4 zip gz tar bak tmp local internal localhost
    service socket timer mount target slice
"""
)
_COUNTRY_FILE_ENDINGS = frozenset(["py", "md", "sh", "rs", "so", "pl", "cc", "ps"])

# Digits become `0`, separators `-`, the rest `x`, lines stay: without nine zeros in a row (separators left out)
# there is no number.
_SHAPE = bytes(
    48 if 48 <= code <= 57 else 45 if code in b" .()-" else 10 if code in (0, 10) else 120 for code in range(256)
)
_NINE = b"0" * 9

# Where a card, social security or telephone number may begin (no date), and the check digits of an IBAN.
_NUMBERS = re.compile(
    r"[0-9](?:(?<![\w.][0-9])|(?<=\\[nrt][0-9]))"
    r"(?=[0-9]|[-. ]\(?\d{3}|(?<=[+(].))(?!(?<=[12])\d{3}-[01]\d-[0-3]\d)"
    r"(?=(?:[ .()-]{0,3}[0-9]){8})(?![0-9]{20})"
)
_REGION = re.compile(rb"0[0-]{7,}0")
# In an account's statement (SWIFT MT940, field 86) the number of its subfield stands before it: `?31`.
_IBANS = re.compile(
    r"[A-Z](?:(?<!\w[A-Z])|(?<=\?31[A-Z]))[A-Z][0-9]{2}(?=[ -]?[A-Z0-9])|[a-z](?<!\w[a-z])[a-z][0-9]{2}(?=[ -]?[0-9])"
)
_CARD_CODE = re.compile(
    r"(?i)[\"'`*]{0,2}[ ,;|/(]{1,3}(?:(?:exp(?:ir(?:es|y))?|valid(?: thru| until| till)?|good thru|gültig bis)?\.?:? ?)"
    r"(?:0[1-9]|1[0-2])(?: ?[ /|-] ?)?(?:20)?\d\d[ ,;|/]{1,3}(?:and )?"
    r"(?:(?:cvv2?|cvc2?|cvn|csc|cid|(?:security |sec |prüf)?code|prüfziffer)(?: is)?[:#]? {0,2})?"
    r"(\d{3,4})(?![\d/-]|[.,]\d| ?(?:[€$£%]|[a-z]{3}\b))"
)
_CARD = re.compile(
    r"\d{13,19}(?!\d|\.\d)"
    # No longer number; but a date may follow.
    r"|\d{4}([ .-])\d{4}\1\d{4}\1\d{4}(?:\1\d{3}(?![\d/]))?(?!\d|\1\d{1,3}(?![\d/]| /|\1\d\d(?!\d)))"
    r"|\d{4}([ -])\d{6}\2\d{4,5}(?!\d)|\d{4}([ -])\d{4}\3\d{4}\3\d(?!\d)"
)
_GROUP_OF_FOUR = re.compile(r"(?<![\w.])(?=[a-f]{0,3}\d)[0-9a-f]{4} \Z")
_GROUPS_OF_FOUR = re.compile(r"(?: (?=[a-f]{0,3}\d)[0-9a-f]{4}(?![\w.])){2}")
_SERIAL = re.compile(r"(?i)\bserial(?: (?:number|no\.?))?:\s{1,4}\Z")
_SSN = re.compile(r"\d{3}([- .])\d{2}\1\d{4}(?![\d-])|\d{3}-\d{6}(?![\d-])|\d{5}-\d{4}(?![\d-])|\d{9}(?!\d)")
# In small letters only those whose account has digits alone: letters and digits together are anything.
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}|[a-z]{2}\d{2}(?:[ -]?[0-9]){11,30}")
_END = r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\d-]|\.\d|:[0-9A-F]{4})"
_PHONE = re.compile(
    r"(?:(?:00)?1[-. ]?)?(?:\([2-9]\d{2}\)[-. ]?|[2-9]\d{2}[-. ])\d{3}[-. ]?\d{4}"
    + _END
    + r"|\((?!(?:19|20)\d\d\))0?\d{2,5}\)[ -]?\d{3,4}[ -]?\d{2,4}"
    + _END
    + r"|0(?!0)\d{1,4}[ -]\d{3,8}(?:[ -]\d{2,5}){0,2}"
    + _END
    + r"|0\d(?:[ .]\d\d){4}(?![ .]\d\d(?!\d))"
    + _END
    + r"|\d{2,3}(?:-\d{3}){2}-\d{4}"
    + _END
)
# The rest of a date as git and mail write it, a postal code of the United States (ZIP+4) behind its state, a number of
# seven decimals or several with a blank between them, a clause of a regulation.
_TIME_BEFORE = re.compile(r"\d\d:\d\d:\Z")
_DATED = re.compile(r"[0-5]\d (?:19|20)\d\d(?![0-9])")
_STATE_BEFORE = re.compile(r"(?<![^\W_])[A-Z]{2}[,.]?\s{1,8}(?:[%#*/;]{1,2}\s{1,4})?\Z")
_ZIP = re.compile(r"\d{5}-\d{4}\Z")
_DECIMALS = re.compile(r"\d{3,4}\.\d{7}\Z|1?\d{3}(?:\.\d{3}[ -]\d{4}|[ -]\d{3}\.\d{4})\Z")
_DUMP_LINE = re.compile(
    r"(?:^|\n) {0,8}(?:(?:0x)?[0-9a-f]{6,8}:?|[0-9a-f]{1,16}:)[ \t]{1,2}(?:[0-9a-f]{2}(?:[0-9a-f]{2})? {1,2}){0,16}\Z"
)
_BYTE_BEFORE = re.compile(r"(?:^|\s)(?:[0-9][a-f]|[a-f][0-9]) {1,2}\Z")
_BYTE_AFTER = re.compile(r" {1,2}(?:[0-9][a-f]|[a-f][0-9])(?=\s|$)")
# A group of digits before it: then this is the rest of some longer number.
_GROUP_BEFORE = re.compile(r"(?:[A-Z]{1,4}\d{1,4}|(?<![-.\d])\d{1,4}|(?<!\w)[A-Z]\d{3}) \Z")
_INTERNATIONAL = re.compile(r"\d{1,4}(?:[ .-]?\(?\d{1,5}\)?){2,7}")
_SUMMED = re.compile(r"(?:\+|(?<![\\\w])[A-Za-z]|\]|\d[Ee])\+\Z")
_DECIMAL = re.compile(r"\d\.\d{4,15}")
_LETTER = re.compile(r"(?!x\s?\d|ext)[^\W\d_]")
_PLAIN = re.compile(r"\d{10,13}(?!\d)")
_LARGEST = str(2**32 - 1)
"""In many a manual the upper end of numbers."""
_CALLING = re.compile(
    r"(?i)\b(?:call|phone|tel|mobile|cell|fax|contact|reach|sms|text|whatsapp|dial|ring|number|answering|telephone|"
    r"handy|telefon)\w{0,4}\b(?!-marker|[^\n]{0,16}:[a-z]{2}-[a-z]+-\d:$)[^\n]{0,24}$"
)
_SSN_WORDS = re.compile(r"(?i)\b(?:ssn|social security)\b[^\n]{0,24}$")


def find_email(text: str, at: int) -> Span | None:
    """The address whose `@` stands at `at`."""
    domain = _DOMAIN.match(text, at + 1)
    local = _LOCAL.match(text[max(0, at - 64) : at][::-1])
    if domain is None or local is None:
        return None
    start = at - local.end()
    before = text[max(0, start - 2) : start]
    name = text[start:at].lstrip("'.-+%")
    ending = domain.group(1).lower()
    if text.startswith("(", domain.end()) and _OBJECT_HASH.match(text, at):
        return None  # a frame of Java
    if _is_name_with_domain(text, name, at, domain.end()):
        return None
    if ending in _FILE_ENDINGS or (before.endswith("/") and ending in _COUNTRY_FILE_ENDINGS):
        return None
    # `git@host:path`, `ssh://user@host`: logins, not addresses. `name:x@` is a URL's password.
    if name == "git" or not name or _is_url_user(text, start):
        return None
    return at - len(name), domain.end()


def _is_name_with_domain(text: str, name: str, at: int, end: int) -> bool:
    """Whether it names something else: `ssh-rsa-cert-v01@openssh.com`, `owners@odata.bind`, `org-1@host:a/b.git`."""
    domain = text[at + 1 : end]
    if domain in _ALGORITHMS_OF:
        return "-" in name or name in _ALGORITHMS
    return domain.startswith("odata.") or (text[end : end + 1] == ":" and _REPOSITORY.match(text, end) is not None)


def _is_url_user(text: str, start: int) -> bool:
    """Whether what begins here is the user or the password of a URL: `git@host` and `u:pw@host` after `://`."""
    lead = text[max(0, start - 256) : start]
    scheme = lead.rfind("://")
    return scheme >= 0 and not any(c.isspace() or c in "/?#\"'<>" for c in lead[scheme + 3 :])


def number_places(text: str) -> list[int]:
    """Where `find_number` is worth trying."""
    # A few passes in C answer "nowhere" for most texts and lines; the expressions alone cost several times as much.
    shape = text.encode("ascii", "replace").translate(_SHAPE)
    flat = shape.translate(None, b"-")
    if _NINE not in flat:
        return []
    found: list[int] = []
    for start, end in _lines_with_nine(shape, flat):
        for region in _REGION.finditer(shape, start, end):
            if region.group().count(b"0") >= 9:
                first = region.start()
                found += [match.start() for match in _NUMBERS.finditer(text, first, region.end())]
                # Of an IBAN, up to eighteen characters stand before its first long run of digits; two letters and two
                # digits begin it.
                if b"xx00" not in shape[max(0, first - 18) : first + 32]:
                    continue
                found += [match.start() for match in _IBANS.finditer(text, max(0, first - 18), first + 32)]
    return found


def _lines_with_nine(shape: bytes, flat: bytes) -> Iterator[Span]:
    if len(shape) < 512:
        yield 0, len(shape)
        return
    lines = shape.split(b"\n")
    ends = list(accumulate(map(len, lines)))
    number = counted = 0
    place = flat.find(_NINE)
    while place >= 0:
        number += flat.count(b"\n", counted, place)
        end = ends[number] + number
        yield end - len(lines[number]), end
        counted = flat.find(b"\n", place)
        place = flat.find(_NINE, counted) if counted >= 0 else -1


def find_number(text: str, start: int) -> list[Found]:
    """The card, IBAN, social security or telephone number that begins at one of `number_places`; a card's code too."""
    if text[start].isalpha():
        found = _find_iban(text, start)
    elif (card := _find_card(text, start)) is not None:
        code = _find_card_code(text, *card[:2])
        return [card] if code is None else [card, code]
    else:
        found = _find_ssn(text, start) or find_phone(text, start)
    return [] if found is None else [found]


def _find_iban(text: str, start: int) -> Found | None:
    match = _IBAN.match(text, start)
    length = iban_length(text[start : start + 2].upper())
    if match is None or length is None:
        return None
    seen, end = 0, start
    for end in range(start, match.end()):
        seen += text[end] not in " -"
        if seen == length:
            break
    compact = text[start : end + 1].replace(" ", "").replace("-", "").upper()
    closed = not text[end + 1 : end + 2].isalnum()
    return (start, end + 1, IBAN) if closed and is_iban(compact) else None


def _find_card(text: str, start: int) -> Found | None:
    match = _CARD.match(text, start)
    if match is None or _inside_a_name(text, start, match.end()):
        return None
    digits = match.group().replace(" ", "").replace("-", "").replace(".", "")
    # Three digits more are the card's code: `4242 4242 4242 4242 313`.
    coded = match.lastindex == 1 and len(digits) == 19 and is_card(digits[:16])
    if not (coded or is_card(digits)) or _goes_on(text, start, match.end()):
        return None
    return start, match.end(), CARD


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether there are more groups than a card has: coordinates, measured values, a line of hexdump(1) or xxd(1).

    Or whether it is said to be the number of a certificate.
    """
    before = text[max(0, start - 24) : start]
    return bool(_GROUP_OF_FOUR.search(before) or _GROUPS_OF_FOUR.match(text, end) or _SERIAL.search(before))


def _find_card_code(text: str, start: int, end: int) -> Found | None:
    """The verification code that follows a card's number, which stands at `start:end`, and its date: `… 12/29 313`."""
    match = _CARD_CODE.match(text, end)
    if match is None:
        return None
    # American Express alone has fifteen digits, and a code of four.
    of_four = sum(map(str.isdigit, text[start:end])) == 15
    return (*match.span(1), CARD_CODE) if len(match.group(1)) == (4 if of_four else 3) else None


def _find_ssn(text: str, start: int) -> Found | None:
    match = _SSN.match(text, start)
    if match is None or _inside_a_name(text, start, match.end()):
        return None
    digits = "".join(c for c in match.group() if c.isdigit())
    # Nine digits alone are anything, five and four a postal code; only words before them make them such a number.
    if (len(match.group()) == 9 or match.group()[5] == "-") and not _SSN_WORDS.search(text[max(0, start - 40) : start]):
        return None
    return (start, match.end(), SSN) if is_ssn(digits) else None


def find_phone(text: str, start: int) -> Found | None:
    """The telephone number that begins at this digit, or at the `+` or `(` before it."""
    lead = text[start - 1 : start] if start else ""
    if lead == "+" or (lead == "(" and text[start - 2 : start - 1] == "+" and start > 1):
        return _find_international(text, start)
    opened = start - 1 if lead == "(" else start
    match = _PHONE.match(text, opened)
    if match is not None:
        if set(match.group()) <= set("0 -") or _is_other_number(text, opened, match.group()):
            return None
        inside = _inside_a_name(text, opened, match.end()) or _GROUP_BEFORE.search(text[max(0, opened - 8) : opened])
        return None if inside or _in_hexdump(text, opened, match.end()) else (opened, match.end(), PHONE)
    match = _PLAIN.match(text, start)
    if match is None or match.group() == _LARGEST:
        return None
    if lead in ("", " ", ":") and _CALLING.search(text[max(0, start - 48) : start]):
        return start, match.end(), PHONE
    return None


def _is_other_number(text: str, start: int, number: str) -> bool:
    """Whether digits grouped as those of a telephone belong to a date, an address or a measure."""
    before = text[max(0, start - 16) : start]
    if _DATED.match(number):
        return _TIME_BEFORE.search(before) is not None
    if _ZIP.match(number):
        return _STATE_BEFORE.search(before) is not None
    return _DECIMALS.match(number) is not None and _CALLING.search(text[max(0, start - 48) : start]) is None


def _in_hexdump(text: str, start: int, end: int) -> bool:
    """Whether the digits are bytes in a line of hexdump(1) or xxd(1)."""
    line = text[max(0, start - 80) : start]
    if _DUMP_LINE.search(line) is not None:
        return True
    return _BYTE_BEFORE.search(line) is not None and _BYTE_AFTER.match(text, end) is not None


def _find_international(text: str, start: int) -> Found | None:
    match = _INTERNATIONAL.match(text, start)
    # Behind a digit it is a sum; digits that letters go on with are a token.
    if match is None or text[max(0, start - 2) : start - 1].isdigit() or _LETTER.match(text, match.end()):
        return None
    # No country code begins with 0 (ITU-T E.164); `1.0+2.5` and `x+1000` are sums, `+1.12345` a number.
    digits = match.group().rstrip(")")
    summed = text[start] == "0" or (digits.isdigit() and _SUMMED.search(text[max(0, start - 4) : start]))
    if summed or _DECIMAL.fullmatch(digits):
        return None
    plausible = 8 <= sum(c.isdigit() for c in match.group()) <= 15
    return (start - 1, _trim(text, start, match.end()), PHONE) if plausible else None


def _inside_a_name(text: str, start: int, end: int) -> bool:
    """Digits that something else goes on with, on either side, are part of an identifier."""
    before = text[start - 1 : start] if start else ""
    return (before in ("-", "/", "_", ".", "#", "$") and before != "") or text[end : end + 1].isalpha()


def _trim(text: str, start: int, end: int) -> int:
    while end > start and not text[end - 1].isdigit():
        end -= 1
    return end
