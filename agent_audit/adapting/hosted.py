"""Calls that a model's provider carries out itself, e.g. a search: an answer tells of them when they have happened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_audit.event import AuditEventType


@dataclass(frozen=True)
class HostedCall:
    """A call that the provider has carried out."""

    name: str
    call_id: str | None
    parameters: Any
    is_lookup: bool
    """It has only read something: that is on record as `data.access`."""
    ended: Mapping[str, Any]
    """How, as fields of an event: `outcome`, `result`, `error`."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For the metadata."""

    @property
    def action(self) -> str:
        """As on record."""
        return self.name if self.is_lookup else f"tool.{self.name}"

    def events(self) -> list[dict[str, Any]]:
        """The fields of what goes on record. Nobody could record the intent before, nor knows how long it took."""
        shared = {"action": self.action, "call_id": self.call_id, "metadata": {"hosted": True, **self.facts}}
        asked = {"parameters": self.parameters}
        if self.is_lookup:
            told = [{"event_type": AuditEventType.DATA_ACCESS, "resource": self.name, **asked, **self.ended}]
        else:
            shared["span_id"] = uuid.uuid4().hex
            call = {"event_type": AuditEventType.TOOL_CALL, **asked}
            told = [call, {"event_type": AuditEventType.TOOL_RESPONSE, **self.ended}]
        return [{**shared, **one} for one in told]
