"""HTML elements as nodes of a tree; the standard library's serialiser escapes what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from xml.etree.ElementTree import Element, tostring

from agent_audit.analysis.printable import printable

Child = Element | str | int | None | Iterable["Child"]
"""What may stand in an element. Strings become text; None is left out."""


def el(tag: str, *children: Child, **attributes: str | int | float | bool | None) -> Element:
    """An element.

    Args:
        tag: its name.
        *children: nodes, text, or iterables of them.
        **attributes: a trailing underscore is dropped (`class_`), other underscores become hyphens; True is an
            attribute without a value, None and False leave it out.
    """
    node = Element(tag)
    for name, value in attributes.items():
        if value is not None and value is not False:
            node.set(name.rstrip("_").replace("_", "-"), "" if value is True else _attribute(value))
    _fill(node, children)
    return node


def to_html(node: Element) -> str:
    """The node as HTML text."""
    return tostring(node, encoding="unicode", method="html")


def moment(value: datetime | None, *, date: bool = True, seconds: bool = True) -> Element | str:
    """A moment in UTC for people, with the exact one for machines."""
    if value is None:
        return "–"
    value = value.astimezone(timezone.utc)
    form = ("%Y-%m-%d " if date else "") + ("%H:%M:%S" if seconds else "%H:%M")
    return el("time", value.strftime(form), datetime=value.isoformat(timespec="microseconds")[:-6] + "Z")


def duration(milliseconds: float | None) -> str:
    """A length of time as people say it."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1_000:
        return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "< 1 ms"
    seconds = milliseconds / 1_000
    for size, unit, small, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} {int(seconds % size // small)} {smaller}"
    return f"{seconds:.1f} s"


def number(value: int | None) -> str:
    """A number with its thousands apart."""
    return "–" if value is None else f"{value:,}"


def _attribute(value: str | float) -> str:
    return printable(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _fill(node: Element, children: Iterable[Child]) -> None:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Element):
            node.append(child)
        elif isinstance(child, (str, int)):
            _add_text(node, printable(str(child)))
        else:
            _fill(node, child)


def _add_text(node: Element, text: str) -> None:
    if len(node):
        node[-1].tail = (node[-1].tail or "") + text
    else:
        node.text = (node.text or "") + text


__all__ = ["Child", "Element", "duration", "el", "moment", "number", "to_html"]
