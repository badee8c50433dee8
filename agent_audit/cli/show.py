"""`show`: one event in full."""

from __future__ import annotations

import hashlib
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import INCOMPLETE, OK, USAGE

if TYPE_CHECKING:
    from agent_audit.backends.file.layout import Layout
    from agent_audit.backends.file.read import Line
    from agent_audit.event import AuditEvent


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = options.command(subparsers, "show", "Show one event in full.")
    parser.add_argument("event", metavar="SEQ|EVENT_ID", help="position in the log, or event id")
    options.add_log(parser)
    options.add_format(parser)
    parser.set_defaults(whole=True, run=run)


def run(args: Namespace) -> int:
    """Print the event; returns the exit code."""
    from agent_audit.backends.file.read import open_layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.lines import BadLine, read_event
    from agent_audit.cli.terminal import say

    layout = open_layout(log_of(args))
    say(f"reading {layout.root}")
    line = _find(layout, args.event)
    if line is None:
        say(f"there is no event {args.event} in {layout.root}{_pruned(layout, args.event)}")
        return USAGE
    event = read_event(line)
    if isinstance(event, BadLine):
        say(f"the line of event {args.event} cannot be read: {event}")
        return INCOMPLETE
    if event.seq != line.seq:
        say(f"{line.place} says seq {event.seq}: lines are missing or were moved")
    sys.stdout.write(_as_text(_with_blobs(layout, line, event), line, args.format))
    return OK


def _find(layout: Layout, wanted: str) -> Line | None:
    from agent_audit.cli.lines import at
    from agent_audit.cli.progress import progress
    from agent_audit.cli.searching import find_event

    if (seq := _position(wanted)) is not None:
        return at(layout, seq)
    with progress("searching segments") as tell:
        return find_event(layout, wanted, tell)


def _position(wanted: str) -> int | None:
    return int(wanted) if wanted.isdecimal() and len(wanted) < 20 else None


def _pruned(layout: Layout, wanted: str) -> str:
    """The rest of the sentence when the event may have been there once."""
    from agent_audit.cli.progress import progress
    from agent_audit.cli.searching import last_pruning

    first, seq = min(layout.segment_starts(), default=0), _position(wanted)
    if first == 0 or (seq is not None and seq >= first):
        return ""
    with progress("searching segments") as tell:
        pruning = last_pruning(layout, tell)
    if pruning is None:
        return f": the log begins at {first}, and no log.pruned event says why; `verify` tells more"
    last = (pruning.metadata or {}).get("to")
    when = f"events up to {last} were pruned at {pruning.to_record()['timestamp']} (event {pruning.seq})"
    if seq is None:
        return f"; {when}, and it may have been one of them"
    return f": {when}" if isinstance(last, int) and seq <= last else f": the log begins at {first}; {when}"


def _with_blobs(layout: Layout, line: Line, event: AuditEvent) -> dict[str, Any]:
    """The event's record with the payloads that were too long for its line."""
    import orjson

    from agent_audit.backends.file.oversize import named_blobs
    from agent_audit.cli.terminal import say

    record = event.to_record()
    for digest, name in named_blobs(line.data):
        try:
            data = layout.blob(digest).read_bytes()
        except OSError as error:
            say(f"the full {name} cannot be read: {error}")
            continue
        if hashlib.sha256(data).hexdigest() != digest:
            say(f"the full {name} was changed: {layout.blob(digest)} is not what its name says; not shown")
            continue
        record[name] = orjson.loads(data)
    return record


def _as_text(record: dict[str, Any], line: Line, form: str) -> str:
    import orjson

    from agent_audit.analysis.printable import printable_json
    from agent_audit.cli.terminal import use_color
    from agent_audit.report.csv import csv_text

    if form == "json":
        return printable_json(orjson.dumps(record, option=orjson.OPT_INDENT_2).decode()) + "\n"
    fields = {**record, "line": f"{line.path}:{line.number}"}
    if form == "csv":
        return csv_text(iter([("field", "value"), *((name, _flat(value)) for name, value in fields.items())]))
    return "".join(_field(name, value, use_color()) for name, value in fields.items())


def _flat(value: Any) -> str:
    import orjson

    from agent_audit.analysis.printable import printable_json

    return value if isinstance(value, str) else printable_json(orjson.dumps(value).decode())


def _field(name: str, value: Any, color: bool) -> str:
    import orjson

    from agent_audit.analysis.printable import printable, printable_json

    if isinstance(value, str):
        text = "\n".join(printable(part) for part in value.split("\n"))
    else:
        text = printable_json(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
    label = printable(name).ljust(15)
    shown = text.replace("\n", "\n" + " " * 16)
    return f"\x1b[2m{label}\x1b[0m {shown}\n" if color else f"{label} {shown}\n"
