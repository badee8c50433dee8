"""What a result has to say, free of any output format: headings, tables and remarks.

A result model makes one of itself; a reporter renders it. So a new result needs no reporter changed, and a
new reporter needs no result changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import NamedTuple

from agent_audit.analysis.printable import printable

Cell = str | int | float | datetime | None


class Table(NamedTuple):
    """One titled table."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None = None
    """A remark below it, e.g. how many rows were left out."""
    stacked: bool = False
    """Rows that hold sentences: a reporter for people shows each one as a block, a line per column."""

    def is_numeric(self, column: int) -> bool:
        """Whether the column of that place holds numbers alone, and some."""
        kinds = {type(row[column]) for row in self.rows} - {type(None)}
        return bool(kinds) and kinds <= {int, float}


class Document(NamedTuple):
    """A whole result."""

    title: str
    remarks: tuple[str, ...]
    """Sentences to read first."""
    tables: tuple[Table, ...]
    """The same ones whatever was found; a reporter for people leaves out those without rows."""


def left_out(count: int) -> str | None:
    """The note below a table that was cut."""
    return f"and {count:,} more" if count > 0 else None


def show_cell(cell: Cell) -> str:
    """A cell as text that is safe in a terminal: no control character of a recorded value survives."""
    if cell is None:
        return "-"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
    if isinstance(cell, float):
        return f"{cell:,.2f}" if cell == 0 or abs(cell) >= 0.01 else f"{cell:.2g}"  # what few tokens cost
    if isinstance(cell, int):
        return f"{cell:,}"
    return printable(cell)


def plain_text(document: Document) -> str:
    """The document as text in aligned columns."""
    parts = [printable(document.title), *(f"  {printable(remark)}" for remark in document.remarks)]
    for table in (table for table in document.tables if table.rows):
        parts += ["", *_plain_table(table)]
    return "\n".join(parts)


def html_fragment(document: Document) -> str:
    """The document as HTML without a frame around it, for notebooks; everything recorded is escaped."""
    parts = [f"<h3>{_html(document.title)}</h3>", *(f"<p>{_html(remark)}</p>" for remark in document.remarks)]
    for table in (table for table in document.tables if table.rows):
        cells = ("".join(f"<td>{_html(show_cell(cell))}</td>" for cell in row) for row in table.rows)
        heads = "".join(f"<th>{_html(column)}</th>" for column in table.columns)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        note = f"<p>{_html(table.note)}</p>" if table.note else ""
        parts.append(
            f"<table><caption>{_html(table.title)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{note}"
        )
    return "<div>" + "".join(parts) + "</div>"


def _html(text: str) -> str:
    return escape(printable(text))


def _plain_table(table: Table) -> Iterable[str]:
    yield table.title
    yield from _plain_blocks(table) if table.stacked else _plain_rows(table)
    if table.note:
        yield f"  {table.note}"


def _plain_rows(table: Table) -> Iterable[str]:
    shown = [tuple(table.columns), *(tuple(map(show_cell, row)) for row in table.rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(table.columns))]
    for row in shown:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _plain_blocks(table: Table) -> Iterable[str]:
    width = max(map(len, table.columns))
    for number, row in enumerate(table.rows):
        if number:
            yield ""
        for column, cell in zip(table.columns, row, strict=True):
            yield f"  {column.ljust(width)}  {show_cell(cell)}"
