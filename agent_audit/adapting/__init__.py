"""What adapters share beside the pairing of starts and ends (`agent_audit.runs`), so that it is written once.

What every constructor takes (`AdapterSettings`), one state a logger (`shared_state`), memory that stays small
(`BoundedMap`), what was asked and decided (`ActionRequest`), what a provider has carried out itself (`HostedCall`),
what a tool was said to be (`ToolDefinitions`), the form of a message (`message`), how something has ended that raised
(`outcome_of`), a hook that must not raise (`after_the_fact`), and places in a framework that may be gone tomorrow
(`Seam`).
"""

from agent_audit.adapting.decisions import ActionRequest, describe_check, describe_decision, digest_of, same_arguments
from agent_audit.adapting.definitions import ToolDefinitions
from agent_audit.adapting.guard import after_the_fact
from agent_audit.adapting.hosted import HostedCall
from agent_audit.adapting.memory import BoundedMap, shared_state
from agent_audit.adapting.messages import message
from agent_audit.adapting.outcomes import outcome_of
from agent_audit.adapting.seams import Seam
from agent_audit.adapting.settings import AdapterSettings, ContextReader, Modifies

__all__ = [
    "ActionRequest",
    "AdapterSettings",
    "BoundedMap",
    "ContextReader",
    "HostedCall",
    "Modifies",
    "Seam",
    "ToolDefinitions",
    "after_the_fact",
    "describe_check",
    "describe_decision",
    "digest_of",
    "message",
    "outcome_of",
    "same_arguments",
    "shared_state",
]
