"""Numbers that run on, such as positions: which are there, without remembering or ordering each of them.

They are put into slots of thirty, and of each slot a set of bits says which of them are there. Thirty million positions
are a million slots, and only the few slots that have a hole need a closer look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_audit.analysis.source import Expr, load_ibis

_WIDTH = 30
"""Engines shift integers of 32 bits, the sign among them."""


def numbered_slots(told: Expr, by: Sequence[str], **more: Callable[[Expr], Expr]) -> Expr:
    """Per combination of `by` and slot with numbers in it: `first` and `last` number, `events`, `different` numbers.

    Args:
        told: rows with a column `number`, a whole one.
        by: its other columns.
        more: what else is to be computed of the rows of each slot.
    """
    told = _placed(told)
    bit = load_ibis().literal(1, "int64") << told.offset
    each = told.group_by([*by, "slot"]).agg(
        first=told.number.min(), last=told.number.max(), events=told.count(), bits=bit.bit_or(), **more
    )
    return each.mutate(different=_ones(each.bits)).drop("bits")


def holes(told: Expr, by: Sequence[str]) -> Expr:
    """Ranges between the first and the last number of each combination of `by` that are not there: `first`, `last`.

    Args:
        told: as for `numbered_slots`.
        by: its other columns.
    """
    each = numbered_slots(told, by)
    sparse = each.filter(each.different < each["last"] - each["first"] + 1)
    # Other combinations may have the same slot: they are looked at too, which changes nothing.
    near = _placed(told).semi_join(sparse, "slot")
    inside = _steps(near.select(*by, "slot", first="number", last="number"), [*by, "slot"])
    return _steps(each, by).union(inside).select(*by, first="from", last="to")


def _steps(ranges: Expr, by: Sequence[str]) -> Expr:
    """What is left out between ranges of numbers that follow each other: `from` and `to`, with their other columns."""
    window = load_ibis().window(group_by=[ranges[name] for name in by], order_by=ranges["first"])
    follows = ranges.mutate(before=ranges["last"].lag(1).over(window))
    gone = follows.filter(follows["first"] - follows.before > 1)
    return gone.select(*(name for name in by if name != "slot"), **{"from": gone.before + 1, "to": gone["first"] - 1})


def _placed(told: Expr) -> Expr:
    """With `slot`, the number at which the slot begins, and `offset`, the place in it."""
    # A remainder of a negative number is negative.
    offset = (told.number % _WIDTH + _WIDTH) % _WIDTH
    return told.mutate(slot=told.number - offset, offset=offset.cast("int32"))


def _ones(bits: Expr) -> Expr:
    """How many bits are set: of each pair, of each four, of each eight; and 255 divides what 256 has more than 1."""
    pairs = bits - ((bits >> 1) & 0x55555555)
    fours = (pairs & 0x33333333) + ((pairs >> 2) & 0x33333333)
    eights = (fours + (fours >> 4)) & 0x0F0F0F0F
    return eights % 255
