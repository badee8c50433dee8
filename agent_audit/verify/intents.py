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
    ends_calls: tuple[dict[bytes, set[int]], ...]
    waits: _Spans | None
    """Where it waits for the outcome of its span."""
    waits_call: dict[bytes, set[int]] | None


class _Spans:
    """Intents of one type that wait for an outcome with their span."""

    __slots__ = ("ended", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[bytes, int] = {}
        self.ended: set[bytes] = set()
        """Outcomes that came before their intent: two processes may write in that order."""


class OpenIntents:
    """Intents that wait for their outcome, fed with lines in order of seq."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        spans = {name: _Spans() for name in BY_SPAN}
        calls: dict[str, dict[bytes, set[int]]] = {name: {} for name in BY_CALL}
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
        return len(self._open)

    def feed(self, lines: Iterable[bytes], first: int) -> None:
        """Take further lines.

        Args:
            lines: as recorded, without line feeds.
            first: seq of the first one.
        """
        plans = self._plans
        for seq, line in enumerate(lines, start=first):
            start = line.find(_TYPE) + 14
            end = line.find(b'"', start)
            plan = plans.get(line[start:end])
            if plan is None or start == 13:
                continue
            # The usual line has its ids before the first brace of a payload.
            at = line.find(_SPAN, end, line.find(b"{", end))
            span = line[at + 11 : line.find(b'"', at + 11)] if at > 0 else _value(line, _SPAN, end)
            if span:
                self._end_spans(plan, span)
            call = _value(line, _CALL, end) if plan.waits_call is not None or any(plan.ends_calls) else b""
            if call:
                for intents in plan.ends_calls:
                    self._open -= intents.pop(call, _NONE)
            if plan.waits is not None or plan.waits_call is not None:
                self._wait(plan, span, call, seq)

    def _end_spans(self, plan: _Plan, span: bytes) -> None:
        for intents in plan.ends_spans:
            ended = intents.waiting.pop(span, None)
            if ended is None:
                intents.ended.add(span)
            else:
                self._open.discard(ended)

    def _wait(self, plan: _Plan, span: bytes, call: bytes, seq: int) -> None:
        if plan.waits is not None and span:
            if span in plan.waits.ended:
                return
            plan.waits.waiting[span] = seq
            self._open.add(seq)
        if plan.waits_call is not None and call:
            plan.waits_call.setdefault(call, set()).add(seq)
            self._open.add(seq)


def _inverted(pairs: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """Outcome -> the intents that it ends."""
    ends = {end for outcomes in pairs.values() for end in outcomes}
    return {end: tuple(intent for intent, outcomes in pairs.items() if end in outcomes) for end in ends}


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
