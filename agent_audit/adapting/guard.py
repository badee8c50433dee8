"""Hooks that tell of something past must not raise into the framework."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

_Hook = TypeVar("_Hook", bound=Callable[..., None])

log = logging.getLogger("agent_audit.adapting")


def after_the_fact(hook: _Hook) -> _Hook:
    """Decorator: an exception in this hook is logged, for raised it would lose the result of what has happened."""

    @functools.wraps(hook)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            hook(*args, **kwargs)
        except Exception:
            log.warning("the audit adapter failed in %s", hook.__qualname__, exc_info=True)

    return guarded  # type: ignore[return-value]  # same signature
