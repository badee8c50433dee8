"""`tail`: the last events, and with `-f` the ones to come."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options, signals
from agent_audit.cli.exits import INCOMPLETE, OK

if TYPE_CHECKING:
    from agent_audit.backends.file.read import Line
    from agent_audit.backends.interface import Query
    from agent_audit.event import AuditEvent

    Writer = Callable[[Line, AuditEvent], str]


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "tail", "Show the last events; with -f, follow new ones.")
    options.add_log(parser)
    parser.add_argument(
        "-n", "--lines", type=options.natural, default=10, metavar="N", help="number of events (default: 10)"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="show new events as they come, until Ctrl-C")
    options.add_filters(parser, where=False)
    options.add_format(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print the events; returns the exit code."""
    from agent_audit.backends.file.read import open_layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.eventlines import header, writer
    from agent_audit.cli.lines import backwards, end_of, follow
    from agent_audit.cli.terminal import say

    layout = open_layout(log_of(args))
    say(f"reading {layout.root}")
    end = end_of(layout)
    query = options.query(args)
    tail = _Tail(query, writer(args.format))
    sys.stdout.write(header(args.format))
    last = list(islice(tail.matching(backwards(layout, end, options.segments_of(layout, query))), args.lines))
    if not last and args.lines:
        say("no event matches" if end.number else "the log is empty")
    try:
        tail.write(reversed(last))
        if args.follow:
            tail.write(tail.matching(follow(layout, end)))
    except KeyboardInterrupt:
        if not args.follow:
            raise
        signals.over()  # the usual end
    return tail.exit_code()


class _Tail:
    """Reads, filters and prints lines, and remembers those that cannot be read."""

    def __init__(self, query: Query, write: Writer) -> None:
        self._query = query
        self._as_text = write
        self._bad = 0

    def matching(self, lines: Iterable[Line]) -> Iterable[tuple[Line, AuditEvent]]:
        from agent_audit.cli.lines import BadLine, read_event
        from agent_audit.cli.terminal import say

        for line in lines:
            event = read_event(line)
            if isinstance(event, BadLine):
                self._bad += 1
                say(f"skipped {event}")
            elif self._query.matches(event):
                yield line, event

    def write(self, events: Iterable[tuple[Line, AuditEvent]]) -> None:
        for line, event in events:
            sys.stdout.write(self._as_text(line, event))
            sys.stdout.flush()

    def exit_code(self) -> int:
        return INCOMPLETE if self._bad else OK
