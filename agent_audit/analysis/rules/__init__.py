"""What is looked for in a log. A new detection is one file beside these and one name in `RULES`."""

from agent_audit.analysis.finding import Rule
from agent_audit.analysis.rules.denials import DENIALS
from agent_audit.analysis.rules.failure_rate import FAILURE_RATE
from agent_audit.analysis.rules.open_operations import OPEN_OPERATIONS
from agent_audit.analysis.rules.rapid_actions import RAPID_ACTIONS

RULES: tuple[Rule, ...] = (DENIALS, FAILURE_RATE, RAPID_ACTIONS, OPEN_OPERATIONS)

__all__ = ["DENIALS", "FAILURE_RATE", "OPEN_OPERATIONS", "RAPID_ACTIONS", "RULES"]
