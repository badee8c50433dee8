"""An agent calls the same tool with the same arguments again and again."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Expr, load_ibis


class Repeated(Parameters):
    """See `REPEATED_CALLS`."""

    calls: int = Field(5, ge=2, description="So many calls of one tool with equal arguments in one session.")


def repeated_calls(scope: Scope, parameters: Repeated) -> Expr:
    """The tool calls of sessions, with their arguments as text, or the keyed digest of arguments that were left out.

    Of those that were left out without a digest nobody can say what they were.
    """
    ibis = load_ibis()
    calls = scope.payloads
    calls = calls.filter((calls.event_type == "tool.call") & calls.session_id.notnull())
    short = calls.metadata["shortened"]["parameters"]
    none = ibis.ifelse(short["bytes"].int.isnull() & short["level"].str.isnull(), "", ibis.null("string"))
    arguments = ibis.coalesce(calls.parameters.cast("string"), short["hmac_sha256"].str, none)
    calls = calls.mutate(arguments=arguments)
    return calls.filter(calls.arguments.notnull()).drop("parameters", "result")


def _say(parameters: Repeated, row: dict[str, Any]) -> str:
    return (
        f"{named(row['agent_id'])} called {row['action'] or 'a tool'} {row['found']:,} times with the same arguments "
        f"in session {row['session_id']} (unusual from {parameters.calls} on)."
    )


_COUNTING = Counting(
    "repeated calls",
    repeated_calls,
    ("agent_id", "session_id", "action", "arguments"),
    _say,
    least=lambda parameters: parameters.calls,
)

REPEATED_CALLS = Rule(
    id="repeated-calls",
    title="The same call again and again",
    level=Level.LOW,
    means="It may be caught in a loop, or wait for something by asking.",
    query=_COUNTING.query,
    explain=_COUNTING.explain,
    references=("T4", "AML.T0034"),
    parameters=Repeated(),
    basis="five equal calls in a session; calls without arguments are equal",
    possible=lambda scope, parameters: kinds(scope).of("tool.call") >= parameters.calls,
)
"""Five equal calls in a session."""
