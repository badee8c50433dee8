"""What tools were said to be when they were called: a tool that changes its description behind its name shows.

A description tells a model when and how to use a tool, and comes from whoever provides the tool. With MCP that is
somebody else's server, which may describe the tool anew at any time after a person has agreed to it ("rug pull").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from hashlib import sha256
from typing import Any, Protocol

from agent_audit.adapting.decisions import Digest
from agent_audit.adapting.memory import BoundedMap, HasState, shared_state

_STATE = "adapting.definitions"
_SHOWN = 1_000
"""Characters of a description that stand on record."""


class _Logger(HasState, Protocol):
    def digest(self, data: bytes) -> dict[str, str]: ...


class ToolDefinitions:
    """Which definitions of tools are on record from this process: each of them once, not at every call.

    Args:
        digest: the logger's.
    """

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._last: BoundedMap[tuple[str | None, Any]] = BoundedMap()
        self._recorded: BoundedMap[bool] = BoundedMap()

    @classmethod
    def of(cls, logger: _Logger) -> ToolDefinitions:
        """The ones of a logger."""
        return shared_state(logger, _STATE, lambda: cls(logger.digest))

    def new(
        self,
        owner: Hashable,
        description: str | None,
        schema: Any = None,
        spell_out: Callable[[], Any] | None = None,
    ) -> dict[str, Any]:
        """`definition` for the metadata of a `tool.call`, when the log has not got it from this process; else nothing.

        It holds a keyed digest of description and parameters, what the digest `covers`, and the beginning of the
        description. Never raises: a tool that cannot be described can still be called.

        Args:
            owner: whose tool it is: agent, action, server, as far as known.
            description: what the model is told about the tool.
            schema: its parameters, or what they are made from; compared, so that a call costs next to nothing.
                None: not known here.
            spell_out: makes the parameters of `schema`, as JSON has them; None: `schema` is that already.
        """
        if description is None and schema is None:
            return {}
        last = self._last.get(owner)
        try:
            if last is not None and last[0] == description and (last[1] is schema or last[1] == schema):
                return {}
            self._last[owner] = (description, schema)
            parameters = schema if spell_out is None or schema is None else spell_out()
            told = json.dumps([description, parameters], sort_keys=True).encode()
        except Exception:
            return {}
        if not self._recorded.claim((owner, sha256(told).digest()), True):
            return {}
        covers = "description" if schema is None else "description, parameters"
        shown = {} if description is None else {"description": description[:_SHOWN]}
        return {"definition": {**self._digest(told), "covers": covers, **shown}}
