"""Numbers by which states know people, beside the word that says so; checked where the number has check digits.

Alone they are any number, so that without the word before it none is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agent_audit.redaction.rules.model import Rule, part
from agent_audit.redaction.validators import luhn

_LINK = (
    r"(?:[ _-]?(?i:number|num|no\.?|nr\.?|nummer|número|numero|numéro|n[º°]|#|id|code|card|karte"
    r"|号码|号|번호[는은]?|番号))?"
    r"(?: (?i:is|ist|es|est|é|to|jest|är|er))?[\"']?(?: ?[:=#：]{1,2} ?| )[\"']?"
)
_FREE = re.compile(r"[ ./-]")
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"  # Real Decreto 1553/2005
_HETU_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14),
            *(16, 10, 22, 25, 24, 23),
        ),
        strict=True,
    )
)
"""What the letters and digits at odd places of a codice fiscale count (DM 23 dicembre 1976)."""
# Verhoeff, "Error detecting decimal codes": the group of the pentagon, and a permutation of order eight.
_TURN = "1576283094"


_MBI_LETTER = "AC-HJKMNP-RT-Y"  # no S, L, O, I, B, Z
_MBI = rf"[1-9][{_MBI_LETTER}][0-9{_MBI_LETTER}]\d-?[{_MBI_LETTER}][0-9{_MBI_LETTER}]\d-?[{_MBI_LETTER}]{{2}}\d{{2}}"


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _cpf(digits: str) -> bool:
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    first = _weighted(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    return digits[9:] == f"{first}{second}"


def _dni(text: str) -> bool:
    number = text[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(number) % 23] == text[-1].upper()


def _pesel(digits: str) -> bool:
    return _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _bsn(digits: str) -> bool:
    return _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _codice_fiscale(text: str) -> bool:
    text = text.upper()
    count = sum(
        _ODD[c] if place % 2 == 0 else (int(c) if c.isdigit() else ord(c) - 65) for place, c in enumerate(text[:15])
    )
    return chr(65 + count % 26) == text[15]


def _nir(digits: str) -> bool:
    return int(digits[13:]) == 97 - int(digits[:13]) % 97


def _aadhaar(digits: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        turned = int(digit)
        for _ in range(place % 8):
            turned = int(_TURN[turned])
        check = _in_pentagon(check, turned)
    return check == 0


def _in_pentagon(a: int, b: int) -> int:
    """The product of two elements of the dihedral group of the pentagon: five turns, five turned over."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5


