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
"""Intent -> what answers it with the same `call_id`, later in the log (some models use call ids again)."""
