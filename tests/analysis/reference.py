"""The same answers in naive Python, to hold the queries against."""

from __future__ import annotations

from collections import Counter, defaultdict
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

    def met(event_type: str, e: AuditEvent, among: list[AuditEvent]) -> bool:
        call = (e.call_id, e.session_id)
        return any(o.event_type == event_type and e.call_id and (o.call_id, o.session_id) == call for o in among)

    found = []
    for place, e in enumerate(events):
        called = met("tool.call", e, events[place + 1 :])
        starts = e.event_type in {"tool.call", "llm.request"}
        point = e.event_type in {"data.access", "data.modify", "action.executed", "action.failed", "agent.handoff"}
        begun = met("tool.call", e, events) or met("action.request", e, events[:place])
        if (
            starts
            or (point and e.span_id not in started and not begun)
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

    def of_run(e: AuditEvent) -> tuple[str | None, ...]:
        return e.call_id, e.session_id, e.trace_id

    answered = {of_run(e) for e in events if e.event_type == "tool.response" and e.call_id}
    for e in events:
        if e.event_type in {"data.access", "data.modify"} and (e.span_id in responded or of_run(e) in answered):
            continue
        if e.event_type in ends and outcome(e) not in {None, "suspended"}:
            ended[e.agent_id].append(str(outcome(e)))
    return {
        agent: (len(how), how.count("failure"))
        for agent, how in ended.items()
        if len(how) >= least and how.count("failure") / len(how) > rate
    }


def denials(events: list[AuditEvent]) -> list[AuditEvent]:
    """Each refusal once: a later event of a lower rank about the same call or with the same span is the same refusal,
    and so are as many tripped guardrails as there are `permission.denied` under their operation and at their stage."""
    rank = {"action.denied": 0, "permission.denied": 1}
    refused = [(i, e) for i, e in enumerate(events) if outcome(e) == "denied" and e.event_type != "error"]
    story = [
        e for e in events if e.event_type == "action.request" or (outcome(e) == "denied" and e.event_type != "error")
    ]

    def higher(e: AuditEvent) -> list[str]:
        return [kind for kind, place in rank.items() if place < rank.get(str(e.event_type), 2)]

    def told(place: int, e: AuditEvent) -> bool:
        by_span = (i < place and o.event_type in higher(e) and e.span_id and e.span_id == o.span_id for i, o in refused)
        return any(by_span) or before(story, story.index(e), *higher(e)) is not None

    policies = Counter(staged(e) for _, e in refused if e.event_type == "permission.denied")
    found = []
    for place, e in refused:
        if e.event_type == "guardrail.tripped" and staged(e) and policies[staged(e)]:
            policies[staged(e)] -= 1
        elif not told(place, e):
            found.append(e)
    return found


def staged(event: AuditEvent) -> tuple[str, str] | None:
    """Under which operation it was refused, at which stage."""
    stage = (event.metadata or {}).get("stage")
    return (event.parent_span_id, stage) if event.parent_span_id and stage else None


def same_call(one: AuditEvent, other: AuditEvent) -> bool:
    """The same call id, and not different sessions."""
    sessions = {one.session_id, other.session_id} - {None}
    return one.call_id is not None and one.call_id == other.call_id and len(sessions) < 2


def begins(event: AuditEvent, call: AuditEvent) -> bool:
    """Whether the model asks anew for a call of this id in this session."""
    return event.event_type == "action.request" and (event.call_id, event.session_id) == (call.call_id, call.session_id)


def before(events: list[AuditEvent], place: int, *types: str) -> AuditEvent | None:
    """The latest event of these types about the same call, since the model asked for it."""
    for event in reversed(events[:place]):
        if begins(event, events[place]):
            return None
        if event.event_type in types and same_call(event, events[place]):
            return event
    return None


def decisions(events: list[AuditEvent]) -> list[tuple[AuditEvent, AuditEvent | None]]:
    """Each decision once, with the question it answers."""
    found = []
    for place, event in enumerate(events):
        if event.event_type not in {"action.approved", "action.denied"}:
            continue
        said = before(events, place, "permission.check", str(event.event_type))
        again = (event.metadata or {}).get("seen") == "when resumed"
        if not (again and said is not None and said.event_type == event.event_type):
            found.append((event, before(events, place, "permission.check")))
    return found


def waiting(events: list[AuditEvent]) -> list[AuditEvent]:
    """The questions that nobody has answered before the model asked for the call anew."""
    found = []
    for place, asked in enumerate(events):
        if asked.event_type != "permission.check" or asked.call_id is None:
            continue
        for event in events[place + 1 :]:
            if begins(event, asked):
                found.append(asked)
                break
            if event.event_type in {"action.approved", "action.denied"} and same_call(event, asked):
                break
        else:
            found.append(asked)
    return found


def digest(event: AuditEvent) -> str | None:
    told: str | None = (event.metadata or {}).get("arguments", {}).get("hmac_sha256")
    return told


def changed(events: list[AuditEvent]) -> list[AuditEvent]:
    """Calls with another digest than the latest approval that has one."""
    told = [e for e in events if e.event_type == "action.request" or digest(e)]
    found = []
    for place, call in enumerate(told):
        approval = before(told, place, "action.approved") if call.event_type == "tool.call" else None
        if approval is not None and digest(approval) != digest(call):
            found.append(call)
    return found


def unapproved(events: list[AuditEvent]) -> list[AuditEvent]:
    """Calls without an approval, of actions that have three somewhere."""
    asked = Counter(e.action for e in events if e.event_type == "action.approved")
    refused = {e.span_id for e in events if e.event_type == "tool.response" and outcome(e) == "denied"} - {None}
    return [
        call
        for place, call in enumerate(events)
        if call.event_type == "tool.call"
        and call.action is not None
        and asked[call.action] >= 3
        and call.span_id not in refused
        and before(events, place, "action.approved") is None
    ]


def denied_and_done(events: list[AuditEvent]) -> list[AuditEvent]:
    """Calls that were denied last, had not begun before that without an end, and did not end as refused."""
    refused = {e.span_id for e in events if e.event_type == "tool.response" and outcome(e) == "denied"} - {None}
    found = []
    for place, call in enumerate(events):
        if call.event_type != "tool.call" or call.span_id in refused:
            continue
        decided = before(events, place, "action.approved", "action.denied")
        begun = before(events, place, "tool.call")
        if decided is None or decided.event_type == "action.approved":
            continue
        known = [e for e in events if e.event_type != "tool.response" or e.outcome in {"success", "failure"}]
        end = before(known, known.index(call), "tool.response")
        over = begun is not None and end is not None and events.index(end) > events.index(begun)
        if begun is None or over or events.index(begun) > events.index(decided):
            found.append(call)
    return found
