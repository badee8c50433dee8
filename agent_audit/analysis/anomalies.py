"""What was unusual in a period: every rule, run over one scope."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, ClassVar

from pydantic import Field

from agent_audit.analysis.disposition import dispositions
from agent_audit.analysis.document import Document, Table
from agent_audit.analysis.finding import Finding, Level
from agent_audit.analysis.kinds import kinds
from agent_audit.analysis.rehearsal import refusal_told
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.rule import Rule
from agent_audit.analysis.rules import RULES
from agent_audit.analysis.ruleset import Ruleset
from agent_audit.analysis.scope import Scope
from agent_audit.wording import plural

_GRAVEST_FIRST = (Level.HIGH, Level.MEDIUM, Level.LOW)
_SHOWN = 80
"""Characters of a parameter in a list of rules."""
_MOST_CUT = 3
"""Longer ones of a rule; of more only the names are listed."""


class AnomalyReport(Result):
    """What was found, and what was looked for."""

    main: ClassVar[str] = "findings"

    agent_id: str | None = Field(description="The agent asked for; None: each of them.")
    period: Period
    events_examined: int
    findings: tuple[Finding, ...] = Field(description="The gravest first, those somebody has decided on last.")
    omitted: dict[str, int] = Field(description="Rule -> findings beyond `max_findings`, counted only.")
    rules: tuple[str, ...] = Field(description="Ids of the rules that were run.")
    parameters: dict[str, dict[str, Any]] = Field(description="Rule -> its parameters.")
    allowed: tuple[str, ...] = Field((), description="What was left out of sight, and why.")
    bad_line_count: int = 0

    def open_findings(self, level: Level = Level.LOW) -> tuple[Finding, ...]:
        """Findings of that level and above that nobody has decided on."""
        return tuple(found for found in self.findings if found.is_open and found.level.at_least(level))

    def document(self) -> Document:
        """See `Result.document`."""
        who = "" if self.agent_id is None else f" of agent {self.agent_id}"
        columns = (
            *("level", "finding", "agent", "explanation", "first", "last", "events", "event ids"),
            *("references", "id", "decision"),
        )
        return Document(
            f"Anomalies{who}, {self.period}",
            (*bad_line_remark(self.bad_line_count), self._verdict(), *self._left_out()),
            (Table("Findings", columns, tuple(map(_row, self.findings)), stacked=True),),
        )

    def _verdict(self) -> str:
        looked = f"{self.events_examined:,} events examined for: {', '.join(self.rules)}."
        still_open = len(self.open_findings())
        decided = len(self.findings) - still_open
        more = f" {plural(decided, 'finding')} that somebody has decided on." if decided else ""
        return f"{plural(still_open, 'finding') if still_open else 'No findings'}.{more} {looked}"

    def _left_out(self) -> list[str]:
        more = [f"{plural(count, 'more finding')} of {rule} not listed." for rule, count in self.omitted.items()]
        return more + [f"Not looked at: {allowed}" for allowed in self.allowed]


class RuleList(Result):
    """What would be looked for."""

    rules: tuple[dict[str, Any], ...] = Field(description="Each rule as data.")

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> RuleList:
        """The data of these rules."""
        return cls(rules=tuple(_as_data(rule) for rule in rules))

    def document(self) -> Document:
        """See `Result.document`."""
        columns = ("id", "title", "level", "means", "parameters", "basis", "references")
        rows = tuple(
            (
                *(rule[name] for name in columns[:4]),
                _told({name: str(value) for name, value in rule["parameters"].items()}) or None,
                rule["basis"] or None,
                ", ".join(rule["references"]) or None,
            )
            for rule in self.rules
        )
        return Document(
            f"{len(rows)} rules",
            (
                "References: T… are threats of OWASP Agentic AI, AML.… techniques of MITRE ATLAS.",
                "A long parameter is cut here and whole as JSON.",
            ),
            (Table("Rules", columns, rows, stacked=True),),
        )


def find_anomalies(scope: Scope, ruleset: Ruleset, agent_id: str | None = None) -> AnomalyReport:
    """Run every rule."""
    listed: list[Finding] = []
    omitted: dict[str, int] = {}
    for rule in ruleset.rules:
        # A user's rule may be right, and yet not fit the values of some event.
        with nullcontext() if rule in RULES else refusal_told(f"rule {rule.id} cannot be run"):
            found, more = rule.run(scope, ruleset.limits)
        listed += found
        if more:
            omitted[rule.id] = more
    decided = dispositions(scope.log)
    listed = [found.model_copy(update={"disposition": decided.get(found.id)}) for found in listed]
    return AnomalyReport(
        agent_id=agent_id,
        period=scope.period,
        events_examined=kinds(scope).total,
        findings=tuple(sorted(listed, key=lambda found: (not found.is_open, _GRAVEST_FIRST.index(found.level)))),
        omitted=omitted,
        rules=tuple(rule.id for rule in ruleset.rules),
        parameters={rule.id: rule.parameters.model_dump(mode="json") for rule in ruleset.rules},
        allowed=tuple(map(str, ruleset.allowed)),
        bad_line_count=scope.bad_line_count,
    )


def _told(parameters: dict[str, str]) -> str:
    """Parameters on a line: of a pattern that would fill the screen the beginning, of many such patterns the names."""
    long = [name for name, value in parameters.items() if len(value) > _SHOWN]
    if len(long) > _MOST_CUT:
        told = [f"{name} = {value}" for name, value in parameters.items() if name not in long]
        return ", ".join([*told, f"{', '.join(long)} = {len(long)} patterns"])
    return ", ".join(f"{name} = {_cut(value)}" for name, value in parameters.items())


def _cut(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}… ({len(value):,} characters)"


def _as_data(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "level": str(rule.level),
        "means": rule.means,
        "parameters": rule.parameters.model_dump(mode="json"),
        "basis": rule.basis,
        "references": list(rule.references),
    }


def _row(found: Finding) -> tuple[Any, ...]:
    return (
        str(found.level),
        found.title,
        found.agent_id,
        found.explanation,
        found.first,
        found.last,
        found.event_count,
        _shown_ids(found),
        ", ".join(found.references) or None,
        found.id,
        _decided(found),
    )


def _decided(found: Finding) -> str | None:
    decided = found.disposition
    if decided is None:
        return None
    grown = "; it has grown since, so it is open again" if found.is_open and decided.decision != "reopened" else ""
    return f"{decided.decision} by {decided.by or 'somebody'}: {decided.reason or 'no reason given'}{grown}"


def _shown_ids(finding: Finding, shown: int = 3) -> str:
    more = finding.event_count - min(shown, len(finding.event_ids))
    return ", ".join(finding.event_ids[:shown]) + (f" and {more:,} more" if more else "")
