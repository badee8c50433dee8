"""Counting intents without an outcome from the bytes of the lines, without parsing them.

The writer puts an event's own fields before its payloads, and JSON escapes quotes within strings: so the first
`"event_type":"` of a line is its type, and what follows up to the payload holds its ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agent_audit.pairs import BY_CALL, BY_SPAN

_NONE: set[int] = set()

_TYPE, _SPAN, _CALL = b'"event_type":"', b'"span_id":"', b'"call_id":"'
_PAYLOADS = (b',"parameters":', b',"result":', b',"metadata":', b',"source":', b',"writer":')


class _Plan(NamedTuple):
    """What an event of some type does."""

    ends_spans: tuple[_Spans, ...]
    """Of the intents that it ends by its span."""
    ends_calls: tuple[_Calls, ...]
    waits: _Spans | None
    """Where it waits for the outcome of its span."""
    waits_call: _Calls | None


class _Spans:
    """Intents of one type that wait for an outcome with their span."""

    __slots__ = ("alone", "ended", "waiting")

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone
        """Nothing but its span ends an intent of this type."""
        self.waiting: dict[bytes, int] = {}
        self.ended: set[bytes] = set()
        """Outcomes that came before their intent: two processes may write in that order."""


class _Calls:
    """Intents of one type that wait for an outcome with their call."""

    __slots__ = ("ended", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[bytes, set[int]] = {}
        self.ended: set[bytes] = set()
        """Calls that ended, where intents before these lines may have waited for it."""


class OpenIntents:
    """Intents that wait for their outcome, fed with lines in order of seq.

    Args:
        part: there are lines before these, which somebody else counts; see `join`.
    """

    def __init__(self, *, part: bool = False) -> None:
        self._part = part
        self._open: set[int] = set()
        """Those that are ended by a call, or by either."""
        spans = self._spans = {name: _Spans(alone=name not in BY_CALL) for name in BY_SPAN}
        calls = self._calls = {name: _Calls() for name in BY_CALL}
        ends_span, ends_call = _inverted(BY_SPAN), _inverted(BY_CALL)
        self._plans = {
            kind.encode(): _Plan(
                tuple(spans[name] for name in ends_span.get(kind, ())),
                tuple(calls[name] for name in ends_call.get(kind, ())),
                spans.get(kind),
                calls.get(kind),
            )
            for kind in {*BY_SPAN, *BY_CALL, *ends_span, *ends_call}
        }

    @property
    def count(self) -> int:
        """Intents without an outcome so far."""
        return len(self._open) + sum(len(spans.waiting) for spans in self._spans.values() if spans.alone)

    def feed(self, lines: Iterable[bytes], first: int) -> None:
        """Take further lines.

        Args:
            lines: as recorded, without line feeds.
            first: seq of the first one.
        """
        plan_of, part = self._plans.get, self._part
        for seq, line in enumerate(lines, start=first):
            start = line.find(_TYPE) + 14
            end = line.find(b'"', start)
            plan = plan_of(line[start:end])
            if plan is None or start == 13:
                continue
            # The usual line has its ids before the first brace of a payload.
            head = line[end : line.find(b"{", end)]
            at = head.find(_SPAN) + 11  # both keys are that long
            span = head[at : head.find(b'"', at)] if at > 10 else _value(line, _SPAN, end)
            ends_spans, ends_calls, waits, waits_call = plan
            if span:
                for spans in ends_spans:
                    self._end(spans, span)
                if waits is not None and span not in waits.ended:
                    waits.waiting[span] = seq
                    if not waits.alone:
                        self._open.add(seq)
            wanted = part or waits_call is not None
            for calls in ends_calls:
                wanted = wanted or bool(calls.waiting)
            if not wanted:
                continue
            at = head.find(_CALL) + 11
            call = head[at : head.find(b'"', at)] if at > 10 else _value(line, _CALL, end)
            if call:
                for calls in ends_calls:
                    self._open -= calls.waiting.pop(call, _NONE)
                    if part:
                        calls.ended.add(call)
                if waits_call is not None and (waits is None or span not in waits.ended):
                    waits_call.waiting.setdefault(call, set()).add(seq)
                    self._open.add(seq)

    def join(self, later: OpenIntents) -> None:
        """Add what somebody else has counted in the lines that follow, as a part."""
        for name, spans in later._spans.items():
            mine = self._spans[name]
            for span in spans.ended:
                self._end(mine, span)
            for span, seq in spans.waiting.items():
                if span in mine.ended:
                    later._open.discard(seq)
                else:
                    mine.waiting[span] = seq
        for name, calls in later._calls.items():
            waiting = self._calls[name].waiting
            for call in calls.ended:
                self._open -= waiting.pop(call, _NONE)
            for call, intents in calls.waiting.items():
                waiting.setdefault(call, set()).update(intents)
        self._open |= later._open

    def _end(self, spans: _Spans, span: bytes) -> None:
        ended = spans.waiting.pop(span, None)
        if ended is None:
            spans.ended.add(span)
        else:
            self._open.discard(ended)


def _inverted(pairs: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """Outcome -> the intents that it ends."""
    ends = {end for outcomes in pairs.values() for end in outcomes}
    return {end: tuple(intent for intent, outcomes in pairs.items() if end in outcomes) for end in ends}


def _value(line: bytes, key: bytes, start: int) -> bytes:
    """The string behind a key; empty when the event has none before its payload."""
    at = line.find(key, start)
    if at < 0:
        return b""
    at += 11
    value = line[at : line.find(b'"', at)]
    between = line[start:at]
    nested = b"{" in between and any(payload in between for payload in _PAYLOADS)
    return b"" if nested else value
