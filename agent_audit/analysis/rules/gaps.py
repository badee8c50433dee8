"""The log tells that something is missing from it."""

from __future__ import annotations

from agent_audit.analysis.finding import Level
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Expr
from agent_audit.wording import plural


def gaps(scope: Scope, parameters: Parameters) -> Expr:
    """`log.gap` events: each says how many events could not be recorded, and why."""
    return scope.events.filter(scope.events.event_type == "log.gap")


_COUNTING = Counting(
    "gaps",
    gaps,
    ("agent_id",),
    lambda parameters, row: f"The log says {plural(row['found'], 'time')} that events could not be recorded.",
)

LOG_GAPS = Rule(
    id="log-gaps",
    title="Events that could not be recorded",
    level=Level.HIGH,
    means="What happened then is not on record; a full disk does this, and so does somebody who wants it.",
    query=_COUNTING.query,
    explain=_COUNTING.explain,
    references=("T8",),
    basis="every gap counts",
    possible=lambda scope, parameters: kinds(scope).of("log.gap") > 0,
)
"""Events that are missing, by the log's own word."""
