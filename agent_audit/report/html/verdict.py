"""The card that gives the verdict, whatever it is about."""

from __future__ import annotations

from collections.abc import Iterable

from agent_audit.report.html.element import Child, Element, el


def card(answer: tuple[str, str, str, str], *content: Child, facts: list[Child]) -> Element:
    """The card.

    Args:
        answer: its colour (`good`, `warn`, `bad`, `calm`), its sign, its title, and what that means.
        *content: what stands below.
        facts: as `facts_of` gives them.
    """
    kind, sign, title, meaning = answer
    return el(
        "section",
        el("span", sign, class_="seal", aria_hidden="true"),
        el("div", el("h2", title), el("p", meaning), *content),
        el("dl", facts, class_="facts"),
        class_=f"verdict {kind}",
        aria_label="Verdict",
    )


def facts_of(named: Iterable[tuple[str, Child]]) -> list[Child]:
    """Names and values; those without one are left out."""
    return [el("div", el("dt", name), el("dd", value)) for name, value in named if value is not None]


def sentences(told: list[str], kind: str, shown: int = 5) -> Element | None:
    """A list of the first ones, and how many more there are."""
    if not told:
        return None
    more = el("li", f"and {len(told) - shown:,} more") if len(told) > shown else None
    return el("ul", (el("li", sentence) for sentence in told[:shown]), more, class_=kind)
