"""What was unusual in a period: every rule, run over one scope."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from agent_audit.analysis.document import Document, Table
from agent_audit.analysis.finding import Finding, Level, Thresholds
from agent_audit.analysis.result import Period, Result, bad_line_remark
from agent_audit.analysis.rules import RULES
from agent_audit.analysis.scope import Scope, count

_GRAVEST_FIRST = (Level.HIGH, Level.MEDIUM, Level.LOW)


class AnomalyReport(Result):
    """What was found, and what was looked for."""

    main: ClassVar[str] = "findings"

    agent_id: str | None = Field(description="The agent asked for; None: each of them.")
    period: Period
    events_examined: int
    findings: tuple[Finding, ...] = Field(description="The gravest first.")
    omitted: dict[str, int] = Field(description="Rule -> findings beyond `max_findings`, counted only.")
    rules: tuple[str, ...] = Field(description="Ids of the rules that were run.")
    thresholds: Thresholds
    bad_line_count: int = 0

    def document(self) -> Document:
        """See `Result.document`."""
        who = "" if self.agent_id is None else f" of agent {self.agent_id}"
        columns = ("level", "finding", "agent", "explanation", "first", "last", "events", "event ids")
        found = tuple(
            (
                str(finding.level),
                finding.title,
                finding.agent_id,
                finding.explanation,
                finding.first,
                finding.last,
                finding.event_count,
                _shown_ids(finding),
            )
            for finding in self.findings
        )
        return Document(
            f"Anomalies{who}, {self.period}",
            (*bad_line_remark(self.bad_line_count), self._verdict(), *self._omissions()),
            (Table("Findings", columns, found, stacked=True),),
        )

    def _verdict(self) -> str:
        looked = f"{self.events_examined:,} events examined for: {', '.join(self.rules)}."
        return f"{len(self.findings) or 'No'} finding(s). {looked}"

    def _omissions(self) -> list[str]:
        return [f"{count:,} more finding(s) of {rule} are not listed." for rule, count in self.omitted.items()]


def find_anomalies(scope: Scope, thresholds: Thresholds, agent_id: str | None = None) -> AnomalyReport:
    """Run every rule."""
    listed: list[Finding] = []
    omitted: dict[str, int] = {}
    for rule in RULES:
        found, more = rule.run(scope, thresholds)
        listed += found
        if more:
            omitted[rule.id] = more
    return AnomalyReport(
        agent_id=agent_id,
        period=scope.period,
        events_examined=count(scope.events),
        findings=tuple(sorted(listed, key=lambda finding: _GRAVEST_FIRST.index(finding.level))),
        omitted=omitted,
        rules=tuple(rule.id for rule in RULES),
        thresholds=thresholds,
        bad_line_count=scope.bad_line_count,
    )


def _shown_ids(finding: Finding, shown: int = 3) -> str:
    more = finding.event_count - min(shown, len(finding.event_ids))
    return ", ".join(finding.event_ids[:shown]) + (f" and {more:,} more" if more else "")