def _tfn(digits: str) -> bool:
    return len(digits) == 9 and _weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def _resident(text: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[_weighted(text[:17], weights) % 11] == text[17].upper()


def _hetu(text: str) -> bool:
    number = text[:6] + text[-4:-1]  # without the sign of the century between
    return _HETU_LETTERS[int(number) % 31] == text[-1].upper()


def _swedish(digits: str) -> bool:
    return luhn(digits[-10:])


def _norwegian(digits: str) -> bool:
    first = _weighted(digits[:10], (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    return first == 0 and _weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _mod_11_10(digits: str) -> bool:
    product = 10  # ISO 7064, MOD 11,10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def _tax_id(digits: str) -> bool:
    return digits[0] != "0" and _mod_11_10(digits)


def _ahv(digits: str) -> bool:
    return _weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def _belgian(digits: str) -> bool:
    number, check = int(digits[:9]), int(digits[9:])
    return check in (97 - number % 97, 97 - (2_000_000_000 + number) % 97)


def _turkish(digits: str) -> bool:
    odd, even = sum(map(int, digits[0:9:2])), sum(map(int, digits[1:8:2]))
    return (odd * 7 - even) % 10 == int(digits[9]) and sum(map(int, digits[:10])) % 10 == int(digits[10])


def _rut(text: str) -> bool:
    count = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(text[:-1])))
    return "0123456789K0"[(11 - count % 11) % 12 if count % 11 else 0] == text[-1].upper()


def _cnp(digits: str) -> bool:
    check = _weighted(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if check == 10 else check) == int(digits[12])


def _egn(digits: str) -> bool:
    return _weighted(digits[:9], (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(digits[9])


def _rodne_cislo(digits: str) -> bool:
    return int(digits) % 11 == 0 or (int(digits[:9]) % 11 == 10 and digits[9] == "0")


def _portuguese(digits: str) -> bool:
    return (11 - _weighted(digits[:8], range(9, 1, -1)) % 11) % 11 % 10 == int(digits[8])


def _pps(text: str) -> bool:
    text = text.upper()
    count = _weighted(text[:7], range(8, 1, -1)) + 9 * (ord(text[8]) - 64 if text[8:9] not in ("", "W") else 0)
    return "WABCDEFGHIJKLMNOPQRSTUV"[count % 23] == text[7]


def _cuit(digits: str) -> bool:
    return (11 - _weighted(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11 == int(digits[10])


def _my_number(digits: str) -> bool:
    rest = _weighted(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(digits[11])


def _hkid(text: str) -> bool:
    values = [int(character, 36) for character in text if character not in "()"]
    # A blank stands before a single letter, and counts 36.
    values = [36] * (9 - len(values)) + values
    return sum(value * (9 - place) for place, value in enumerate(values)) % 11 == 0


def _medicare(digits: str) -> bool:
    return _weighted(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def _thai(digits: str) -> bool:
    return (11 - _weighted(digits[:12], range(13, 1, -1)) % 11) % 10 == int(digits[12])


def _austrian(digits: str) -> bool:
    return _weighted(digits[:3] + digits[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def _jmbg(digits: str) -> bool:
    check = 11 - _weighted(digits[:12], (7, 6, 5, 4, 3, 2) * 2) % 11
    return (0 if check > 9 else check) == int(digits[12])


def _baltic(digits: str) -> bool:
    rest = _weighted(digits[:10], (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = _weighted(digits[:10], (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return rest == int(digits[10])


def _inn(digits: str) -> bool:
    first = _weighted(digits[:10], (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    second = _weighted(digits[:11], (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return digits[10:] == f"{first}{second}"


def _snils(digits: str) -> bool:
    return _weighted(digits[:9], range(9, 0, -1)) % 101 % 100 == int(digits[9:])


def _nhs(digits: str) -> bool:
    return (11 - _weighted(digits[:9], range(10, 1, -1)) % 11) % 11 == int(digits[9])


def _insured(text: str) -> bool:
    digits = f"{ord(text[0]) - 64:02}{text[1:9]}"  # the letter counts as its place in the alphabet
    return sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(digits)) % 10 == int(text[9])


def _niss(digits: str) -> bool:
    return 9 - _weighted(digits[:10], (29, 23, 19, 17, 13, 11, 7, 5, 3, 2)) % 10 == int(digits[10])


def _seguridad_social(digits: str) -> bool:
    return int(digits[:2] + digits[2:10].removeprefix("0")) % 97 == int(digits[10:])


def _npi(digits: str) -> bool:
    return luhn("80840" + digits)


def _literals(name: str) -> list[str]:
    """Where to look for a name; a short one stands in many words, and is looked for with what follows it."""
    spelt = [name.replace("_", mark) for mark in " -_"] if "_" in name else [name]
    return [one + mark for one in spelt for mark in " :=#\"'_-"] if len(name) <= 4 and name.isascii() else spelt


def _rule(labels: str, number: str, check: Callable[[str], bool] | None = None) -> Rule:
    """A number behind one of its names; `labels` are small letters, `_` stands for a blank or a dash in them."""
    names = labels.split()
    literals = tuple(literal for name in names for literal in _literals(name))
    words = "|".join(re.escape(name).replace("_", "[ _-]") for name in names)
    pattern = rf"(?:(?<![^\W_])|(?<=\\[nrt]))(?i:{words}){_LINK}({number})(?!-|[^\W\u3040-\ud7af])"
    accept = None if check is None else lambda text: check(_FREE.sub("", text))
    return part("national-number", literals, pattern, accept)


NATIONAL: tuple[Rule, ...] = (
    _rule("cpf", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", _cpf),
    _rule("dni nie nif", r"[XYZ]?\d{7,8}-?[A-Z]", _dni),
    _rule("pesel", r"\d{11}", _pesel),
    _rule("bsn burgerservicenummer", r"\d{9}|\d{4}\.\d{2}\.\d{3}", _bsn),
    _rule("codice_fiscale codicefiscale cf", r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]", _codice_fiscale),
    _rule("sécurité_sociale securite_sociale sécu nir", r"[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}", _nir),
    _rule("aadhaar aadhar", r"\d{4}[ -]?\d{4}[ -]?\d{4}", _aadhaar),
    _rule("pan_card pan_number", r"[A-Z]{3}[PCHFATBLJG][A-Z]\d{4}[A-Z]"),
    _rule("social_insurance sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", luhn),
    _rule("tfn tax_file", r"\d{3}[ -]?\d{3}[ -]?\d{3}", _tfn),
    _rule("身份证", r"\d{17}[\dXx]", _resident),
    _rule("hetu henkilötunnus", r"\d{6}[-+A-FYXWVU]\d{3}[0-9A-Y]", _hetu),
    _rule("personnummer", r"(?:19|20)?\d{6}[-+]?\d{4}", _swedish),
    _rule("fødselsnummer fodselsnummer", r"\d{6} ?\d{5}", _norwegian),
    _rule("cpr", r"[0-3]\d[01]\d{3}-\d{4}"),
    _rule("주민등록 외국인등록", r"\d{2}[01]\d[0-3]\d-?[1-8]\d{6}"),
    _rule("nric", r"[STFGM]\d{7}[A-Z]"),
    _rule(
        "steuer_id steuerid steuer_identifikationsnummer steueridentifikationsnummer",
        r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
        _tax_id,
    ),
    _rule("sozialversicherungs rentenversicherungs rentenversicherung rvnr", r"\d{2} ?[0-3]\d[01]\d{3} ?[A-Z] ?\d{3}"),
    _rule("national_insurance nino ni_number", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D]"),
    _rule("itin", r"9\d{2}-?[4-9]\d-?\d{4}"),
    _rule("ahv avs oasi", r"756\.?\d{4}\.?\d{4}\.?\d{2}", _ahv),
    _rule(
        "rijksregister registre_national bis_nummer bis_nr numéro_bis insz niss",
        r"\d{2}\.?\d{2}\.?\d{2}-?\d{3}[.-]?\d{2}",
        _belgian,
    ),
    _rule("t.c._kimlik tckn tc_kimlik kimlik tc_no turkish_id", r"[1-9]\d{10}", _turkish),
    _rule("curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d"),
    _rule("cnp", r"[1-9]\d{12}", _cnp),
    _rule("егн egn", r"\d{10}", _egn),
    _rule("rodné_číslo rodne_cislo rodného_čísla", r"\d{6}/?\d{4}", _rodne_cislo),
    _rule("nif contribuinte", r"[1-3]\d{2} ?\d{3} ?\d{3}", _portuguese),
    _rule("pps ppsn", r"\d{7} ?[A-W][A-IW]?", _pps),
    _rule("cuit cuil", r"\d{2}-?\d{8}-?\d", _cuit),
    _rule("マイナンバー 個人番号", r"\d{4}[ -]?\d{4}[ -]?\d{4}", _my_number),
    _rule("hkid hong_kong_identity 香港身份證", r"[A-Z]{1,2}\d{6}(?:\([0-9A]\)|[0-9A])", _hkid),
    _rule("mbi medicare_beneficiary medicare", _MBI),
    _rule("nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", _nhs),
    _rule("kvnr egk krankenversicherten krankenversicherung versichertennummer", r"[A-Z]\d{9}", _insured),
    _rule("niss segurança_social", r"[12]\d{10}", _niss),
    _rule("seguridad_social nss", r"\d{2}[ /-]?\d{8}[ /-]?\d{2}", _seguridad_social),
    _rule("imss nss", r"\d{11}", luhn),
    _rule("south_african_id sa_id rsa_id", r"\d{6} ?\d{4} ?[01]\d{2}", luhn),
    _rule("npi provider_identifier", r"[12]\d{9}", _npi),
    _rule("medicare", r"[2-6]\d{3} ?\d{5} ?\d(?: ?\d)?", _medicare),
    _rule("เลขประจำตัวประชาชน เลขบัตรประชาชน thai_national_id thai_id tnin", r"[1-8](?:-?\d){12}", _thai),
    _rule("svnr sozialversicherungs", r"[1-9]\d{3} ?[0-3]\d[01]\d{3}", _austrian),
    _rule("emšo emso jmbg", r"[0-3]\d[01]\d{10}", _jmbg),
    _rule("isikukood asmens_kodas asmens_kodo", r"[1-6]\d{10}", _baltic),
    _rule("oib", r"\d{11}", _mod_11_10),
    _rule("amka αμκα", r"[0-3]\d[01]\d{8}", luhn),
    _rule("инн", r"\d{12}", _inn),
    _rule("снилс", r"\d{3}-?\d{3}-?\d{3}[ -]?\d{2}", _snils),
    _rule("pan", r"[A-Z]{3}[PCHFATBLJG][A-Z]\d{4}[A-Z]"),
    # Papers: letters and digits, without a check digit that all states have.
    _rule(
        "reisepass pass_nr pass_nr. passnummer personalausweis ausweis passeport pasaporte passaporto passaporte"
        " paszport paspoort pasaport dowód_osobisty carta_d'identità carte_nationale_d'identité",
        r"(?=(?:[A-Z]{0,3}\d){5})[A-Z0-9]{8,10}|[A-Z]{2,3} ?\d{6,7}",
    ),
    _rule("cartão_de_cidadão cartao_de_cidadao", r"\d{8} ?\d ?[A-Z]{2}\d"),
    _rule("여권", r"[A-Z]{1,2}\d{3}[A-Z0-9]\d{4}"),
    _rule("운전면허", r"\d{2}-?\d{2}-?\d{6}-?\d{2}"),
    _rule("voter_id", r"[A-Z]{3}\d{7}"),
    _rule("паспорт", r"\d{2} ?\d{2} ?\d{6}"),
    _rule("护照 護照", r"[EG][A-Z0-9]?\d{7,8}"),
    _rule("cédula cedula", r"\d{1,3}(?:\.\d{3}){2,3}|\d{6,10}"),
    _rule("rut", r"\d{1,2}\.?\d{3}\.?\d{3}-[\dKk]", _rut),
)
