"""What `agent_audit` exports: the public interface, and all that adapters may use."""

from agent_audit.adapting import (
    ActionRequest,
    AdapterSettings,
    BoundedMap,
    ContextReader,
    HostedCall,
    Modifies,
    Seam,
    ToolDefinitions,
    after_the_fact,
    describe_check,
    describe_decision,
    digest_of,
    message,
    outcome_of,
    same_arguments,
    shared_state,
)
from agent_audit.agent import AuditedAgent
from agent_audit.backends import AuditBackend, FileAuditBackend, MemoryAuditBackend, Query
from agent_audit.config import AuditConfig
from agent_audit.default import get_logger, set_logger
from agent_audit.durability import CommitLimits, Durability
from agent_audit.errors import AuditError, ConfigurationError, WriteError, describe_error
from agent_audit.event import AuditEvent, AuditEventType, Outcome, Source
from agent_audit.identity import Identity, current_identity, held, identify
from agent_audit.locks import fork_safe_lock
from agent_audit.logger import AuditLogger
from agent_audit.runs import Run, RunTracker

__all__ = [
    "ActionRequest",
    "AdapterSettings",
    "AuditBackend",
    "AuditConfig",
    "AuditError",
    "AuditEvent",
    "AuditEventType",
    "AuditLogger",
    "AuditedAgent",
    "BoundedMap",
    "CommitLimits",
    "ConfigurationError",
    "ContextReader",
    "Durability",
    "FileAuditBackend",
    "HostedCall",
    "Identity",
    "MemoryAuditBackend",
    "Modifies",
    "Outcome",
    "Query",
    "Run",
    "RunTracker",
    "Seam",
    "Source",
    "ToolDefinitions",
    "WriteError",
    "after_the_fact",
    "current_identity",
    "describe_check",
    "describe_decision",
    "describe_error",
    "digest_of",
    "fork_safe_lock",
    "get_logger",
    "held",
    "identify",
    "message",
    "outcome_of",
    "same_arguments",
    "set_logger",
    "shared_state",
]
