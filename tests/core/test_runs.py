from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_audit import AuditEventType, AuditLogger, MemoryAuditBackend, Outcome, RunTracker, WriteError, identify
from agent_audit.analysis.pairing import unpaired
from agent_audit.testing import FailingBackend

T, O = AuditEventType, Outcome


@pytest.fixture
def backend() -> MemoryAuditBackend:
    return MemoryAuditBackend()


@pytest.fixture
def tracker(backend: MemoryAuditBackend) -> RunTracker:
    return RunTracker(AuditLogger(backend), "test", "1.0")


def told(backend: MemoryAuditBackend) -> list[tuple[object, object, object]]:
    return [(event.event_type, event.outcome, event.action) for event in backend.events()]


def test_both_ends_of_an_operation_share_what_was_known_at_its_start(
    tracker: RunTracker, backend: MemoryAuditBackend
) -> None:
    tracker.enter("root", agent_id="a", session_id="s", user_id="u")
    tracker.start(T.TOOL_CALL, "tool", parent="root", action="tool.x", call_id="c", hook="on_tool_start")
    tracker.end("tool", O.SUCCESS, result=1, hook="on_tool_end")
    call, response = backend.events()
    for field in ("span_id", "trace_id", "agent_id", "session_id", "user_id", "action", "call_id", "parent_span_id"):
        assert getattr(call, field) == getattr(response, field), field
    assert (call.trace_id, call.agent_id) == ("root", "a")
    assert call.source is not None and response.source is not None
    assert (call.source.hook, response.source.hook) == ("on_tool_start", "on_tool_end")


def test_a_detached_run_goes_on_after_its_parent_and_is_closed_with_all_others(
    tracker: RunTracker, backend: MemoryAuditBackend
) -> None:
    tracker.start(T.TOOL_CALL, "outer", user_id="u")
    tracker.detach(tracker.enter("job", parent="outer"))
    tracker.start(T.TOOL_CALL, "inner", parent="job")
    tracker.end("outer", O.SUCCESS)
    assert backend.events()[-1].outcome is O.SUCCESS, "the inner one was not closed with it"
    tracker.close_all()
    last = backend.events()[-1]
    assert (last.outcome, last.user_id, last.parent_span_id) == (O.UNKNOWN, "u", "outer")
    assert len(backend.events()) == 4
    assert not tracker._runs


def test_what_starts_inside_an_operation_that_began_within_its_parent_is_below_that(
    tracker: RunTracker, backend: MemoryAuditBackend
) -> None:
    with identify(span_id="around"):
        tracker.start(T.AGENT_START, "agent")
        tracker.start(T.LLM_REQUEST, "model", parent="agent")
        with identify(span_id="within"):
            tracker.start(T.TOOL_CALL, "tool", parent="agent")
            tracker.start(T.LLM_REQUEST, "inner", parent="tool")
    tracker.end("agent", O.SUCCESS)
    found = {(event.span_id, event.parent_span_id) for event in backend.events()}
    assert found == {("agent", "around"), ("model", "agent"), ("tool", "within"), ("inner", "tool")}


