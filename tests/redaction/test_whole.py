"""Secrets that are the whole of a text and carry a checksum, made here from random bytes by the documented way."""

from __future__ import annotations

import base64
import binascii
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor, RedactionConfig, redact
from agent_audit.redaction.rules.bip39 import ENGLISH

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
keys = st.binary(min_size=32, max_size=32)


def wif(key: bytes, version: int, compressed: bool) -> str:
    raw = bytes([version]) + key + b"\x01" * compressed
    number = int.from_bytes(raw + hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4], "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return text


def phrase(entropy: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in entropy)
    bits += f"{hashlib.sha256(entropy).digest()[0]:08b}"[: len(entropy) // 4]
    return " ".join(ENGLISH[int(bits[place : place + 11], 2)] for place in range(0, len(bits), 11))


@given(keys, st.sampled_from([0x80, 0xEF]), st.booleans())
def test_a_private_key_in_wallet_import_format_is_masked(key: bytes, version: int, compressed: bool) -> None:
    assert redact([wif(key, version, compressed)]) == ["[REDACTED:bitcoin-private-key]"]


@given(keys, st.integers(0, 50))
def test_a_text_with_another_checksum_is_no_private_key(key: bytes, place: int) -> None:
    text = wif(key, 0x80, True)
    other = text[:place] + ("a" if text[place] != "a" else "b") + text[place + 1 :]
    assert redact({"v": other}) == {"v": other}


@given(keys, st.sampled_from([160, 0, 112, 104, 16, 184]), st.sampled_from(["", "\n"]))
def test_a_seed_of_nats_is_masked_and_one_with_another_checksum_is_none(key: bytes, kind: int, end: str) -> None:
    raw = bytes([18 << 3 | kind >> 5, (kind & 31) << 3]) + key
    check = binascii.crc_hqx(raw, 0)
    seed, other = (base64.b32encode(raw + n.to_bytes(2, "little")).decode().rstrip("=") for n in (check, check ^ 1))
    assert redact([seed + end, other]) == ["[REDACTED:nats-seed]", other]


@given(st.sampled_from([16, 20, 24, 28, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_a_mnemonic_of_any_length_is_masked(entropy: bytes) -> None:
    assert redact({"v": phrase(entropy)}) == {"v": "[REDACTED:seed-phrase]"}


@pytest.mark.parametrize("form", ["{}\n", "lines", "upper"])
def test_a_mnemonic_is_masked_in_lines_and_in_capitals(form: str) -> None:
    words = phrase(bytes(range(16)))
    text = {"lines": words.replace(" ", "\n"), "upper": words.upper()}.get(form) or form.format(words)
    assert redact(text) == "[REDACTED:seed-phrase]"


@pytest.mark.parametrize(
    "text",
    [
        " ".join(ENGLISH[:12]),
        phrase(bytes(16)).replace("about", "above"),
        "every word about this must remain because nothing here can seem secret",
        phrase(bytes(16)) + " ability",
        phrase(bytes(range(16))).replace(" ", "  ", 1),
        "5" * 51,
        "K" + "1" * 51,
    ],
)
def test_what_carries_no_checksum_survives(text: str) -> None:
    assert redact(text) == text


def test_the_rules_for_whole_texts_can_be_disabled() -> None:
    text = phrase(bytes(range(16)))
    assert DefaultRedactor(RedactionConfig(disabled_rules=frozenset({"seed-phrase"}))).redact(text).value == text


def test_the_list_is_that_of_the_standard() -> None:
    digest = hashlib.sha256("".join(f"{word}\n" for word in ENGLISH).encode()).hexdigest()
    assert digest == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
