"""Results as CSV (RFC 4180), for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from agent_audit.analysis.document import Cell, Document
from agent_audit.analysis.printable import printable
from agent_audit.analysis.result import Result

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a formula begins with for a spreadsheet, or what some skip before one (OWASP, CSV Injection)."""


class CsvReporter:
    """A result that is one table becomes that table. One of several becomes one row per value, with the
    columns `table`, `row`, `column`, `value`."""

    def render(self, result: Result) -> str:
        """See `Reporter.render`."""
        return csv_text(csv_rows(result.document()))


def csv_rows(document: Document) -> Iterator[tuple[Cell, ...]]:
    """The document's rows, the header first."""
    if len(document.tables) == 1:
        yield tuple(document.tables[0].columns)
        yield from document.tables[0].rows
        return
    yield ("table", "row", "column", "value")
    for table in document.tables:
        for number, row in enumerate(table.rows, start=1):
            for column, value in zip(table.columns, row, strict=True):
                yield (table.title, number, column, value)


def csv_text(rows: Iterator[tuple[Cell, ...]], *, raw: bool = False) -> str:
    """Rows as CSV text; `raw` as for `csv_cell`."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([csv_cell(cell, raw=raw) for cell in row] for row in rows)
    return buffer.getvalue()


def csv_cell(cell: Cell, *, raw: bool = False) -> str:
    """A cell as a spreadsheet takes it: text that it would run as a formula gets an apostrophe in front.

    Args:
        cell: its value.
        raw: nobody looks at it in a terminal: characters that could act on one stay as they are.
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    if not isinstance(cell, str):
        return str(cell)
    text = cell if raw else printable(cell)
    return "'" + text if text.startswith(_FORMULA) else text
