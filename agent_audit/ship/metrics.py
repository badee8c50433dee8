"""Progress as a file in the Prometheus text format (version 0.0.4), for a textfile collector: no socket listens."""

from __future__ import annotations

from pathlib import Path

from agent_audit.atomic import BY_UMASK, replacing
from agent_audit.ship.shipper import Progress

_HELP = {
    "position": ("gauge", "Events of the log that the store has, as far as it was last known."),
    "behind_bytes": ("gauge", "Bytes of the log that were not read yet."),
    "behind_seconds": ("gauge", "Age of the oldest event that was read and is not in the store yet."),
    "shipped_total": ("counter", "Events shipped since the start."),
    "retries_total": ("counter", "Requests that failed since the start."),
    "failing": ("gauge", "1 while nothing goes on, or the position cannot be noted."),
}


def prometheus_text(progress: Progress, log: str, store: str) -> str:
    """The metrics of one shipper, `log` and `store` as labels."""
    values = {
        "position": progress.position,
        "behind_bytes": progress.behind_bytes,
        "behind_seconds": round(progress.behind_seconds, 3),
        "shipped_total": progress.shipped,
        "retries_total": progress.retries,
        "failing": int(progress.error is not None),
    }
    labels = f'{{log="{_escaped(log)}",store="{_escaped(store)}"}}'
    lines = []
    for name, (kind, text) in _HELP.items():
        full = f"agent_audit_ship_{name}"
        lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full}{labels} {values[name]}"]
    return "\n".join(lines) + "\n"


def write_metrics(path: Path, text: str) -> None:
    """Replace the file as a whole: a collector never reads half of it.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path, BY_UMASK) as draft:
        draft.write_text(text, encoding="utf-8")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
