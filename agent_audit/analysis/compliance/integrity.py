"""What the events themselves say about gaps in the record. No proof: that is what `verify` is for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agent_audit.analysis.compliance.numbers import holes, numbered_slots
from agent_audit.analysis.scope import first_row
from agent_audit.analysis.source import Expr, rows

_MOST_RANGES = 20


class Integrity(BaseModel):
    """Facts about the whole log (a gap at the edge of a period would be none of the log's)."""

    model_config = ConfigDict(frozen=True)

    logs: int = Field(0, description="Logs looked at; positions are judged within each.")
    first_seq: int | None = Field(None, description="Of several logs the smallest.")
    last_seq: int | None = Field(None, description="Of several logs the largest.")
    late_beginnings: int = Field(0, description="Logs that begin behind position 0 without an event log.pruned.")
    opened: int = Field(0, description="Events log.opened.")
    closed: int = Field(0, description="Events log.closed.")
    recovered: int = Field(0, description="Events log.recovered: a damaged end was put aside.")
    gaps: int = Field(0, description="Events log.gap: events that were lost, on record.")
    lost_events: int = Field(0, description="How many, as those events tell.")
    pruned: int = Field(0, description="Events log.pruned.")
    missing_seq: int = Field(0, description="Positions between the first and the last that no event has.")
    missing_seq_ranges: tuple[tuple[int, int], ...] = Field((), description="The first 20, both ends included.")
    missing_seq_logs: tuple[str | None, ...] = Field((), description="The log of each of these ranges.")
    repeated_seq: int = Field(0, description="Events at a position that another event has.")
    bad_lines: int = 0
    writers: int = Field(0, description="Processes that wrote.")
    writer_gaps: int = Field(0, description="Events that writers numbered and that are not here.")

    @property
    def sound(self) -> bool:
        """Whether nothing is known to be missing."""
        return not (self.lost_events or self.missing_seq or self.repeated_seq or self.bad_lines or self.writer_gaps)


def integrity_of(log: Expr, bad_lines: int) -> Integrity:
    """Look for gaps in a whole log."""
    position = first_row(seq_facts(log))
    holes = rows(seq_holes(log).limit(_MOST_RANGES))
    return Integrity(
        logs=position["logs"],
        late_beginnings=position["late"],
        first_seq=position["first_seq"],
        last_seq=position["last_seq"],
        missing_seq=position["expected"] - position["different"] if position["events"] else 0,
        repeated_seq=position["events"] - position["different"] if position["events"] else 0,
        missing_seq_ranges=tuple((row["first"], row["last"]) for row in holes),
        missing_seq_logs=tuple(row["log"] for row in holes),
        bad_lines=bad_lines,
        **_log_events(log),
        **{name: value or 0 for name, value in first_row(writer_facts(log)).items()},
    )


def seq_facts(log: Expr) -> Expr:
    """First and last position, events, and how many positions they should and do have; one row.

    Each log has positions of its own: beginnings, ends and holes are those of single logs, added up.
    """
    told = log.select("log", "event_type", number=log.seq)
    slots = numbered_slots(told, ["log"], pruned=lambda slot: slot.count(where=slot.event_type == "log.pruned"))
    each = slots.group_by("log").agg(
        first_seq=slots["first"].min(),
        last_seq=slots["last"].max(),
        events=slots.events.sum(),
        different=slots.different.sum(),
        pruned=slots.pruned.sum(),
    )
    return each.agg(
        logs=each.count(),
        first_seq=each.first_seq.min(),
        last_seq=each.last_seq.max(),
        events=each.events.sum(),
        different=each.different.sum(),
        expected=(each.last_seq - each.first_seq + 1).sum(),
        late=each.count(where=(each.first_seq > 0) & (each.pruned == 0)),
    )


def seq_holes(log: Expr) -> Expr:
    """Ranges of positions of a log that no event has, in order."""
    return holes(log.select("log", number=log.seq), ["log"]).order_by(["first", "last", "log"])


def writer_facts(log: Expr) -> Expr:
    """How many writers, and how many of the events they numbered are not here; one row."""
    written = log.filter(log.writer.notnull() & log.writer_seq.notnull())
    slots = numbered_slots(written.select("log", "writer", number=written.writer_seq), ["log", "writer"])
    each = slots.group_by(["log", "writer"]).agg(
        gap=slots["last"].max() - slots["first"].min() + 1 - slots.different.sum()
    )
    return each.agg(writers=each.count(), writer_gaps=each.gap.sum())


def log_event_counts(log: Expr) -> Expr:
    """How often the log spoke of itself, and how many events it says were lost."""
    own = log.filter(log.event_type.startswith("log."))
    return own.group_by("event_type").agg(n=own.count(), lost=own.metadata["lost"].int.sum())


def _log_events(log: Expr) -> dict[str, int]:
    found = {row["event_type"]: row for row in rows(log_event_counts(log))}
    named = {
        "opened": "log.opened",
        "closed": "log.closed",
        "recovered": "log.recovered",
        "gaps": "log.gap",
        "pruned": "log.pruned",
    }
    numbers = {name: found[wire]["n"] if wire in found else 0 for name, wire in named.items()}
    return {**numbers, "lost_events": (found.get("log.gap") or {}).get("lost") or 0}
