"""Signed notes, checkpoints and proofs: the published vectors, and everything malformed."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.merkle import EMPTY_ROOT, leaf_hash, node_hash
from agent_audit.integrity.note import ED25519, Ed25519Signer, Note, Signature, VerifierKey, sign_note
from agent_audit.integrity.policy import Policy
from agent_audit.integrity.proof import TlogProof

from .keys import HEAD, SIGNER, WITNESSES

# The sample key and note of the C2SP signed-note specification.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

# Those of Go's sumdb/note.
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH = (
    "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
GO_NOTE = f"{GO_TEXT}\n{PETER}{ENOCH}".encode()

# -- vectors ---------------------------------------------------------------------------------------------


def test_the_sample_key_and_note_of_the_standard_verify() -> None:
    key = VerifierKey.parse(SPEC_KEY)
    assert str(key) == SPEC_KEY
    assert (key.name, key.kind, key.id.hex()) == ("example.com/foo", ED25519, "530d903a")
    note = Note.parse(SPEC_NOTE)
    assert note.text == "This is an example message.\n"
    assert note.verify([key]) == [key]
    assert note.encode() == SPEC_NOTE


@pytest.mark.parametrize("keys", [[PETER_KEY], [ENOCH_KEY], [ENOCH_KEY, PETER_KEY]])
def test_the_published_note_of_go_verifies_with_either_key(keys: list[str]) -> None:
    note = Note.parse(GO_NOTE)
    assert {str(key) for key in note.verify(map(VerifierKey.parse, keys))} == set(keys)
    assert note.encode() == GO_NOTE


def test_signing_with_the_published_seeds_is_byte_exact() -> None:
    signers = [Ed25519Signer("PeterNeumann", PETER_SEED), Ed25519Signer("EnochRoot", bytes(32))]
    assert [str(signer.vkey) for signer in signers] == [PETER_KEY, ENOCH_KEY]
    assert sign_note(GO_TEXT, signers).encode() == GO_NOTE


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # wrong length, right id
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # unknown type, right id
    ],
)
def test_the_published_bad_keys_are_refused(vkey: str) -> None:
    with pytest.raises(ProofError):
        VerifierKey.parse(vkey)


def test_no_part_of_a_key_and_no_changed_key_is_a_key() -> None:
    for start in range(len(PETER_KEY)):
        for end in range(start + 1, len(PETER_KEY) + 1):
            if end - start < len(PETER_KEY):
                with pytest.raises(ProofError):
                    VerifierKey.parse(PETER_KEY[start:end])
    for place in range(len(PETER_KEY)):
        changed = PETER_KEY[:place] + chr(ord(PETER_KEY[place]) + 1) + PETER_KEY[place + 1 :]
        with pytest.raises(ProofError):
            VerifierKey.parse(changed)


# -- notes -----------------------------------------------------------------------------------------------

LINE = str(SIGNER.vkey and Signature("log.example/a", SIGNER.vkey.id, b"x" * 64))

NO_SIGNATURES = "^the note has no signatures"

MALFORMED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", NO_SIGNATURES),
    "no signatures": (b"text\n", NO_SIGNATURES),
    "no empty line": (("text\n" + PETER).encode(), NO_SIGNATURES),
    "no last line feed": (GO_NOTE[:-1], NO_SIGNATURES),
    "an empty signature line": (GO_NOTE + b"\n", NO_SIGNATURES),
    "a text below the signatures": (GO_NOTE + b"text\n", "^'text' is no signature line"),
    "a control character": (GO_NOTE.replace(b"think", b"th\x01nk"), "^the note has control characters"),
    "a carriage return": (GO_NOTE.replace(b"\n", b"\r\n"), "^the note has control characters"),
    "no UTF-8": (GO_NOTE.replace(b"think", b"th\xffnk"), "^the note is not UTF-8: .* 0xff"),
    "a hyphen for the dash": (GO_NOTE.replace("\u2014".encode(), b"-"), "is no signature line"),
    "two spaces before the name": (GO_NOTE.replace(b" PeterNeumann", b"  PeterNeumann"), "is no signature line"),
    "no name": (GO_NOTE.replace(b"PeterNeumann ", b" "), "^'' cannot name a key"),
    "a plus in the name": (GO_NOTE.replace(b"PeterNeumann", b"Peter+Neumann"), "'Peter.Neumann' cannot name a key"),
    "a wide space in the name": (
        GO_NOTE.replace(b"PeterNeumann", "Peter\u3000Neumann".encode()),
        "cannot name a key: it must be UTF-8, not empty, and have no spaces",
    ),
    "base64 without padding": (
        GO_NOTE.replace(b"JnAM=", b"JnAM"),
        "^the signature of PeterNeumann is not base64: '[^']{60}'$",
    ),
    "a character that base64 has not": (
        GO_NOTE.replace(b"JnAM=", b"Jn\xc3\xa4AM="),
        "^the signature of PeterNeumann is not base64",
    ),
    "a signature of nothing": ((GO_TEXT + "\n\u2014 a AAAAAA==\n").encode(), "^the signature of a is too short"),
    "too many signatures": ((GO_TEXT + "\n" + LINE * 101).encode(), "^the note has 101 signatures; at most 100"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_note_is_refused_with_a_reason(what: str) -> None:
    data, reason = MALFORMED[what]
    with pytest.raises(ProofError, match=reason):
        Note.parse(data)


def test_a_note_may_have_100_signatures_of_one_byte_each() -> None:
    line = str(Signature("a", bytes(4), b"x"))
    assert Note.parse((GO_TEXT + "\n" + line * 100).encode()).signatures == (Signature("a", bytes(4), b"x"),) * 100


@pytest.mark.parametrize("text", ["no line feed", "a\rb\n", "a\tb\n", ""])
def test_what_cannot_be_the_text_of_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(ProofError, match="must end with a line feed and have no control characters"):
        sign_note(text, [SIGNER])


@pytest.mark.parametrize(
    ("vkey", "reason"),
    [
        ("a\udcff" + SPEC_KEY[SPEC_KEY.index("+") :], "cannot name a key"),
        ("x" * 90, "^'x{80}' is no vkey"),
        ("name+00000000", "^'name.00000000' is no vkey"),
        (
            PETER_KEY.replace("+c74f20a3+", "+c74f20a4+"),
            "^the vkey of PeterNeumann says key id c74f20a4, but .* c74f20a3$",
        ),
        (PETER_KEY[:-1] + "!", "^the vkey of PeterNeumann is not base64"),
        ("a+00000000+", "^the key of a is none that is known here: type 0x00$"),
    ],
)
def test_what_is_no_key_is_refused_with_a_reason(vkey: str, reason: str) -> None:
    with pytest.raises(ProofError, match=reason):
        VerifierKey.parse(vkey)


def test_the_last_empty_line_divides_so_that_a_text_may_hold_others() -> None:
    text = "one\n\ntwo\n\n\nthree\n"
    note = Note.parse(sign_note(text, [SIGNER]).encode())
    assert note.text == text
    assert note.verify([SIGNER.vkey]) == [SIGNER.vkey]


def test_signatures_of_strangers_are_passed_over_but_a_wrong_one_of_a_known_key_is_not() -> None:
    note = Note.parse(GO_NOTE)
    wrong = Signature("EnochRoot", note.signatures[1].id, bytes(64))
    damaged = Note(note.text, (note.signatures[0], wrong))
    assert damaged.verify([VerifierKey.parse(PETER_KEY)])
    with pytest.raises(ProofError, match=r"EnochRoot .* is wrong"):
        damaged.verify([VerifierKey.parse(PETER_KEY), VerifierKey.parse(ENOCH_KEY)])
    known = r"no known key, only by PeterNeumann \(c74f20a3\), EnochRoot \([0-9a-f]{8}\)$"
    with pytest.raises(ProofError, match=known):
        note.verify([SIGNER.vkey])


@given(st.data())
def test_a_note_with_any_byte_changed_does_not_verify(data: st.DataObject) -> None:
    note = sign_note(HEAD.text(), [SIGNER]).encode()
    place = data.draw(st.integers(0, len(note) - 1))
    changed = bytearray(note)
    changed[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != note[place]))
    with pytest.raises(ProofError):
        Note.parse(bytes(changed)).verify([SIGNER.vkey])


def refuses_or_reads(read: Callable[[bytes], object], data: bytes) -> None:
    """Whatever comes in, the answer is a value or a ProofError."""
    try:
        read(data)
        return
    except ProofError as error:
        reason = str(error)
    assert reason


def read_policy(data: bytes) -> object:
    return Policy.parse(data.decode("utf-8", "replace"))


def read_key(data: bytes) -> object:
    return VerifierKey.parse(data.decode("utf-8", "replace"))


GOOD: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "note": (Note.parse, GO_NOTE),
    "checkpoint": (parse_checkpoint, sign_note(HEAD.text(), [SIGNER]).encode()),
    "key": (read_key, PETER_KEY.encode()),
    "proof": (TlogProof.parse, TlogProof(0, (bytes(32),) * 3, GO_NOTE, b"extra").encode()),
    "policy": (
        read_policy,
        f"log {PETER_KEY}\nwitness a {WITNESSES[0].vkey}\ngroup g any a\nquorum g\n".encode(),
    ),
}


@pytest.mark.parametrize("kind", GOOD)
@given(data=st.data())
@settings(max_examples=150)
def test_whatever_is_given_the_parser_answers_or_refuses_with_a_reason(kind: str, data: st.DataObject) -> None:
    read, good = GOOD[kind]
    read(good)
    refuses_or_reads(read, data.draw(st.binary(max_size=200)))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(good)), st.integers(0, len(good)))))
    refuses_or_reads(read, good[:start] + data.draw(st.binary(max_size=8)) + good[end:])
    refuses_or_reads(read, good + good[start:end])


# -- checkpoints -----------------------------------------------------------------------------------------


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_reads_as_it_was_written(size: int, root: bytes) -> None:
    head = Checkpoint("log.example/a", size, root)
    note, found = parse_checkpoint(sign_note(head.text(), [SIGNER]).encode())
    assert found == head
    assert note.verify([SIGNER.vkey])


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("origin\n1\n", "^the note is no checkpoint: origin, size and root"),
        (f"origin\n1\n{ROOT}\n\nextension\n", "^the note is no checkpoint: origin, size and root"),
        (f"\n1\n{ROOT}\n", "^the note is no checkpoint: origin, size and root"),
        (f"origin\n01\n{ROOT}\n", "^the checkpoint's size is no number: '01'"),
        (f"origin\n+1\n{ROOT}\n", "^the checkpoint's size is no number"),
        (f"origin\n-1\n{ROOT}\n", "^the checkpoint's size is no number"),
        (f"origin\n1 \n{ROOT}\n", "^the checkpoint's size is no number"),
        (f"origin\n\u0661\n{ROOT}\n", "^the checkpoint's size is no number"),
        (f"origin\n{10**19}\n{ROOT}\n", "^the checkpoint's size is no number: '10000000000000000000'$"),
        (f"origin\n{'x' * 40}\n{ROOT}\n", "^the checkpoint's size is no number: 'x{30}'$"),
        (f"origin\n1\n{ROOT[:-1]}\n", "^the checkpoint's root is not base64"),
        (f"origin\n1\n{base64.b64encode(bytes(31)).decode()}\n", "^the checkpoint's root is not 32 bytes long"),
        (f"origin\n0\n{ROOT}\n", "^the checkpoint is of an empty log, but its root"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ProofError, match=reason):
        parse_checkpoint(sign_note(text, [SIGNER]).encode())


def test_a_checkpoint_may_be_of_any_size_of_19_digits_and_says_what_it_is_of() -> None:
    head = Checkpoint("origin", 10**19 - 1, bytes(32))
    assert parse_checkpoint(sign_note(head.text(), [SIGNER]).encode())[1] == head
    assert str(head) == f"9999999999999999999 events, root {ROOT}"


def test_extension_lines_are_passed_over_and_an_empty_log_has_the_empty_root() -> None:
    text = f"origin\n0\n{base64.b64encode(EMPTY_ROOT).decode()}\nextension\n"
    assert parse_checkpoint(sign_note(text, [SIGNER]).encode())[1] == Checkpoint("origin", 0, EMPTY_ROOT)


# -- proofs ----------------------------------------------------------------------------------------------


@given(
    st.integers(0, 2**60), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.none() | st.binary(max_size=9)
)
def test_a_proof_file_reads_as_it_was_written(index: int, path: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index, tuple(path), GO_NOTE, extra)
    assert TlogProof.parse(proof.encode()) == proof


SIBLING = base64.b64encode(leaf_hash(b"other"))
PROOF = TlogProof(
    0,
    (leaf_hash(b"other"),),
    sign_note(
        Checkpoint("log.example/a", 2, node_hash(leaf_hash(b"entry"), leaf_hash(b"other"))).text(), [SIGNER]
    ).encode(),
).encode()
"""Of an entry before another one."""


def test_a_proof_has_the_form_of_the_standard() -> None:
    lines = TlogProof(7, (bytes(32),), GO_NOTE, b"hi").encode().split(b"\n")
    assert lines[:5] == [b"c2sp.org/tlog-proof@v1", b"extra aGk=", b"index 7", ROOT.encode(), b""]


NO_INDEX = "^the tlog-proof has no index line"
NO_NUMBER = "^the tlog-proof's index is no number: "


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"@v1", b"@v2", "^this is no tlog-proof: its first line must be"),
        (PROOF, b"c2sp.org/tlog-proof@v1", "^this is no tlog-proof: its first line"),
        (b"index 0", b"index \xd9\xa1", "^this is no tlog-proof: its first lines are not ASCII"),
        (b"index 0", b"index 00", NO_NUMBER + "'00'"),
        (b"index 0", b"index -1", NO_NUMBER + "'-1'"),
        (b"index 0", b"index 10000000000000000000", NO_NUMBER + "'10000000000000000000'"),
        (b"index 0", b"index " + b"x" * 40, NO_NUMBER + "'x{30}'$"),
        (b"index 0\n", b"", NO_INDEX),
        (b"index 0\n" + SIBLING + b"\n", b"extra aGk=\n", NO_INDEX),
        (b"index 0", b"extra !\nindex 0", "^the extra line is not base64"),
        (SIBLING, SIBLING[:-1], "^a line of the audit path is not base64"),
        (SIBLING, b"AAAA", "^the audit path must have at most 63 hashes of 32 bytes"),
        (SIBLING, b"\n".join([SIBLING] * 64), "^the audit path must have at most 63 hashes"),
    ],
)
def test_a_malformed_proof_is_refused(old: bytes, new: bytes, reason: str) -> None:
    assert TlogProof.parse(PROOF).verify(b"entry").size == 2
    assert PROOF.count(old) == 1
    with pytest.raises(ProofError, match=reason):
        TlogProof.parse(PROOF.replace(old, new))


def test_a_proof_may_have_an_index_of_19_digits_and_63_hashes() -> None:
    data = PROOF.replace(b"index 0", b"index 9999999999999999999").replace(SIBLING, b"\n".join([SIBLING] * 63))
    found = TlogProof.parse(data)
    assert (found.index, len(found.path)) == (10**19 - 1, 63)


def test_a_proof_is_of_that_entry_alone() -> None:
    proof = TlogProof(0, (), sign_note(HEAD.text(), [SIGNER]).encode())
    assert proof.verify(b"entry") == HEAD
    with pytest.raises(ProofError, match="does not lead"):
        proof.verify(b"other")
