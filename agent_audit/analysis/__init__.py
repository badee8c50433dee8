"""Questions to a log: what agents did, what was unusual, what an auditor asks for.

Importing this is cheap; making an `AuditAnalyzer` needs the extra `analysis` (Ibis on DuckDB).
"""

from agent_audit.analysis.activity import AgentActivity, Durations
from agent_audit.analysis.analyzer import AuditAnalyzer
from agent_audit.analysis.anomalies import AnomalyReport
from agent_audit.analysis.compliance import ComplianceReport
from agent_audit.analysis.disposition import disposition_event
from agent_audit.analysis.finding import Disposition, Finding, Level
from agent_audit.analysis.pairing import Unpaired, unpaired
from agent_audit.analysis.result import Count, Period, Result
from agent_audit.analysis.rule import Allowed, Limits, Parameters, Rule
from agent_audit.analysis.rulefile import load_rules
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.analysis.source import BadLine

__all__ = [
    "AgentActivity",
    "Allowed",
    "AnomalyReport",
    "AuditAnalyzer",
    "BadLine",
    "ComplianceReport",
    "Count",
    "Disposition",
    "Durations",
    "Finding",
    "Level",
    "Limits",
    "Parameters",
    "Period",
    "Result",
    "Rule",
    "Ruleset",
    "Unpaired",
    "disposition_event",
    "load_rules",
    "unpaired",
]
