"""What an auditor asks for, computed from the log, and what the log cannot show."""

from agent_audit.analysis.compliance.completeness import Completeness
from agent_audit.analysis.compliance.controls import ControlEvidence
from agent_audit.analysis.compliance.integrity import Integrity
from agent_audit.analysis.compliance.report import ComplianceReport, compliance_report
from agent_audit.analysis.compliance.security import SecurityEvent
from agent_audit.analysis.data import DataUse
from agent_audit.analysis.decisions import Decision, Decisions

__all__ = [
    "Completeness",
    "ComplianceReport",
    "ControlEvidence",
    "DataUse",
    "Decision",
    "Decisions",
    "Integrity",
    "SecurityEvent",
    "compliance_report",
]
