from __future__ import annotations

import os
import sys
from inspect import unwrap
from pathlib import Path

import pytest

from agent_audit.atomic import BY_UMASK, drafted, replacing
from tests.interrupting import interrupted_at_each_step


def test_of_two_who_write_a_file_at_once_each_writes_its_own_and_the_last_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with replacing(target) as first, replacing(target) as second:
        assert first != second
        for draft, text in ((first, "first"), (second, "second")):
            draft.write_text(text)
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), replacing(target) as draft:
        draft.write_text("ne\udcff", encoding="utf-8")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_signal_while_a_draft_is_made_leaves_none_behind(tmp_path: Path) -> None:
    def make() -> None:
        with drafted(tmp_path / "file"):
            sys.settrace(None)

    for step in interrupted_at_each_step(unwrap(drafted).__code__, make):
        assert list(tmp_path.iterdir()) == [], f"at step {step}"
    assert step > 10


@pytest.mark.parametrize(("mode", "expected"), [(None, 0o600), (BY_UMASK, 0o644)])
def test_a_new_file_is_its_owners_alone_unless_it_is_for_others(
    tmp_path: Path, mode: int | None, expected: int
) -> None:
    before = os.umask(0o022)
    try:
        with replacing(tmp_path / "file", *([] if mode is None else [mode])) as draft:
            assert draft.stat().st_mode & 0o777 == expected
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == expected
