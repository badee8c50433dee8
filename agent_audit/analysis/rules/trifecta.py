"""The lethal trifecta (Willison 2025): private data, untrusted content and a way out, in one session."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.rules.passages import OUTPUTS
from agent_audit.analysis.scope import Scope, not_refused, told_apart
from agent_audit.analysis.source import Expr
from agent_audit.wording import plural


class Trifecta(Parameters):
    """See `LETHAL_TRIFECTA`. Regular expressions, searched in lower case in the action's name."""

    private: str = Field(
        "(inbox|email|contact|customer|account|transaction|calendar|file|drive|database|sql|record|crm|user_info|secret)",
        description="Reading these is reading private data; so is every `data.access`.",
    )
    untrusted: str = Field("(web|url|browse|fetch|http|search|inbox|email|channel|message|comment|review|issue|ticket)",
        description="What these return, strangers can write.")  # fmt: skip
    outward: str = Field(
        "(^|[._])(send|post|share|forward|reply|publish|upload|invite|transfer|pay|submit|webhook)([._]|$)",
        description="These reach somebody outside.",
    )


def trifecta(scope: Scope, parameters: Trifecta) -> Expr:
    """Outward calls after private data was read and untrusted content came in, in one session of one log.

    What was refused or failed brought nothing in, and a call that was refused went nowhere.
    """
    events = told_apart(scope.events.filter(scope.events.session_id.notnull()))
    session = ["log", "session_id"]
    name = events.action.lower()
    came = events.outcome.isnull() | ~events.outcome.isin(["denied", "failure"])
    ends = events.event_type.isin(OUTPUTS) & came & ~name.re_search(parameters.outward)
    private = events.filter(ends & ((events.event_type == "data.access") | name.re_search(parameters.private)))
    untrusted = events.filter(ends & name.re_search(parameters.untrusted))
    calls = told_apart(not_refused(scope, scope.events.filter(scope.events.event_type == "tool.call")))
    outward = calls.filter(calls.session_id.notnull() & calls.action.lower().re_search(parameters.outward))
    read = private.group_by(session).agg(private_at=private.seq.min())
    met = untrusted.group_by(session).agg(untrusted_at=untrusted.seq.min())
    all_three = outward.inner_join(read.view(), session).inner_join(met.view(), session)
    return all_three.filter((all_three.seq > all_three.private_at) & (all_three.seq > all_three.untrusted_at))


def _say(parameters: Trifecta, row: dict[str, Any]) -> str:
    return (
        f"{named(row['agent_id'])}, session {row['session_id']}: private data was read, content that strangers can "
        f"write came in, and {plural(row['found'], 'call')} went out afterwards."
    )


_COUNTING = Counting("trifecta", trifecta, ("agent_id", "session_id"), _say)

LETHAL_TRIFECTA = Rule(
    id="lethal-trifecta",
    title="Private data, untrusted content and a way out",
    level=Level.LOW,
    means="Nothing need have happened; but an instruction in what it read could have sent out what it knows.",
    query=_COUNTING.query,
    explain=_COUNTING.explain,
    references=("T2", "T6", "AML.T0086", "AML.T0057"),
    parameters=Trifecta(),
    basis="Willison's lethal trifecta; what was refused is left out; "
    "by the names of tools, so it tells what could happen, not what did",
    possible=lambda scope, parameters: kinds(scope).of("tool.call") > 0 and kinds(scope).of(*OUTPUTS) > 0,
)
"""An outward call after private data and untrusted content."""
