"""The queries are Ibis and nothing of DuckDB's own: they compile for the engines of larger logs too."""

from __future__ import annotations

import re
from typing import Any

import ibis
import pytest
from ibis.backends.duckdb import Backend
from sqlglot import exp

from agent_audit.analysis.activity import distinct_counts, durations, error_count
from agent_audit.analysis.compliance.completeness import presence
from agent_audit.analysis.compliance.integrity import log_event_counts, seq_facts, seq_holes, writer_facts
from agent_audit.analysis.compliance.security import security_events
from agent_audit.analysis.data import data_uses
from agent_audit.analysis.decisions import decided, decision_totals
from agent_audit.analysis.failures import failure_groups
from agent_audit.analysis.kinds import Kinds, counted
from agent_audit.analysis.models import model_calls, model_uses, token_uses
from agent_audit.analysis.result import Period
from agent_audit.analysis.rules import RULES
from agent_audit.analysis.scope import Scope, bounds, counts
from agent_audit.analysis.sessions import sessions
from agent_audit.analysis.source import COLUMNS, PAYLOADS, mended
from agent_audit.analysis.sparksql import spark_sql
from agent_audit.analysis.timeline import session_events
from agent_audit.analysis.tools import tool_uses
from agent_audit.analysis.volume import intervals
from agent_audit.event import AuditEventType

from .logs import NOON

_TYPES = {
    "BIGINT": "int64",
    "VARCHAR": "string",
    "TIMESTAMPTZ": "timestamp('UTC')",
    "JSON": "json",
    "DOUBLE": "float64",
}
FACTS = ibis.table({name: _TYPES[kind] for name, kind in COLUMNS.items() if name not in PAYLOADS}, name="facts")
WHOLE = ibis.table({name: _TYPES[kind] for name, kind in COLUMNS.items()}, name="events")


def queries(period: Period, agent_id: str | None = None) -> dict[str, Any]:
    """Every query of the analysis over the tables `facts` and `events`."""
    scope = Scope.of(FACTS, period, whole=WHOLE, agent_id=agent_id)
    scope.once("kinds", lambda: Kinds({(str(kind), "denied"): 1 for kind in AuditEventType}))  # each part of a query
    return {
        **{rule.id: rule.query(scope, rule.parameters) for rule in RULES},
        "kinds": counted(FACTS),
        "counts": counts(FACTS, "event_type"),
        "bounds": bounds(FACTS),
        "distinct": distinct_counts(FACTS),
        "durations": durations(FACTS),
        "errors": error_count(FACTS),
        "presence": presence(FACTS),
        "data uses": data_uses(FACTS),
        "decisions": decided(scope.events, scope.log),
        "decision totals": decision_totals(decided(scope.events, scope.log)),
        "seq facts": seq_facts(FACTS),
        "seq holes": seq_holes(FACTS),
        "writers": writer_facts(FACTS),
        "log events": log_event_counts(FACTS),
        "sessions": sessions(FACTS),
        "timeline": session_events(FACTS, "s"),
        "tools": tool_uses(FACTS),
        "models": model_uses(model_calls(FACTS)),
        "cost": token_uses(model_calls(FACTS), "agent_id"),
        "failures": failure_groups(FACTS),
        "volume": intervals(FACTS, "hour"),
        "security events": security_events(scope),
    }


QUERIES = queries(Period(start=NOON, end=NOON), "a")


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_for_spark_calls_no_function_that_spark_does_not_have(name: str) -> None:
    assert not re.search(r"\b(UNWRAP_JSON|JSON_EXTRACT|REGEXP_SPLIT|UNNEST)", spark_sql(QUERIES[name]), re.IGNORECASE)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("name", QUERIES)
def test_a_query_compiles_for_every_engine_that_ibis_compiles_for_alone(name: str, dialect: str) -> None:
    assert "SELECT" in ibis.to_sql(QUERIES[name], dialect=dialect)


def test_the_unit_of_a_time_is_a_node_as_the_compiled_form_of_sqlglot_wants_it() -> None:
    tree = Backend.compiler.to_sqlglot(FACTS.select(later=FACTS.timestamp + ibis.interval(seconds=3)))
    as_ibis_has_it = tree.sql(dialect="duckdb")
    units = [node.args["unit"] for node in mended(tree).find_all(exp.Interval)]
    assert [(type(unit), unit.name) for unit in units] == [(exp.Var, "SECOND")]
    assert tree.sql(dialect="duckdb") == as_ibis_has_it
