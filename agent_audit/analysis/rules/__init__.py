"""What is looked for in a log. A new detection is one file beside these and one name in `RULES`."""

from agent_audit.analysis.rule import Rule
from agent_audit.analysis.rules.commands import DANGEROUS_COMMAND
from agent_audit.analysis.rules.definitions import CHANGED_DEFINITION
from agent_audit.analysis.rules.denials import DENIALS
from agent_audit.analysis.rules.failure_rate import FAILURE_RATE
from agent_audit.analysis.rules.first_seen import NEW_ACTION, NEW_RESOURCE, NEW_USER
from agent_audit.analysis.rules.gaps import LOG_GAPS
from agent_audit.analysis.rules.history import TOKEN_SPIKE, UNUSUAL_RATE
from agent_audit.analysis.rules.injection import INJECTED_ACTION, INSTRUCTED_ACTION, TAINTED_DESTINATION
from agent_audit.analysis.rules.open_operations import OPEN_OPERATIONS
from agent_audit.analysis.rules.permissions import (
    ACCESS_ERRORS,
    CHANGED_ARGUMENTS,
    DENIED_AND_DONE,
    DENIED_THEN_DONE,
    MISSING_APPROVAL,
)
from agent_audit.analysis.rules.rapid_actions import RAPID_ACTIONS
from agent_audit.analysis.rules.repetition import REPEATED_CALLS
from agent_audit.analysis.rules.secrets import SECRET_IN_OUTPUT
from agent_audit.analysis.rules.timing import CLOCK_BACKWARDS, LONG_SILENCE, UNUSUAL_HOURS
from agent_audit.analysis.rules.trifecta import LETHAL_TRIFECTA

RULES: tuple[Rule, ...] = (
    DENIALS,
    FAILURE_RATE,
    RAPID_ACTIONS,
    OPEN_OPERATIONS,
    INJECTED_ACTION,
    INSTRUCTED_ACTION,
    TAINTED_DESTINATION,
    LETHAL_TRIFECTA,
    DANGEROUS_COMMAND,
    MISSING_APPROVAL,
    CHANGED_ARGUMENTS,
    CHANGED_DEFINITION,
    DENIED_AND_DONE,
    DENIED_THEN_DONE,
    ACCESS_ERRORS,
    SECRET_IN_OUTPUT,
    REPEATED_CALLS,
    NEW_ACTION,
    NEW_RESOURCE,
    NEW_USER,
    UNUSUAL_RATE,
    TOKEN_SPIKE,
    UNUSUAL_HOURS,
    LONG_SILENCE,
    CLOCK_BACKWARDS,
    LOG_GAPS,
)

__all__ = ["RULES"]
