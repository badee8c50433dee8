"""What stands around a name and its value and says that the value is no secret: a test's report, markup, a prompt.

Asked only where a value was found, so that it costs nothing where there is none.
"""

from __future__ import annotations

import re

_RESULT = r"(?:[XK]?(?:PASS|FAIL)|SKIP|UN(?:SUPPORTED|RESOLVED|TESTED))"
_RESULT_BELOW = re.compile(rf"[^\n]{{0,400}}\n[ \t]{{0,8}}{_RESULT}: ")
_RESULT_ABOVE = re.compile(rf"(?:\A|\n)[ \t]{{0,8}}{_RESULT}: [^\n]{{0,400}}\n[ \t]{{0,8}}\Z")
_CASE = re.compile(r"[a-zA-Z][\w+]*(?:[./-][\w+]+)+(?::|\s|\Z)|[\w./+-]+:? \S")


def is_no_secret_here(text: str, first: int, last: int, start: int, separator: str) -> bool:
    """Whether the place of a value tells that it is none.

    Args:
        text: the text.
        first: where the name begins.
        last: where it ends.
        start: where the value begins.
        separator: what stands between them.
    """
    return separator == ": " and text[first:last] == "PASS" and _is_result(text, first, start)


def _is_result(text: str, first: int, start: int) -> bool:
    """`PASS: login.exp: a user logs in`, one of several results of tests."""
    return _CASE.match(text, start) is not None and (
        _RESULT_BELOW.match(text, start) is not None
        or _RESULT_ABOVE.search(text, max(0, first - 440), first) is not None
    )
