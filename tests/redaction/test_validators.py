"""What tells a number or token of a standard from text of the same shape, at the boundary of each rule."""

from __future__ import annotations

import base64
import zlib

import pytest

from agent_audit.redaction.validators import (
    has_checksum,
    has_digit,
    iban_length,
    is_basic_credentials,
    is_card,
    is_checked_token,
    is_filler,
    is_iban,
    is_jwt,
    is_ssn,
    is_uuid,
    looks_random,
    luhn,
)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("digits", ["79927398713", "49927398716", "4111111111111111", "378282246310005", "0", "18"])
def test_a_number_fits_its_check_digit_and_no_other(digits: str) -> None:
    last = int(digits[-1])
    assert [d for d in range(10) if luhn(digits[:-1] + str(d))] == [last]


@pytest.mark.parametrize(
    "digits",
    [
        "4222222222222",
        "4111111111111111",
        "4000000000000000006",
        "5555555555554444",
        "2221000000000009",
        "2720990000000007",
        "378282246310005",
        "6011000990139424",
        "6440000000000005",
        "3528000000000007",
        "3589000000000003",
        "30569309025904",
        "36700102000000",
        "6304000000000000",
    ],
)
def test_a_number_in_the_range_of_an_issuer_is_a_card(digits: str) -> None:
    assert is_card(digits)
    assert not is_card(digits[:-1] + str((int(digits[-1]) + 1) % 10))


@pytest.mark.parametrize(
    ("digits", "why"),
    [
        ("500000000009", "twelve digits"),
        ("41111111111111111115", "twenty digits"),
        ("1234567812345670", "no issuer begins with 1"),
        ("9111111111111110", "no issuer begins with 9"),
        ("308800000000002", "between Diners Club and JCB"),
        ("41111111111114", "a Visa number has 13, 16 or 19 digits"),
    ],
)
def test_what_no_issuer_gives_out_is_no_card_though_its_check_digit_fits(digits: str, why: str) -> None:
    assert luhn(digits)
    assert not is_card(digits), why


# From the registry of ISO 13616.
IBANS = [
    "GB82WEST12345698765432",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "CH9300762011623852957",
]


@pytest.mark.parametrize("iban", IBANS)
def test_an_iban_has_the_length_of_its_country_and_its_check_digits(iban: str) -> None:
    assert is_iban(iban)
    assert iban_length(iban[:2]) == len(iban)
    check = int(iban[2:4])
    assert [n for n in range(2, 99) if is_iban(f"{iban[:2]}{n:02}{iban[4:]}")] == [check]
    assert not is_iban(iban + "0")
    assert not is_iban(iban[:-1])
    assert not is_iban("ZZ" + iban[2:])


def test_an_iban_has_no_other_characters() -> None:
    assert not is_iban("GB82WEST1234569876543-")
    assert iban_length("US") is None


@pytest.mark.parametrize("digits", ["001010001", "078051120", "219099999", "665999999", "667010001", "899999999"])
def test_numbers_in_the_ranges_of_the_social_security_administration_are_ssns(digits: str) -> None:
    assert is_ssn(digits)


@pytest.mark.parametrize(
    ("digits", "why"),
    [
        ("000121234", "no area 000"),
        ("666121234", "no area 666"),
        ("900121234", "areas end at 899"),
        ("999121234", "areas end at 899"),
        ("219001234", "no group 00"),
        ("219120000", "no serial number 0000"),
    ],
)
def test_numbers_outside_of_these_ranges_are_no_ssns(digits: str, why: str) -> None:
    assert not is_ssn(digits), why


def test_an_ssn_may_have_zeros_and_nines_elsewhere() -> None:
    assert is_ssn("190010001")
    assert is_ssn("196601000")
    assert is_ssn("100660666")


# The headers of RFC 7519, section 3.1, and of RFC 7515 and 7516, appendix A: each with another padding.
HEADERS = [
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJSUzI1NiJ9",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ",
]


@pytest.mark.parametrize("head", HEADERS)
def test_a_token_with_a_jose_header_is_a_jwt_though_it_is_cut_off(head: str) -> None:
    assert is_jwt(head)
    assert is_jwt(f"{head}.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP")
    assert is_jwt(f"{head}..x.y.z")
    cut = [head[:n] for n in range(3, len(head))]
    assert [c for c in cut if not is_jwt(c)] == [c for c in cut if len(c) % 4 == 1]


@pytest.mark.parametrize("head", ["bm90IGpzb24", b64("[1, 2]"), b64('"{"'), "", "eyJhbGciO"])
def test_a_token_whose_header_is_no_json_object_is_no_jwt(head: str) -> None:
    assert not is_jwt(f"{head}.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP")


