"""`columns`: makes the column copies ahead of the first analysis."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import INCOMPLETE, OK, USAGE
from agent_audit.wording import plural


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(
        subparsers,
        "columns",
        "Prepare a large log for fast questions, before the first one needs it. The copies are safe to delete.",
    )
    options.add_logs(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Make them; returns the exit code."""
    from agent_audit.analysis import AuditAnalyzer
    from agent_audit.analysis.columns import is_copied, remove_orphans
    from agent_audit.backends.file.layout import Layout
    from agent_audit.cli.directory import logs_of
    from agent_audit.cli.progress import progress
    from agent_audit.cli.terminal import say, say_bad_lines

    directories = logs_of(args)
    with progress("reading segments") as tell, AuditAnalyzer(directories, progress=tell) as analyzer:
        bad_lines, count = analyzer.bad_lines, analyzer.bad_line_count
    without = 0
    for directory in directories:
        layout = Layout(directory)
        sealed = layout.segment_starts()[:-1]
        missing = sum(not is_copied(layout, start) for start in sealed)
        removed = 0 if missing else remove_orphans(layout)
        say(
            f"{directory}: columns of {plural(len(sealed) - missing, 'sealed segment')}"
            + (f"; {plural(removed, 'stray file')} removed" if removed else "")
        )
        if missing:
            say(
                f"{layout.columns} cannot be written to, or its disk is full: every analysis will read "
                f"{plural(missing, 'segment')} anew"
            )
        without += missing
    if count:
        say_bad_lines(bad_lines, count)
    return USAGE if without else INCOMPLETE if count else OK
