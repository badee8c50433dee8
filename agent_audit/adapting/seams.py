"""Places in a framework that an adapter needs and nobody has promised to keep."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable
from typing import Any

log = logging.getLogger("agent_audit.adapting")

_ORIGINAL = "without_audit"


class Seam:
    """A private function of a framework that is replaced while recording is on.

    Args:
        path: `module:name` or `module:Class.name`.
        unseen: what is no longer seen, or how it is seen then, when an upgrade has removed it; ends the warning.
    """

    def __init__(self, path: str, unseen: str) -> None:
        self.path = path
        self.unseen = unseen
        self.is_wrapped = False
        """Whether it is replaced now."""
        self._warned = False

    @property
    def exists(self) -> bool:
        """Whether this version of the framework has it."""
        return self._current() is not None

    def check(self) -> bool:
        """Whether this version has it; where not, a warning says so, once."""
        if self.exists or self._warned:
            return self.exists
        self._warned = True
        log.warning("this version of the framework has no %s: %s", self.path, self.unseen)
        return False

    def wrap(self, make: Callable[[Any], Any]) -> bool:
        """Put `make(original)` in its place, once. Where it is missing, `check` warns; then False.

        The original may be a function, a method or a class method; what `make` returns is called like it.
        """
        owner, name, current = self._owner(), self._name, self._current()
        if not self.check():
            return False
        self.is_wrapped = True
        if hasattr(current, _ORIGINAL):
            return True
        raw = vars(owner).get(name, current)
        bound = isinstance(raw, classmethod)
        inner = raw.__func__ if bound else current
        wrapped = functools.wraps(inner)(make(inner))
        setattr(wrapped, _ORIGINAL, raw)
        setattr(owner, name, classmethod(wrapped) if bound else wrapped)
        return True

    def unwrap(self) -> None:
        """Put the framework's own back."""
        self.is_wrapped = False
        original = getattr(self._current(), _ORIGINAL, None)
        if original is not None:
            setattr(self._owner(), self._name, original)

    @property
    def _name(self) -> str:
        return self.path.rpartition(":")[2].rpartition(".")[2]

    def _owner(self) -> Any:
        module, _, names = self.path.partition(":")
        try:
            owner: Any = importlib.import_module(module)
        except ImportError:
            return None
        for name in names.split(".")[:-1]:
            owner = getattr(owner, name, None)
        return owner

    def _current(self) -> Any:
        return getattr(self._owner(), self._name, None)
