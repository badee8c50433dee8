"""Secrets that are the whole of a text, have no literal and carry a checksum: keys and seed phrases
of wallets, seeds of NATS."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

from agent_audit.redaction.validators import is_nkey_seed

WIF, SEED_PHRASE, NATS_SEED = "bitcoin-private-key", "seed-phrase", "nats-seed"
WHOLE_IDS = frozenset({WIF, SEED_PHRASE, NATS_SEED})

_BASE58 = {c: n for n, c in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
# With a line break behind it or without.
_WIF_LENGTHS = frozenset((51, 52, 53))
_NATS_LENGTHS = frozenset((58, 59))
# 12, 15, 18, 21 or 24 words, of three to eight letters each.
_BLANKS = frozenset((11, 14, 17, 20, 23))
_SHORTEST, _LONGEST = 12 * 3 + 11, 24 * 8 + 24
_LENGTHS = frozenset(range(_SHORTEST, _LONGEST + 1))
_MANY = 16


def find_wholes(texts: Sequence[str]) -> list[tuple[int, str]]:
    """The texts that are a secret as a whole: index and id of the rule."""
    found: list[tuple[int, str]] = []
    if len(texts) > _MANY and _LENGTHS.isdisjoint(map(len, texts)):
        return found
    for index, text in enumerate(texts):
        if _SHORTEST <= len(text) <= _LONGEST:
            blanks = text.count(" ") or text.count("\n", 0, -1)
            if blanks in _BLANKS:
                if is_seed_phrase(text):
                    found.append((index, SEED_PHRASE))
            elif not blanks and len(text) in _WIF_LENGTHS and text[0] in "5KL9c" and is_wif(text.rstrip("\n")):
                found.append((index, WIF))
            elif len(text) in _NATS_LENGTHS and text[0] == "S" and is_nkey_seed(text.rstrip("\n")):
                found.append((index, NATS_SEED))
    return found


def is_wif(text: str) -> bool:
    """Whether the text is a private key in Bitcoin's wallet import format: base58 with a version and a checksum."""
    if len(text) not in (51, 52):
        return False
    number = 0
    for character in text:
        digit = _BASE58.get(character)
        if digit is None:
            return False
        number = number * 58 + digit
    size = 38 if len(text) == 52 else 37  # a byte more says that the public key is compressed
    if number >> (8 * size):
        return False
    raw = number.to_bytes(size, "big")
    if raw[0] not in (0x80, 0xEF) or (size == 38 and raw[33] != 1):
        return False
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def is_seed_phrase(text: str) -> bool:
    """Whether the words are a mnemonic of BIP 39 in English, checksum included."""
    indices = word_indices()
    numbers = [indices.get(word) for word in text.lower().split()]
    # Some of the blanks may stand side by side.
    return len(numbers) % 3 == 0 and None not in numbers and has_checksum([n for n in numbers if n is not None])


def has_checksum(indices: Sequence[int]) -> bool:
    """Whether words of BIP 39, 12 to 24 and a multiple of three, are a mnemonic: given are their places in the list."""
    number, count = 0, len(indices)
    for index in indices:
        number = (number << 11) | index
    check = count * 11 // 33
    entropy = (number >> check).to_bytes((count * 11 - check) // 8, "big")
    return hashlib.sha256(entropy).digest()[0] >> (8 - check) == number & ((1 << check) - 1)


@cache
def word_indices() -> dict[str, int]:
    """The place of each English word in the list of BIP 39."""
    # Few processes ever see so many words of three to eight letters.
    from agent_audit.redaction.rules.bip39 import ENGLISH

    return {word: index for index, word in enumerate(ENGLISH)}
