"""The callback handler. Its start hooks record before the effect and raise when the logger is fail-closed, which
stops the operation; its other hooks never raise, for what they tell of has happened."""

from __future__ import annotations

from agent_audit_langchain.chains import ChainHooks
from agent_audit_langchain.graph import BaseHandler
from agent_audit_langchain.tools import ToolHooks


class AuditCallbackHandler(ChainHooks, ToolHooks, BaseHandler):
    """Records what a chain, agent or graph does: `config={"callbacks": [AuditCallbackHandler()]}`.

    Handlers are cheap; those of one logger share their state, so several of them in one run record nothing twice.

    Args:
        logger: where to; the default logger, opened at the first event, when left out.
        agent_id, user_id, session_id: who, for whom, in which conversation; else from the run's metadata
            (`lc_agent_name`, `user_id`, `thread_id`), `configurable`, or `agent_audit.identify`.
        context: a function for what else an application keeps there. It gets a run's metadata and returns any of
            these three, and `decided_by`: who decided, when a run is resumed.
        modifies: names of the tools that change data, or a predicate on name and arguments: after their success
            a `data.modify` is recorded. No framework knows this by itself.
    """

    run_inline = False  # an inline handler makes others miss events (langchain-core's AsyncCallbackManager)

    @property
    def raise_error(self) -> bool:  # type: ignore[override]  # an attribute in the base, only ever read
        """Whether LangChain lets exceptions of the start hooks through: when the logger is fail-closed."""
        return self.fails_closed()
