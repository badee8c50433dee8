"""The queries of the analysis as Spark's SQL: Ibis compiles them, and here is what means something else there.

What is JSON inside of an event is text in a column. Spark reads it as a variant, which keeps the types that JSON has,
so that a number is no string; and it needs none of the Python functions that Ibis would have the executors run.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from agent_audit.analysis.sqltext import parse_sql
from agent_audit.errors import ConfigurationError

Node = Any
"""A part of an SQL text's syntax tree (sqlglot), or an operation of Ibis."""


def spark_sql(expr: Any) -> str:
    """A query as Spark's SQL."""
    compiler = _compiler()
    return str(compiler.to_sqlglot(expr.unbind()).sql(dialect=compiler.dialect))


def spark_select(query: str) -> str:
    """A SELECT of DuckDB's SQL over the table `events`, as Spark's.

    Raises:
        ConfigurationError: it is no single SELECT, or reads anything else.
    """
    import sqlglot

    if others := sorted(parse_sql(query).tables - {"events"}):
        raise ConfigurationError(f"the query reads {', '.join(others)}; there is one relation: events")
    return str(sqlglot.transpile(query, read="duckdb", write="spark")[0])


@lru_cache(maxsize=1)
def _compiler() -> Any:
    """Ibis's compiler for Spark, with our differences."""
    import sqlglot
    from ibis.backends.sql.compilers.base import NULL, SQLGlotCompiler  # type: ignore[import-untyped,unused-ignore]
    from ibis.backends.sql.compilers.pyspark import PySparkCompiler  # type: ignore[import-untyped,unused-ignore]
    from ibis.expr import operations as ops  # type: ignore[import-untyped,unused-ignore]
    from sqlglot import expressions as sge

    class SparkCompiler(PySparkCompiler):  # type: ignore[misc]  # untyped
        """Only what is called differently; the rest is Ibis's."""

        __slots__ = ()
        # The parent's would take the place of the methods below.
        SIMPLE_OPS: ClassVar[dict[Node, str]] = {}

        def visit_NonNullLiteral(self, op: Node, *, value: Any, dtype: Any) -> Node:
            return SQLGlotCompiler.visit_NonNullLiteral(self, op, value=value, dtype=dtype)

        def visit_Field(self, op: Node, *, rel: Node, name: str) -> Node:
            return SQLGlotCompiler.visit_Field(self, op, rel=rel, name=name)

        def visit_IsNull(self, op: Node, *, arg: Node) -> Node:
            return arg.is_(NULL)

        def visit_NotNull(self, op: Node, *, arg: Node) -> Node:
            return arg.is_(sqlglot.not_(NULL))

        def visit_CountStar(self, op: Node, *, arg: Node, where: Node) -> Node:
            # A sum of nothing would be no number.
            return super().visit_CountStar(op, arg=arg, where=None) if where is None else self.f.count_if(where)

        def visit_BitOr(self, op: Node, *, arg: Node, where: Node) -> Node:
            return self.agg.bit_or(arg, where=where)

        def visit_ExtractEpochSeconds(self, op: Node, *, arg: Node) -> Node:
            # With its fraction, as in DuckDB.
            return self.f.anon.unix_micros(arg) / sge.convert(1_000_000)

        def visit_JSONGetItem(self, op: Node, *, arg: Node, index: Node) -> Node:
            inner = arg if isinstance(op.arg, ops.JSONGetItem) else self.f.anon.try_parse_json(arg)
            place = op.index.value
            path = f"$[{place}]" if isinstance(place, int) else f"$.{place}"
            return self.f.anon.try_variant_get(inner, sge.convert(path), sge.convert("variant"))

        def visit_UnwrapJSONString(self, op: Node, *, arg: Node) -> Node:
            return self._of_type(op, arg, "string", "STRING")

        def visit_UnwrapJSONInt64(self, op: Node, *, arg: Node) -> Node:
            return self._of_type(op, arg, "bigint", "BIGINT")

        def _of_type(self, op: Node, arg: Node, wanted: str, *types: str) -> Node:
            inner = arg if isinstance(op.arg, ops.JSONGetItem) else self.f.anon.try_parse_json(arg)
            kind = self.f.anon.schema_of_variant(inner)
            value = self.f.anon.try_variant_get(inner, sge.convert("$"), sge.convert(wanted))
            return self.if_(kind.isin(*map(sge.convert, types)), value, NULL)

        def visit_Cast(self, op: Node, *, arg: Node, to: Any) -> Node:
            if op.arg.dtype.is_json() and to.is_string():
                return self.f.anon.to_json(arg) if isinstance(op.arg, ops.JSONGetItem) else arg
            return super().visit_Cast(op, arg=arg, to=to)

        def visit_RegexSplit(self, op: Node, *, arg: Node, pattern: Node) -> Node:
            return self.f.anon.split(arg, pattern)

        def visit_StringContains(self, op: Node, *, haystack: Node, needle: Node) -> Node:
            return self.f.anon.contains(haystack, needle)

        def visit_SQLStringView(self, op: Node, *, query: str, parent: Node, schema: Any) -> Node:
            return sqlglot.parse_one(query, read="duckdb")

    return SparkCompiler()
