"""Memory of adapters: one state a logger, and maps that cannot grow for ever."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar

from agent_audit.locks import fork_safe_lock

V = TypeVar("V")
S = TypeVar("S")

MAX_REMEMBERED = 20_000


class HasState(Protocol):
    """A logger, as far as adapters keep something with it."""

    adapter_state: dict[str, Any]


def shared_state(logger: HasState, name: str, make: Callable[[], S]) -> S:
    """The one state of an adapter for a logger, made at the first call: handlers and hooks are cheap and share it.

    Args:
        logger: what the state belongs to, and lives as long as.
        name: the adapter's.
        make: makes it.
    """
    made: S | None = logger.adapter_state.get(name)
    # setdefault is atomic: of two threads, both get the first one's.
    return made if made is not None else logger.adapter_state.setdefault(name, make())


class BoundedMap(Generic[V]):
    """A dict that forgets its oldest entries: an end that never comes must not cost memory for ever.

    Safe to use from threads, and from a forked child whatever a thread of its parent was doing.
    """

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._limit = limit
        self._lock = fork_safe_lock()
        self._entries: OrderedDict[Hashable, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def __setitem__(self, key: Hashable, value: V) -> None:
        with self._lock:
            self._entries[key] = value
            if len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def get(self, key: Hashable) -> V | None:
        """The entry; None when there is none, or it was forgotten."""
        return self._entries.get(key)

    def values(self) -> list[V]:
        """All entries, the oldest first."""
        with self._lock:
            return list(self._entries.values())

    def pop(self, key: Hashable) -> V | None:
        """Remove and return the entry; None when there is none."""
        if key not in self._entries:  # most are asked for in vain
            return None
        with self._lock:
            return self._entries.pop(key, None)

    def claim(self, key: Hashable, value: V) -> bool:
        """Set it if it is not there. True for the first who asks, also of several threads at once."""
        with self._lock:
            if key in self._entries:
                return False
            self[key] = value
            return True
