"""The entry point of `agent-audit-log`. Commands import what they need when they run, for a fast start."""

from __future__ import annotations

import argparse
import codecs
import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

from agent_audit.cli import (
    activity,
    anomalies,
    checkpoint,
    columns,
    compliance,
    cost,
    data,
    decisions,
    evidence,
    export,
    failures,
    finding,
    fleet,
    hold,
    models,
    options,
    postgresql,
    prove,
    prune,
    rebuild,
    redaction,
    report,
    rotate_key,
    schema,
    seal,
    sessions,
    ship,
    show,
    signals,
    sql,
    tail,
    timeline,
    tools,
    verify,
    verify_proof,
)
from agent_audit.cli.exits import EXPLAINED, INTERNAL, OK, SIGNALLED, USAGE
from agent_audit.cli.terminal import escaped, say, write_to_nowhere
from agent_audit.errors import PrunedMeanwhileError

COMMANDS = (
    # what happened
    tail,
    show,
    activity,
    sessions,
    timeline,
    tools,
    models,
    cost,
    data,
    decisions,
    failures,
    sql,
    # is it unchanged
    verify,
    prove,
    verify_proof,
    seal,
    checkpoint,
    # what is unusual
    anomalies,
    finding,
    # hand it on
    report,
    compliance,
    evidence,
    export,
    # many hosts
    ship,
    fleet,
    postgresql,
    # operate
    prune,
    hold,
    rotate_key,
    columns,
    rebuild,
    redaction,
    schema,
)
"""In the order of docs/commands.md, which is that of `--help`."""


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What no reading ends with."""


_TRIES = 5
"""How often a command is run while events go under its hands."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        argv: the arguments; those of the process when left out.

    Returns:
        The exit code, see `--help`. Nothing is raised.
    """
    _prepare_streams()
    try:
        with signals.ending_in_order() if argv is None else nullcontext():
            args = _parsed(argv)
            options.refuse_reversed(args)
            code = _run(args)
            sys.stdout.flush()
            return code
    except SystemExit as request:  # argparse has said what is wrong
        return request.code if isinstance(request.code, int) else USAGE
    except BrokenPipeError:  # `| head` has seen enough
        write_to_nowhere()
        return OK
    except KeyboardInterrupt:
        return SIGNALLED + signal.SIGINT
    except Exception as error:
        code_of_signal = signals.code_of_caught()  # DuckDB makes an error of its own of what is raised in its answer
        return _failed(error) if code_of_signal is None else code_of_signal


def _run(args: argparse.Namespace) -> int:
    """Do what the command line says.

    A command that has its answer as a `whole` or not at all is asked again where events were pruned meanwhile: what is
    there now can be answered. One that has printed some of it cannot take that back.
    """
    for _ in range(_TRIES - 1):
        try:
            return int(args.run(args))
        except PrunedMeanwhileError:
            if not getattr(args, "whole", False):
                raise
            say("events were pruned meanwhile: once more, with what is there now")
    return int(args.run(args))


def _prepare_streams() -> None:
    """What goes into a pipe or a file is UTF-8, whatever the locale is; a terminal gets what it can show.

    What was closed (`>&-`) is written to nowhere: who does that wants the exit code alone.
    """
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    codecs.register_error(escaped.__name__, escaped)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=escaped.__name__)
    if hasattr(sys.stdout, "reconfigure") and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _failed(error: Exception) -> int:
    """Say what went wrong: an expected error in one sentence, a bug with what is needed to report it."""
    from agent_audit.errors import AuditError

    if isinstance(error, AuditError):
        say(str(error))
        return USAGE
    if isinstance(error, OSError):
        what = "cannot write" if error.errno in _NO_ROOM else "cannot read"
        # What cannot be read need not be the log.
        named = error.filename is not None and error.filename2 is None
        say(f"{what} {error.filename}: {error.strerror}" if named else f"{what}: {error}{_where(error)}")
        return USAGE
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    say(f"internal error: {type(error).__name__}: {error} ({place.filename}:{place.lineno}); please report it")
    return INTERNAL


def _where(error: OSError) -> str:
    """Where there may be no room: the system does not tell, when a file is open, which one it is."""
    import tempfile

    if error.filename is not None or error.errno not in _NO_ROOM:
        return ""
    return f"; make room where the output goes, or in {tempfile.gettempdir()} (TMPDIR), where temporary files are"


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments. A log may stand behind options, too, where argparse has done with those that may be left out."""
    parser = _parser()
    args, left = parser.parse_known_args(argv)
    if left and not getattr(args, "log", True) and not any(word.startswith("-") for word in left):
        if isinstance(args.log, list):
            args.log, left = left, []
        else:
            args.log, *left = left
    if left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return args


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agent-audit-log",
        description="Read, verify, ship and manage audit logs of AI agents.",
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add(subparsers)
    return parser


class _Version(argparse.Action):
    """`--version`; the version is looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("agent-audit-log")
        except PackageNotFoundError:
            found = "unknown"
        print(f"agent-audit-log {found}")
        parser.exit(OK)


if __name__ == "__main__":
    sys.exit(main())