@pytest.mark.parametrize("given", ["Aladdin:open sesame", "test:123\u00a3", "u:p", "user:pw", ":p", "bob:a:b"])
def test_base64_of_user_and_password_is_credentials_with_and_without_padding(given: str) -> None:
    assert is_basic_credentials(b64(given))
    assert is_basic_credentials(b64(given).rstrip("="))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b64("no colon in it"), "no colon"),
        (b64("bob:a\x1fb"), "RFC 7617 allows no control characters"),
        (b64("bob:a\nb"), "RFC 7617 allows no control characters"),
        ("QWxhZGRpbjpv cGVuIHNlc2FtZQ==", "a blank within"),
        ("QWxhZ-RpbjpvcGVuIHNlc2FtZQ==", "another alphabet"),
        ("Qjo6O", "a length that base64 does not have"),
    ],
)
def test_other_text_is_no_credentials(text: str, why: str) -> None:
    assert not is_basic_credentials(text), why


def test_a_uuid_has_five_groups() -> None:
    assert is_uuid("123e4567-e89b-12d3-a456-426614174000")
    assert is_uuid("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6")
    assert not is_uuid("123e4567-e89b-12d3-a456-42661417400")
    assert not is_uuid("123e4567-e89b-12d3-a456-426614174000x")
    assert not is_uuid("123e4567e89b12d3a456426614174000")


@pytest.mark.parametrize(
    "text",
    [
        "q8W2e7R5t9Y1u3I6",
        "abcdefghijklmn12",
        "12345678901234ab",
        "qWeRtYuIoPaSdFgHjKlZ",
        "abcdefg" * 3 + "11",
        "abcdefghijklmnopqrst-xKx1yKy2",
        "order1-x8k2m4q6z0",
        "abcdeFghijKlmnoPqrsT",
        "abcdeFghiJabcdeFghiJ",
        "abcd-efgh-x1-y2-z",
        "ab-cd-ef-gh-i2-k3l",
        "abcd1-1234567-x8k",
        "abcdefghij1-x8k-77",
        "orderly-cacheable-x8k2m",
    ],
)
def test_letters_mixed_with_digits_or_case_look_random(text: str) -> None:
    assert looks_random(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("q8W2e7R5t9Y1u3I", "fifteen characters"),
        ("q8W2e7R5 t9Y1u3I6", "a blank"),
        ("abcdefghijklmno1", "one digit"),
        ("123456789012345a", "one letter"),
        ("1212121212abab12", "few different characters"),
        ("abcdef" * 3 + "11", "seven different characters"),
        ("thequickbrownfoxjumps", "no digit and one case"),
        ("TheQuickBrownFoxJumped", "words: the case changes too seldom"),
        ("qWeRtYuIoPaSdFgHjKl", "nineteen letters"),
        ("abcdeFghijKlmnopqrsT", "one change of case too few"),
        ("abcdeFghhJabcdeFghhJ", "nine different letters"),
        ("abcd-efgh-x1-y2z", "half of it are words"),
        ("abc-def-ghi-x1y-22", "half of it are short words"),
        ("abcdefgh-12345678", "a word and a number"),
        ("user:123:profile-name", "words and numbers"),
        ("key-2026-11-23-backup", "words and numbers"),
        ("redis-db01-password-v2", "words with short numbers"),
        ("redis-db01-cache-7-v2", "words, numbers and both in short"),
    ],
)
def test_words_and_numbers_do_not_look_random(text: str, why: str) -> None:
    assert not looks_random(text), why


@pytest.mark.parametrize(
    ("token", "filler"),
    [
        ("ghp_xxxxxxxxxxxx", True),
        ("ghp_xxxxxxxx", True),
        ("ghp_xxxxxxxxq8W2e7", False),
        ("ghp_xxxxxxxxq8W2", True),
        ("ghp_xXxXxXxXxX", True),
        ("ghp_xxxxxxx", False),
        ("AKIA1234abcabcabcabc", True),
        ("AKIA1234abcdabcdabcd", False),
        ("AKIA1234q8w2abcabc", False),
        ("AKIA1234abcxyzabcxyz", False),
        ("q8W2e7R5aaaaaaaxyz", False),
    ],
)
def test_a_token_of_one_character_or_of_a_few_again_and_again_is_filler(token: str, filler: bool) -> None:
    assert is_filler(token) is filler


def with_checksum(body: str) -> str:
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[digit] + check
    return body + check


def test_the_checksum_is_that_of_what_stands_behind_the_last_underscore() -> None:
    assert with_checksum("zQ" * 15).endswith("3TKeY8")
    assert has_checksum("ghp_" + with_checksum("zQ" * 15))
    assert has_checksum("github_pat_" + with_checksum("zQ" * 15))
    assert has_checksum(with_checksum("0" * 15 + "zQ9" * 5))
    assert not has_checksum("ghp_" + "zQ" * 15 + "3TKeY9")


def test_without_its_checksum_a_token_with_an_alphabet_is_an_example() -> None:
    assert not is_checked_token("ghp_abcdefghijklmnopqrstuvwxyz0123456789")
    assert is_checked_token("ghp_" + with_checksum("abcdefghijklmnopqrstuvwxyz0123"))
    assert is_checked_token("ghp_q8W2e7R5t9Y1u3I6o0P4a5S6q8W2e7R5t9Y1")


def test_a_digit_anywhere_counts() -> None:
    assert has_digit("news1")
    assert not has_digit("news")
