"""Audit logging for AI agents.

`get_logger()` opens the default log; `AuditedAgent` records for agents without a framework; the packages
`agent_audit_langchain` and `agent_audit_openai_agents` record for the frameworks; `AuditAnalyzer` (in
`agent_audit.analysis`) and the command `agent-audit-log` read what was recorded.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_audit.facade import *  # noqa: F403 - its names are listed there, and nowhere else
    from agent_audit.facade import __all__ as __all__
else:  # not for type checkers, which would take any name for one of ours

    def __getattr__(name):
        # Loaded with the first name that is asked for (PEP 562): commands need neither the logger nor what redacts.
        facade = import_module("agent_audit.facade")
        if name == "__all__" or name in facade.__all__:
            return getattr(facade, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *import_module("agent_audit.facade").__all__})
