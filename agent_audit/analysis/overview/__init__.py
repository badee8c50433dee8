"""A log at one glance: what the HTML report shows, in numbers that do not grow with the log."""

from agent_audit.analysis.overview.collect import CITED, Overview, overview
from agent_audit.analysis.overview.over_time import Bucket, OverTime
from agent_audit.analysis.overview.sessions import Limits, RecordedSession, SessionRow
from agent_audit.analysis.overview.usage import AgentUse, ToolUse

__all__ = [
    "CITED",
    "AgentUse",
    "Bucket",
    "Limits",
    "OverTime",
    "Overview",
    "RecordedSession",
    "SessionRow",
    "ToolUse",
    "overview",
]
