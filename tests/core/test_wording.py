"""Numbers of things, in sentences."""

from agent_audit.wording import plural


def test_one_thing_is_singular_and_any_other_number_plural():
    assert [plural(count, "event") for count in (0, 1, 2, 2000)] == ["0 events", "1 event", "2 events", "2,000 events"]


def test_what_does_not_end_in_s_and_verbs_are_given():
    assert plural(1, "recovery", "recoveries") == "1 recovery"
    assert plural(2, "event is", "events are") == "2 events are"
