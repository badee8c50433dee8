"""Charts as SVG, drawn here: bars need no library."""

from __future__ import annotations

from collections.abc import Iterable

from agent_audit.analysis.overview import OverTime
from agent_audit.analysis.volume import Interval
from agent_audit.report.html.element import Element, el, moment, number
from agent_audit.wording import plural

_HEIGHT = 100.0
_GAP = 0.16
_STEPS = (2, 4, 6, 8, 10)


def activity_chart(over_time: OverTime) -> Element:
    """Stacked bars over time, their axes, and the same numbers as a table for whoever cannot see the bars."""
    buckets = over_time.buckets
    top = nice_top(max(bucket.events for bucket in buckets))
    bars = el(
        "svg",
        (el("line", x1=0, x2=len(buckets), y1=y, y2=y, class_="grid") for y in (0, _HEIGHT / 2)),
        (_bar(place, bucket, top) for place, bucket in enumerate(buckets)),
        viewBox=f"0 0 {len(buckets)} {_HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=_summary(over_time),
        id="chart",
    )
    scale = el(
        "div", (el("span", number(round(top * part))) for part in (1, 0.5, 0)), class_="yaxis", aria_hidden="true"
    )
    plot = el("div", bars, el("div", id="tip", class_="tip", hidden=True, aria_hidden="true"), class_="plot")
    return el("div", scale, plot, _time_axis(over_time), _as_table(over_time), class_="chart")


def nice_top(highest: int) -> int:
    """The smallest round even number that is at least `highest`."""
    power = 1
    while highest > 10 * power:
        power *= 10
    return next(step * power for step in _STEPS if step * power >= highest)


def share_bar(part: float, kind: str = "accent") -> Element:
    """A thin bar of a share from 0 to 1, beside a number that says the same."""
    track = el("rect", width="100%", height="100%", class_="track", rx=2)
    filled = el("rect", width=f"{max(0.0, min(part, 1.0)) * 100:.1f}%", height="100%", class_=f"fill {kind}", rx=2)
    return el("svg", track, filled, class_="share", aria_hidden="true")


def _bar(place: int, bucket: Interval, top: int) -> Element:
    parts, base = [], _HEIGHT
    for count, kind in ((bucket.failures, "bad"), (bucket.denials, "warn"), (bucket.others, "accent")):
        if not count:
            continue
        # One failure among thousands must not vanish: it is what the reader looks for.
        height = max(count / top * _HEIGHT, 1.5)
        base = max(base - height, 0.0)
        parts.append(
            el(
                "rect",
                x=place + _GAP / 2,
                y=round(base, 3),
                width=1 - _GAP,
                height=round(height, 3),
                class_=f"fill {kind}",
            )
        )
    return el("g", parts, el("rect", x=place, y=0, width=1, height=_HEIGHT, class_="hit", data_bucket=place))


def _summary(over_time: OverTime) -> str:
    buckets = over_time.buckets
    busiest = max(buckets, key=lambda bucket: bucket.events)
    return (
        f"Events over time in {len(buckets)} steps of {step_name(over_time.step_seconds)}: "
        f"{plural(sum(b.events for b in buckets), 'event')}, {number(sum(b.failures for b in buckets))} failed, "
        f"{number(sum(b.denials for b in buckets))} denied; most in the step from "
        f"{busiest.start:%Y-%m-%d %H:%M} UTC, {number(busiest.events)}. The table below has the numbers."
    )


def step_name(seconds: int) -> str:
    """`15 minutes`, `second`."""
    for size, unit in ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            return unit if seconds == size else plural(seconds // size, unit)
    return plural(seconds, "second")


def _time_axis(over_time: OverTime) -> Element:
    buckets = over_time.buckets
    wanted = min(5, len(buckets))
    places = sorted({round(part * (len(buckets) - 1) / max(wanted - 1, 1)) for part in range(wanted)})
    step = over_time.step_seconds
    form = "%d %b" if step >= 86_400 else "%d %b %H:%M" if step >= 60 else "%H:%M:%S"
    labels = (el("span", f"{buckets[place].start:{form}}") for place in places)
    return el("div", labels, class_="xaxis", aria_hidden="true")


def _as_table(over_time: OverTime) -> Element:
    head = el("tr", (el("th", name, scope="col") for name in ("From (UTC)", "Events", "Failed", "Denied")))
    rows: Iterable[Element] = (
        el(
            "tr",
            el("td", moment(bucket.start, seconds=over_time.step_seconds < 60)),
            (el("td", number(value), class_="num") for value in (bucket.events, bucket.failures, bucket.denials)),
        )
        for bucket in over_time.buckets
        if bucket.events
    )
    table = el(
        "table", el("caption", f"Events per {step_name(over_time.step_seconds)}"), el("thead", head), el("tbody", rows)
    )
    return el(
        "details",
        el("summary", "The numbers as a table"),
        el("div", table, class_="scroll", tabindex=0),
        class_="aside",
    )
