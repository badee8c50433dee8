"""Questions to a log: what agents did, what was unusual, what an auditor asks for.

Importing this is cheap; making an `AuditAnalyzer` needs the extra `analysis` (Ibis on DuckDB).
"""

from agent_audit.analysis.activity import AgentActivity, Durations
from agent_audit.analysis.analyzer import AuditAnalyzer
from agent_audit.analysis.anomalies import AnomalyReport
from agent_audit.analysis.compliance import ComplianceReport
from agent_audit.analysis.data import DataAccess, DataUse
from agent_audit.analysis.decisions import Decision, DecisionReport
from agent_audit.analysis.disposition import disposition_event
from agent_audit.analysis.examination import examination_event
from agent_audit.analysis.failures import FailureGroup, Failures
from agent_audit.analysis.finding import Disposition, Finding, Level
from agent_audit.analysis.models import CostItem, ModelStatistics, ModelUse, Price, TokenCost
from agent_audit.analysis.pairing import Unpaired, unpaired
from agent_audit.analysis.result import Count, Period, Result
from agent_audit.analysis.rule import Allowed, Limits, Parameters, Rule
from agent_audit.analysis.rulefile import load_rules
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.analysis.sessions import Sessions, SessionSummary
from agent_audit.analysis.source import BadLine
from agent_audit.analysis.timeline import Approval, Step, Timeline
from agent_audit.analysis.tools import ToolStatistics, ToolUse
from agent_audit.analysis.volume import Interval, Volume

__all__ = [
    "AgentActivity",
    "Allowed",
    "AnomalyReport",
    "Approval",
    "AuditAnalyzer",
    "BadLine",
    "ComplianceReport",
    "CostItem",
    "Count",
    "DataAccess",
    "DataUse",
    "Decision",
    "DecisionReport",
    "Disposition",
    "Durations",
    "FailureGroup",
    "Failures",
    "Finding",
    "Interval",
    "Level",
    "Limits",
    "ModelStatistics",
    "ModelUse",
    "Parameters",
    "Period",
    "Price",
    "Result",
    "Rule",
    "Ruleset",
    "SessionSummary",
    "Sessions",
    "Step",
    "Timeline",
    "TokenCost",
    "ToolStatistics",
    "ToolUse",
    "Unpaired",
    "Volume",
    "disposition_event",
    "examination_event",
    "load_rules",
    "unpaired",
]
