"""A log whose every field tries to become markup, script, or something else than text."""

from __future__ import annotations

from agent_audit.event import AuditEvent, Source
from tests.analysis.logs import event

ATTACK = (
    "</script><script>owned=1</script><img src=x onerror=owned=1><svg onload=owned=1>\"'`onfocus=owned=1 autofocus "
    "javascript:owned=1 <!-- --> ]]> {{7*7}} ${owned=1} &lt;b&gt; \u202eevil\u2028\x1b[2J\x00 **bold** "
    "[x](javascript:owned=1) "
    "<https://evil.example> https://evil.example www.evil.example | a | @team #1"
)


def hostile_events() -> list[AuditEvent]:
    """A session of every kind of event the reports show, with `ATTACK` wherever a text can stand."""
    fields = {
        "agent_id": ATTACK,
        "session_id": ATTACK,
        "user_id": ATTACK,
        "trace_id": ATTACK,
        "action": ATTACK,
        "resource": ATTACK,
        "error": ATTACK,
        "error_type": ATTACK,
        "parameters": {ATTACK: [ATTACK]},
        "result": ATTACK,
        "metadata": {ATTACK: ATTACK, "decided_by": ATTACK, "message": ATTACK},
        "source": Source(framework=ATTACK, version=ATTACK, hook=ATTACK),
    }
    types = ("tool.call", "tool.response", "permission.check", "action.approved", "data.access", "data.modify", "error")
    events = [
        event(name, at=place, span_id=ATTACK + str(place), parent_span_id=ATTACK, call_id=ATTACK, **fields)
        for place, name in enumerate(types)
    ]
    denials = [event("permission.denied", at=10 + place, **fields) for place in range(7)]
    return [*events, *denials, event("tool.call", at=30, **{**fields, "event_id": ATTACK, "span_id": "open"})]
