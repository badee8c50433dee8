"""Words for numbers."""

from __future__ import annotations


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 event`, `2,000 events`; with a verb where it has to agree: `plural(n, "event is", "events are")`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
