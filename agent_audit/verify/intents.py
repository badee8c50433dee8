"""Counting intents without an outcome from the bytes of the lines, without parsing them.

The writer puts an event's own fields before its payloads, and JSON escapes quotes within strings: so the first
`"event_type":"` of a line is its type, and what follows up to the payload holds its ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import NamedTuple

from agent_audit.pairs import BEGINS_A_CALL, BY_CALL, BY_SPAN
from agent_audit.verify.lines import EVENT_TYPE, Piece

_SPAN, _CALL, _SESSION = b'"span_id":"', b'"call_id":"', b'"session_id":"'
_PAYLOADS = (b',"parameters":', b',"result":', b',"metadata":', b',"source":', b',"writer":')

_FRONT = 80
"""Bytes of a line that its number, id, time and type take at the least: no id that is looked for is among them."""


class _Lone:
    """Intents of one type that nothing but their span ends."""

    __slots__ = ("begun", "ended", "over", "waiting")

    def __init__(self) -> None:
        self.waiting: set[bytes] = set()
        self.ended: set[bytes] = set()
        """Outcomes that came before their intent: two processes may write in that order."""
        self.begun: list[bytes] = []
        self.over: list[bytes] = []
        """What the lines say that are being read, in any order."""

    def settle(self) -> None:
        """Take what was read into account: by sets, at a third of what it costs one by one."""
        begun, over = set(self.begun), set(self.over)
        self.begun.clear()
        self.over.clear()
        self.add(begun - over, over - begun)

    def add(self, begun: AbstractSet[bytes], over: AbstractSet[bytes]) -> None:
        """Intents, and outcomes of others."""
        self.ended |= over - self.waiting
        self.waiting -= over
        self.waiting |= begun - self.ended


class _Spans:
    """Intents of one type that their span ends, or their call."""

    __slots__ = ("ended", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[bytes, int] = {}
        self.ended: set[bytes] = set()
        """As for those that nothing else ends."""


class _Calls:
    """Intents of one type that wait for an outcome with their call: in their session, which is empty where unknown."""

    __slots__ = ("happened", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[bytes, dict[bytes, list[int]]] = {}
        self.happened: dict[tuple[bytes, bytes, bool], None] = {}
        """Where intents before these lines may wait: the calls and sessions of what ended them (true) or began them
        anew, in order, each once: what comes again finds none that waits."""

    def wait(self, call: bytes, session: bytes, intents: list[int]) -> None:
        """Further intents."""
        sessions = self.waiting.get(call)
        if sessions is None:
            self.waiting[call] = {session: intents}
        elif session in sessions:
            sessions[session] += intents
        else:
            sessions[session] = intents

    def end(self, call: bytes, session: bytes) -> Iterable[int]:
        """An outcome came; returns the intents that waited for it."""
        sessions = self.waiting.pop(call, None)
        if sessions is None:
            return ()
        if len(sessions) == 1 and session in sessions:
            return sessions[session]
        if not session:
            return chain.from_iterable(sessions.values())
        found = sessions.pop(session, []) + sessions.pop(b"", [])
        if sessions:
            self.waiting[call] = sessions
        return found

    def begin_anew(self, call: bytes, session: bytes) -> None:
        """What is asked before this is not answered after it."""
        sessions = self.waiting.get(call)
        if sessions is not None:
            sessions.pop(session, None)
            if not sessions:
                del self.waiting[call]


class _Plan(NamedTuple):
    """What an event of some type does."""

    note: Callable[[bytes], None] | None
    """Takes the span of an intent that nothing else ends, or of its outcome. Where there is one, the span is all that
    the event is about, unless an intent waits for its call."""
    ends_spans: tuple[_Spans, ...]
    """Of the other intents that it ends by its span."""
    ends_calls: tuple[_Calls, ...]
    renews_calls: tuple[_Calls, ...]
    """Of the intents that nothing behind it ends."""
    waits: _Spans | None
    """Where it waits for the outcome of its span."""
    waits_call: _Calls | None


_NOTHING = _Plan(None, (), (), (), None, None)


class OpenIntents:
    """Intents that wait for their outcome, fed with lines in order of seq.

    Args:
        part: there are lines before these, which somebody else counts; see `join`.
    """

    def __init__(self, *, part: bool = False) -> None:
        self._part = part
        self._open: set[int] = set()
        """Those that are ended by a call, or by either."""
        self._lone = {name: _Lone() for name in BY_SPAN if name not in BY_CALL}
        self._spans = {name: _Spans() for name in BY_SPAN if name in BY_CALL}
        self._calls = {name: _Calls() for name in BY_CALL}
        by_span, by_call = _inverted(BY_SPAN), _inverted(BY_CALL)
        self._plans = {
            kind.encode(): _Plan(
                self._note(kind, by_span.get(kind, ())),
                tuple(self._spans[name] for name in by_span.get(kind, ()) if name in self._spans),
                tuple(self._calls[name] for name in by_call.get(kind, ())),
                tuple(self._calls[name] for name in BY_CALL if kind == BEGINS_A_CALL and name != kind),
                self._spans.get(kind),
                self._calls.get(kind),
            )
            for kind in {*BY_SPAN, *BY_CALL, *by_span, *by_call}
        }

    def _note(self, kind: str, ends: tuple[str, ...]) -> Callable[[bytes], None] | None:
        """Where the span of an event goes that begins or ends one kind of intent that nothing else ends."""
        if kind in self._lone:
            return self._lone[kind].begun.append
        return next((self._lone[name].over.append for name in ends if name in self._lone), None)

    @property
    def count(self) -> int:
        """Intents without an outcome so far."""
        return len(self._open) + sum(len(lone.waiting) for lone in self._lone.values())

    def feed(self, piece: Piece) -> None:
        """Take further lines."""
        plans = {head: self._plans.get(kind, _NOTHING) for head, kind in piece.types.items()}
        part, waiting = self._part, self._calls_wait()
        each = zip(piece.lines, map(plans.__getitem__, piece.heads), strict=True)
        for seq, (line, plan) in enumerate(each, start=piece.first):
            if plan is _NOTHING:
                continue
            note = plan.note
            # The usual line has its ids before the first brace of a payload.
            payload = line.find(b"{", _FRONT)
            at = line.find(_SPAN, _FRONT, payload) + 11
            span = line[at : line.find(b'"', at)] if at > 10 else _value(line, _SPAN)
            if note is not None and span:
                note(span)
            if waiting or note is None:
                self._take(plan, seq, line, span)
                waiting = self._calls_wait()
            elif part and plan.ends_calls:
                at = line.find(_CALL, _FRONT, payload) + 11
                call = line[at : line.find(b'"', at)] if at > 10 else _value(line, _CALL)
                if call:
                    at = line.find(_SESSION, _FRONT, payload) + 14
                    session = line[at : line.find(b'"', at)] if at > 13 else _value(line, _SESSION)
                    for calls in plan.ends_calls:
                        calls.happened[call, session, True] = None
        for lone in self._lone.values():
            lone.settle()

    def _calls_wait(self) -> bool:
        return any(calls.waiting for calls in self._calls.values())

    def _take(self, plan: _Plan, seq: int, line: bytes, span: bytes) -> None:
        """What an event does that is more than to begin or end an intent that nothing else ends."""
        if span:
            for spans in plan.ends_spans:
                self._end(spans, span)
            if plan.waits is not None and span not in plan.waits.ended:
                plan.waits.waiting[span] = seq
                self._open.add(seq)
        wanted = plan.waits_call is not None or any(self._part or calls.waiting for calls in plan.ends_calls)
        call = _value(line, _CALL) if wanted else b""
        ends = [calls for calls in plan.ends_calls if call in calls.waiting]
        if not call or not (ends or self._part or plan.waits_call is not None):
            return
        at = line.find(_SESSION, _FRONT, line.find(b"{", _FRONT)) + 14
        session = line[at : line.find(b'"', at)] if at > 13 else _value(line, _SESSION)
        for calls in ends:
            self._open.difference_update(calls.end(call, session))
        for calls in plan.renews_calls:
            calls.begin_anew(call, session)
        if self._part:
            for calls in plan.ends_calls:
                calls.happened[call, session, True] = None
            for calls in plan.renews_calls:
                calls.happened[call, session, False] = None
        if plan.waits_call is not None and (plan.waits is None or span not in plan.waits.ended):
            plan.waits_call.wait(call, session, [seq])
            self._open.add(seq)

    def join(self, later: OpenIntents) -> None:
        """Add what somebody else has counted in the lines that follow, as a part."""
        for name, lone in later._lone.items():
            self._lone[name].add(lone.waiting, lone.ended)
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
            before = self._calls[name]
            for call, session, ended in calls.happened:
                if ended:
                    self._open.difference_update(before.end(call, session))
                else:
                    before.begin_anew(call, session)
            for call, sessions in calls.waiting.items():
                for session, intents in sessions.items():
                    before.wait(call, session, intents)
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


def _value(line: bytes, key: bytes) -> bytes:
    """The string behind a key; empty when the event has none before its payload."""
    start = line.find(EVENT_TYPE)
    at = line.find(key, start)
    if at < 0:
        return b""
    at += len(key)
    value = line[at : line.find(b'"', at)]
    between = line[start:at]
    nested = b"{" in between and any(payload in between for payload in _PAYLOADS)
    return b"" if nested else value
