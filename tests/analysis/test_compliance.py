from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.analysis import AuditAnalyzer, ComplianceReport
from agent_audit.analysis.compliance import ControlEvidence
from agent_audit.analysis.compliance.integrity import integrity_of
from agent_audit.analysis.decisions import decisions_of
from agent_audit.event import AuditEvent
from agent_audit.verify import verify

from . import reference
from .logs import event, operation, write_log
from .strategies import logs

_LARGE = st.sampled_from([2**31 - 1, 2**31, 2**53 + 1, 2**62])


def _report(log: object) -> ComplianceReport:
    with AuditAnalyzer(log) as analyzer:  # type: ignore[arg-type]
        return analyzer.generate_compliance_report()


def _missing(report: ComplianceReport, words: str) -> bool:
    return any(words in sentence for sentence in report.missing)


@settings(max_examples=10)
@given(events=logs())
def test_totals_and_refusals_equal_the_naive_ones(events: list[AuditEvent]) -> None:
    report = _report(events)
    assert report.total_events == len(events)
    assert report.errors == reference.errors(events)
    let_pass = [e for e in events if e.event_type == "guardrail.tripped" and reference.outcome(e) != "denied"]
    assert report.security_event_count == len(let_pass) + len(reference.denials(events))
    touched = [e for e in events if e.event_type in {"data.access", "data.modify"}]
    assert sum(use.count for use in report.data_uses) == len(touched)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([(0, 0), (1, 2)], "1 event missing from writers' numbering"),
        ([(0, 0), (0, 1)], "1 repeated position"),
    ],
)
def test_that_something_was_lost_is_said_with_what(numbers: list[tuple[int, int]], said: str) -> None:
    events = [event("error", writer="w", writer_seq=n).model_copy(update={"seq": seq}) for seq, n in numbers]
    (failures,) = [found for found in _report(events).controls if found.control == "AU-5"]
    assert said in " ".join(failures.missing)


@settings(max_examples=15, deadline=None)
@given(
    numbers=st.lists(
        st.tuples(st.sampled_from([None, "v", "w"]), st.integers(0, 70), st.none() | st.integers(0, 70) | _LARGE),
        max_size=60,
    ),
    gone=st.sets(st.integers(0, 200), max_size=20),
    shift=st.sampled_from([0, 29, 2**40]),
)
def test_what_is_missing_and_repeated_equals_the_naive_count(
    numbers: list[tuple[str | None, int, int | None]], gone: set[int], shift: int
) -> None:
    dense = [("d", seq, seq) for seq in range(150) if seq not in gone]
    events = [
        event("error", writer=writer, writer_seq=writer_seq).model_copy(update={"seq": seq + shift})
        for writer, seq, writer_seq in (*numbers, *dense)
    ]
    with AuditAnalyzer(events) as analyzer:
        found = integrity_of(analyzer.events, bad_lines=0)
    there = {e.seq for e in events if e.seq is not None}
    missing = sorted(set(range(min(there), max(there) + 1)) - there) if there else []
    ranges = [[seq for _, seq in run] for _, run in groupby(enumerate(missing), lambda item: item[1] - item[0])]
    assert (found.missing_seq, found.repeated_seq) == (len(missing), len(events) - len(there))
    assert found.missing_seq_ranges == tuple((run[0], run[-1]) for run in ranges[:20])
    by_writer: dict[str, set[int]] = defaultdict(set)
    for e in events:
        if e.writer is not None and e.writer_seq is not None:
            by_writer[e.writer].add(e.writer_seq)
    assert found.writers == len(by_writer)
    assert found.writer_gaps == sum(max(seen) - min(seen) + 1 - len(seen) for seen in by_writer.values())


def test_data_use_is_told_by_resource_agent_and_user() -> None:
    reads = [event("data.access", at=i, resource="customers", user_id="u", outcome="success") for i in range(3)]
    change = event("data.modify", resource="orders", user_id="u", outcome="denied")
    uses = _report([*reads, change]).data_uses
    assert [(use.kind, use.resource, use.count, use.not_successful) for use in uses] == [
        ("data.modify", "orders", 1, 1),
        ("data.access", "customers", 3, 0),
    ]


