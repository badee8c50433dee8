"""Which event ends which: an intent is recorded before its effect, and waits for one of these."""

from __future__ import annotations

from collections.abc import Mapping

BY_SPAN: Mapping[str, frozenset[str]] = {
    "agent.start": frozenset({"agent.stop"}),
    "tool.call": frozenset({"tool.response"}),
    "llm.request": frozenset({"llm.response"}),
    "action.request": frozenset(
        {"action.executed", "action.failed", "permission.denied", "data.access", "data.modify"}
    ),
}
"""Intent -> what ends it with the same `span_id` (anywhere in the log: span ids are unique)."""

BY_CALL: Mapping[str, frozenset[str]] = {
    "action.request": frozenset(
        {
            "tool.call",
            "tool.response",
            "action.approved",
            "action.denied",
            "action.executed",
            "action.failed",
            "permission.check",
            "permission.denied",
            "agent.handoff",
        }
    ),
    "permission.check": frozenset({"action.approved", "action.denied"}),
}
"""Intent -> what answers it with the same `call_id`, later in the log and not in another session.

Models that number their calls use a call id again in every conversation: two events are of one call when they have the
same call id and not different sessions. One that does not say its session may be of any: somebody decided where nobody
knows the conversation.
"""

BEGINS_A_CALL = "action.request"
"""And they use it again in the next turn of one conversation: this begins a new call in its session. No decision after
it answers a question before it."""
