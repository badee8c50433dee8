"""Evidence bundles: chosen events with their proofs, for somebody who has neither the log nor this library."""

from agent_audit.report.evidence.bundle import Bundle, write_bundle

__all__ = ["Bundle", "write_bundle"]
