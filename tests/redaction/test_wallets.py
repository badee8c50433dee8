"""Seed phrases amid other text, made here from bytes by the documented way, and keys given as bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit.redaction import DefaultRedactor, RedactionConfig, redact
from agent_audit.redaction.rules.bip39 import ENGLISH
from tests.redaction.test_whole import phrase

BYTES = list(hashlib.sha512(b"a key").digest())
WORDS = phrase(bytes(range(16))).split()
FORMS = [
    "my wallet has the seed phrase {}. move it today",
    "the words of my MetaMask, what now?\n\n{}\n\nthanks",
    "Ledger (24 words)\n{numbered}",
    "seed words: {commas}",
    "wallet = {json}",
    "Trezor seed\n{lines}",
    "restored wallet: {} can you check",
    "| # | word |\n{table}\nwallet",
    "助记词:{}",
    "Ваша сид-фраза: {}\nЗапишите.",
]


def filled(form: str, words: list[str]) -> str:
    return form.format(
        " ".join(words),
        numbered="\n".join(f"{number}. {word}" for number, word in enumerate(words, 1)),
        commas=", ".join(words),
        json=json.dumps(words),
        lines="\n".join(words),
        table="\n".join(f"| {number} | {word} |" for number, word in enumerate(words, 1)),
    )


@pytest.mark.parametrize("form", FORMS)
@given(st.sampled_from([16, 20, 24, 28, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_a_seed_phrase_amid_a_text_that_tells_of_one_is_masked(form: str, entropy: bytes) -> None:
    words = phrase(entropy).split()
    masked = redact(filled(form, words))
    # Words of the list that stand beside it may go with it, where a checksum fits by chance.
    assert "[REDACTED:seed-phrase]" in masked
    assert sum(word in masked.split() for word in set(words)) <= 4
    assert redact(masked) == masked


def test_words_as_many_as_a_phrase_has_need_no_checksum_and_others_do() -> None:
    wrong = [*WORDS[:-1], "zoo"]
    assert redact(f"wallet: my {' '.join(wrong)}.") == "wallet: my [REDACTED:seed-phrase]."
    assert "zoo" in redact(f"wallet: my {' '.join(wrong)} zoo.")


def test_several_phrases_one_a_line_are_masked() -> None:
    text = "wallets\n" + "\n".join(phrase(bytes([number] * 16)) for number in range(5))
    assert redact(text) == "wallets" + "\n[REDACTED:seed-phrase]" * 5


def test_a_phrase_far_from_the_word_that_tells_of_it_survives() -> None:
    text = f"wallet{' .' * 4000}{' '.join(WORDS)}. and so on"
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"here are {' '.join(WORDS)} of the lesson",
        "Seed list: Wimbledon top seeds 1 Sinner, 2 Djokovic, 3 Alcaraz. Seed the lawn in April. random seed: 42",
        "Vocabulary and a seed: apple, bridge, window, garden, river, school, teacher, winter, pencil, orange, letter",
        "The wallet was found near the river, and the owner came back to get it before the shop closed for the day.",
        "write down all 24 words of the recovery phrase on paper and keep them safe; never share the seed with anyone",
        "To set up a Ledger: connect the device, choose a PIN, write down 24 words, confirm each word, then install",
        "Seeds: sunflower, pumpkin, sesame, poppy, chia, hemp, flax, mustard, cumin, fennel, caraway, anise, nigella",
        "random seed 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53",
        f"wallet {' '.join(ENGLISH[:10])}",
        f"wallet. {' '.join(ENGLISH[:40])}",
        "wallet shop cart order item price total ship return refund gift card coupon",
    ],
)
def test_other_words_survive(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("key", ["secretKey", "private_key", "secret"])
@pytest.mark.parametrize("size", [32, 64])
def test_a_key_given_as_its_bytes_is_masked_as_one(key: str, size: int) -> None:
    masked = redact({key: BYTES[:size], "n": 1})
    assert masked == {key: masked[key], "n": 1}
    assert masked[key].startswith("[REDACTED:key:")


@pytest.mark.parametrize(
    "text",
    [
        f"my solana keypair file id.json contains {BYTES} how do I import it?",
        f"const secret_key = {json.dumps(BYTES, indent=1)}",
        f"const keypair: [u8; 64] = {BYTES};",
        json.dumps({"secretKey": BYTES}),
    ],
)
def test_a_key_pair_of_bytes_in_a_text_is_masked(text: str) -> None:
    masked = redact(text)
    assert "[REDACTED:solana-keypair]" in masked
    assert str(BYTES[1]) not in masked


@pytest.mark.parametrize(
    "value",
    [
        {"image": BYTES, "pixels": [BYTES, BYTES], "embedding": BYTES},
        {"secret": [0] * 64, "private_key": [1, 2, 3], "tokens": BYTES},
        {"private_key": [*BYTES[:63], 256]},
        json.dumps({"image": BYTES}),
        f"histogram: {BYTES}",
        f"keypair test: {[1] * 64}",
        f"solana slots: {BYTES + BYTES}",
        f"keypair test: {[*BYTES[:63], 256]}",
    ],
)
def test_other_lists_of_numbers_survive(value: Any) -> None:
    assert redact(value) == value


def test_the_rule_for_seed_phrases_can_be_disabled() -> None:
    text = f"wallet: {' '.join(WORDS)}"
    assert DefaultRedactor(RedactionConfig(disabled_rules=frozenset({"seed-phrase"}))).redact(text).value == text
