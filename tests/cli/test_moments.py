from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime, timedelta, timezone

import pytest

from agent_audit.cli.moments import moment

UTC = timezone.utc


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01t12:00:00z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01 12:00:00.5Z", datetime(2026, 3, 1, 12, 0, 0, 500000, tzinfo=UTC)),
        ("2026-03-01T12:00:00.123456789+02:00", datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-01T12:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_an_absolute_moment_is_rfc_3339(text: str, expected: datetime) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30s", timedelta(seconds=30)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("1.5h", timedelta(hours=1.5)),
    ],
)
def test_a_relative_moment_is_so_long_ago(text: str, ago: timedelta) -> None:
    assert abs(datetime.now(UTC) - ago - moment(text)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "text", ["", "soon", "24", "24y", "2026-13-01", "99999999999w", "-3h", "0001-01-01T00:00+01:00"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="24h"):
        moment(text)
