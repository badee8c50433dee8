"""`ship`: follow a log into a store that many hosts share."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import INCOMPLETE, OK

if TYPE_CHECKING:
    from agent_audit.ship import Progress

_EVERY = 30.0
"""Seconds between two lines about progress."""
_AT_THE_END = 10.0
"""Seconds that a SIGTERM leaves to catch up."""


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "ship",
        "Follow a log into a store: s3://, gs://, az://, file://, postgresql://, otlp(s)://. The log stays the truth.",
    )
    options.add_log(parser)
    parser.add_argument("--to", required=True, metavar="URL", help="the store; credentials come from the environment")
    parser.add_argument("--once", action="store_true", help="end when the store has what is in the log now")
    parser.add_argument(
        "--give-up-after", type=options.natural, metavar="S", help="seconds without the store (with --once: 60)"
    )
    parser.add_argument("--linger", type=options.natural, metavar="S", help="seconds that events are gathered")
    parser.add_argument("--state", metavar="FOLDER", help="where the position is kept (default: the log's state/)")
    parser.add_argument(
        "--skip-missing", action="store_true", help="go on behind events pruned before they were shipped"
    )
    parser.add_argument("--metrics", metavar="FILE", help="keep progress there, in the Prometheus text format")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Ship; returns the exit code."""
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.terminal import say
    from agent_audit.errors import StoreUnavailableError
    from agent_audit.ship import ShipLimits, Shipper, open_sink

    root = log_of(args)
    sink = open_sink(args.to)  # refuses a URL with a password, before it is said anywhere
    say(f"shipping {root} to {sink.url}")
    limits = ShipLimits(linger=args.linger, give_up_after=args.give_up_after or (60.0 if args.once else None))
    reporter = _Reporter(root, sink.url, Path(args.metrics) if args.metrics else None)
    shipper = Shipper(
        root,
        sink,
        state=Path(args.state) if args.state else None,
        limits=limits,
        skip_missing=args.skip_missing,
        report=reporter.hear,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shipper.stop(_AT_THE_END))
    try:
        progress = shipper.run(once=args.once)
    except StoreUnavailableError as error:
        say(f"{error}; {reporter.position:,} events are in the store, the rest stays in the log")
        return INCOMPLETE
    say(f"{sink.url} has {progress.position:,} events, {progress.shipped:,} of them new")
    return OK


class _Reporter:
    """Says on stderr what a person wants to know, and keeps the file of metrics."""

    def __init__(self, root: Path, store: str, metrics: Path | None) -> None:
        self._root = root
        self._store = store
        self._metrics = metrics
        self._error: str | None = None
        self._next = time.monotonic() + _EVERY
        self._next_file = 0.0
        self._said = 0
        self.position = 0

    def hear(self, progress: Progress) -> None:
        from agent_audit.cli.terminal import say

        self.position = progress.position
        if progress.error != self._error:
            say(f"waiting: {progress.error}" if progress.error else "the store answers again")
            self._error = progress.error
        now = time.monotonic()
        if now >= self._next and progress.position != self._said:
            self._next, self._said = now + _EVERY, progress.position
            say(f"{progress.position:,} events shipped, {progress.behind_bytes:,} bytes behind")
        if self._metrics is not None and now >= self._next_file:
            self._next_file = now + 1
            self._write(self._metrics, progress)

    def _write(self, path: Path, progress: Progress) -> None:
        from agent_audit.cli.terminal import say
        from agent_audit.ship.metrics import prometheus_text, write_metrics

        try:
            write_metrics(path, prometheus_text(progress, str(self._root), self._store))
        except OSError as error:
            say(f"the metrics cannot be written to {path}: {error.strerror}; shipping goes on")
            self._metrics = None
