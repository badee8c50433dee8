"""Places of what was found in a text: in order, without overlap, around markers."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from agent_audit.redaction.marker import HEAD, MARKER, only_markers
from agent_audit.redaction.rules.model import ENCODED

Found = tuple[int, int, str]
"""Start, end, rule id."""


class Known:
    """What was found already. Spans that lie in it, and encoded words seen less exactly, are in it."""

    def __init__(self, spans: Iterable[Found]) -> None:
        self._found = joined_spans(span[:2] for span in spans)
        self._encoded = joined_spans(span[:2] for span in spans if span[2] == ENCODED)

    def __contains__(self, span: Found) -> bool:
        start, end, rule = span
        place = bisect_right(self._found, (start, sys.maxsize)) - 1
        if place >= 0 and end <= self._found[place][1]:
            return True
        if rule != ENCODED:
            return False
        place = bisect_right(self._encoded, (end - 1, sys.maxsize)) - 1
        return place >= 0 and start < self._encoded[place][1]


def joined_spans(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def close_to(spans: list[Found], near: list[tuple[int, int]]) -> bool:
    """Whether what was nearly found, outside of what was masked, has a masked place within reach."""
    masked = joined_spans(span[:2] for span in spans)
    for place, reach in near:
        last = bisect_left(masked, (reach, 0)) - 1
        if last >= 0 and masked[last][1] > place:
            around = bisect_right(masked, (place, sys.maxsize)) - 1
            if around < 0 or masked[around][1] < reach:
                return True
    return False


def merged(text: str, spans: list[Found]) -> list[Found]:
    """Spans in order without overlap; of overlapping ones the union, named after the longest.

    Markers already in the text are left alone; a span that cuts one grows to hold all of it.
    """
    if any(rule == "email" for *_, rule in spans):
        # `user/x@host` and `u:p@x@host`: what ends at the `@` is a password, and no address.
        ends = {end for _, end, rule in spans if rule != "email" and text[end : end + 1] == "@"}
        spans = [span for span in spans if span[2] != "email" or text.rfind("@", *span[:2]) not in ends]
    if HEAD in text:
        spans = _around_markers(text, spans)
    union: list[Found] = []
    for start, end, rule in sorted(spans):
        if union and start < union[-1][1]:
            first, last, name = union[-1]
            longer = name if last - first >= end - start else rule
            union[-1] = (first, max(last, end), longer)
        else:
            union.append((start, end, rule))
    return union


def _around_markers(text: str, spans: list[Found]) -> list[Found]:
    markers = [match.span() for match in MARKER.finditer(text)]
    firsts, lasts = [m[0] for m in markers], [m[1] for m in markers]
    kept = []
    for found_start, found_end, rule in spans:
        start, end = found_start, found_end
        begin, stop = bisect_right(lasts, start), bisect_left(firsts, end)
        if begin < stop:
            start, end = min(start, firsts[begin]), max(end, lasts[stop - 1])
        if not only_markers(text[start:end]):
            kept.append((start, end, rule))
    return kept
