"""A tool is another one than it was, under the same name."""

from __future__ import annotations

from typing import Any

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds_in_log
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.scope import Scope
from agent_audit.analysis.source import Expr, load_ibis
from agent_audit.wording import plural


def changed_definitions(scope: Scope, parameters: Parameters) -> Expr:
    """Calls with a definition that the log has for the first time, of tools that it had under another one before.

    Processes that run side by side, an old one and a new one, record their definitions in turn: a change back to one
    that is known is none.
    """
    ibis = load_ibis()
    log = scope.log
    told = log.mutate(
        digest=log.metadata["definition"]["hmac_sha256"].str,
        covers=log.metadata["definition"]["covers"].str,
        server=log.metadata["mcp_server"].str,
    )
    told = told.filter((told.event_type == "tool.call") & told.digest.notnull() & told.action.notnull())
    tool, order = ["agent_id", "action", "server", "covers"], ["timestamp", "log", "seq"]
    again = ibis.row_number().over(ibis.window(group_by=[*tool, "digest"], order_by=order))
    first = told.mutate(again=again).filter(lambda t: t.again == 0)
    place = ibis.row_number().over(ibis.window(group_by=tool, order_by=order))
    changed = first.mutate(place=place).filter(lambda t: t.place > 0)
    return scope.looked_up(changed, ["seq", "event_id"], "server")


def _say(parameters: Parameters, row: dict[str, Any]) -> str:
    of_server = f" of the MCP server {row['server']}" if row["server"] else ""
    return (
        f"{row['action']}{of_server}, called by {named(row['agent_id'])}, had another description or other parameters "
        f"than before {plural(row['found'], 'time')}."
    )


_COUNTING = Counting("changed definitions", changed_definitions, ("agent_id", "action", "server"), _say)

CHANGED_DEFINITION = Rule(
    id="changed-definition",
    title="A tool was redefined",
    level=Level.MEDIUM,
    means="It may be a new version of yours; or whoever provides the tool tells the model something else than what was "
    "agreed to.",
    query=_COUNTING.query,
    explain=_COUNTING.explain,
    references=("T2", "AML.T0010"),
    basis="keyed digests of description and parameters, on record once per process and definition",
    possible=lambda scope, parameters: kinds_in_log(scope).of("tool.call") > 1,
)
"""The description or the parameters of a tool changed between uses."""
