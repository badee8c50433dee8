"""Checks that tell a real card, account number or token from text of the same shape."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from itertools import pairwise

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TOKEN_TEXT = re.compile(r"[A-Za-z0-9_\-+/=.~:%!@#$^*]{16,4096}")
_PIECES = re.compile(r"[A-Za-z0-9]+")
_NUMBERED = re.compile(r"[a-z]+\d{0,3}")
_SHORT_PIECE = re.compile(r"[a-z]+\d{0,3}|\d+|[a-z\d]{1,3}")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_REPEATED = re.compile(r"(.)\1{7}", re.IGNORECASE)
_ALPHABET = re.compile(r"abcdefghijkl|0123456789|1234567890|ABCDEFGHIJKL")
# By the code of a digit: what it counts when it is doubled.
_LUHN_DOUBLED = bytes(48) + bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)) + bytes(198)

# Issuer ranges of ISO/IEC 7812 in use by the card schemes, with the lengths each of them issues.
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"
    r"|(?:5[1-5]|2(?:2[2-9]|[3-6]\d|7[01]|720))\d+(?<=\d{16})"
    r"|220[0-4]\d{12,15}"  # Mir
    r"|3[47]\d{13}"
    r"|(?:6011|65\d\d|64[4-9]\d)\d{12,15}"
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"
    r"|(?:50|5[6-9]|6\d)\d{12,17}"  # Maestro; those of thirteen digits are numbers of articles (EAN-13)
)

# ISO 13616 registry: the length of an IBAN by country.
_IBAN_LENGTH = {
    "AD": 24,
    "AE": 23,
    "AL": 28,
    "AT": 20,
    "AZ": 28,
    "BA": 20,
    "BE": 16,
    "BG": 22,
    "BH": 22,
    "BI": 27,
    "BR": 29,
    "BY": 28,
    "CH": 21,
    "CR": 22,
    "CY": 28,
    "CZ": 24,
    "DE": 22,
    "DJ": 27,
    "DK": 18,
    "DO": 28,
    "EE": 20,
    "EG": 29,
    "ES": 24,
    "FI": 18,
    "FK": 18,
    "FO": 18,
    "FR": 27,
    "GB": 22,
    "GE": 22,
    "GI": 23,
    "GL": 18,
    "GR": 27,
    "GT": 28,
    "HR": 21,
    "HU": 28,
    "IE": 22,
    "IL": 23,
    "IQ": 23,
    "IS": 26,
    "IT": 27,
    "JO": 30,
    "KW": 30,
    "KZ": 20,
    "LB": 28,
    "LC": 32,
    "LI": 21,
    "LT": 20,
    "LU": 20,
    "LV": 21,
    "LY": 25,
    "MC": 27,
    "MD": 24,
    "ME": 22,
    "MK": 19,
    "MN": 20,
    "MR": 27,
    "MT": 31,
    "MU": 30,
    "NI": 28,
    "NL": 18,
    "NO": 15,
    "OM": 23,
    "PK": 24,
    "PL": 28,
    "PS": 29,
    "PT": 25,
    "QA": 29,
    "RO": 24,
    "RS": 22,
    "RU": 33,
    "SA": 24,
    "SC": 31,
    "SD": 18,
    "SE": 24,
    "SI": 19,
    "SK": 24,
    "SM": 27,
    "SO": 23,
    "ST": 25,
    "SV": 28,
    "TL": 23,
    "TN": 24,
    "TR": 26,
    "UA": 29,
    "VA": 22,
    "VG": 24,
    "XK": 20,
    "YE": 30,
}


_IBAN_NUMBERS = {ord("A") + letter: str(10 + letter) for letter in range(26)}


def luhn(digits: str) -> bool:
    """Whether the check digit of ISO/IEC 7812-1 fits."""
    raw = digits.encode()
    return (sum(raw[-1::-2]) - 48 * len(raw[-1::-2]) + sum(raw[-2::-2].translate(_LUHN_DOUBLED))) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether digits without separators are a payment card's number."""
    return 13 <= len(digits) <= 19 and _CARD.fullmatch(digits) is not None and luhn(digits)


def iban_length(country: str) -> int | None:
    """How long an IBAN of this country is; None for a country that issues none."""
    return _IBAN_LENGTH.get(country)


