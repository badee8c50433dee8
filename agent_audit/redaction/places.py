"""What a user says about a place rather than about a secret: outcomes by path, a callable for every text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from agent_audit.redaction.config import place_rule
from agent_audit.redaction.interface import Hit
from agent_audit.redaction.marker import Masker, error_marker, only_markers

Place = tuple[Any, Any, str]
"""Container, key or index, dotted path."""


class Places:
    """Outcomes by path, and the user's callable, for one configuration."""

    def __init__(
        self, paths: Mapping[str, str], callback: Callable[[str, str], str | None] | None, masker: Masker
    ) -> None:
        self._paths = [(path.split("."), place_rule(path), outcome) for path, outcome in paths.items()]
        self.needs_plain = any(outcome in ("keep", "keep_last_4", "pseudonym") for outcome in paths.values())
        self._callback = callback
        self._masker = masker

    def apply(self, root: list[Any], path: str, plain: Any) -> list[Hit]:
        """Change the value in `root[0]`, in place; returns what was masked.

        Args:
            root: a list whose only item is the redacted value.
            path: what its paths begin with.
            plain: the value with nothing masked, when `needs_plain`: four characters or a pseudonym of a marker
                would be the same for all that it stands for.
        """
        given = _by_path([plain], path)
        hits: list[Hit] = []
        for place in list(_texts(root, 0, path)) if self._callback is not None else ():
            if not self._call(place):
                hits.append(Hit(place[2], "error"))
        for parts, name, outcome in self._paths:
            if outcome != "keep":
                hits += [hit for place in list(_select(root, 0, path, parts)) for hit in self._mask(place, name, given)]
        for parts, _, outcome in self._paths:
            if outcome == "keep":
                for holder, slot, where in list(_select([plain], 0, path, parts)):
                    _put(root, path, where, holder[slot])
        return hits

    def _call(self, place: Place) -> bool:
        """Whether the callback gave back what it may give."""
        holder, slot, path = place
        try:
            given = self._callback(path, holder[slot]) if self._callback is not None else None
        except Exception:
            holder[slot] = error_marker(holder[slot])
            return False
        if given is None:
            return True
        is_text = type(given) is str
        holder[slot] = given if is_text else error_marker(given)
        return is_text

    def kept(self, hits: Iterable[Hit], path: str, plain: Any) -> list[Hit]:
        """The hits without those at places that were given back."""
        back = [
            where
            for parts, _, outcome in self._paths
            if outcome == "keep"
            for *_, where in _select([plain], 0, path, parts)
        ]
        return [hit for hit in hits if not any(hit.path == where or hit.path.startswith(where + ".") for where in back)]

    def _mask(self, place: Place, name: str, given: Mapping[str, str]) -> Iterator[Hit]:
        holder, slot, path = place
        if self._masker.drops(name) and type(holder) is dict:
            del holder[slot]
            yield Hit(path, "path")
            return
        for inner, key, where in list(_leaves(holder, slot, path)):
            text = str(inner[key])
            raw = given.get(where)
            if raw is not None:
                inner[key] = self._masker.mask(name, raw, "path")
            elif not only_markers(text):
                # What stood there cannot be told any more, so there is nothing to make a pseudonym of.
                inner[key] = "[REDACTED:path]" if self.needs_plain else self._masker.mask(name, text, "path")
            else:
                continue
            yield Hit(where, "path")


def _by_path(holder: list[Any], path: str) -> dict[str, str]:
    """Each text and number that was given, as text; what is given as a marker already stays one."""
    leaves = ((where, str(inner[key])) for inner, key, where in _leaves(holder, 0, path))
    return {where: text for where, text in leaves if not only_markers(text)}


def _children(value: Any, path: str) -> Iterator[Place]:
    items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    for slot, _ in items:
        yield value, slot, f"{path}.{slot}" if path else str(slot)


def _select(holder: Any, slot: Any, path: str, parts: list[str]) -> Iterator[Place]:
    """The places below `holder[slot]` that the rest of a pattern names; `path` counts as given already."""
    given = path.split(".") if path else []
    rest = parts[len(given) :]
    for want, have in zip(parts, given, strict=False):
        if want == "**":
            rest = []
            break
        if want not in ("*", have):
            return
    if rest == ["**"] or not rest:
        yield holder, slot, path
        return
    waiting = [(holder[slot], path, rest)]
    while waiting:
        value, where, wanted = waiting.pop()
        for inner, key, name in _children(value, where):
            if wanted[0] not in ("*", "**", str(key)):
                continue
            if wanted[0] == "**" or len(wanted) == 1:
                yield inner, key, name
            else:
                waiting.append((inner[key], name, wanted[1:]))


def _leaves(holder: Any, slot: Any, path: str) -> Iterator[Place]:
    value = holder[slot]
    if type(value) in (dict, list):
        for place in _children(value, path):
            yield from _leaves(*place)
    elif value is not None and type(value) is not bool:
        yield holder, slot, path


def _texts(holder: Any, slot: Any, path: str) -> Iterator[Place]:
    return (place for place in _leaves(holder, slot, path) if type(place[0][place[1]]) is str)


def _put(root: list[Any], path: str, where: str, value: Any) -> None:
    """Put what was given back to its place, if the place is still there."""
    if where == path:
        root[0] = value
        return
    for holder, slot, _ in list(_select(root, 0, path, where.split("."))):
        holder[slot] = value
