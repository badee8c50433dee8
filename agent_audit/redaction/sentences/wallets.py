"""Seed phrases (BIP 39) amid other text: where a word in it says that there may be one, and by the list of words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_audit.redaction.names.keys import KeyClassifier
from agent_audit.redaction.names.values import Named
from agent_audit.redaction.rules.whole import SEED_PHRASE, has_checksum, word_indices

TELLING = (
    *("seed", "mnemonic", "recovery phrase", "recovery words", "backup phrase", "secret phrase", "wallet", "ledger"),
    *("trezor", "metamask", "phantom", "electrum", "12 words", "24 words", "12-word", "24-word", "twelve words"),
    *("bip39", "bip-39", "bip 39", "wiederherstellungsphrase", "phrase de récupération", "phrase secrète"),
    *("frase semilla", "frase de recup", "frase di recupero", "palabras semilla", "herstelzin", "сид-фраз", "сид фраз"),
    *("мнемоник", "кошельк", "кошелёк", "リカバリーフレーズ", "復元フレーズ", "シードフレーズ", "ニーモニック"),
    *("ウォレット", "助记词", "助記詞", "钱包", "錢包", "시드 구문", "시드 문구", "니모닉", "복구 구문", "지갑"),
)
"""Literals of the gate: where one stands, the text is read for a seed phrase."""

_LETTERS = re.compile(r"[A-Za-z]+")
# Between two words: a blank, a comma, quotes, a line break, the number of the next.
_GAP = re.compile(
    r"[\"'`*]?[ \t]{0,4}(?:[,;|/>][ \t]{0,4})?(?:\r?\n\s{0,8})?(?:[-*\u2022|] ?)?"
    r"(?:[#(]?\d{1,2}[.):]?[ \t]{0,4}(?:\|[ \t]{0,4})?)?[\"'`*]?"
)
_JOINED = re.compile(r"[A-Za-z]-[A-Za-z]")
_SIZES = (12, 15, 18, 21, 24)
# Of the list too, and stands before a phrase rather than in it.
_LABELS = frozenset({"seed", "phrase", "secret", "word", "wallet", "mnemonic"})
_LONGEST = 32
_MANY = b"\1" * _SIZES[0]
# How far around a telling word a phrase is looked for.
_BEFORE, _BEHIND = 600, 4000

_Word = tuple[int, int, int, str]
"""Start, end, place in the list, and the word."""


def find_seed_phrases(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """The seed phrases around a word that tells of one, and how far was looked."""
    start, end = max(0, place - _BEFORE), place + _BEHIND
    part, indices = text[start:end], word_indices()
    # Prose has words between that are none of the list, and need not be looked at one by one.
    if _MANY not in bytes(map(indices.__contains__, _LETTERS.findall(part.lower()))):
        return [], end
    phrases = (span for words in _of_the_list(part) for span in _phrases(words))
    return [Named(start + first, start + last, SEED_PHRASE) for first, last in phrases], end


def _of_the_list(text: str) -> Iterator[list[_Word]]:
    """Words of the list one behind the other."""
    indices = word_indices()
    words: list[_Word] = []
    for match in _LETTERS.finditer(text):
        word, (start, end) = match.group().lower(), match.span()
        index = indices.get(word)
        if words and (index is None or not _follows(text, words[0][0], words[-1][1], start, len(words))):
            yield words
            words = []
        if index is not None:
            words.append((start, end, index, word))
    yield words


def _follows(text: str, first: int, last: int, start: int, count: int) -> bool:
    """Whether a word goes on with those before it: one line with a phrase ends with it."""
    gap = text[last:start]
    if _GAP.fullmatch(gap) is None:
        return False
    before = text[first:last]
    if ("\n" in gap and _JOINED.search(before)) or (gap == "-" and "\n" in before):
        return False  # a list of names of several words each
    return not ("\n" in gap and count in _SIZES and "\n" not in before)


def _phrases(words: list[_Word]) -> Iterator[tuple[int, int]]:
    """All of the words, if they are as many as a phrase has; else those whose checksum fits."""
    while len(words) not in _SIZES and words and words[0][3] in _LABELS:
        words = words[1:]
    count = len(words)
    if count in _SIZES:
        yield words[0][0], words[-1][1]
    elif _SIZES[0] < count <= _LONGEST:
        indices = [index for _, _, index, _ in words]
        fitting = [
            (first, first + size)
            for size in _SIZES
            for first in range(count - size + 1)
            if has_checksum(indices[first : first + size])
        ]
        if fitting:  # by chance too: more than the phrase is masked then, never less
            yield words[min(fitting)[0]][0], words[max(last for _, last in fitting) - 1][1]
