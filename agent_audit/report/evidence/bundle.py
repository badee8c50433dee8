"""Writes an evidence bundle: a zip file that proves its events to somebody who trusts nobody here."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from agent_audit.analysis.overview import Overview
from agent_audit.backends.file.checkpointing import SegmentReader
from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.oversize import named_blobs
from agent_audit.errors import ProofError, RolledBackError, pruned_meanwhile
from agent_audit.integrity.note import Note
from agent_audit.integrity.policy import Policy
from agent_audit.report.html import HtmlReporter, dashboard
from agent_audit.report.json import JsonReporter
from agent_audit.report.markdown import MarkdownReporter
from agent_audit.report.output import written_as_a_whole
from agent_audit.verify import Trust, Verification
from agent_audit.verify.heads import Stored
from agent_audit.verify.proofs import ProofMaker


class Bundle(NamedTuple):
    """What was put into a bundle."""

    events: int
    unproved: tuple[int, ...]
    """Positions of events that no checkpoint covers yet, or that do not lead to it."""
    files: int
    bytes: int
    strange: bool
    """The checkpoint is signed by no key of the policy, as after a change of the key: nothing is proved by it."""


def write_bundle(
    target: Path,
    layout: Layout,
    seqs: Sequence[int],
    overview: Overview,
    *,
    trust: Trust,
    choice: Mapping[str, Any],
    made_at: datetime,
) -> Bundle:
    """Write the bundle, whole or not at all.

    Args:
        target: the zip file.
        layout: the log.
        seqs: positions of the events, ascending.
        overview: the report over the same events.
        trust: whose keys are believed; where it has no policy, they become one.
        choice: how the events were chosen, for the manifest.
        made_at: when, aware.

    Raises:
        ConfigurationError: the file cannot be made or put in its place.
        OSError: the bundle cannot be written.
        StorageError: an event has no line any more.
    """
    maker, why = _maker(layout)
    with written_as_a_whole(target) as draft:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            writer = _Writer(archive, made_at)
            unproved = _write_events(writer, layout, seqs, maker)
            _write_reports(writer, layout, overview, made_at)
            strange = _write_head(writer, layout, maker, trust)
            manifest = {
                "format": "agent-audit-log evidence bundle 1",
                "made_at": made_at.astimezone(timezone.utc).isoformat(timespec="seconds"),
                "made_by": f"agent-audit-log {_version()}",
                "origin": maker.head.origin if maker else overview_origin(overview),
                "choice": dict(choice),
                "events": len(seqs),
                "first_seq": seqs[0] if seqs else None,
                "last_seq": seqs[-1] if seqs else None,
                "contiguous": bool(seqs) and seqs[-1] - seqs[0] + 1 == len(seqs),
                "checkpoint": {"size": maker.head.size, "root": maker.head.root.hex()} if maker else None,
                "unproved": list(unproved),
                "why_unproved": why or ("they came after the checkpoint" if unproved else None),
                "files": [{"path": name, "bytes": size, "sha256": sha} for name, (size, sha) in writer.written.items()],
            }
            writer.add("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
            sums = "".join(f"{sha}  {name}\n" for name, (_, sha) in writer.written.items())
            writer.add("SHA256SUMS", sums.encode())
        size = draft.stat().st_size
    return Bundle(len(seqs), unproved, len(writer.written), size, strange)


class _Writer:
    """Puts files into the archive and remembers their digests."""

    def __init__(self, archive: zipfile.ZipFile, made_at: datetime) -> None:
        self._archive = archive
        self._date = made_at.astimezone(timezone.utc).timetuple()[:6]
        self.written: dict[str, tuple[int, str]] = {}

    def add(self, name: str, data: bytes) -> None:
        info = zipfile.ZipInfo(name, self._date)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self._archive.writestr(info, data)
        self.written[name] = (len(data), hashlib.sha256(data).hexdigest())


def overview_origin(overview: Overview) -> str | None:
    """Which log it is, as the verification says."""
    found = overview.compliance.verification
    return found.origin if isinstance(found, Verification) else None


def _maker(layout: Layout) -> tuple[ProofMaker | None, str | None]:
    try:
        return ProofMaker(layout), None
    except ProofError as error:
        return None, str(error)


def _write_events(writer: _Writer, layout: Layout, seqs: Sequence[int], maker: ProofMaker | None) -> tuple[int, ...]:
    lines, unproved, blobs = [], [], set()
    for seq, line in _lines(layout, seqs):
        lines.append(line)
        blobs |= _blobs_of(line, layout)
        proof = _proof(maker, seq)
        if proof is None:
            unproved.append(seq)
        else:
            writer.add(f"proofs/{seq}.tlog-proof", proof)
    writer.add("events.jsonl", b"".join(line + b"\n" for line in lines))
    for digest in sorted(blobs):
        writer.add(f"blobs/sha256/{digest[:2]}/{digest[2:]}", layout.blob(digest).read_bytes())
    return tuple(unproved)


def _lines(layout: Layout, seqs: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The lines at these positions; neighbours are read together."""
    reader = SegmentReader(layout)
    for first, last in _runs(seqs):
        lines = (line for part in reader.lines(first, last + 1) for line in part)
        try:
            yield from enumerate(lines, start=first)
        except RolledBackError as error:
            raise pruned_meanwhile(layout.root) from error


