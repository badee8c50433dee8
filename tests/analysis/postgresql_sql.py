"""The queries as PostgreSQL's SQL: Ibis compiles them, but for JSON, of which it makes what no server takes."""

from __future__ import annotations

from typing import Any, ClassVar

from ibis.backends.sql.compilers.base import NULL
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from sqlglot import expressions as sge

Node = Any


class _Compiler(PostgresCompiler):  # type: ignore[misc]  # untyped
    __slots__ = ()
    # The parent's would take the place of the methods below.
    SIMPLE_OPS: ClassVar[dict[Node, str]] = {}

    def visit_JSONGetItem(self, op: Node, *, arg: Node, index: Node) -> Node:
        return sge.JSONBExtract(this=arg, expression=sge.convert(f"{{{op.index.value}}}"))

    def visit_UnwrapJSONString(self, op: Node, *, arg: Node) -> Node:
        return self.if_(self.f.anon.jsonb_typeof(arg).eq("string"), _text(arg), NULL)

    def visit_UnwrapJSONInt64(self, op: Node, *, arg: Node) -> Node:
        whole = sge.RegexpLike(this=_text(arg), expression=sge.convert("^-?[0-9]+$"))
        return self.if_(whole, self.cast(_text(arg), op.dtype), NULL)


def _text(json: Node) -> Node:
    return sge.JSONBExtractScalar(this=json, expression=sge.convert("{}"))


def postgresql_sql(expr: Any) -> str:
    """A query as PostgreSQL's SQL."""
    compiler = _Compiler()
    return str(compiler.to_sqlglot(expr.unbind()).sql(dialect=compiler.dialect))
