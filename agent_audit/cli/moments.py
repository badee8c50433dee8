"""Moments as people write them on a command line."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta, timezone

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str) -> datetime:
    """A moment from RFC 3339 (`2026-03-01T12:00:00Z`; a date alone is its midnight, a time without offset is
    UTC) or from how long ago it was (`30m`, `24h`, `7d`).

    Raises:
        ArgumentTypeError: it is neither.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return datetime.now(timezone.utc) - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
        return _absolute(text.strip())
    except (ValueError, OverflowError):
        raise ArgumentTypeError(
            f"{text!r} is no time: write e.g. 2026-03-01T12:00:00Z, 2026-03-01, 30m, 24h or 7d"
        ) from None


def span(text: str) -> timedelta:
    """A length of time: `30m`, `24h`, `90d`, `12w`.

    Raises:
        ArgumentTypeError: it is none.
    """
    found = _AGO.fullmatch(text.strip())
    try:
        if found:
            return timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        pass
    raise ArgumentTypeError(f"{text!r} is no length of time: write e.g. 24h, 90d or 12w")


def _absolute(text: str) -> datetime:
    text = re.sub(r"[zZ]$", "+00:00", text)
    # Python 3.10 reads three or six digits of a second only.
    text = re.sub(r"\.(\d+)", lambda digits: "." + digits[1][:6].ljust(6, "0"), text)
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found.astimezone(timezone.utc)
