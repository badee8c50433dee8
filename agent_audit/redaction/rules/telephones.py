"""Telephone numbers in national form: only a label beside them tells them from any other digits."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent_audit.redaction.names.vocabulary import words
from agent_audit.redaction.rules.model import Rule, part
from agent_audit.redaction.rules.personal import PHONE

# No label is worth a look behind which no digit comes soon.
_LEFT = r"(?:(?<![^\W_])|(?<=\\[nrt]))(?=\D{3,64}\d)"
# What may stand between two digits, each in one way only.
_GAPS = r"[ .-]|/| ?\(|\)(?:[ /-]| ?\()?"
_PARTED = rf"(?:{_GAPS}| - | / )"
_EXTENSION = r"(?: ?(?i:x|ext\.?|durchwahl|poste|ramal|wew\.?|доб\.?) ?\d{1,5})?"
_UNIT = (
    r"(?:€|\$|£|%|°|(?i:eur|usd|chf|gbp|kr|zł|mb|gb|mah|ms|kg|km|px|uhr|rub|руб"
    r"|units?|users?|items?|people|results?|records?|pcs|stück)\b)"
)
# Not the beginning of a longer number, of a decimal one, of a name.
_ENDS = rf"(?!(?:{_GAPS})?\d|[A-Za-z_]|[,:]\d|[/-][A-Za-z]| ?{_UNIT})"
_AND = r"(?: / ?|, ?|; ?| (?:or|and|oder|und|ou|et|o|y|e|lub|или) )"


def _number(fewest: int) -> str:
    """The number, and up to two more beside it, as a group."""
    one = rf"\+?\(?\d(?:{_PARTED}?\d){{{fewest - 1},14}}{_ENDS}"
    return rf"({one}{_EXTENSION}(?:{_AND}{one}{_EXTENSION}){{0,2}})"


_LONG = rf"(?=\+?\(?\d(?:{_PARTED}?\d){{8}})"
_IN_PARENTHESES = r"(?: ?\([^()\n\d]{1,24}\))?"
_TAGS = r"(?:\s{0,8}</?[a-z][^<>]{0,80}>){1,5}\s{0,8}"
_QUOTES = r"\\{0,3}[\"'*]{0,3}"
# What stands between a label and its number: ` (office): `, `**`, `"`, a line break behind a colon.
_SAID = (
    rf"{_IN_PARENTHESES}{_QUOTES}\.?(?: ?(?:[:=|]|->|n[.°º]))?[ \t]{{0,4}}(?:\\{{0,3}}[\"'*]{{1,3}}[ \t]{{0,4}})?"
    rf"(?:(?<=[:|* ])(?:\r?\n|\\n)[ \t]{{0,4}}|{_TAGS})?"
)
_COLON = (
    rf"{_IN_PARENTHESES}{_QUOTES}\.? ?[:=|][ \t]{{0,4}}(?:\\{{0,3}}[\"'*]{{1,3}}[ \t]{{0,4}})?"
    r"(?:(?:\r?\n|\\n)[ \t]{0,4})?"
)


def _any_of(literals: Iterable[str]) -> str:
    return "|".join(re.escape(literal) for literal in sorted(literals, key=lambda x: (-len(x), x)))


_LINKS = _any_of(
    words("""
    number numbers no nos nr num núm numer numero número nummer nº n° номер numaram numarası is was are ist
    lautet est es é è
    jest är er kom komórkowy służbowy prywatny mobile mobil mobiel móvil cell cel contact contacto contato
    kontakt de del do
    da du la le el home work office business privat private personal dienstlich direct direkt main son sus mi me
    us unter auf
    an al à au a on at under pod fijo fixe portable мой рабочий мобильный моб
""")
)
_LINKED = rf"(?:[ .:]{{1,2}}(?i:{_LINKS})(?![^\W_])){{0,3}}"
# Of these it is the number, and not that of a telephone.
_OTHER = (
    r"(?i:order|model|serial|imei|iccid|imsi|id\b|ref|vers|build|bill|invoice|ticket|case|price|preis|precio|prix|bestell"
    r"|rechnung|modell|modelo|serie|kunde|vertrag|konto|contract|account|customer|cost|kost|since|seit|from|app\b)"
)
_ANY_WORDS = rf"(?:[ .:-]{{1,2}}(?!{_OTHER})[^\W\d_]{{1,16}}){{0,3}}"

_SHORT = ("tel.", "tel:", "tél.", "tél:")
# These name nothing else, however they go on: `telefonnummer`.
_STRONG = words("""
    telefon teléfon telèfon téléphone telephone telefoon telefax telepon telp. telp: tlf telemóv telemov celular
    cellulare rufnummer handynummer mobilnummer mobilfunk puhelin sđt móvil komórk τηλ κινητό телефон тел. мобильн моб.
""") | {
    "phone number",
    "mobile number",
    "contact number",
    "contact no.",
    "điện thoại",
    "no. hp",
    "no hp",
    "nr tel",
    "cep tel",
}
# These name other things too.
_WEAK = words("""
    phone mobil mobiel movil cell: cell. cel: cel. mob: mob. handy portable gsm: fax: fax. whatsapp msisdn
