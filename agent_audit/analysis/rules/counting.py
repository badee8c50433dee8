"""The shape most detections have: events that match, counted per agent, session or the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from agent_audit.analysis.finding import Evidence, Numbers
from agent_audit.analysis.rule import Parameters, same
from agent_audit.analysis.scope import EVIDENCE, Scope
from agent_audit.analysis.source import Expr, load_ibis


class Counting(NamedTuple):
    """A query and an explanation made of a relation of matching events; its two methods are what a `Rule` takes."""

    name: str
    """Of the kept relation."""
    matching: Callable[[Scope, Any], Expr]
    """The matching events: columns of facts, and whatever else `by` and `most` name."""
    by: tuple[str, ...]
    """One finding per combination of these. Where `agent_id` is not among them, the finding has the agent if all of its
    events are of one."""
    say: Callable[[Any, dict[str, Any]], str]
    """What was seen, from the parameters and the row: `by`, `found`, `most` and `sums`."""
    least: Callable[[Any], int] = lambda parameters: 1
    """A finding needs so many events."""
    most: tuple[str, ...] = ()
    """Columns of which the row, and the finding's numbers, have the greatest value."""
    sums: tuple[str, ...] = ()
    """Columns of which they have the sum, where that is not 0."""

    def query(self, scope: Scope, parameters: Parameters) -> Expr:
        """One row per group with enough matching events."""
        matching = self._kept(scope, parameters)
        told = {column: matching[column].max() for column in self.most}
        told |= {column: matching[column].sum() for column in self.sums}
        if "agent_id" not in self.by:
            agent, ibis = matching.agent_id, load_ibis()
            one = (agent.nunique() == 1) & (agent.count() == matching.count())
            told["agent_id"] = ibis.ifelse(one, agent.max(), ibis.null("string"))
        table = matching.group_by(list(self.by)).agg(found=matching.count(), **told)
        table = table.filter(table.found >= self.least(parameters))
        return table.order_by([table.found.desc(), *self.by])

    def explain(self, scope: Scope, parameters: Parameters, row: dict[str, Any]) -> Evidence:
        """The sentence about a row and its events."""
        numbers: Numbers = {"found": row["found"], **{name: row[name] for name in self.most if row[name] is not None}}
        numbers |= {name: row[name] for name in self.sums if row[name]}
        given = {name: value for name, value in parameters.model_dump().items() if isinstance(value, (int, float))}
        events = same(self._kept(scope, parameters), row, *self.by)
        return Evidence(self.say(parameters, row), {**numbers, **given}, events)

    def _kept(self, scope: Scope, parameters: Parameters) -> Expr:
        columns = dict.fromkeys((*EVIDENCE, "agent_id", *self.by, *self.most, *self.sums))
        return scope.keep(f"{self.name} {parameters!r}", lambda: self.matching(scope, parameters).select(*columns))
