"""Keyed fingerprints of destinations, made before redaction, as rows: what an analysis compares instead of values."""

from __future__ import annotations

from agent_audit.analysis.source import Expr


def fingerprints(events: Expr) -> Expr:
    """One row per fingerprint of each event: its columns, `digest`, `path` and `place` (characters, or absent)."""
    # The list is split as text: JSON arrays are not something every engine can unnest.
    listed = events.metadata["fingerprints"].cast("string")
    marks = events.filter(listed.notnull()).mutate(mark=listed.split("}").unnest())
    marks = marks.filter(marks.mark.contains('"digest"'))
    place = marks.mark.re_extract('"at": ?([0-9]+)', 1)
    return marks.mutate(
        digest=marks.mark.re_extract('"digest": ?"([0-9a-f]+)"', 1),
        path=marks.mark.re_extract('"path": ?"([^"]*)"', 1),
        place=(place == "").ifelse(None, place).cast("int64"),
    )
