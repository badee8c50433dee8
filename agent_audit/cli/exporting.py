"""What `export` reads and writes: recorded lines, one after the other."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from agent_audit.analysis.printable import printable_json
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import Line, bounded_lines, iter_lines, open_layout, read_header
from agent_audit.cli import options
from agent_audit.cli.directory import log_of
from agent_audit.cli.eventlines import header, writer
from agent_audit.cli.lines import BadLine, read_event
from agent_audit.cli.terminal import say
from agent_audit.errors import ConfigurationError
from agent_audit.event import AuditEvent
from agent_audit.export import MAPPINGS, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_audit.backends.interface import Query

_STDIN = "-"


class Export:
    """The events that a command line asks for, in its format.

    Args:
        args: `format`, `output`, `source`, the log and the filters.
    """

    def __init__(self, args: Namespace) -> None:
        self._args = args
        self._query = options.query(args)
        self.count = 0
        """Events so far."""
        self.bad = 0
        """Lines so far that are no events."""

    def texts(self) -> Iterator[str]:
        """What to write; lines that are no events are named on stderr and left out."""
        lines, origin = _source(self._args, self._query)  # first: where there is none, nothing is written
        yield header(self._args.format)
        text_of = _writer(self._args.format, origin, raw=self._args.output is not None or not sys.stdout.isatty())
        for line, event in self._matching(lines):
            yield text_of(line, event)

    def events(self) -> Iterator[AuditEvent]:
        """The events themselves."""
        return (event for _, event in self._matching(_source(self._args, self._query)[0]))

    def _matching(self, lines: Iterable[Line]) -> Iterator[tuple[Line, AuditEvent]]:
        for line in lines:
            event = read_event(line)
            if isinstance(event, BadLine):
                self.bad += 1
                say(f"skipped {event}")
            elif self._query.matches(event):
                self.count += 1
                yield line, event


def _source(args: Namespace, query: Query) -> tuple[Iterator[Line], str]:
    """The lines that may match, and the origin of the log that they are of.

    Raises:
        ConfigurationError: a log is named, too.
    """
    if args.source is not None and (args.log or args.dir):
        raise ConfigurationError("--from names a file, but a log directory is named too: name only one")
    if args.source == _STDIN:
        return _numbered(sys.stdin.buffer, Path("<stdin>")), ""
    if args.source is not None:
        path = Path(args.source)
        return _of_file(path.open("rb"), path), ""
    layout = open_layout(log_of(args))
    say(f"reading {layout.root}")
    return iter_lines(layout, wanted=options.segments_of(layout, query)), _origin(layout)


def _origin(layout: Layout) -> str:
    return str(read_header(layout).get("origin") or "")


def _of_file(file: BinaryIO, path: Path) -> Iterator[Line]:
    with file:
        yield from _numbered(file, path)


def _numbered(file: BinaryIO, path: Path) -> Iterator[Line]:
    for number, raw in enumerate(bounded_lines(file), start=1):
        if data := raw.rstrip(b"\r\n"):
            yield Line(number - 1, path, number, data)


def _writer(form: str, origin: str, *, raw: bool) -> Callable[[Line, AuditEvent], str]:
    if form not in MAPPINGS:
        return writer(form, raw=raw)
    mapping = MAPPINGS[form]

    def text(line: Line, event: AuditEvent) -> str:
        mapped = mapping(Recorded(event, line.data, origin))
        found = orjson.dumps(mapped, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
        return (found if raw else printable_json(found)) + "\n"

    return text
