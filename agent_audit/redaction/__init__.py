"""Keeps secrets out of the log: `redact(obj)` with the default configuration, else `DefaultRedactor`."""

from agent_audit.redaction.config import ExtraRule, RedactionConfig, Treatment
from agent_audit.redaction.interface import Fingerprint, Hit, Redacted, Redactor
from agent_audit.redaction.redactor import DefaultRedactor, redact

__all__ = [
    "DefaultRedactor",
    "ExtraRule",
    "Fingerprint",
    "Hit",
    "Redacted",
    "RedactionConfig",
    "Redactor",
    "Treatment",
    "redact",
]
