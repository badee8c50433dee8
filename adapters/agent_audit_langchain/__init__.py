"""Audit logging for LangChain and LangGraph.

    chain.invoke(question, config={"callbacks": [AuditCallbackHandler()]})

records one call; `enable()` records everything in the process. `AuditMiddleware` stands in front of every tool of a
`create_agent` agent and stops a call that cannot be recorded (with a fail-closed logger).
"""

from typing import TYPE_CHECKING, Any

from agent_audit_langchain.handler import AuditCallbackHandler
from agent_audit_langchain.install import disable, enable

if TYPE_CHECKING:
    from agent_audit_langchain.middleware import AuditMiddleware

__all__ = ["AuditCallbackHandler", "AuditMiddleware", "disable", "enable"]


def __getattr__(name: str) -> Any:
    # `langchain` itself is needed for the middleware only; the handler does with langchain-core.
    if name == "AuditMiddleware":
        from agent_audit_langchain.middleware import AuditMiddleware

        return AuditMiddleware
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
