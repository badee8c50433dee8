"""`export`: the log in a form that others read."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from agent_audit.cli import options
from agent_audit.cli.exits import INCOMPLETE, OK

FORMATS = ("json", "csv", "parquet", "ocsf", "cloudevents", "otel")


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "export",
        "Write events in another format, or the whole log as static files for C2SP tlog-tiles clients.",
    )
    options.add_log(parser)
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--format",
        choices=FORMATS,
        help="JSON lines as recorded, CSV, Parquet, OCSF 1.9.0, CloudEvents 1.0 or OpenTelemetry logs (OTLP/JSON)",
    )
    form.add_argument("--tlog", metavar="TARGET", help="directory for tlog-tiles; a repeated export adds what is new")
    parser.add_argument("-o", "--output", metavar="FILE", help="file to write (default: standard output)")
    parser.add_argument(
        "--from", dest="source", metavar="FILE", help="read recorded lines from this file; - for standard input"
    )
    options.add_filters(parser, where=False)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Export; returns the exit code."""
    args.whole = args.output is not None or args.tlog is not None
    if args.tlog is not None:
        return _tlog(args)
    return _parquet(args) if args.format == "parquet" else _lines(args)


def _tlog(args: Namespace) -> int:
    from agent_audit.backends.file.read import open_layout
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say
    from agent_audit.errors import ConfigurationError
    from agent_audit.verify.proofs import export_tlog

    left_out = [*options.choice(args), *(name for name in ("output", "source") if getattr(args, name) is not None)]
    if left_out:
        names = ", ".join("--" + {"source": "from"}.get(name, name) for name in left_out)
        raise ConfigurationError(f"--tlog takes the whole log into a directory: leave {names} out")
    head = export_tlog(open_layout(log_of(args)), Path(args.tlog))
    say(f"{args.tlog} has {head.origin}, {head}")
    return OK


def _lines(args: Namespace) -> int:
    """One event after the other; memory does not grow with the log."""
    from agent_audit.cli.exporting import Export
    from agent_audit.cli.terminal import say
    from agent_audit.report.output import written_as_a_whole

    export = Export(args)
    if args.output is None:
        sys.stdout.writelines(export.texts())
    else:
        with written_as_a_whole(Path(args.output)) as path, path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(export.texts())
        say(f"{args.output} has {export.count:,} events")
    return INCOMPLETE if export.bad else OK


def _parquet(args: Namespace) -> int:
    from agent_audit.analysis.parquet import write_parquet
    from agent_audit.analysis.source import Log
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.exporting import Export
    from agent_audit.cli.terminal import say
    from agent_audit.errors import ConfigurationError
    from agent_audit.report.output import written_as_a_whole

    if args.output is None:
        raise ConfigurationError("a Parquet file is not for the terminal: name it with -o FILE")
    export = Export(args)
    source = log_of(args) if args.source is None else export.events()
    with Log(source) as log, written_as_a_whole(Path(args.output)) as path:
        count = write_parquet(log, path, options.query(args))
        bad = log.bad_line_count
        for line in log.bad_lines:
            say(f"skipped {line}")
    say(f"{args.output} has {count:,} events")
    return INCOMPLETE if bad or export.bad else OK
