"""Others read what we write, and we what they write: pymerkle, tlog-scales and aics-tlog."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.cosignature import cosign, verify_cosignatures
from agent_audit.integrity.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from agent_audit.integrity.note import Ed25519Signer, Note, VerifierKey, sign_note
from agent_audit.integrity.policy import Policy
from agent_audit.integrity.tiles import Edge, TileNodes
from agent_audit.verify.proofs import ProofMaker, export_tlog
from tests.verify.logs import lines_of, make_log, vkey_of

from .keys import WitnessKey

ENTRIES = [b"entry %d" % number for number in range(700)]
LEAVES = leaf_hashes(ENTRIES)
SIGNER = Ed25519Signer("log.example/a", b"\x01" * 32)


def node(size: int) -> TileNodes:
    """Our tree of that size, without tiles."""
    edge = Edge()
    edge.extend(LEAVES[:size])
    return TileNodes(edge, lambda level, index: None, lambda start, end: LEAVES[start:end])


# -- pymerkle --------------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.data())
@settings(max_examples=25)
def test_pymerkle_has_the_same_roots_and_takes_the_same_proofs(size: int, data: st.DataObject) -> None:
    pymerkle = pytest.importorskip("pymerkle", reason="not for this Python")
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in ENTRIES[:size]:
        tree.append_entry(entry)
    root = root_of(LEAVES[:size])
    assert tree.get_root() == root
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    theirs = tree.prove_inclusion(index + 1, size)
    assert theirs.path[0] == LEAVES[index], "their path begins with the leaf itself"
    pymerkle.verify_inclusion(LEAVES[index], root, theirs)
    # Their paths go from left to right, ours (the standard's) from the leaf up: the same hashes.
    assert sorted(theirs.path) == sorted([LEAVES[index], *inclusion_proof(index, size, node(size))])
    pymerkle.verify_consistency(root_of(LEAVES[:old]), root, tree.prove_consistency(old, size))
    verify_consistency(old, size, consistency_proof(old, size, node(size)), tree.get_root(old), tree.get_root(size))


# -- tlog-scales -----------------------------------------------------------------------------------------


@given(st.integers(1, 700), st.data())
@settings(max_examples=40)
def test_tlog_scales_checks_our_proofs(size: int, data: st.DataObject) -> None:
    tlog = pytest.importorskip("tlog_scales.tlog", reason="not for this Python")
    root = root_of(LEAVES[:size])
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    ours = inclusion_proof(index, size, node(size))
    tlog.InclusionProof(index, size, ours).check(LEAVES[index], root)
    wrong = [*ours[:-1], bytes(32)] if ours else [bytes(32)]
    with pytest.raises(tlog.InclusionProofInvalid):
        tlog.InclusionProof(index, size, wrong).check(LEAVES[index], root)
    proof = consistency_proof(old, size, node(size))
    tlog.ConsistencyProof(old, size, proof).check(root_of(LEAVES[:old]), root)


def test_tlog_scales_verifies_our_notes_and_cosignatures_and_we_theirs() -> None:
    tlog = pytest.importorskip("tlog_scales.tlog", reason="not for this Python")
    from tlog_scales import signing

    head = Checkpoint("log.example/a", 3, root_of(LEAVES[:3]))
    witness = WitnessKey("w.example", b"\x05" * 32)
    note = sign_note(head.text(), [SIGNER])
    note = Note(note.text, (*note.signatures, cosign(note.text, witness, 1_700_000_000)))
    theirs = tlog.Checkpoint.from_text(note.encode().decode())
    assert (theirs.origin, theirs.size, theirs.root_hash) == head
    theirs.verify(signing.Vkey.from_string(str(SIGNER.vkey)))
    theirs.verify(signing.Vkey.from_string(str(witness.vkey)))
    made = tlog.Checkpoint.make_signed(
        head.origin, head.size, head.root, [signing.PlainEd25519Signer("log.example/a", b"\x01" * 32)]
    )
    assert made.serialize().encode() == sign_note(head.text(), [SIGNER]).encode()


def test_tlog_scales_and_we_take_each_others_post_quantum_cosignatures() -> None:
    tlog = pytest.importorskip("tlog_scales.tlog", reason="not for this Python")
    from tlog_scales import signing

    witness = signing.MLDSA44CosignatureSigner("w.example", bytes(range(32)))
    key = VerifierKey.parse(witness.vkey.serialize())
    policy = Policy.parse(f"log {SIGNER.vkey}\nwitness w {key}\nquorum w\n")
    head = Checkpoint("log.example/a", 3, root_of(LEAVES[:3]))
    log = signing.PlainEd25519Signer("log.example/a", b"\x01" * 32)
    theirs = tlog.Checkpoint.make_signed(head.origin, head.size, head.root, [log, witness])
    assert [one.key for one in policy.check(Note.parse(theirs.serialize().encode()))] == [key]

    class Ours:
        vkey = key

        def sign(self, message: bytes) -> bytes:
            signature: bytes = witness.key.sign(message)
            return signature

    line = cosign(head.text(), Ours(), 1_700_000_000)
    note = sign_note(head.text(), [SIGNER])
    ours = Note(note.text, (*note.signatures, line))
    tlog.Checkpoint.from_text(ours.encode().decode()).verify(witness.vkey)
    assert [(one.key, one.time) for one in policy.check(ours)] == [(key, 1_700_000_000)]
    other = sign_note(head._replace(size=2).text(), [SIGNER])
    with pytest.raises(ProofError, match=r"cosignature of w\.example .* is wrong"):
        policy.check(Note(other.text, (*other.signatures, line)))
    with pytest.raises(ProofError, match="not 2428 bytes"):
        policy.check(Note(note.text, (*note.signatures, line._replace(value=line.value[:-1]))))


def test_tlog_scales_reads_an_exported_log_from_its_files(log_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("tlog_scales.reader", reason="not for this Python")
    from tlog_scales import signing
    from tlog_scales.backend import LocalBackend
    from tlog_scales.reader import TilesReader

    layout = make_log(log_dir)
    lines = lines_of(layout)
    head = export_tlog(layout, tmp_path / "out")
    reader = TilesReader(LocalBackend(tmp_path / "out"))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(signing.Vkey.from_string(vkey_of(layout)))
    assert reader.calculate_root_hash() == checkpoint.root_hash == head.root
    maker = ProofMaker(layout)
    for index in (0, 255, 256, 511, 512, head.size - 1):
        assert reader.get_entry(index) == lines[index]
        theirs, ours = reader.get_inclusion_proof(index, head.size), maker.prove(index)
        assert tuple(theirs.node_hashes) == ours.proof.path
        theirs.check(leaf_hash(ours.line), checkpoint.root_hash)
    for old in (1, 255, 256, 300, head.size):
        reader.get_consistency_proof(old, head.size).check(root_of(leaf_hashes(lines[:old])), head.root)


def test_a_log_that_tlog_scales_writes_has_our_tiles_and_proofs(tmp_path: Path) -> None:
    writer_module = pytest.importorskip("tlog_scales.writer", reason="not for this Python")
    from tlog_scales.signing import PlainEd25519Signer

    writer = writer_module.TilesWriter.create(tmp_path / "log", "log.example/a")
    for entry in ENTRIES:
        writer.add_leaf(entry)
    writer.commit([PlainEd25519Signer("log.example/a", b"\x01" * 32)])
    head = Checkpoint("log.example/a", len(ENTRIES), root_of(LEAVES))
    assert (tmp_path / "log" / "checkpoint").read_bytes() == sign_note(head.text(), [SIGNER]).encode()
    edge = Edge()
    for tile in edge.extend(LEAVES):
        assert (tmp_path / "log" / "tile" / str(tile.level) / f"{tile.index:03d}").read_bytes() == tile.data
    proof = writer.reader.get_inclusion_proof(300, len(ENTRIES))
    verify_inclusion(LEAVES[300], 300, len(ENTRIES), proof.node_hashes, head.root)


# -- aics-tlog -------------------------------------------------------------------------------------------


def test_aics_tlog_audits_every_tile_and_bundle_of_an_exported_log(log_dir: Path, tmp_path: Path) -> None:
    aics = pytest.importorskip("aics_tlog", reason="not for this Python")
    layout = make_log(log_dir)
    head = export_tlog(layout, tmp_path / "out")
    report = aics.audit_tiles(aics.FileSystemTileReader(tmp_path / "out"), head.size, head.root)
    assert (report.size, report.bundles) == (602, 3)
    note = aics.parse_note((tmp_path / "out" / "checkpoint").read_bytes())
    found = aics.verify_checkpoint(note, aics.parse_vkey(vkey_of(layout)), expected_origin=head.origin)
    assert found.log_ok
    proven = ProofMaker(layout).prove(400)
    aics.verify_leaf_inclusion(proven.line, 400, head.size, list(proven.proof.path), head.root)


def test_aics_tlog_and_we_take_each_others_cosignatures() -> None:
    aics = pytest.importorskip("aics_tlog", reason="not for this Python")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    head = Checkpoint("log.example/a", 3, root_of(LEAVES[:3]))
    witness = WitnessKey("w.example", b"\x05" * 32)
    note = sign_note(head.text(), [SIGNER])
    private = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    key = VerifierKey.parse(aics.format_vkey(aics.cosignature_vkey("w.example", private.public_key())))
    assert key == witness.vkey
    ours = Note(note.text, (*note.signatures, cosign(note.text, witness, 1_700_000_000)))
    found = aics.verify_checkpoint(
        aics.parse_note(ours.encode()), aics.parse_vkey(str(SIGNER.vkey)), [aics.parse_vkey(str(key))], 1
    )
    assert found.log_ok
    assert found.error is None, found
    assert verify_cosignatures(Note.parse(ours.encode()), [key])
