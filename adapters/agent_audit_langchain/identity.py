"""Who acts, for whom, in which conversation: from what LangChain and LangGraph carry along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.runnables.config import var_child_runnable_config

from agent_audit import AdapterSettings, Run, current_identity

_SOURCES = {
    "session_id": ("thread_id", "session_id"),
    "user_id": ("user_id",),
    "agent_id": ("agent_id", "lc_agent_name"),
}

_FOR = ("session_id", "user_id")
_SETTLED = "settled"
"""In the state of a run from which on others may be served than above: of which of these it is known."""

GIVEN = "given"
"""In the state of a run at the top: what the constructors of the handlers told of it were given."""

_THREAD = "thread"
"""In the state of a run inside another one, until its `configurable` is seen: the thread that its metadata name, which
LangGraph lets it inherit even where it has one of its own."""

_AUTHENTICATED = "langgraph_auth_user_id"
"""In `configurable`: whom LangGraph's server has authenticated. No client can set it, while `user_id`, there and in
metadata, may be whatever a client says. In the state of a run at the top: that it is known."""

_DECIDERS = ("decided_by", "approver")

_RUNTIME = "__pregel_runtime"
"""Where in `configurable` LangGraph keeps its runtime; not a public name, so nothing but an identity depends on it."""


class Who:
    """Finds out the identity of runs. What the constructor got comes first, then `context`, then metadata."""

    def __init__(self, settings: AdapterSettings) -> None:
        self._settings = settings

    def of_root(
        self,
        metadata: Mapping[str, Any],
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        given: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Identity of a run that inherits none.

        Args:
            metadata: the run's.
            name: of the chain or graph, the last resort as agent_id.
            settings: `configurable`, where it is known.
            given: what the constructors of others were given that are told of it.
        """
        settings = _configurable() if settings is None else settings
        found = {**_told_by(settings), **_told_by(metadata), **_authenticated(settings)}
        told = self._settings.told(metadata)
        found.update({field: str(told[field]) for field in _SOURCES if _says(told, field)})
        if name and "agent_id" not in found and not (is_generic(name) and self._known_elsewhere()):
            found["agent_id"] = name
        return {**found, **self._settings.given, **(given or {})}

    def decider(self, metadata: Mapping[str, Any]) -> str | None:
        """Who decided, for the run that is resumed with the decision."""
        return decider_in(self._settings.told(metadata), metadata)

    def _known_elsewhere(self) -> bool:
        return current_identity().agent_id is not None

    def _given(self, around: Run) -> Mapping[str, str]:
        """What the constructor was given, or those of the handlers that are told of the run at the top."""
        return {**around.root.state.get(GIVEN, {}), **self._settings.given}

    def of_nested(self, name: str, parent: Run) -> dict[str, str]:
        """Identity of an agent inside another one: only its name is its own."""
        return {"agent_id": self._given(parent).get("agent_id", name)}

    def of_inner(self, metadata: Mapping[str, Any], parent: Run) -> dict[str, str]:
        """What a chain or graph inside another one says that differs from what it would inherit.

        One run may serve several conversations or users in turn.
        """
        told = {}
        given, identity = self._given(parent), parent.identity
        for field in ("session_id", "user_id"):
            if field == "user_id" and _AUTHENTICATED in parent.root.state:
                continue
            value = next((metadata[key] for key in _SOURCES[field] if _says(metadata, key)), None)
            if value is not None and field not in given and identity.get(field) != str(value):
                told[field] = str(value)
        if told:
            better = self._settings.told(metadata)
            told.update({field: str(better[field]) for field in told if _says(better, field)})
        return told

    def may_differ(self, run: Run, metadata: Mapping[str, Any]) -> None:
        """A run inside another one may be on behalf of somebody else, which its `configurable` will tell below it.

        What it has from above is kept until then; what its metadata, `context` or the constructor say stays.
        """
        told, given = self._settings.told(metadata), self._given(run)
        run.state[_SETTLED] = {
            field
            for field in _FOR
            if field in given or _says(told, field) or any(_says(metadata, key) for key in _SOURCES[field])
        }
        if "session_id" not in given and not _says(told, "session_id"):
            run.state[_THREAD] = metadata.get("thread_id")
        if run.parent is not None and run.identity is run.parent.identity:
            run.identity = dict(run.identity)

    def learn(self, run: Run, settings: Mapping[str, Any] | None = None) -> None:
        """`configurable` cannot be seen when a chain or graph starts, but below: tell the runs above whose it is.

        As far as they belong to the same conversation: what is further up may go on with another one.
        """
        first = run
        while _SETTLED not in first.state and first.parent is not None:
            first = first.parent
        settled: set[str] = first.state.get(_SETTLED) or first.state.setdefault(_SETTLED, set(first.identity))
        settings = _configurable() if settings is None else settings
        if _says(settings, _AUTHENTICATED) and "user_id" not in self._given(run) and self._settings.context is None:
            run.root.state[_AUTHENTICATED] = True
            if first.identity.get("user_id") != str(settings[_AUTHENTICATED]):
                settled.discard("user_id")
        its_own = _THREAD in first.state and _says(settings, "thread_id")
        if its_own and str(settings["thread_id"]) != str(first.state.pop(_THREAD)):
            settled.discard("session_id")
        if "user_id" in settled and "session_id" in settled:
            return
        told = {**_told_by(settings), **_authenticated(settings)}
        told = {field: told[field] for field in _FOR if field in told and field not in settled}
        settled.update(told)
        while told:
            run.identity.update(told)
            if run is first or run.parent is None:
                break
            run = run.parent


def is_generic(name: str) -> bool:
    """What LangChain calls things that nobody has named."""
    return name in ("LangGraph", "chain") or name.startswith("Runnable")


def _told_by(place: Mapping[str, Any]) -> dict[str, str]:
    """What metadata or `configurable` say; in the latter, LangGraph keeps the runtime with its `context`."""
    found = {}
    for field, keys in _SOURCES.items():
        for key in keys:
            if _says(place, key):
                found[field] = str(place[key])
                break
    runtime = place.get(_RUNTIME)
    if runtime is not None:
        found = {**_told_by(in_context(getattr(runtime, "context", None))), **found}
    return found


def _authenticated(settings: Mapping[str, Any]) -> dict[str, str]:
    return {"user_id": str(settings[_AUTHENTICATED])} if _says(settings, _AUTHENTICATED) else {}


def _says(place: Mapping[str, Any], key: str) -> bool:
    """Whether something stands there; 0 is a name like any other."""
    value = place.get(key)
    return value is not None and not (isinstance(value, str) and not value)


def in_context(context: Any) -> Mapping[str, Any]:
    """The fields of a graph's runtime context that say who: it may be a dict or any object."""
    if isinstance(context, Mapping):
        return context
    keys = (key for keys in _SOURCES.values() for key in keys)
    return {key: getattr(context, key, None) for key in keys} if context is not None else {}


def running_in() -> Any:
    """The run that executes here, by LangChain's own context variable; its callback manager knows it."""
    config = var_child_runnable_config.get()
    return getattr(config.get("callbacks"), "parent_run_id", None) if config else None


def _configurable() -> Mapping[str, Any]:
    config = var_child_runnable_config.get()
    return (config.get("configurable") or {}) if config else {}


def decider_in(*places: Mapping[str, Any] | None) -> str | None:
    """Who decided, where the application says so in these places or in `configurable`."""
    for place in (*places, _configurable()):
        for key in _DECIDERS:
            if place and _says(place, key):
                return str(place[key])
    return None