def test_what_starts_below_a_run_that_is_over_has_its_own_end(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    tracker.start(T.AGENT_START, "agent", agent_id="a")
    tracker.enter("node", parent="agent")
    tracker.end("agent", O.CANCELLED)
    node = tracker.known("node")
    assert node is not None
    tracker.start(T.TOOL_CALL, "tool", parent=node, action="tool.x")
    tracker.end("tool", O.SUCCESS)
    call, response = backend.events()[2:]
    assert (call.agent_id, call.parent_span_id, call.trace_id) == ("a", "agent", "agent")
    assert (response.outcome, response.metadata) == (O.SUCCESS, None)
    assert not tracker._runs


def test_an_error_says_whose_it_is_and_stands_once(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    tracker.enter("root")
    problem = ValueError("bad")
    assert tracker.error(problem, under="root", action="guardrail.x") is not None
    assert tracker.error(problem, under="root") is None
    assert told(backend) == [(T.ERROR, O.FAILURE, "guardrail.x")]


def test_a_parent_without_events_is_left_out_of_the_parentage_on_record(
    tracker: RunTracker, backend: MemoryAuditBackend
) -> None:
    tracker.start(T.AGENT_START, "agent")
    tracker.enter("node", parent="agent")
    tracker.start(T.TOOL_CALL, "tool", parent="node")
    assert backend.events()[-1].parent_span_id == "agent"


def test_what_is_open_when_its_run_ends_is_closed_as_unknown_deepest_first(
    tracker: RunTracker, backend: MemoryAuditBackend
) -> None:
    tracker.start(T.AGENT_START, "agent", action="agent")
    tracker.enter("node", parent="agent")
    tracker.start(T.TOOL_CALL, "tool", parent="node", action="tool")
    tracker.start(T.LLM_REQUEST, "model", parent="tool", action="model")
    tracker.end("agent", O.SUCCESS)
    assert told(backend)[3:] == [
        (T.LLM_RESPONSE, O.UNKNOWN, "model"),
        (T.TOOL_RESPONSE, O.UNKNOWN, "tool"),
        (T.AGENT_STOP, O.SUCCESS, "agent"),
    ]


def test_a_late_end_is_recorded_as_late_and_only_once(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    tracker.start(T.AGENT_START, "agent")
    tracker.start(T.TOOL_CALL, "tool", parent="agent", action="tool.x")
    tracker.end("agent", O.CANCELLED)
    tracker.end("tool", O.SUCCESS, result="done after all")
    tracker.end("tool", O.SUCCESS)
    late = backend.events()[-1]
    assert (late.outcome, late.result, late.metadata) == (O.SUCCESS, "done after all", {"late": True})
    assert len(backend.events()) == 5
    assert tracker.duplicate_ends == 1


def test_the_first_end_counts(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    tracker.start(T.TOOL_CALL, "tool", action="tool")
    tracker.end("tool", O.SUCCESS)
    tracker.end("tool", O.FAILURE)
    assert told(backend) == [(T.TOOL_CALL, None, "tool"), (T.TOOL_RESPONSE, O.SUCCESS, "tool")]


def test_an_end_without_a_start_is_taken_quietly(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    assert tracker.end("never seen", O.SUCCESS) is None
    assert backend.events() == []


def test_a_key_can_be_claimed_again_when_its_run_has_ended(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    for _ in range(3):
        assert tracker.claim("tool")
        assert not tracker.claim("tool")
        tracker.start(T.TOOL_CALL, "tool", action="tool")
        assert not tracker.claim("tool")
        tracker.end("tool", O.SUCCESS)
        assert tracker.is_claimed("tool")
    assert len({event.span_id for event in backend.events()}) == 3
    assert not unpaired(backend.events())


def test_a_run_that_was_renamed_ends_by_its_new_key_alone(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    run = tracker.start(T.TOOL_CALL, "begun", action="tool")
    assert tracker.rename(run, "executed")
    assert tracker.end("begun", O.SUCCESS) is None
    tracker.end("executed", O.FAILURE)
    assert not tracker.rename(run, "again")
    assert told(backend) == [(T.TOOL_CALL, None, "tool"), (T.TOOL_RESPONSE, O.FAILURE, "tool")]
    assert not unpaired(backend.events())


@pytest.mark.parametrize("ended", [False, True])
def test_a_claim_outlives_those_that_were_made_just_after_it(backend: MemoryAuditBackend, ended: bool) -> None:
    tracker = RunTracker(AuditLogger(backend), "test", None, max_claims=3)
    assert tracker.claim("tool")
    tracker.enter("tool")
    assert [tracker.claim(n) for n in range(3)] == [True] * 3
    if ended:
        tracker.end("tool", O.SUCCESS)
    assert tracker.claim("tool") is ended


def test_an_exception_is_recorded_once_at_the_deepest_level(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    problem = ValueError("x")
    tracker.start(T.AGENT_START, "agent")
    tracker.enter("node", parent="agent")
    tracker.error(problem, under="node")
    tracker.error(problem, under="agent")
    tracker.start(T.TOOL_CALL, "tool", parent="node")
    other = ValueError("x")
    tracker.end("tool", O.FAILURE, exception=other)
    tracker.error(other, under="node")
    errors = [event for event in backend.events() if event.event_type is T.ERROR]
    assert [(event.error, event.error_type, event.parent_span_id) for event in errors] == [("x", "ValueError", "agent")]


def test_identity_passes_down_and_can_be_overridden_below(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    with identify(user_id="ambient", agent_id="ambient"):
        tracker.start(T.AGENT_START, "outer", agent_id="outer", session_id="s")
    tracker.start(T.AGENT_START, "inner", parent="outer", agent_id="inner")
    tracker.note(T.ACTION_REQUEST, under="inner", action="x")
    assert [(e.agent_id, e.session_id, e.user_id) for e in backend.events()] == [
        ("outer", "s", "ambient"),
        ("inner", "s", "ambient"),
        ("inner", "s", "ambient"),
    ]


def test_a_fail_closed_logger_stops_the_start_and_leaves_nothing_open() -> None:
    tracker = RunTracker(AuditLogger(FailingBackend(), on_failure="raise"), "test", None)
    with pytest.raises(WriteError):
        tracker.start(T.TOOL_CALL, "tool")
    assert tracker.get("tool") is None


def test_the_end_of_an_operation_never_raises() -> None:
    backend = FailingBackend(failing=False)
    logger = AuditLogger(backend, on_failure="raise")
    tracker = RunTracker(logger, "test", None)
    tracker.start(T.TOOL_CALL, "tool")
    backend.failing = True
    tracker.end("tool", O.SUCCESS)
    backend.failing = False
    logger.close()
    assert [event.event_type for event in backend.events()] == [T.TOOL_CALL, T.TOOL_RESPONSE]


def test_open_runs_are_bounded_and_the_oldest_are_closed(backend: MemoryAuditBackend) -> None:
    tracker = RunTracker(AuditLogger(backend), "test", None, max_runs=10, max_ended=10)
    for n in range(100):
        tracker.start(T.TOOL_CALL, n, action=str(n))
    assert len(tracker._runs) == 10
    assert len(tracker._ended) <= 10
    assert sum(event.outcome is O.UNKNOWN for event in backend.events()) == 90


def test_nothing_is_kept_of_runs_that_ended(tracker: RunTracker) -> None:
    for n in range(20_000):
        tracker.enter(("root", n))
        tracker.enter(n, parent=("root", n))
        tracker.end(("root", n), O.SUCCESS)
    assert not tracker._runs
    assert len(tracker._ended) <= 5_000


def test_handlers_of_one_logger_share_a_tracker() -> None:
    logger = AuditLogger(MemoryAuditBackend())
    assert RunTracker.shared(logger, "f", "1") is RunTracker.shared(logger, "f", "1")
    assert RunTracker.shared(logger, "f", "1") is not RunTracker.shared(logger, "g", "1")
    assert RunTracker.shared(logger, "f", "1") is not RunTracker.shared(AuditLogger(MemoryAuditBackend()), "f", "1")


def test_threads_open_and_close_runs_side_by_side(tracker: RunTracker, backend: MemoryAuditBackend) -> None:
    tracker.start(T.AGENT_START, "root")

    def work(name: int) -> None:
        for n in range(200):
            tracker.start(T.TOOL_CALL, (name, n), parent="root", action="t")
            tracker.end((name, n), O.SUCCESS)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tracker.end("root", O.SUCCESS)
    assert not unpaired(backend.events())
    assert not tracker._runs


steps = st.lists(
    st.tuples(st.sampled_from(["start", "enter", "end"]), st.integers(0, 6), st.integers(0, 6)), max_size=40
)


@given(steps)
def test_whatever_order_starts_and_ends_come_in_every_intent_gets_its_outcome(
    plan: list[tuple[str, int, int]],
) -> None:
    backend = MemoryAuditBackend()
    tracker = RunTracker(AuditLogger(backend), "test", None)
    used: set[int] = set()
    for serial, (step, key, parent) in enumerate(plan):
        if step == "end":
            tracker.end(key, O.SUCCESS)
        elif key not in used:
            used.add(key)
            scope = tracker.enter if step == "enter" else lambda key, **k: tracker.start(T.TOOL_CALL, key, **k)
            scope(key, parent=parent, span_id=f"{key}-{serial}")
    tracker.close_all()
    assert not tracker._runs
    starts = [e.span_id for e in backend.events() if e.event_type is T.TOOL_CALL]
    ends = [
        e.span_id for e in backend.events() if e.event_type is T.TOOL_RESPONSE and not (e.metadata or {}).get("late")
    ]
    assert sorted(map(str, starts)) == sorted(map(str, ends))
