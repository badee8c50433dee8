"""Who acts, for whom, in which conversation: from what the SDK and the application carry along."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from agents import RunContextWrapper

ContextReader = Callable[[RunContextWrapper[Any]], Mapping[str, Any] | None]
"""Gets the run's context wrapper, returns any of agent_id, session_id, user_id."""

_FIELDS = ("agent_id", "session_id", "user_id")

log = logging.getLogger(__name__)


class Who:
    """Finds out the identity of runs. What it was given comes first, then `context`, then the context object."""

    def __init__(
        self,
        *,
        agent_id: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        context: ContextReader | None = None,
    ) -> None:
        given = {"agent_id": agent_id, "session_id": session_id, "user_id": user_id}
        self.given = {name: value for name, value in given.items() if value is not None}
        self._context = context

    def of(self, wrapper: RunContextWrapper[Any] | None, session_id: str | None = None) -> dict[str, str]:
        """What is known about a run.

        Args:
            wrapper: the SDK's context wrapper, as hooks get it; None when no hook has been called.
            session_id: what the run's session, conversation or group is called.
        """
        places = (self.given, self._told(wrapper), {"session_id": session_id, "user_id": _user_of(wrapper)})
        found: dict[str, str] = {}
        for name in _FIELDS:
            value = next((place[name] for place in places if place.get(name)), None)
            if value is not None:
                found[name] = str(value)
        return found

    def _told(self, wrapper: RunContextWrapper[Any] | None) -> Mapping[str, Any]:
        if self._context is None or wrapper is None:
            return {}
        try:
            return self._context(wrapper) or {}
        except Exception:
            # Better a record without a name than no record.
            log.warning("the context callable of the audit hooks failed", exc_info=True)
            return {}


def _user_of(wrapper: RunContextWrapper[Any] | None) -> Any:
    """`user_id` of the application's own context object, an attribute or a key."""
    context = getattr(wrapper, "context", None)
    if isinstance(context, Mapping):
        return context.get("user_id")
    try:
        value = getattr(context, "user_id", None)
    except Exception:  # a property of the application's
        return None
    return value if isinstance(value, (str, int)) else None
