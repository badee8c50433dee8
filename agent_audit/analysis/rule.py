"""What a detection is: data about it, and a query with a row per finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import translate
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.finding import Evidence, Finding, Level
from agent_audit.analysis.scope import EVIDENCE, Scope
from agent_audit.analysis.source import Expr, load_ibis, rows
from agent_audit.checked import Checked


class Parameters(BaseModel):
    """Base of the parameters of a detection: from where on something is unusual."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Limits(Checked):
    """How much of what was found is listed. The rest is counted, never dropped in silence."""

    model_config = ConfigDict(extra="forbid")

    max_findings: int = Field(100, ge=1, description="Findings listed per rule.")
    max_event_ids: int = Field(20, ge=1, description="Event ids listed per finding.")


class Allowed(BaseModel):
    """Events that a rule does not look at: those for which all that is given here holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[str, ...] = Field((), description="Ids of the rules; none: all of them.")
    agent_id: str | None = Field(None, description="`*` and `?` stand for any text and any character, here and below.")
    session_id: str | None = None
    user_id: str | None = None
    action: str | None = None
    resource: str | None = None
    reason: str = Field(min_length=1, description="Why this is no anomaly.")

    def __str__(self) -> str:
        what = ", ".join(f"{name} {getattr(self, name)}" for name in ALLOWED_BY if getattr(self, name) is not None)
        return f"{what} ({', '.join(self.rules) or 'any rule'}): {self.reason}"

    def excepting(self, events: Expr) -> Expr:
        """`events` without these."""
        ibis = load_ibis()
        held = ibis.literal(True)
        for column in ALLOWED_BY:
            wanted = getattr(self, column)
            if wanted is not None:
                held = held & ibis.coalesce(_like(events[column], wanted), False)
        return events.filter(~held)


ALLOWED_BY = ("agent_id", "session_id", "user_id", "action", "resource")
"""The columns by which events can be allowed; at least one is needed."""


_TOGETHER = 25
"""Findings whose events are asked for in one query."""


@dataclass(frozen=True)
class Rule:
    """One detection."""

    id: str
    title: str
    level: Level
    means: str
    """For a person: what a finding may mean, in a sentence or two."""
    query: Callable[[Scope, Any], Expr]
    """One row per finding, the gravest first; with the column `agent_id`. Takes the scope and the parameters."""
    explain: Callable[[Scope, Any, dict[str, Any]], Evidence]
    """What was seen, for one row of the query."""
    references: tuple[str, ...] = ()
    """OWASP Agentic threats (`T1` to `T15`), techniques of MITRE ATLAS (`AML.T…`) and of ATT&CK (`T1000` and above)."""
    parameters: Parameters = field(default_factory=Parameters)
    basis: str = ""
    """Where the thresholds come from."""
    allowed: tuple[Allowed, ...] = ()
    """What is left out of sight."""
    possible: Callable[[Scope, Any], bool] = lambda scope, parameters: True
    """Whether the kinds of events there are (`kinds.py`) can give a finding at all. If not, nothing is queried."""

    def with_parameters(self, **changed: Any) -> Rule:
        """The same detection with other parameters, checked.

        Raises:
            pydantic.ValidationError: no such parameter, or a value that makes no sense.
        """
        kind = type(self.parameters)
        return replace(self, parameters=kind.model_validate({**self.parameters.model_dump(), **changed}))

    def run(self, scope: Scope, limits: Limits) -> tuple[list[Finding], int]:
        """The findings, at most `max_findings`, and how many more there are."""
        seen = self._seen(scope)
        if not self.possible(seen, self.parameters):
            return [], 0
        found = rows(self.query(seen, self.parameters))
        listed = found[: limits.max_findings]
        findings: list[Finding] = []
        for first in range(0, len(listed), _TOGETHER):
            findings += self._findings(seen, limits, listed[first : first + _TOGETHER])
        return findings, len(found) - len(listed)

    def _seen(self, scope: Scope) -> Scope:
        """The scope without what is allowed. Without any, the scope itself, with all that it has kept."""
        if not self.allowed:
            return scope
        events, whole = scope.events, scope.whole
        for allowed in self.allowed:
            events = allowed.excepting(events)
            whole = None if whole is None else allowed.excepting(whole)
        return replace(scope, events=events, whole=whole, _kept={}, _known={})

    def _findings(self, scope: Scope, limits: Limits, listed: list[dict[str, Any]]) -> list[Finding]:
        evidence = [self.explain(scope, self.parameters, row) for row in listed]
        shown: list[list[dict[str, Any]]] = [[] for _ in listed]
        for event in rows(first_events([one.events for one in evidence], limits.max_event_ids)):
            shown[event["finding"]].append(event)
        return [self._finding(*found) for found in zip(listed, evidence, shown, strict=True)]

    def _finding(self, row: dict[str, Any], evidence: Evidence, shown: list[dict[str, Any]]) -> Finding:
        sessions, whole = {found["session_id"] for found in shown}, shown[0]
        return Finding(
            id=f"{self.id}/{whole['event_id']}",
            rule=self.id,
            title=self.title,
            level=self.level,
            agent_id=row["agent_id"],
            session_id=sessions.pop() if len(sessions) == 1 and whole["total"] == len(shown) else None,
            explanation=f"{evidence.explanation} {self.means}",
            numbers=evidence.numbers,
            references=self.references,
            first=whole["first"],
            last=whole["last"],
            event_ids=tuple(found["event_id"] for found in shown),
            event_count=whole["total"],
        )


def first_events(relations: list[Expr], limit: int) -> Expr:
    """The first events of each relation, in order, with `finding`, its number, and what is known of all its events.

    One query for all of them: on a cluster a query costs much, and what it has to read little.
    """
    ibis = load_ibis()
    parts = [events.select(*EVIDENCE, finding=ibis.literal(n, "int64")) for n, events in enumerate(relations)]
    every = parts[0].union(*parts[1:]) if parts[1:] else parts[0]
    of_one = ibis.window(group_by=every.finding)
    ordered = ibis.window(group_by=every.finding, order_by=[every.timestamp, every.seq, every.event_id])
    every = every.mutate(
        place=ibis.row_number().over(ordered),
        total=every.event_id.count().over(of_one),
        first=every.timestamp.min().over(of_one),
        last=every.timestamp.max().over(of_one),
    )
    return every.filter(every.place < limit).order_by(["finding", "place"])


def same(events: Expr, row: dict[str, Any], *columns: str) -> Expr:
    """The events that have in each of these columns what `row` has; an absent value equals an absent one."""
    for column in columns:
        value = row[column]
        events = events.filter(events[column].isnull() if value is None else events[column] == value)
    return events


def of_agent(events: Expr, agent_id: str | None) -> Expr:
    """The events of one agent; None: those that name none."""
    return same(events, {"agent_id": agent_id}, "agent_id")


def _like(column: Expr, pattern: str) -> Expr:
    if not any(sign in pattern for sign in "*?["):
        return column == pattern
    # `translate` gives a Python expression; its flags and its end mark are not known to every engine.
    body = translate(pattern)
    body = body.removeprefix("(?s:").removesuffix(")\\Z").removesuffix(")\\z")
    return column.re_search(f"^{body}$")
