"""Messages to and from a model, in one form for all frameworks, so that a log can be read without knowing which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_ROLES = {"human": "user", "ai": "assistant", "function": "tool"}


def message(
    role: str,
    content: Any,
    *,
    calls: Iterable[tuple[str | None, str]] = (),
    call_id: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """A message as a dict of `role`, `content`, and where they belong to it `tool_calls`, `call_id` and `name`.

    Args:
        role: `system`, `user`, `assistant` or `tool`; what frameworks call these is translated.
        content: text, or what the framework has in its place.
        calls: id and name of each tool call in it; their arguments are on record as `action.request`.
        call_id: of the call that it answers.
        name: of the tool that it comes from; it may be all that tells that the content is a secret.
    """
    said: dict[str, Any] = {"role": _ROLES.get(role, role), "content": content}
    if asked := [{"id": one_id, "name": name} for one_id, name in calls]:
        said["tool_calls"] = asked
    if call_id is not None:
        said["call_id"] = call_id
    if name is not None:
        said["name"] = name
    return said
