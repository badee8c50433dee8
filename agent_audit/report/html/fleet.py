"""The verdict on every log of a store."""

from __future__ import annotations

from agent_audit.report.html.element import Child, Element, el, moment, number
from agent_audit.report.html.sections import badge, listing
from agent_audit.report.html.verdict import card, facts_of, sentences
from agent_audit.verify import FleetVerification, HostLog, Liveness, Verdict
from agent_audit.wording import plural

_ANSWERS = {
    Verdict.VALID: ("good", "✓", "Every record is whole", "All events under the checkpoints are what hosts signed."),
    Verdict.TAMPERED: (
        "bad",
        "✕",
        "Records were changed",
        "Events of some logs are not what was signed. Believe none of this without looking.",
    ),
    Verdict.NOT_PROVABLE: (
        "warn",
        "!",
        "Consistent, but not all proved",
        "Nothing contradicts the records; what would prove some of them is missing.",
    ),
    Verdict.INCOMPLETE: ("bad", "!", "Not every record can be read", "Of some logs nothing can be said."),
}
_BADGES = {verdict: answer[0] for verdict, answer in _ANSWERS.items()}
_STATES = {Liveness.SILENT: "warn", Liveness.HEARD: "good", Liveness.CLOSED: "calm"}


def fleet_card(found: FleetVerification) -> Element:
    """The answers of `fleet verify` together."""
    silent = [f"{log.origin} is silent" for log in found.silent]
    facts: tuple[tuple[str, Child], ...] = (
        ("Logs", el("a", f"{len(found.logs):,}: {found.counted()}", href="#logs")),
        ("Under checkpoints", plural(found.proved, "event")),
        ("After them, not proved yet", plural(found.later, "event") if found.later else None),
    )
    return card(
        _ANSWERS[found.verdict],
        sentences(list(found.problems()), "problems"),
        sentences([*silent, *found.missing()], "reasons"),
        facts=facts_of(facts),
    )


def logs_table(found: FleetVerification) -> Element:
    """Every log with its verdict."""
    table = listing(
        "Logs, those to look at first",
        ("Log", "Verdict", "Events", "Under head", "After it", "Last event", "State", "Root", "Key"),
        (_row(log) for log in found.gravest_first),
        numeric=(2, 3, 4),
        rest=0,
    )
    return el("div", table, (_why(log) for log in found.gravest_first if log.problems or log.missing), id="logs")


def _row(log: HostLog) -> tuple[Child, ...]:
    return (
        el("code", log.origin),
        badge(str(log.verdict), _BADGES[log.verdict]),
        number(log.events),
        number(log.proved) if log.root else "–",
        number(log.later),
        moment(log.last_event, seconds=False),
        badge(str(log.liveness), _STATES[log.liveness]),
        el("code", log.root) if log.root else "–",
        # The name of a log's key is that of the log.
        ", ".join(name.replace(log.origin, "").strip(" ()") for name in log.signed_by) or "–",
    )


def _why(log: HostLog) -> Element:
    """What is wrong with a log, and what is missing for a proof."""
    return el(
        "div",
        el("h3", el("code", log.origin), " ", badge(str(log.verdict), _BADGES[log.verdict])),
        sentences(list(log.problems), "sentences", shown=20),
        sentences(list(log.missing), "sentences"),
        el("p", "Witnessed by ", ", ".join(log.cosigned_by)) if log.cosigned_by else None,
        class_="card",
    )