def test_a_decision_tells_who_and_how_long_it_took() -> None:
    report = _report(
        [
            event("permission.check", at=0, call_id="c", action="tool.pay"),
            event("action.approved", at=42, call_id="c", action="tool.pay", metadata={"decided_by": "alice"}),
            event("permission.check", at=50, call_id="d"),
            event("action.denied", at=60, call_id="e"),
        ]
    )
    approved, denied = report.decisions.listed
    assert (approved.decided_by, approved.waited_seconds) == ("alice", 42.0)
    assert (denied.decided_by, denied.waited_seconds) == (None, None)
    assert report.decisions.waiting == 1
    assert _missing(report, "1 of 2 decisions without a word on who decided")
    assert _missing(report, "1 question for permission without an answer")


def test_a_decision_answers_the_question_before_it_when_a_call_id_is_used_again() -> None:
    report = _report(
        [
            event("permission.check", at=0, call_id="c"),
            event("action.approved", at=1, call_id="c"),
            event("permission.check", at=10, call_id="c"),
            event("action.approved", at=13, call_id="c"),
        ]
    )
    assert [decision.waited_seconds for decision in report.decisions.listed] == [1.0, 3.0]


@settings(max_examples=12, deadline=None)
@given(events=logs(st.sampled_from(["permission.check", "action.approved", "action.denied"])))
def test_decisions_and_their_waits_equal_the_naive_ones(events: list[AuditEvent]) -> None:
    questions = {made.event_id: asked for made, asked in reference.decisions(events)}
    waits: dict[int, float | None] = {}
    for seq, made in enumerate(events):
        if made.event_id in questions:
            asked = questions[made.event_id]
            waits[seq] = None if asked is None else (made.timestamp - asked.timestamp).total_seconds()
    known = [wait for wait in waits.values() if wait is not None]
    with AuditAnalyzer(events) as analyzer:
        report = analyzer.get_decisions(limit=None)
        with analyzer._scope(None, None, None) as scope:
            listed = decisions_of(scope).listed
    assert report.approved + report.denied == report.decider_unknown == len(waits)
    assert report.median_wait_seconds == (pytest.approx(median(known)) if known else None)
    assert report.longest_wait_seconds == max(known, default=None)
    latest = sorted(waits, key=lambda seq: (events[seq].timestamp, seq), reverse=True)
    assert [one.waited_seconds for one in report.decisions] == [waits[seq] for seq in latest]
    earliest = sorted(waits, key=lambda seq: events[seq].timestamp)
    assert [one.event_id for one in listed] == [events[seq].event_id for seq in earliest]


def test_what_is_missing_comes_first_in_the_text_and_never_certifies() -> None:
    report = _report([*operation("tool.call", "tool.response", "s"), event("tool.call", span_id="open")])
    text = str(report)
    assert text.index("What this log cannot show") < text.index("Summary")
    assert "certif" not in text
    assert "supports" in text
    assert _missing(report, "1 operation without an outcome")
    assert _missing(report, "for whom (user_id): absent from 3 of 3 events")


def test_lost_events_and_holes_in_a_writers_numbers_are_told() -> None:
    report = _report(
        [
            event("log.opened", writer="w", writer_seq=0),
            event("log.gap", writer="w", writer_seq=1, metadata={"lost": 7}),
            event("tool.call", writer="w", writer_seq=4),
            event("tool.call", writer="v", writer_seq=0),
        ]
    )
    assert (report.integrity.gaps, report.integrity.lost_events, report.integrity.writer_gaps) == (1, 7, 2)
    assert report.integrity.writers == 2
    assert _missing(report, "7 events could not be recorded")


def test_unreadable_lines_are_told_first(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("tool.call", span_id="s")] * 3)
    path = root / "segments" / "00000000000000000000.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"seq":1,', b'{"seq:1,'))
    report = _report(root)
    assert report.missing[0].startswith("1 line cannot be read")
    assert report.integrity.missing_seq_ranges == ((1, 1),)
    assert str(report).split("\n")[1].strip().startswith("INCOMPLETE")


