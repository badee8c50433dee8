"""What a redactor is: the contract between the logger and whatever masks secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


class Hit(NamedTuple):
    """One place that was masked. Names the place and the rule, never the value."""

    path: str
    """Dotted path from the field's name down, e.g. `parameters.headers.0.value`."""
    rule: str
    """Id of the rule that fired, e.g. `key:password` or `aws-access-key`."""


class Fingerprint(NamedTuple):
    """A keyed digest of a destination-like value, so that detections can compare without the value."""

    kind: str
    """email, url-host, account, phone or path."""
    digest: str
    """First 64 bits of the HMAC-SHA-256 with the log's fingerprint key, as 16 hex digits."""
    path: str
    """Where the value stood; as in `Hit`."""
    at: int | None = None
    """Place of the value, or of the marker in its place, in the masked text there: characters from its start."""


class Redacted(NamedTuple):
    """What a redactor returns."""

    value: Any
    """A new value made only of what JSON has: dict with string keys, list, str, int (64 bits), finite float,
    bool, None; encodable as UTF-8. The caller's object is never changed and shares nothing mutable with it."""
    hits: Sequence[Hit] = ()
    fingerprints: Sequence[Fingerprint] = ()
    """At most 64; none without a fingerprint key; never of secrets."""


class Redactor(Protocol):
    """Masks secrets in the fields of one event.

    Must not raise, must not keep or change what it is given, must be safe to call from any thread, from a
    signal handler and from `__del__` (no lock that a frame below may hold). On an error of its own it puts a
    marker in the value's place: never the raw value.
    """

    def redact(self, value: Any, *, path: str = "", action: str | None = None) -> Redacted:
        """Return `value` masked and in plain JSON form.

        Args:
            value: anything at all: one payload, or a dict of an event's fields. Beside the output of a command that
                prints a secret it may have a member `command`, which is taken out again.
            path: name put before the paths in hits; empty when `value` is a dict of fields.
            action: the event's action (`tool.search`), for rules that hold for one tool only.
        """
        ...
