"""Command lines that do what an operator would want to be asked about."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent_audit.analysis.finding import Level, named
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rule import Parameters, Rule
from agent_audit.analysis.rules import command_lines as lines
from agent_audit.analysis.rules.counting import Counting
from agent_audit.analysis.scope import Scope, not_refused
from agent_audit.analysis.source import Expr, load_ibis
from agent_audit.wording import plural

_TOOL = (
    "(^|[._-])(bash|sh|zsh|shell|terminal|exec|execute|command|commands|cmd|run|powershell|pwsh|subprocess|ssh|"
    "python|repl|code|interpreter|jupyter|sql|query|kubectl|docker)([._-]|$)"
)
_LINE_KEY = '"(command|commands|cmd|command_line|commandline|shell_command|script|args|argv)" ?:'
_PATH_KEY = '"(path|file|filename|file_?name|file_?path|filePath|target_file|notebook_path|uri)" ?: ?"'
_SECRET_PATH = rf'{_PATH_KEY}([^"]*({lines.SECRET_FILE})|([^"]*/)?{lines.DOT_ENV})'
_STARTUP_PATH = rf'{_PATH_KEY}[^"]*({lines.STARTUP_FILE})'
_WRITES = "(write|create|edit|append|update|replace|insert|save|patch|put|add)"
_CALLS = ("tool.call", "action.executed")

_DOES = {
    "sends": "sent a file or an output to another machine",
    "fetches": "ran what it had just fetched or decoded",
    "credentials": "reached for passwords, tokens or keys",
    "stays": "set up what is run, or lets somebody in, later",
    "hides": "removed traces, or switched off what watches",
    "destroys": "destroyed data for good",
    "opens": "opened a shell or a port to the outside",
}
"""What a command of each kind did; the parameter of that name is its pattern."""


class Commands(Parameters):
    """See `DANGEROUS_COMMAND`. Regular expressions; all from `sends` on are searched in the arguments as one line."""

    tool: str = Field(_TOOL, description="Actions, in lower case, whose arguments are commands, code or queries.")
    argument: str = Field(_LINE_KEY, description="In the arguments as JSON: any tool with such a one runs commands.")
    writes: str = Field(_WRITES, description="Actions, in lower case, that write the file they are given.")
    secret_path: str = Field(_SECRET_PATH, description="In the arguments as JSON: a path where secrets are kept.")
    startup_path: str = Field(_STARTUP_PATH, description="The same: of what is run, or lets somebody in, later.")
    sends: str = Field(lines.SENDS, description=_DOES["sends"])
    fetches: str = Field(lines.RUNS_WHAT_IT_FETCHED, description=_DOES["fetches"])
    credentials: str = Field(lines.READS_CREDENTIALS, description=_DOES["credentials"])
    stays: str = Field(lines.STAYS, description=_DOES["stays"])
    hides: str = Field(lines.HIDES, description=_DOES["hides"])
    destroys: str = Field(lines.DESTROYS, description=_DOES["destroys"])
    opens: str = Field(lines.LETS_IN, description=_DOES["opens"])


def dangerous(scope: Scope, parameters: Commands) -> Expr:
    """Calls with such a command; each kind has a column, 1 where it does that, else 0. What was refused did nothing."""
    events = scope.payloads
    calls = not_refused(scope, events.filter(events.event_type.isin(_CALLS) & events.parameters.notnull()))
    calls = calls.mutate(told=calls.parameters.cast("string"), name=load_ibis().coalesce(calls.action, "").lower())
    runs = calls.name.re_search(parameters.tool) | calls.told.re_search(parameters.argument)
    calls = calls.mutate(line=one_line(calls.told), runs=runs, writes=calls.name.re_search(parameters.writes))
    by_path = {
        "credentials": ~calls.writes & calls.told.re_search(parameters.secret_path),
        "stays": calls.writes & calls.told.re_search(parameters.startup_path),
    }
    does = {kind: calls.runs & calls.line.re_search(getattr(parameters, kind)) for kind in _DOES}
    for kind, so in by_path.items():
        does[kind] |= so
    calls = calls.mutate(**{kind: so.ifelse(1, 0) for kind, so in does.items()})
    return calls.filter(sum(calls[kind] for kind in _DOES) > 0)


def one_line(arguments: Expr) -> Expr:
    """Arguments in JSON as one line: quotes, commas and blanks are one blank, a line break ends a command."""
    return arguments.re_replace(r"\\[nr]", " ; ").re_replace(r"[\s'\"\\,]+", " ")


def _say(parameters: Commands, row: dict[str, Any]) -> str:
    did = ", ".join(f"{_DOES[kind]} ({row[kind]})" for kind in _DOES if row[kind])
    return f"{named(row['agent_id'])}, session {row['session_id']}: {plural(row['found'], 'call')} that {did}."


_COUNTING = Counting("dangerous commands", dangerous, ("agent_id", "session_id"), _say, sums=tuple(_DOES))

DANGEROUS_COMMAND = Rule(
    id="dangerous-command",
    title="A command that does what nobody may have wanted",
    level=Level.MEDIUM,
    means="It may be the task. If not, treat the machine, and what was on it, as reached by a stranger.",
    query=_COUNTING.query,
    explain=_COUNTING.explain,
    references=("T2", "T11", "AML.T0050", "T1105", "T1552", "T1048", "T1098", "T1562", "T1485", "T1059"),
    parameters=Commands(),
    basis="after MITRE ATT&CK, GTFOBins and the rules of Falco and Sigma: docs/detections.md",
    possible=lambda scope, parameters: kinds(scope).of(*_CALLS) > 0,
)
"""A shell, code or SQL tool ran a command that sends data away, runs what it fetched, reads credentials or the like."""