def test_completeness_counts_only_the_events_that_should_carry_the_field() -> None:
    report = _report([event("data.access", resource="r", outcome="success"), event("data.access"), event("error")])
    by_field = {item.field: item for item in report.completeness}
    assert (by_field["resource"].events, by_field["resource"].percent) == (2, 50.0)
    assert by_field["agent_id"].percent == 100.0


def test_a_report_survives_json() -> None:
    report = _report([event("action.approved", call_id="c"), event("data.access", resource="r")])
    assert ComplianceReport.model_validate_json(report.model_dump_json()) == report


def _control(report: ComplianceReport, name: str) -> ControlEvidence:
    return next(control for control in report.controls if control.control.startswith(name))


def test_the_control_on_access_counts_the_refusals_that_the_report_lists() -> None:
    events = [
        event("action.denied", call_id="c", action="pay"),
        event("permission.denied", at=1, call_id="c", action="pay"),
        event("data.access", at=2, resource="customers/42", outcome="denied"),
    ]
    report = _report(events)
    control = _control(report, "CC6.1")
    assert report.security_event_count == 2
    assert "On record: 0 questions, 0 approvals, 2 refusals." in control.shown
    assert events[2].event_id in control.event_ids


def test_a_control_cites_events_that_are_in_the_log_and_says_what_it_lacks() -> None:
    events = [
        event("log.opened", writer="w", writer_seq=0),
        event("action.approved", call_id="c", metadata={"decided_by": "alice", "arguments": {"hmac_sha256": "ab"}}),
        event("action.denied", call_id="d"),
        *operation("tool.call", "tool.response", "s"),
    ]
    report = _report(events)
    known = {one.event_id for one in events}
    assert all(set(control.event_ids) <= known for control in report.controls)
    assert _control(report, "CC6.1").status == "partly"
    assert "Who decided is on record for 1 of 2 decisions." in _control(report, "CC6.1").missing
    assert "1 of 2 decisions with a keyed digest of the arguments." in _control(report, "T8").missing
    assert _control(report, "AU-6").status == "not shown"
    assert _missing(report, "Asked for by NIST SP 800-53 AU-6, AU-7")


def test_every_control_of_the_map_is_there_and_none_is_said_to_be_met() -> None:
    report = _report([event("tool.call", span_id="s")])
    named = " ".join(f"{control.framework} {control.control}" for control in report.controls)
    for part in ("AU-2", "AU-3", "AU-4", "AU-5", "AU-6", "AU-7", "AU-8", "AU-9", "AU-10", "AU-11", "AU-12", "CC6.1"):
        assert part in named
    for part in (
        "CC7.1",
        "CC7.3",
        "A.8.15",
        "164.312(b)",
        "10.2",
        "10.3",
        "10.5",
        "12",
        "19(1)",
        "26(6)",
        "T8",
        "M0024",
    ):
        assert part in named
    assert {control.status for control in report.controls} <= {"supported", "partly", "not shown"}
    assert "complian" not in str(report).lower().replace("compliance report", "")


def test_a_clock_that_goes_back_is_told() -> None:
    steady = [event("tool.call", at=at, writer="w", writer_seq=at) for at in range(3)]
    assert _control(_report(steady), "AU-8").status == "supported"
    back = event("tool.call", at=-60, writer="w", writer_seq=3)
    told = _control(_report([*steady, back]), "AU-8")
    assert told.status == "not shown"
    assert told.missing == ("A writer's clock went back 1 time, by 62 s at most.",)


def test_the_verdict_of_verify_is_in_the_report(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [event("tool.call", span_id="s")] * 3)
    with AuditAnalyzer(root) as analyzer:
        report = analyzer.generate_compliance_report(verification=verify(root))
    assert report.missing[0] == "The record is not proved to be unaltered; verify says: not provable."
    assert _control(report, "AU-9").status == "not shown"


@pytest.mark.parametrize(("days", "status"), [(200, "supported"), (100, "not shown")])
def test_six_months_are_shown_by_six_months_of_events(days: int, status: str) -> None:
    report = _report([event("tool.call"), event("tool.call", at=days * 86_400)])
    assert _control(report, "Articles 19(1)").status == status
    assert _control(report, "10.5").status == "not shown"
