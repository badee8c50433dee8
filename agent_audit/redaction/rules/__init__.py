"""The built-in value rules, as data: one list for each kind of issuer."""

from agent_audit.redaction.rules.addresses import ADDRESSES
from agent_audit.redaction.rules.calls import CALLS
from agent_audit.redaction.rules.cloud import CLOUD
from agent_audit.redaction.rules.commands import COMMANDS
from agent_audit.redaction.rules.developer import DEVELOPER
from agent_audit.redaction.rules.devices import DEVICES
from agent_audit.redaction.rules.files import FILES
from agent_audit.redaction.rules.general import GENERAL
from agent_audit.redaction.rules.links import LINKS
from agent_audit.redaction.rules.model import ENCODED, MANIFEST, NEARBY, Rule, Span
from agent_audit.redaction.rules.national import NATIONAL
from agent_audit.redaction.rules.personal import PERSONAL_IDS
from agent_audit.redaction.rules.piped import PIPED
from agent_audit.redaction.rules.platforms import PLATFORMS
from agent_audit.redaction.rules.printed import PRINTING
from agent_audit.redaction.rules.protocols import PROTOCOLS
from agent_audit.redaction.rules.services import SERVICES
from agent_audit.redaction.rules.signing_in import SIGNING_IN
from agent_audit.redaction.rules.statements import STATEMENTS
from agent_audit.redaction.rules.telephones import TELEPHONES
from agent_audit.redaction.rules.vendors import VENDORS
from agent_audit.redaction.rules.whole import WHOLE_IDS

__all__ = ["BUILT_IN", "Rule", "Span", "rule_ids"]

BUILT_IN: tuple[Rule, ...] = (
    GENERAL
    + CALLS
    + COMMANDS
    + STATEMENTS
    + PIPED
    + FILES
    + DEVICES
    + PROTOCOLS
    + PRINTING
    + CLOUD
    + DEVELOPER
    + SERVICES
    + PLATFORMS
    + VENDORS
    + ADDRESSES
    + LINKS
    + SIGNING_IN
    + TELEPHONES
    + NATIONAL
)
"""All rules that are anchored on a literal; what has no literal is in `personal` and `whole`."""


def rule_ids() -> frozenset[str]:
    """Ids of every built-in value rule."""
    return frozenset(rule.id for rule in BUILT_IN) | PERSONAL_IDS | WHOLE_IDS | {ENCODED, MANIFEST, NEARBY}
