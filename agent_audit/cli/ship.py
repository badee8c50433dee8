"""`ship`: follow a log into a store that many hosts share."""

from __future__ import annotations

import math
import signal
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_audit.cli import options
from agent_audit.cli.exits import INCOMPLETE, OK, USAGE

if TYPE_CHECKING:
    from agent_audit.ship import Progress, Shipper, Sink

_EVERY = 30.0
"""Seconds between two lines about progress."""
_AT_THE_END = 10.0
"""Seconds that a SIGTERM leaves to catch up."""
_OF_PATHS = ("/", "./")


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: ArgumentParser = options.command(
        subparsers,
        "ship",
        "Copy a log to a store and follow it: s3://, gs://, az://, file://, postgresql://, otlp(s)://.",
    )
    options.add_log(parser)
    parser.add_argument(
        "--to",
        required=True,
        metavar="URL",
        help="the store's URL, or /path or ./path of a directory; credentials come from the environment",
    )
    parser.add_argument("--once", action="store_true", help="stop when the store has what is in the log now")
    parser.add_argument(
        "--give-up-after",
        type=options.seconds,
        metavar="S",
        help="give up after so many seconds without the store (default: 60 with --once, else never)",
    )
    parser.add_argument(
        "--linger",
        type=options.natural,
        metavar="S",
        help="seconds to gather events for one request (default: 10, less where a request costs less)",
    )
    parser.add_argument(
        "--state", metavar="FOLDER", help="folder for the shipping position (default: the log's state/)"
    )
    parser.add_argument(
        "--skip-missing", action="store_true", help="continue after events that were pruned before they were shipped"
    )
    parser.add_argument("--metrics", metavar="FILE", help="write progress to this file, in the Prometheus text format")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Ship; returns the exit code."""
    from agent_audit.cli.directory import log_of
    from agent_audit.cli.sources import as_url
    from agent_audit.cli.terminal import say
    from agent_audit.errors import StoreRefusedError
    from agent_audit.ship import open_sink

    root: Path | None = log_of(args)
    # A directory that is missing is made, so a name alone is none: it may be that of a bucket.
    store = as_url(args.to) if args.to.startswith(_OF_PATHS) else args.to
    shipping = _Shipping(args, open_sink(store))  # refuses a URL with a password, before it is said anywhere
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shipping.stop())
    worst = OK
    while root is not None:
        try:
            worst = max(worst, shipping.ship(root))
        except StoreRefusedError as error:
            if _next_log(root) is None:
                raise
            say(str(error))
            worst = max(worst, USAGE)
        root = None if shipping.stopped else _next_log(root)
    return worst


def _next_log(root: Path) -> Path | None:
    """The log in which writers went on when that one was rolled back."""
    from agent_audit.backends.file.layout import Layout
    from agent_audit.backends.file.read import named_successor

    found = named_successor(Layout(root))
    return found if found is not None and Layout(found).exists() else None


class _Shipping:
    """Ships one log after the other."""

    def __init__(self, args: Namespace, sink: Sink) -> None:
        self._args = args
        self._sink = sink
        self._shipper: Shipper | None = None
        self.stopped = False

    def stop(self) -> None:
        """End within some seconds; safe in a signal handler."""
        self.stopped = True
        if self._shipper is not None:
            self._shipper.stop(_AT_THE_END)

    def ship(self, root: Path) -> int:
        """Ship one log, until it goes on in another one; returns the exit code."""
        from agent_audit.cli.terminal import say
        from agent_audit.errors import StoreUnavailableError
        from agent_audit.ship import ShipLimits, Shipper

        say(f"shipping {root} to {self._sink.url}")
        args = self._args
        reporter = _Reporter(root, self._sink.url, Path(args.metrics) if args.metrics else None)

        def hear(progress: Progress) -> None:
            reporter.hear(progress)
            if not self.stopped and _next_log(root) is not None:
                shipper.stop(math.inf)  # when it has all of this one

        shipper = self._shipper = Shipper(
            root,
            self._sink,
            state=Path(args.state) if args.state else None,
            limits=ShipLimits(linger=args.linger, give_up_after=args.give_up_after or (60.0 if args.once else None)),
            skip_missing=args.skip_missing,
            report=hear,
        )
        if self.stopped:
            shipper.stop(_AT_THE_END)
        try:
            progress = shipper.run(once=args.once)
        except StoreUnavailableError as error:
            say(f"{error}; {reporter.position:,} events are in the store, the rest stays in the log")
            return INCOMPLETE
        say(f"{self._sink.url} has {progress.position:,} events, {progress.shipped:,} of them new")
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
        from agent_audit.backends.file.layout import Layout
        from agent_audit.cli.terminal import say
        from agent_audit.ship.metrics import prometheus_text, write_metrics

        try:
            write_metrics(path, prometheus_text(progress, Layout(self._root).name, self._store))
        except OSError as error:
            say(f"the metrics cannot be written to {path}: {error.strerror}; shipping goes on")
            self._metrics = None
