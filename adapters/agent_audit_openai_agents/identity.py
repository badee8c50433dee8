"""Who acts, for whom, in which conversation: from what the SDK and the application carry along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agents import RunContextWrapper

from agent_audit import AdapterSettings

_FIELDS = ("agent_id", "session_id", "user_id")


def identity_of(
    settings: AdapterSettings, wrapper: RunContextWrapper[Any] | None, session_id: str | None = None
) -> dict[str, str]:
    """What is known about a run: what was given comes first, then the `context` callable, then the context object.

    Args:
        settings: of the adapter; its `context` gets the SDK's context wrapper.
        wrapper: as hooks get it; None when no hook has been called.
        session_id: what the run's session, conversation or group is called.
    """
    told = settings.told(wrapper) if wrapper is not None else {}
    places = (settings.given, told, {"session_id": session_id, "user_id": _user_of(wrapper)})
    found: dict[str, str] = {}
    for name in _FIELDS:
        value = next((place[name] for place in places if place.get(name)), None)
        if value is not None:
            found[name] = str(value)
    return found


def _user_of(wrapper: RunContextWrapper[Any] | None) -> Any:
    """`user_id` of the application's own context object, an attribute or a key."""
    context = getattr(wrapper, "context", None)
    if isinstance(context, Mapping):
        return context.get("user_id")
    try:
        value = getattr(context, "user_id", None)
    except Exception:  # a property of the application's
        return None
    return value if isinstance(value, (str, int, UUID)) else None
