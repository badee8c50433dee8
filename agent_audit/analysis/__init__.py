"""Questions to a log: what agents did, what was unusual, what an auditor asks for.

Importing this is cheap; making an `AuditAnalyzer` needs the extra `analysis` (Ibis on DuckDB).
"""

from agent_audit.analysis.activity import AgentActivity, Durations
from agent_audit.analysis.analyzer import AuditAnalyzer
from agent_audit.analysis.anomalies import AnomalyReport
from agent_audit.analysis.compliance import ComplianceReport
from agent_audit.analysis.finding import Finding, Level, Thresholds
from agent_audit.analysis.pairing import Unpaired, unpaired
from agent_audit.analysis.result import Count, Period, Result
from agent_audit.analysis.source import BadLine

__all__ = [
    "AgentActivity",
    "AnomalyReport",
    "AuditAnalyzer",
    "BadLine",
    "ComplianceReport",
    "Count",
    "Durations",
    "Finding",
    "Level",
    "Period",
    "Result",
    "Thresholds",
    "Unpaired",
    "unpaired",
]