def is_iban(text: str) -> bool:
    """Whether text without separators is an IBAN: length of its country, remainder 1 modulo 97."""
    if _IBAN_LENGTH.get(text[:2]) != len(text):
        return False
    try:
        return int((text[4:] + text[:4]).translate(_IBAN_NUMBERS)) % 97 == 1
    except ValueError:
        return False


def is_ssn(digits: str) -> bool:
    """Whether nine digits are in a range the US Social Security Administration assigns."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def is_jwt(token: str) -> bool:
    """Whether the first part can be a JOSE header (RFC 7515): base64url of what begins as a JSON object with members.

    It need not be whole: of a token that is cut off or written by hand, the rest is worth as much.
    """
    head = token.partition(".")[0]
    try:
        return base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).startswith(b'{"')
    except ValueError:
        return False


def is_basic_credentials(text: str) -> bool:
    """Whether the text is the base64 of `user:password` (RFC 7617)."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
    if text.isalpha() and not _is_utf8(decoded):
        return False  # a word: `Basic Options`
    return b":" in decoded and not any(byte < 32 for byte in decoded)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_nkey_seed(text: str) -> bool:
    """Whether the text is a seed of NATS: base 32, and CRC-16 (XMODEM) over what stands before, low byte first."""
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        return False
    return len(raw) == 36 and binascii.crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "little")


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its usual form."""
    return _UUID.fullmatch(text) is not None


def looks_random(text: str) -> bool:
    """Whether the text could be a generated token: long, without blanks, letters and digits well mixed."""
    if _TOKEN_TEXT.fullmatch(text) is None:
        return False
    sample = text[:128]
    if len(set(sample)) < 8 or _only_words_and_numbers(sample):
        return False
    digits = sum(map(str.isdigit, sample))
    letters = sum(map(str.isalpha, sample))
    return (digits >= 2 and letters >= 2) or _mixed_case(sample)


def _only_words_and_numbers(sample: str) -> bool:
    """`user:123:profile`, `key-2026-11-23`, `redis-db01-password-v2`: words, numbers, both in short."""
    pieces = _PIECES.findall(sample)
    if len(pieces) < 2:
        return False
    if all(piece.isalpha() or piece.isdigit() for piece in pieces):
        return True
    words = [piece for piece in pieces if len(piece) > 2 and _NUMBERED.fullmatch(piece)]
    named = len(words) > 1 and 2 * sum(map(len, words)) >= len(sample)
    return named and all(_SHORT_PIECE.fullmatch(piece) for piece in pieces)


def _mixed_case(sample: str) -> bool:
    """No digits, yet nobody writes words like this: letters that change case again and again."""
    turns = sum(a.islower() and b.isupper() for a, b in pairwise(sample))
    return len(sample) >= 20 and turns * 5 >= len(sample) and len(set(sample)) >= 10


def has_checksum(token: str) -> bool:
    """Whether the last six characters are the CRC-32 of those before, in base 62, as GitHub and npm make tokens."""
    body = token.rpartition("_")[2]
    number, check = zlib.crc32(body[:-6].encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = _BASE62[digit] + check
    return body.endswith(check)


def is_checked_token(token: str) -> bool:
    """A token that carries a checksum: it fits, or the rest is no filler and no alphabet, as examples are.

    A checksum that does not fit is no proof: a token may be cut, mistyped or of a later format.
    """
    return has_checksum(token) or not is_alphabet(token)


def is_alphabet(text: str) -> bool:
    """Whether the text has letters or digits in their order, as examples and tables do."""
    return _ALPHABET.search(text) is not None


def is_filler(token: str) -> bool:
    """Whether a token is mostly one repeated character, as in `ghp_xxxxxxxxxxxx`, or ends in a few again and again."""
    if token[-12:-6] == token[-6:] and len(set(token[-6:])) <= 3:
        return True
    run = _REPEATED.search(token)
    return run is not None and token.lower().count(run.group(1).lower()) * 2 >= len(token)


def is_mixed(text: str) -> bool:
    """Whether there are letters and digits: no word of a sentence, no number."""
    return has_digit(text) and any(map(str.isalpha, text))


def has_digit(text: str) -> bool:
    """Whether any character is a digit: English words after `Bearer` have none, tokens do."""
    return any(c.isdigit() for c in text)
