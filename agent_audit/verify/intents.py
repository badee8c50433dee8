"""Counting intents without an outcome from the bytes of the lines, without parsing them.

The writer puts an event's own fields before its payloads, and JSON escapes quotes within strings: so the first
`"event_type":"` of a line is its type, and what follows up to the payload holds its ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent_audit.pairs import BY_CALL, BY_SPAN

Key = tuple[bytes, bytes]
"""Type of an intent and the id that joins it to its outcome."""


def _inverted(pairs: Mapping[str, frozenset[str]]) -> dict[bytes, tuple[bytes, ...]]:
    ends = {end for outcomes in pairs.values() for end in outcomes}
    return {
        end.encode(): tuple(intent.encode() for intent, outcomes in pairs.items() if end in outcomes) for end in ends
    }


_ENDS_SPAN = _inverted(BY_SPAN)
_ENDS_CALL = _inverted(BY_CALL)
_BY_SPAN = frozenset(name.encode() for name in BY_SPAN)
_BY_CALL = frozenset(name.encode() for name in BY_CALL)
_RELEVANT = frozenset([*_ENDS_SPAN, *_ENDS_CALL, *_BY_SPAN, *_BY_CALL])

_TYPE, _SPAN, _CALL = b'"event_type":"', b'"span_id":"', b'"call_id":"'
_PAYLOADS = (b',"parameters":', b',"result":', b',"metadata":', b',"source":', b',"writer":')


class OpenIntents:
    """Intents that wait for their outcome, fed with lines in order of seq."""

    def __init__(self) -> None:
        self._spans: dict[Key, int] = {}
        self._calls: dict[Key, set[int]] = {}
        self._ended: set[Key] = set()
        """Span outcomes that came before their intent: two processes may write in that order."""
        self._open: set[int] = set()

    @property
    def count(self) -> int:
        """Intents without an outcome so far."""
        return len(self._open)

    def feed(self, lines: Iterable[bytes], first: int) -> None:
        """Take further lines.

        Args:
            lines: as recorded, without line feeds.
            first: seq of the first one.
        """
        for seq, line in enumerate(lines, start=first):
            start = line.find(_TYPE) + 14
            end = line.find(b'"', start)
            kind = line[start:end]
            if start > 13 and kind in _RELEVANT:
                self._take(seq, kind, _value(line, _SPAN, end), _value(line, _CALL, end))

    def _take(self, seq: int, kind: bytes, span: bytes, call: bytes) -> None:
        if span:
            for intent in _ENDS_SPAN.get(kind, ()):
                self._end_span((intent, span))
        if call:
            for intent in _ENDS_CALL.get(kind, ()):
                self._open -= self._calls.pop((intent, call), set())
        waits_by_span = kind in _BY_SPAN and span
        if waits_by_span and (kind, span) in self._ended:
            return
        if waits_by_span:
            self._spans[kind, span] = seq
            self._open.add(seq)
        if kind in _BY_CALL and call:
            self._calls.setdefault((kind, call), set()).add(seq)
            self._open.add(seq)

    def _end_span(self, key: Key) -> None:
        ended = self._spans.pop(key, None)
        if ended is None:
            self._ended.add(key)
        else:
            self._open.discard(ended)


def _value(line: bytes, key: bytes, start: int) -> bytes:
    """The string behind a key; empty when the event has none before its payload."""
    at = line.find(key, start)
    if at < 0:
        return b""
    at += 11  # both keys are that long
    value = line[at : line.find(b'"', at)]
    between = line[start:at]
    nested = b"{" in between and any(payload in between for payload in _PAYLOADS)
    return b"" if nested else value
