"""Results as text, one file per format. A new format is one more file and one more name in `reporter`."""

from agent_audit.errors import ConfigurationError
from agent_audit.report.csv import CsvReporter
from agent_audit.report.html import HtmlReporter
from agent_audit.report.interface import Reporter
from agent_audit.report.json import JsonReporter
from agent_audit.report.markdown import MarkdownReporter
from agent_audit.report.table import TableReporter

FORMATS = ("table", "json", "csv", "html", "markdown")

__all__ = [
    "FORMATS",
    "CsvReporter",
    "HtmlReporter",
    "JsonReporter",
    "MarkdownReporter",
    "Reporter",
    "TableReporter",
    "reporter",
]


def reporter(name: str, *, color: bool = False, width: int | None = None) -> Reporter:
    """The reporter of a format.

    Args:
        name: one of `FORMATS`.
        color: ANSI colours, where the format has any.
        width: columns of the terminal; None: unlimited.

    Raises:
        ConfigurationError: no such format.
    """
    if name == "json":
        return JsonReporter()
    if name == "csv":
        return CsvReporter()
    if name == "table":
        return TableReporter(color=color, width=width)
    if name == "html":
        return HtmlReporter()
    if name == "markdown":
        return MarkdownReporter()
    raise ConfigurationError(f"format is {name!r}; use one of: {', '.join(FORMATS)}")
