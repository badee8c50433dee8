"""Any result as a plain HTML page: headings, remarks and tables, without a script."""

from __future__ import annotations

from datetime import datetime

from agent_audit.analysis.document import Cell, Document, Table, show_cell
from agent_audit.analysis.result import Result
from agent_audit.report.html.element import Child, Element, el, moment
from agent_audit.report.html.page import page

_BADGES = {
    "high": "bad",
    "medium": "warn",
    "low": "calm",
    "valid": "good",
    "not provable": "warn",
    "tampered": "bad",
    "incomplete": "bad",
    "supported": "good",
    "partly": "warn",
    "not shown": "bad",
    "action.approved": "good",
    "action.denied": "bad",
}


class HtmlReporter:
    """A result as one HTML file that opens from disk and prints well."""

    def render(self, result: Result) -> str:
        """See `Reporter.render`."""
        document = result.document()
        return page(document.title, el("main", *document_nodes(document), class_="paper"))


def document_nodes(document: Document) -> list[Child]:
    """The document's heading, remarks and tables; tables without rows are left out."""
    return [
        el("header", el("h1", document.title), [_remark(text) for text in document.remarks], class_="paper-head"),
        *(table_section(table) for table in document.tables if table.rows),
    ]


def table_section(table: Table) -> Element:
    """A titled table; rows that hold sentences become blocks."""
    return el(
        "section",
        el("h2", table.title),
        _blocks(table) if table.stacked else _grid(table),
        el("p", table.note, class_="note") if table.note else None,
    )


def cell_nodes(cell: Cell) -> Child:
    """A cell's content."""
    if isinstance(cell, datetime):
        return moment(cell)
    if isinstance(cell, str) and cell in _BADGES:
        return el("span", cell, class_=f"badge {_BADGES[cell]}")
    return "–" if cell is None else show_cell(cell)


def _remark(text: str) -> Element:
    return el("p", text, class_="remark bad" if text.startswith("INCOMPLETE") else "remark")


def _grid(table: Table) -> Element:
    if len(table.columns) == 1:
        return el("ul", (el("li", cell_nodes(row[0])) for row in table.rows), class_="sentences")
    kinds = ["num" if table.is_numeric(place) else None for place in range(len(table.columns))]
    head = el("tr", (el("th", name, scope="col", class_=kind) for name, kind in zip(table.columns, kinds, strict=True)))
    body = (
        el("tr", (el("td", cell_nodes(cell), class_=kind) for cell, kind in zip(row, kinds, strict=True)))
        for row in table.rows
    )
    grid = el("table", el("thead", head), el("tbody", body))
    # A region that scrolls must be reachable by keyboard, and named (WCAG 2.1.1).
    return el("div", grid, class_="scroll", tabindex=0, role="region", aria_label=table.title)


def _blocks(table: Table) -> Element:
    """The first two columns head a block, the others follow as named lines."""
    return el("div", (_block(table.columns, row) for row in table.rows), class_="blocks")


def _block(columns: tuple[str, ...], row: tuple[Cell, ...]) -> Element:
    head = el("h3", el("span", cell_nodes(row[0])), " ", cell_nodes(row[1]) if len(row) > 1 else None)
    lines = [
        (el("dt", name), el("dd", cell_nodes(cell)))
        for name, cell in zip(columns[2:], row[2:], strict=True)
        if cell is not None
    ]
    return el("article", head, el("dl", lines), class_="block")
