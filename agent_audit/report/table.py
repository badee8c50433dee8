"""Results as tables for a terminal, by rich (imported when one is rendered)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from agent_audit.analysis.document import Document, Table, show_cell
from agent_audit.analysis.printable import printable
from agent_audit.analysis.result import Result

if TYPE_CHECKING:
    from rich.console import Console

_LEVELS = {"high": "bold red", "medium": "yellow", "low": "cyan"}
_PIPE_WIDTH = 10_000
"""Columns where nobody looks at a screen: nothing is wrapped for `grep`."""


_NARROWEST = 7
"""Characters of a screen for each column, three of them between it and the next: with less nobody can read it."""


class TableReporter:
    """Tables; in colour only when asked.

    Args:
        color: use ANSI colours.
        width: columns of the terminal; None: as wide as the text.
    """

    def __init__(self, *, color: bool = False, width: int | None = None) -> None:
        self._color = color
        self._width = width

    def render(self, result: Result) -> str:
        """See `Reporter.render`."""
        from rich.console import Console

        out = io.StringIO()
        console = Console(
            file=out,
            force_terminal=self._color,
            no_color=not self._color,
            color_system="standard" if self._color else None,
            width=self._width or _PIPE_WIDTH,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        _print(console, result.document())
        return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def _print(console: Console, document: Document) -> None:
    console.print(_text(document.title, "bold"))
    for remark in document.remarks:
        console.print(_text(remark, "red" if remark.startswith("INCOMPLETE") else ""))
    for table in (table for table in document.tables if table.rows):
        console.print()
        console.print(_text(table.title, "bold"))
        narrow = console.width < len(table.columns) * _NARROWEST
        console.print(_blocks(table) if table.stacked or narrow else _grid(table))
        if table.note:
            console.print(_text(f" {table.note}", "dim"))


def _grid(table: Table) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=True, header_style="dim")
    for number, column in enumerate(table.columns):
        grid.add_column(column, justify="right" if table.is_numeric(number) else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*(_text(show_cell(cell)) for cell in row))
    return grid


def _blocks(table: Table) -> Any:
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 2, 0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for number, row in enumerate(table.rows):
        if number:
            grid.add_row("", "")
        for column, cell in zip(table.columns, row, strict=True):
            grid.add_row(_text(column), _text(show_cell(cell), _LEVELS.get(str(cell), "")))
    return grid


def _text(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(printable(text), style=style)
