"""Results as Markdown (CommonMark with GitHub's tables), for a ticket or a repository."""

from __future__ import annotations

import re

from agent_audit.analysis.document import Cell, Table, show_cell
from agent_audit.analysis.result import Result

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~&@$]|:(?=//)|(?<=www)\.|^[-+=])")
"""What CommonMark or GitHub gives a meaning within a line, or at its begin; a backslash before it takes it away."""
_NUMBERED = re.compile(r"^(\d+)([.)])")


class MarkdownReporter:
    """A result as headings, lists and tables."""

    def render(self, result: Result) -> str:
        """See `Reporter.render`."""
        document = result.document()
        parts = [f"# {escaped(document.title)}", *(escaped(remark) for remark in document.remarks)]
        for table in (table for table in document.tables if table.rows):
            parts += [f"## {escaped(table.title)}", _blocks(table) if table.stacked else _rows(table)]
            if table.note:
                parts.append(escaped(table.note))
        return "\n\n".join(parts) + "\n"


def escaped(text: Cell) -> str:
    """A cell as Markdown text that says itself and nothing else."""
    # Space at its begin could make it a list or code; it would not be shown anyway.
    shown = show_cell(text).strip()
    if not isinstance(text, str):
        return shown
    return _NUMBERED.sub(r"\1\\\2", _ACTIVE.sub(r"\\\1", shown))


def _rows(table: Table) -> str:
    if len(table.columns) == 1:
        return "\n".join(f"- {escaped(row[0])}" for row in table.rows)
    lines = [table.columns, ("---",) * len(table.columns)]
    shown = [*(tuple(line) for line in lines), *(tuple(map(escaped, row)) for row in table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in shown)


def _blocks(table: Table) -> str:
    return "\n\n".join(_block(table.columns, row) for row in table.rows)


def _block(columns: tuple[str, ...], row: tuple[Cell, ...]) -> str:
    head = f"### {' '.join(escaped(cell) for cell in row[:2])}"
    lines = [f"- {name}: {escaped(cell)}" for name, cell in zip(columns[2:], row[2:], strict=True) if cell is not None]
    return "\n\n".join([head, "\n".join(lines)]) if lines else head