def _runs(seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring positions as ranges, both ends included."""
    start = previous = None
    for seq in seqs:
        if previous is not None and start is not None and seq != previous + 1:
            yield start, previous
            start = seq
        start = seq if start is None else start
        previous = seq
    if start is not None and previous is not None:
        yield start, previous


def _proof(maker: ProofMaker | None, seq: int) -> bytes | None:
    try:
        return maker.prove(seq).proof.encode() if maker else None
    except ProofError:
        return None


def _blobs_of(line: bytes, layout: Layout) -> set[str]:
    """Digests of the payloads beside a line; one that is gone is named by the verification."""
    return {blob.sha256 for blob in named_blobs(line) if layout.blob(blob.sha256).is_file()}


def _write_reports(writer: _Writer, layout: Layout, overview: Overview, made_at: datetime) -> None:
    compliance = overview.compliance
    writer.add("report.html", dashboard(overview, layout.root.name, made_at).encode())
    writer.add("compliance.html", HtmlReporter().render(compliance).encode())
    writer.add("compliance.md", MarkdownReporter().render(compliance).encode())
    writer.add("compliance.json", JsonReporter().render(compliance).encode())
    if compliance.verification is not None:
        writer.add("verification.json", compliance.verification.model_dump_json(indent=2).encode() + b"\n")
    for name, asset in (("README.md", "how_to_verify.md"), ("check_bundle.py", "check_bundle.py")):
        writer.add(name, files("agent_audit.report.evidence").joinpath(asset).read_bytes())


def _write_head(writer: _Writer, layout: Layout, maker: ProofMaker | None, trust: Trust) -> bool:
    """Whether its signature is by no key of the policy that stands beside it."""
    if maker is None:
        return False
    text = trust.policy.text if trust.policy is not None else _policy_of(layout, trust, maker.head.origin)
    # The one that the proofs lead to: a log that is written to has another one by now.
    writer.add("checkpoint", maker.note)
    writer.add("policy", text.encode())
    try:
        Note.parse(maker.note).verify(Policy.parse(text).logs)
    except ProofError:
        return True
    return False


def _policy_of(layout: Layout, trust: Trust, origin: str) -> str:
    """A tlog-policy of the trusted keys; of those that the log names itself where there are none."""
    keys = trust.log_keys(origin)
    remark = "# The key of the log, from the key directory of whoever made this bundle.\n"
    if not keys:
        keys = Stored(layout).keys
        remark = "# The key that the log names itself: get it another way before you rely on it.\n"
    return remark + "".join(f"log {key}\n" for key in keys) + "quorum none\n"


def _version() -> str:
    try:
        return version("agent-audit-log")
    except PackageNotFoundError:
        return "unknown"
