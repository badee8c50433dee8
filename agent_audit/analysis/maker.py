"""Makes the column copies of a log's sealed segments, in the log's own `columns/`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from agent_audit.analysis.columns import VERSION, Card, Contents, card_mode, known, making, write_card
from agent_audit.analysis.convert import Converter
from agent_audit.analysis.freshness import Signature
from agent_audit.backends.file.layout import Layout


def make_columns(converter: Converter, layout: Layout, start: int) -> Contents | None:
    """Make the copy of one sealed segment, unless another process did meanwhile.

    Returns:
        What is in it; None when the log cannot be written to: then there is no copy.

    Raises:
        OSError: the segment cannot be read.
    """
    try:
        with making(layout) as folder:
            return known(layout, start) or _make(converter, layout, start, folder)
    except OSError:
        with layout.segment(start).open("rb"):  # it may be the segment that cannot be read: that is to be told
            return None


def _make(converter: Converter, layout: Layout, start: int, folder: Path) -> Contents:
    segment, (target, card_path) = layout.segment(start), layout.column_files(start)
    temporary = folder / f".{start:020d}.{secrets.token_hex(8)}.parquet"
    try:
        temporary.touch(mode=0o600)
        before = Signature.of(segment)
        contents = converter.lines(segment, temporary, start)
        temporary.chmod(card_mode(folder))
        _sync(temporary)
        temporary.replace(target)
        # Only now, so that a copy without its card, or with an older one, is never believed.
        write_card(Card(version=VERSION, segment=before, columns=Signature.of(target), contents=contents), card_path)
    finally:
        temporary.unlink(missing_ok=True)
    return contents


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
