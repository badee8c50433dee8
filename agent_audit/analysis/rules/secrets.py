"""A secret came out of a tool: a redaction rule fired in what it returned."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.rules.passages import OUTPUTS
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Expr
from agent_audit.wording import plural

_PERSONAL = (
    "email", "email-encoded", "email-spelled", "phone", "iban", "card", "key:card", "ssn", "key:ssn", "key:national-id",
    "passport-number", "driver-license",
)  # fmt: skip


class Secrets(Parameters):
    """See `SECRET_IN_OUTPUT`."""

    personal: tuple[str, ...] = Field(_PERSONAL, description="Redaction rules that are no secrets: personal data.")


def secrets_in_outputs(scope: Scope, parameters: Secrets) -> Expr:
    """Outputs in which a redaction rule masked something in `result`, one row per rule that fired, as `masked`."""
    outputs = scope.events.filter(scope.events.event_type.isin(OUTPUTS))
    # The summary is a list of {"path", "rule"}; splitting its text works on every engine, JSON arrays do not.
    hits = outputs.mutate(hit=outputs.metadata["redacted"].cast("string").split("}").unnest())
    hits = hits.filter(hits.hit.re_search('"path": ?"result'))
    hits = hits.mutate(masked=hits.hit.re_extract('"rule": ?"([^"]+)"', 1))
    return hits.filter(~hits.masked.isin(parameters.personal) & (hits.masked != "error")).drop("hit").distinct()


def _say(parameters: Secrets, row: dict[str, Any]) -> str:
    return (
        f"{named(row['agent_id'])}: {row['action'] or 'a tool'} returned a secret {plural(row['found'], 'time')} "
        f"(redaction rule {row['masked']}). The log has it masked; the model saw it."
    )


_COUNTING = Counting("secrets in outputs", secrets_in_outputs, ("agent_id", "action", "masked"), _say)

SECRET_IN_OUTPUT = Rule(
    id="secret-in-output",
    title="A secret in a tool's output",
    level=Level.MEDIUM,
    means="Whoever can speak to the agent may get it out of it. Renew it, and keep it out of the tool's reach.",
    query=_COUNTING.query,
    explain=_COUNTING.explain,
    references=("T2", "T3", "AML.T0055", "AML.T0057"),
    parameters=Secrets(),
    basis="every one counts",
    possible=lambda scope, parameters: kinds(scope).of(*OUTPUTS) > 0,
)
"""A tool returned a secret."""
