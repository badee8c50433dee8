"""The same answers in naive Python, to hold the queries against."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from agent_audit.event import AuditEvent


def outcome(event: AuditEvent) -> str | None:
    if event.outcome is not None:
        return str(event.outcome)
    return {"action.failed": "failure", "permission.denied": "denied", "action.denied": "denied"}.get(
        str(event.event_type)
    )


def quantile(values: list[float], q: float) -> float | None:
    """Linear interpolation between the two nearest."""
    if not values:
        return None
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def errors(events: list[AuditEvent]) -> int:
    failed = [e for e in events if outcome(e) == "failure" and e.event_type != "error"]
    spans = {e.span_id for e in failed if e.span_id}
    alone = [e for e in events if e.event_type == "error" and e.span_id not in spans and e.parent_span_id not in spans]
    return len(failed) + len(alone)


def actions(events: list[AuditEvent]) -> list[tuple[int, AuditEvent]]:
    """Each action once, with its place in the log."""
    started = {e.span_id for e in events if e.event_type in {"action.request", "tool.call"} and e.span_id}
    called_ids = {e.call_id for e in events if e.event_type == "tool.call" and e.call_id}
    found = []
    for place, e in enumerate(events):
        called = any(
            later.event_type == "tool.call" and e.call_id and later.call_id == e.call_id
            for later in events[place + 1 :]
        )
        starts = e.event_type in {"tool.call", "llm.request", "agent.handoff"}
        point = e.event_type in {"data.access", "data.modify", "action.executed", "action.failed"}
        if (
            starts
            or (point and e.span_id not in started and e.call_id not in called_ids)
            or (e.event_type == "action.request" and not called)
        ):
            found.append((place, e))
    return found


def bursts(events: list[AuditEvent], least: int, window: timedelta) -> set[tuple[str | None, tuple[str, ...]]]:
    """(agent, ids of its actions) of every maximal run of overlapping full windows."""
    by_agent: dict[str | None, list[tuple[int, AuditEvent]]] = defaultdict(list)
    for place, e in actions(events):
        by_agent[e.agent_id].append((place, e))
    found = set()
    for agent, acts in by_agent.items():
        acts.sort(key=lambda item: (item[1].timestamp, item[0]))
        covered = set()
        joined = set()
        for first in range(len(acts) - least + 1):
            last = first + least - 1
            if acts[last][1].timestamp - acts[first][1].timestamp <= window:
                covered |= set(range(first, last + 1))
                joined |= set(range(first, last))  # i is in one burst with i + 1
        run: list[str] = []
        for number, (_, e) in enumerate(acts):
            if number in covered:
                run.append(e.event_id)
                if number not in joined:
                    found.add((agent, tuple(run)))
                    run = []
    return found


def failure_rates(events: list[AuditEvent], least: int, rate: float) -> dict[str | None, tuple[int, int]]:
    """agent -> (ended, failed) above the threshold."""
    ends = {
        "agent.stop",
        "tool.response",
        "llm.response",
        "action.executed",
        "action.failed",
        "permission.denied",
        "data.access",
        "data.modify",
    }
    ended: dict[str | None, list[str]] = defaultdict(list)
    responded = {e.span_id for e in events if e.event_type == "tool.response" and e.span_id}
    answered = {e.call_id for e in events if e.event_type == "tool.response" and e.call_id}
    for e in events:
        if e.event_type in {"data.access", "data.modify"} and (e.span_id in responded or e.call_id in answered):
            continue
        if e.event_type in ends and outcome(e) not in {None, "suspended"}:
            ended[e.agent_id].append(str(outcome(e)))
    return {
        agent: (len(how), how.count("failure"))
        for agent, how in ended.items()
        if len(how) >= least and how.count("failure") / len(how) > rate
    }


def denials(events: list[AuditEvent]) -> list[AuditEvent]:
    """Each refusal once: a later event of a lower rank under the same call or span is the same refusal."""
    rank = {"action.denied": 0, "permission.denied": 1}
    refused = [(i, e) for i, e in enumerate(events) if outcome(e) == "denied" and e.event_type != "error"]

    def told(place: int, e: AuditEvent) -> bool:
        return any(
            i < place
            and rank.get(str(o.event_type), 2) < rank.get(str(e.event_type), 2)
            and ((e.call_id and e.call_id == o.call_id) or (e.span_id and e.span_id == o.span_id))
            for i, o in refused
        )

    return [e for place, e in refused if not told(place, e)]
