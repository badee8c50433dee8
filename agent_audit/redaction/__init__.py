"""Keeps secrets out of the log: `redact(obj)` with the default configuration, else `DefaultRedactor`."""

from agent_audit.redaction.config import ExtraRule, Outcome, RedactionConfig
from agent_audit.redaction.interface import Fingerprint, Hit, Redacted, Redactor
from agent_audit.redaction.redactor import DefaultRedactor, redact

__all__ = [
    "DefaultRedactor",
    "ExtraRule",
    "Fingerprint",
    "Hit",
    "Outcome",
    "Redacted",
    "RedactionConfig",
    "Redactor",
    "redact",
]
