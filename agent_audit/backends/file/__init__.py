"""The embedded default store: a log directory. On-disk form: docs/log-format.md."""

from agent_audit.backends.file.backend import FileAuditBackend
from agent_audit.backends.file.layout import DIRECTORY_NAME, Layout
from agent_audit.backends.file.retention import Retention
from agent_audit.backends.file.segments import Rotation

__all__ = ["DIRECTORY_NAME", "FileAuditBackend", "Layout", "Retention", "Rotation"]
