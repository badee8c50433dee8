"""A log at one glance: what the HTML report shows, in numbers that do not grow with the log."""

from agent_audit.analysis.overview.collect import CITED, Overview, overview
from agent_audit.analysis.overview.over_time import OverTime
from agent_audit.analysis.overview.sessions import Limits, RecordedSession, SessionRow
from agent_audit.analysis.overview.usage import AgentUse

__all__ = [
    "CITED",
    "AgentUse",
    "Limits",
    "OverTime",
    "Overview",
    "RecordedSession",
    "SessionRow",
    "overview",
]
