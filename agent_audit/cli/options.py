"""Options that several commands share."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from agent_audit.cli.exits import EXPLAINED
from agent_audit.cli.moments import moment
from agent_audit.errors import MOST, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_audit.backends.file.layout import Layout
    from agent_audit.backends.interface import Query

FORMATS = ("table", "json", "csv")
DOCUMENTS = ("html", "markdown")
"""Formats of results that are handed on."""


def command(subparsers: Any, name: str, summary: str) -> ArgumentParser:
    """A parser for a command, with the exit codes in its help."""
    parser: ArgumentParser = subparsers.add_parser(
        name, help=summary, description=summary, epilog=EXPLAINED, formatter_class=RawDescriptionHelpFormatter
    )
    return parser


def add_log(parser: ArgumentParser) -> None:
    """Which log to read."""
    parser.add_argument("log", nargs="?", metavar="DIR", help="log directory; same as --dir")
    parser.add_argument(
        "--dir",
        metavar="DIR",
        help="log directory (default: AGENT_AUDIT_DIR, else agent-audit-log here or in a parent folder)",
    )


def add_logs(parser: ArgumentParser) -> None:
    """Which logs to read together."""
    parser.add_argument("log", nargs="*", metavar="DIR", help="log directories, or a quoted pattern: 'logs/*'")
    parser.add_argument(
        "--dir",
        metavar="DIR",
        help="one log directory (default: AGENT_AUDIT_DIR, else agent-audit-log here or in a parent folder)",
    )


def add_limit(parser: ArgumentParser, default: int = 100) -> None:
    """How many rows to list."""
    parser.add_argument(
        "--limit", type=natural, default=default, metavar="N", help=f"number of rows (default: {default:,})"
    )


def add_format(parser: ArgumentParser, *, documents: bool = False) -> None:
    """How to print."""
    choices = FORMATS + DOCUMENTS if documents else FORMATS
    parser.add_argument("--format", choices=choices, default="table", help="default: table")


def add_filters(parser: ArgumentParser, *, event_type: bool = True, where: bool = True) -> None:
    """Which events to look at."""
    parser.add_argument(
        "--since", type=moment, metavar="TIME", help="only events from then on: 24h (ago), 7d, 2026-03-01T12:00:00Z"
    )
    parser.add_argument("--until", type=moment, metavar="TIME", help="only events before then")
    parser.add_argument("--agent", metavar="ID", help="only this agent")
    parser.add_argument("--session", metavar="ID", help="only this session")
    parser.add_argument("--user", metavar="ID", help="only for this user")
    if event_type:
        parser.add_argument("--type", type=_event_type, metavar="TYPE", help="only this event type, e.g. tool.call")
    if where:
        parser.add_argument(
            "--where", metavar="SQL", help='only events that match this SQL condition, e.g. "duration_ms > 1000"'
        )


def _event_type(text: str) -> str:
    """A misspelt type would be one that never happened.

    Raises:
        ArgumentTypeError: it is none.
    """
    from agent_audit.event import AuditEventType

    if text not in set(AuditEventType):
        raise ArgumentTypeError(f"{text!r} is no event type; one of: {', '.join(AuditEventType)}")
    return text


def refuse_reversed(args: Namespace) -> None:
    """Nothing is found between a moment and an earlier one, which is no answer.

    Raises:
        ConfigurationError: `--until` is earlier than `--since`.
    """
    since, until = getattr(args, "since", None), getattr(args, "until", None)
    if since is not None and until is not None and until < since:
        raise ConfigurationError(f"the period ends at {until}, before it begins at {since} (--since, --until)")


def query(args: Namespace) -> Query:
    """What `add_filters` without `where` was given."""
    from agent_audit.backends.interface import Query

    named = {
        "agent_id": args.agent,
        "session_id": args.session,
        "user_id": args.user,
        "event_type": args.type,
    }
    where = {name: value for name, value in named.items() if value is not None}
    return Query(start=args.since, end=args.until, limit=None, min_seq=None, where=where)


def segments_of(layout: Layout, query: Query) -> Callable[[int], bool]:
    """Tells of a segment, by its first number, whether it can hold an event of the period that is asked for."""
    from agent_audit.analysis.columns import may_hold

    return lambda segment: may_hold(layout, segment, query.start, query.end)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choice(args: Namespace) -> dict[str, str]:
    """What `add_filters` was given, and which rules alone, in words: option -> value."""
    names = ("since", "until", "agent", "session", "user", "type", "where")
    given = {name: str(value) for name in names if (value := getattr(args, name, None)) is not None}
    return {**given, "only": ", ".join(args.only)} if getattr(args, "only", None) else given


def natural(text: str, least: int = 0) -> int:
    """A number from 0 that counts something.

    Raises:
        ArgumentTypeError: it is none.
    """
    if text.isascii() and text.isdecimal() and len(text) < 11 and least <= int(text) <= MOST:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no number from {least} to {MOST:,}")


def positive(text: str) -> int:
    """A number from 1 that counts something.

    Raises:
        ArgumentTypeError: it is none.
    """
    return natural(text, 1)


def seconds(text: str) -> float:
    """A time above 0 that may have a fraction.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if 0 < found <= MOST:
        return found
    raise ArgumentTypeError(f"{text!r} is no number of seconds above 0")


def told(text: str) -> str:
    """A name or a reason, which says something.

    Raises:
        ArgumentTypeError: it says nothing.
    """
    if not text.strip():
        raise ArgumentTypeError("give a text that is not empty")
    return text
