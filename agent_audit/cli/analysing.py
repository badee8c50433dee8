"""What the analysing commands have in common: open the log, ask, print, tell how it went."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from agent_audit.cli.exits import INCOMPLETE, OK

if TYPE_CHECKING:
    from agent_audit.analysis import AuditAnalyzer, Result

    SomeResult = TypeVar("SomeResult", bound=Result)


def analyse(args: Namespace, ask: Callable[[AuditAnalyzer], SomeResult]) -> tuple[SomeResult, int]:
    """Print the answer of `ask`.

    Returns:
        The answer, and the exit code as far as it depends on the log alone.
    """
    from agent_audit.analysis import AuditAnalyzer
    from agent_audit.cli.directory import logs_of
    from agent_audit.cli.progress import progress
    from agent_audit.cli.sources import sources_of
    from agent_audit.cli.terminal import say, say_bad_lines, screen_width, show, use_color
    from agent_audit.report import reporter

    logs = sources_of(args) or logs_of(args)
    say(f"reading {', '.join(map(str, logs))}")
    conditions = {"session_id": args.session, "user_id": args.user, "event_type": getattr(args, "type", None)}
    where = getattr(args, "where", None)
    with (
        progress("reading segments") as tell,
        AuditAnalyzer(
            logs, **conditions, where=where, progress=tell, engine=args.engine, master=args.master
        ) as analyzer,
    ):
        answer, empty = ask(analyzer), analyzer.is_empty
    if empty:
        say("the log is empty")
    show(reporter(args.format, color=use_color(), width=screen_width()).render(answer))
    if analyzer.bad_line_count:
        say_bad_lines(analyzer.bad_lines, analyzer.bad_line_count)
    return answer, INCOMPLETE if analyzer.bad_line_count else OK