""") | {"tel ", "tel\t", "tél "}
# Of scripts that part no words.
_UNPARTED = words("""
    电话 電話 手机 手機 携帯 传真 傳真 座机 전화 휴대폰 휴대전화 핸드폰 연락처 फ़ोन फ़ोन फोन मोबाइल هاتف جوال موبايل
    تلفون تليفون טלפון נייד โทร มือถือ
""")
_UNPARTED_LINKS = (
    r"(?:号码|號碼|号|番号|番號|是|为|為|は|が|번호|는|은|नंबर|है|رقم|رقمي|المحمول|هو|שלי|ศัพท์|มือถือ|หมายเลข|เบอร์"
    r"|[\s:=|*\"().-]){0,6}"
)
# Whom one calls, on which number.
_CALLED = {
    f"{verb} {whom} "
    for verb in ("call", "phone", "ring", "reach", "text", "contact")
    for whom in ("me", "you", "us", "him", "her", "them", "back")
} | {
    *(
        "erreichbar unter ",
        "ruf mich ",
        "rufen sie ",
        "anrufen unter ",
        "meine nummer ist ",
        "joignable au ",
        "appelez",
    ),
    *("appelle-moi ", "mon numéro est ", "llámame ", "llame al ", "llamar al ", "llámenos ", "mi número es "),
    *(
        "chiamami ",
        "chiamare ",
        "il mio numero è ",
        "ligue para ",
        "liga para ",
        "meu número é ",
        "bel me ",
        "bel mij ",
    ),
    *("zadzwoń ", "позвоните ", "по номеру ", "мой номер ", "ring mig "),
    *("dial ", "sms to ", "my number is ", "contact no ", "caller id: "),
}

_DATE = re.compile(
    r"(?:19|20)\d\d([-./ ]?)(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)(?![-./]\d)"
    r"|[0-3]?\d([-./ ])[01]?\d\2(?:19|20)\d\d(?![-./]?\d)|(?:19|20)\d\d ?[-/ ] ?(?:19|20)\d\d(?!\d)"
)
_OTHER_NUMBER = re.compile(
    r"[0-2]?\d\.[0-5]\d ?- ?[0-2]?\d\.[0-5]\d"  # opening hours
    r"|[1-9]\d?(?:\.\d{3}){2}"  # a price
    r"|[1-9]\d{0,2}\.\d{4,}|\d{5,}\.\d{1,2}|(?:19|20)\d\d\.\d+"  # a decimal number, a version
    r"|\d(?:\.\d\d?){1,2}\.\d+"
    r"|(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?=\d)|$)){4}"  # an address of IPv4
)


def _is_telephone(text: str) -> bool:
    """No date, time, price, address or filler."""
    if _DATE.match(text) or _OTHER_NUMBER.fullmatch(text):
        return False
    return len({c for c in text if c.isdigit()}) > 1


_STRONG_LABELS = _any_of(x.rstrip(".:") for x in _STRONG)
_WEAK_LABELS = _any_of({x.rstrip(" .:\t") for x in _WEAK})

# Behind other words, or a label that names other things too, it is a long number where no colon stands.
TELEPHONES: tuple[Rule, ...] = (
    part(
        PHONE,
        (*_SHORT, *_STRONG),
        rf"{_LEFT}(?i:t[eé]l(?![^\W\d_])|(?:{_STRONG_LABELS})(?!{_OTHER})[^\W\d_]{{0,12}})"
        rf"(?:{_LINKED}{_SAID}|{_ANY_WORDS}(?:{_COLON}|{_SAID}{_LONG})){_number(7)}",
        _is_telephone,
    ),
    part(
        PHONE,
        tuple(_WEAK),
        rf"{_LEFT}(?i:{_WEAK_LABELS})(?i:es|e|s)?(?i:[_-]?(?:number|nummer|num|no|nr)(?![^\W_]))?{_LINKED}"
        rf"(?:{_COLON}|:?{_TAGS}|[ .]{{1,2}}{_LONG}){_number(7)}",
        _is_telephone,
    ),
    part(
        PHONE,
        tuple(_UNPARTED),
        rf"(?=\D{{2,48}}\d)(?:{_any_of(_UNPARTED)}){_UNPARTED_LINKS}(?:{_TAGS})?{_number(7)}",
        _is_telephone,
    ),
    part(
        PHONE,
        tuple(_CALLED),
        rf"{_LEFT}(?i:{_any_of(_CALLED)})(?:(?!on |at )[^\W\d_]{{1,10}}[ -]){{0,2}}(?:(?:on|at):? )?{_number(9)}",
        _is_telephone,
    ),
    part(
        PHONE,
        ("phone>", "telephone>", "mobile>", "tel>", "fax>"),
        rf"(?i:phone|telephone|mobile|tel|fax)>\s{{0,8}}{_number(7)}(?=\s{{0,8}}</)",
        _is_telephone,
    ),
    # vCard (RFC 6350).
    part(PHONE, ("tel;",), rf"(?i:tel)(?:;[\w=,\"-]{{1,32}}){{1,4}}:(?:tel:)?{_number(7)}", _is_telephone),
    # The plus sign of a number in a query (RFC 3986).
    part(PHONE, ("%2b",), r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-F]{2}))(%2[Bb][1-9]\d{6,14})(?!\w|%2[BbFf])"),
)

LABELS = frozenset(literal for rule in TELEPHONES for literal in rule.literals)
"""They are no reason to look at a text more closely."""
