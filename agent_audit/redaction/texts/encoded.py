"""Secrets inside base64 and hexadecimal (RFC 4648): where the encoding of a telling word stands, or that encoding once
more encoded, or the beginning of gzip, the whole is decoded and looked at.

Six letters make eight of base64, in one of three ways by where they begin, and twelve hexadecimal digits. The gate
finds these like other literals, so that text without them costs nothing. Windows encodes text as UTF-16 before it
makes base64 of it: what PowerShell takes as `-EncodedCommand`.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterable, Iterator

from agent_audit.redaction.names.keys import KeyClassifier
from agent_audit.redaction.names.values import Named
from agent_audit.redaction.rules.model import ENCODED

_WORDS = """
    passw secret token api_key apikey api-key private credential authoriz bearer access_key accesskey
    ghp_ github_pat_ glpat- xoxb- sk_live_ sk-ant- -----begin postgres:// mysql:// mongodb redis:// amqp://
""".split()  # noqa: SIM905  # easier to read
_EXACT = ("AKIA", "AIza", "eyJhbG")
_GZIP = "H4sI"
"""How gzip (RFC 1952) begins in base64: as logs are shipped, and the releases of Helm."""
_MOST_UNPACKED = 8, 1 << 18
"""How many times its length a text is unpacked to, and how many bytes, at most: what it says costs as much to read."""
# Characters of base64 that the first 0, 1, 2 bytes of a group of three reach into.
_SKIPPED = (0, 2, 3)

_RUN_BACK = re.compile(r"[A-Za-z0-9+/_-]*")
_RUN = re.compile(r"(?:[A-Za-z0-9+/_-]{60,76}(?:\r?\n|\\n)(?=[A-Za-z0-9+/_-]))*[A-Za-z0-9+/_-]*={0,2}")
_BREAK_BEFORE = re.compile(r"(?:\n\r?|n\\)(?=[A-Za-z0-9+/_-]{60,76}(?![A-Za-z0-9+/_-]))")
_NOT_BASE64 = re.compile(r"\\n|[^A-Za-z0-9+/]")
_MIN_RUN = 16
_ESCAPE = re.compile(r"[bfnrt]|u[0-9A-Fa-f]{4}")


_HEX_RUN = re.compile(r"[0-9A-Fa-f]*")
_WORD_RUN = re.compile(r"\w*")
_FORMS = {form for word in _WORDS for form in (word, word.upper(), word.capitalize())} | set(_EXACT)


def _encodings() -> dict[str, set[int]]:
    """The literals to look for, in lower case, each with the bytes that may stand before it in its group of three."""
    # Twice encoded, six characters of a word tell enough, and whole words would make the gate dear.
    lower_or_upper = {form for word in _WORDS for form in (word, word.upper())} | set(_EXACT)
    twice = {whole[:6] for _, whole in _pieces(lower_or_upper, "utf-8") if len(whole) >= 6}
    return _in_base64(_FORMS | twice | {_GZIP}, "utf-8")


def _in_base64(forms: Iterable[str], encoding: str) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for skipped, whole in _pieces(forms, encoding):
        found.setdefault(whole.lower(), set()).add(skipped)
    # Of three letters no text is free.
    return {literal: skipped for literal, skipped in found.items() if len(literal) >= 4}


def _pieces(forms: Iterable[str], encoding: str) -> Iterator[tuple[int, str]]:
    """The characters of base64 that depend on a word alone, and how far into their group of four they begin."""
    for word in forms:
        raw = word.encode(encoding)
        for lead in range(3):
            encoded = base64.b64encode(b"\0" * lead + raw).decode()
            yield _SKIPPED[lead], encoded[_SKIPPED[lead] : (8 * (lead + len(raw))) // 6]


ENCODINGS = _encodings()
"""Lower-case literals of base64 that hold a telling word, and how far into a group of four characters they begin."""

# Four letters make ten characters there.
WIDE_ENCODINGS = _in_base64({form[:4] for form in _FORMS}, "utf-16-le")
"""The same of words in UTF-16 (little-endian)."""


HEX_ENCODINGS = frozenset(word.encode().hex() for word in _FORMS)
"""The same words in hexadecimal; the gate folds the case of its digits."""


def run_around(text: str, place: int) -> tuple[int, int]:
    """The text of base64 around a place, over lines where it is wrapped (RFC 2045, RFC 7468)."""
    start = _run_start(text, place, _RUN_BACK)
    while True:
        before = _BREAK_BEFORE.match(text[max(0, start - 80) : start][::-1])
        if before is None:
            break
        start = _run_start(text, start - before.end(), _RUN_BACK)
    start = _behind_escape(text, start, place)
    match = _RUN.match(text, start)
    return start, max(place, match.end() if match is not None else place)


def hex_run_around(text: str, place: int) -> tuple[int, int]:
    """The hexadecimal digits around a place."""
    match = _HEX_RUN.match(text, place)
    return _run_start(text, place, _HEX_RUN), match.end() if match is not None else place


def word_around(text: str, start: int, end: int) -> tuple[int, int]:
    """A run with the letters and digits that touch it: a name that ended where a marker begins would be a new one."""
    match = _WORD_RUN.match(text, end)
    first = _behind_escape(text, _run_start(text, start, _WORD_RUN), end)
    return first, match.end() if match is not None else end


def decoded_hex(text: str, start: int, end: int, place: int) -> str:
    """What a run of hexadecimal digits says, read in the pairs that the literal at `place` shows."""
    digits = text[start + (place - start) % 2 : end]
    return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")


def _behind_escape(text: str, start: int, latest: int) -> int:
    """The start of a run without what belongs to an escape before it: `\\n` is to stay one, in JSON above all."""
    escape = _ESCAPE.match(text, start) if text[start - 1 : start] == "\\" else None
    return start if escape is None or escape.end() > latest else escape.end()


def _run_start(text: str, place: int, back: re.Pattern[str]) -> int:
    while True:
        lead = back.match(text[max(0, place - 4096) : place][::-1])
        length = lead.end() if lead is not None else 0
        place -= length
        if length < 4096:
            return place


def _digits(run: str) -> str:
    """The digits of base64 in a run, of either alphabet (RFC 4648), in the usual one."""
    return _NOT_BASE64.sub("", run.replace("-", "+").replace("_", "/"))


def decoded(text: str, start: int, end: int, place: int, skipped: int, *, wide: bool = False) -> str | None:
    """What a run of base64 says, read in the groups that the literal at `place` shows; None for a short one.

    Of UTF-16 (`wide`) what is ASCII: half of its bytes are zero.
    """
    if end - start < _MIN_RUN:
        return None
    before = len(_digits(text[start:place]))
    groups = _digits(text[start:end])[(before - skipped) % 4 :]
    groups = groups[: len(groups) - (len(groups) % 4 == 1)]
    raw = base64.b64decode(groups + "=" * (-len(groups) % 4))
    return (raw.replace(b"\0", b"") if wide else raw).decode("utf-8", "replace")


def unpacked(text: str, start: int, end: int) -> str:
    """What base64 of gzip says, as far as it can be read, and nothing of what is packed once more inside."""
    run = _digits(text[start:end])
    raw = base64.b64decode(run[: len(run) // 4 * 4])
    try:
        times, most = _MOST_UNPACKED
        said = zlib.decompressobj(wbits=31).decompress(raw, min(times * len(raw), most))
    except zlib.error:
        return ""
    return said.decode("utf-8", "replace").replace(_GZIP, "")  # else the cost would grow by each layer


_Finder = Callable[[str, int, KeyClassifier], tuple[list[Named], int]]


def encoded_finders(holds_secret: Callable[[str], bool]) -> dict[str, _Finder]:
    """By literal of the gate: what finds the encoded text around it, if there is a secret in what it says."""

    def in_base64(skips: set[int], *, wide: bool = False) -> _Finder:
        def find(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
            start, end = run_around(text, place)
            for skipped in skips:
                inner = decoded(text, start, end, place, skipped, wide=wide)
                if inner is not None and holds_secret(inner):
                    return [Named(start, end, ENCODED)], end
            # Letters may stand before the run that are none of it, so a later literal may show other groups; yet
            # no run is decoded more than a few times.
            return [], place + max(64, (end - start) // 4)

        return find

    def in_hex(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
        start, end = hex_run_around(text, place)
        if not holds_secret(decoded_hex(text, start, end, place)):
            return [], place + max(64, (end - start) // 4)
        start, end = word_around(text, start, end)
        return [Named(start, end, ENCODED)], end

    def in_gzip(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
        start, end = run_around(text, place)
        if start != place or not text.startswith(_GZIP, place):
            return [], place + 1
        return ([Named(start, end, ENCODED)] if holds_secret(unpacked(text, start, end)) else []), end

    finders = {literal: in_base64(skips) for literal, skips in ENCODINGS.items()}
    finders.update({literal: in_base64(skips, wide=True) for literal, skips in WIDE_ENCODINGS.items()})
    finders.update(dict.fromkeys(HEX_ENCODINGS, in_hex))
    finders[_GZIP.lower()] = in_gzip
    return finders
