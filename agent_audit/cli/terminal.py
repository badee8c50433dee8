"""Where output goes: data on stdout, everything else on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

from agent_audit.wording import plural

_SIGNS = str.maketrans({"\u2500": "-", "\u2026": "..."})
"""What our own texts have beyond ASCII that nobody needs to see escaped."""


def escaped(error: UnicodeError) -> tuple[str, int]:
    """What a terminal shows of characters that its encoding lacks; an error handler (`codecs.register_error`)."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_SIGNS)
    return text.encode("ascii", "backslashreplace").decode(), error.end


def say(message: str) -> None:
    """A remark for the person, on stderr."""
    from agent_audit.analysis.printable import printable

    print(f"agent-audit-log: {printable(message)}", file=sys.stderr)


def show(text: str) -> None:
    """An answer, whole, on stdout. A reader that has seen enough (`| head`) takes nothing from the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        write_to_nowhere()


def write_to_nowhere() -> None:
    """Nobody reads stdout any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_bad_lines(lines: Iterable[object], count: int) -> None:
    """Name the lines that were skipped: each of the first ten, and how many there are."""
    shown = list(lines)[:10]
    say(f"{plural(count, 'unreadable line')} skipped:")
    for line in shown:
        say(f"  {line}")
    if count > len(shown):
        say(f"  and {count - len(shown):,} more")


def use_color() -> bool:
    """Whether stdout is a terminal that wants colour (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def screen_width() -> int | None:
    """Columns of the terminal; None when stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
