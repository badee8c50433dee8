"""Finding long gaps between events without ordering them all.

Events are put into slots of time so short that no gap within one counts. Then only the first and the last event of each
slot have to be ordered: a log has few slots, and grouping needs neither sorting nor much memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent_audit.analysis.source import Expr, load_ibis


def slots_of(told: Expr, by: Sequence[str], seconds: float) -> Expr:
    """Per combination of `by` and slot of so many seconds: `first`, `last`, `events`, and `last_seen` before it.

    Two events in one slot are less than `seconds` apart.
    """
    ibis = load_ibis()
    slot = (told.timestamp.epoch_seconds() / seconds).floor()
    slots = told.group_by([*by, slot.name("slot")]).agg(
        first=told.timestamp.min(), last=told.timestamp.max(), events=told.count()
    )
    in_order = ibis.window(group_by=[slots[name] for name in by], order_by=slots.slot)
    return slots.mutate(last_seen=slots["last"].lag(1).over(in_order))


def beginning(told: Expr, slots: Expr, by: Sequence[str], *more: str) -> Expr:
    """The first event of each of these slots, with `more` of their columns."""
    ibis = load_ibis()
    found = told.inner_join(slots.select(*by, *more, timestamp="first"), [*by, "timestamp"])
    window = ibis.window(group_by=[found[name] for name in (*by, "timestamp")], order_by=found.seq)
    found = found.mutate(place=ibis.row_number().over(window))
    return found.filter(found.place == 0)
