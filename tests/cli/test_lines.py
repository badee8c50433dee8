from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_audit.backends.file.layout import Layout
from agent_audit.cli import lines


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    segments=st.lists(st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"\n", b"_"))), min_size=1, max_size=3),
    torn=st.binary(max_size=9).map(lambda b: b.replace(b"\n", b"_")),
    block=st.integers(1, 12),
)
def test_lines_read_backwards_in_blocks_of_any_size_are_the_lines_reversed(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]], torn: bytes, block: int
) -> None:
    layout = Layout(tmp_path_factory.mktemp("log"))
    layout.segments.mkdir()
    expected = []
    for number, found in enumerate(segments):
        last = torn if number == len(segments) - 1 else b""
        layout.segment(number * 256).write_bytes(b"".join(line + b"\n" for line in found) + last)
        expected += [(number * 256 + place, place + 1, line) for place, line in enumerate(found)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", block)
        read = [(line.seq, line.number, line.data) for line in lines.backwards(layout, lines.end_of(layout))]
    assert read == expected[::-1]


def test_the_last_lines_of_a_large_segment_are_read_without_the_rest(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.segments.mkdir()
    layout.segment(0).write_bytes(b"x" * 99 + b"\n" + b"y\n" * 500_000)
    backwards = lines.backwards(layout, lines.end_of(layout))
    assert next(backwards).data == b"y"
    assert next(backwards).number == 500_000
