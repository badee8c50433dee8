"""Where events are kept."""

from agent_audit.backends.file import FileAuditBackend
from agent_audit.backends.interface import AuditBackend, Query
from agent_audit.backends.memory import MemoryAuditBackend

__all__ = ["AuditBackend", "FileAuditBackend", "MemoryAuditBackend", "Query"]
