"""Signed notes, checkpoints, cosignatures, proofs and policies: the published vectors, and everything malformed."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.cosignature import cosign, verify_cosignatures
from agent_audit.integrity.merkle import EMPTY_ROOT, leaf_hash
from agent_audit.integrity.note import COSIGNATURE, ED25519, Ed25519Signer, Note, Signature, VerifierKey, sign_note
from agent_audit.integrity.policy import Policy
from agent_audit.integrity.proof import TlogProof

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

SIGNER = Ed25519Signer("log.example/a", b"\x01" * 32)
HEAD = Checkpoint("log.example/a", 1, leaf_hash(b"entry"))


class WitnessKey:
    """A key that cosigns."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._signer = Ed25519Signer(name, seed)
        self.vkey = VerifierKey(name, COSIGNATURE, self._signer.vkey.public)

    def sign(self, message: bytes) -> bytes:
        return self._signer.sign(message)


WITNESSES = [WitnessKey(f"w{number}.example", bytes([number]) * 32) for number in range(2, 6)]


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

MALFORMED = {
    "nothing": b"",
    "no signatures": b"text\n",
    "no empty line": ("text\n" + PETER).encode(),
    "no last line feed": GO_NOTE[:-1],
    "an empty signature line": GO_NOTE + b"\n",
    "a text below the signatures": GO_NOTE + b"text\n",
    "a control character": GO_NOTE.replace(b"think", b"th\x01nk"),
    "a carriage return": GO_NOTE.replace(b"\n", b"\r\n"),
    "no UTF-8": GO_NOTE.replace(b"think", b"th\xffnk"),
    "a hyphen for the dash": GO_NOTE.replace("\u2014".encode(), b"-"),
    "no name": GO_NOTE.replace(b"PeterNeumann ", b" "),
    "a plus in the name": GO_NOTE.replace(b"PeterNeumann", b"Peter+Neumann"),
    "a wide space in the name": GO_NOTE.replace(b"PeterNeumann", "Peter\u3000Neumann".encode()),
    "base64 without padding": GO_NOTE.replace(b"JnAM=", b"JnAM"),
    "a signature of nothing": (GO_TEXT + "\n\u2014 a AAAA\n").encode(),
    "too many signatures": (GO_TEXT + "\n" + LINE * 101).encode(),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_note_is_refused_with_a_reason(what: str) -> None:
    with pytest.raises(ProofError, match=r"\w{4}"):
        Note.parse(MALFORMED[what])


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
    with pytest.raises(ProofError, match="no key that is known here"):
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
    "text",
    [
        "origin\n1\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n1 \n{ROOT}\n",
        f"origin\n\u0661\n{ROOT}\n",
        f"origin\n{10**20}\n{ROOT}\n",
        f"origin\n1\n{ROOT[:-1]}\n",
        f"origin\n1\n{base64.b64encode(bytes(31)).decode()}\n",
        f"origin\n1\n{ROOT}\n\nextension\n",
        f"\n1\n{ROOT}\n",
        f"origin\n0\n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        parse_checkpoint(sign_note(text, [SIGNER]).encode())


def test_extension_lines_are_passed_over_and_an_empty_log_has_the_empty_root() -> None:
    text = f"origin\n0\n{base64.b64encode(EMPTY_ROOT).decode()}\nextension\n"
    assert parse_checkpoint(sign_note(text, [SIGNER]).encode())[1] == Checkpoint("origin", 0, EMPTY_ROOT)


# -- cosignatures and policies ---------------------------------------------------------------------------


def cosigned(*witnesses: WitnessKey, time: int = 1_700_000_000) -> Note:
    note = sign_note(HEAD.text(), [SIGNER])
    return Note(note.text, (*note.signatures, *(cosign(note.text, witness, time) for witness in witnesses)))


def test_a_cosignature_verifies_with_its_time_and_no_other() -> None:
    witness = WITNESSES[0]
    (found,) = verify_cosignatures(cosigned(witness), [witness.vkey])
    assert found == (witness.vkey, 1_700_000_000)
    note = cosigned(witness)
    line = note.signatures[1]
    for value in (
        bytes(8) + line.value[8:],
        line.value[:7] + b"\x01" + line.value[8:],
        line.value[:-1],
        b"\xff" * 8 + line.value[8:],
    ):
        changed = Note(note.text, (note.signatures[0], Signature(line.name, line.id, value)))
        with pytest.raises(ProofError, match="cosignature of w2"):
            verify_cosignatures(changed, [witness.vkey])


POLICY = f"""
# two of three, and the one that must
log {SIGNER.vkey} https://log.example/a
witness a {WITNESSES[0].vkey}
witness b {WITNESSES[1].vkey}
witness c {WITNESSES[2].vkey} https://c.example/w
witness d {WITNESSES[3].vkey}
group some 2 a b c
group both all some d
quorum both
"""


@pytest.mark.parametrize(
    ("present", "enough"),
    [("", False), ("abc", False), ("ad", False), ("abd", True), ("bcd", True), ("abcd", True)],
)
def test_a_quorum_is_counted_through_nested_groups(present: str, enough: bool) -> None:
    policy = Policy.parse(POLICY)
    assert policy.urls == {"c": "https://c.example/w"}
    note = cosigned(*(WITNESSES["abcd".index(name)] for name in present))
    if enough:
        assert len(policy.check(note)) == len(present)
    else:
        with pytest.raises(ProofError, match="quorum"):
            policy.check(note)


def test_a_policy_asks_for_the_right_log() -> None:
    policy = Policy.parse(f"log {SIGNER.vkey}\nquorum none\n")
    assert policy.check(cosigned()) == []
    other = Ed25519Signer("log.example/a", b"\x09" * 32)
    with pytest.raises(ProofError, match="no key that is known"):
        policy.check(sign_note(HEAD.text(), [other]))
    with pytest.raises(ProofError, match="names no log"):
        policy.check(sign_note(Checkpoint("elsewhere", 1, bytes(32)).text(), [SIGNER]))


A = f"witness a {WITNESSES[0].vkey}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"log {SIGNER.vkey}\n", "no quorum"),
        ("quorum none\nquorum none\n", "line 2"),
        ("quorum x\n", "x is not defined"),
        ("log\nquorum none\n", "line 1"),
        (f"log {WITNESSES[0].vkey}\nquorum none\n", "type 0x01"),
        (f"witness a {SIGNER.vkey}\nquorum none\n", "type 0x04"),
        (f"{A}witness b {WITNESSES[0].vkey}\nquorum a\n", "stands twice"),
        (f"{A}witness a {WITNESSES[1].vkey}\nquorum a\n", "taken"),
        (f"{A}group a any a\nquorum a\n", "taken"),
        (f"{A}group g 2 a\nquorum g\n", "of 1 members"),
        (f"{A}group g 0 a\nquorum g\n", "of 1 members"),
        (f"{A}group g any a a\nquorum g\n", "member"),
        (f"{A}group g any b\nquorum g\n", "not defined"),
        (f"{A}group g any\nquorum g\n", "line 2"),
        ("nonsense x\n", "nonsense"),
        ("log a+b+c\nquorum none\n", "line 1"),
    ],
)
def test_a_wrong_policy_is_refused_and_the_line_is_named(text: str, reason: str) -> None:
    with pytest.raises(ProofError, match=reason):
        Policy.parse(text)


def test_a_policy_may_hold_32_of_each() -> None:
    keys = [WitnessKey(f"w{number}", bytes([number, 9]) * 16).vkey for number in range(32)]
    lines = [f"witness n{number} {key}" for number, key in enumerate(keys)]
    lines += [f"group g{number} any n{number}" for number in range(31)]
    lines += ["group all 16 " + " ".join(f"g{number}" for number in range(31)), "quorum all"]
    policy = Policy.parse("\n".join(lines))
    assert (len(policy.witnesses), len(policy.groups)) == (32, 32)


# -- proofs ----------------------------------------------------------------------------------------------


@given(
    st.integers(0, 2**60), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.none() | st.binary(max_size=9)
)
def test_a_proof_file_reads_as_it_was_written(index: int, path: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index, tuple(path), GO_NOTE, extra)
    assert TlogProof.parse(proof.encode()) == proof


def test_a_proof_has_the_form_of_the_standard() -> None:
    lines = TlogProof(7, (bytes(32),), GO_NOTE, b"hi").encode().split(b"\n")
    assert lines[:5] == [b"c2sp.org/tlog-proof@v1", b"extra aGk=", b"index 7", ROOT.encode(), b""]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 0", b"index 00"),
        (b"index 0", b"index -1"),
        (b"index 0", b"index \xd9\xa1"),
        (b"index 0\n", b""),
        (ROOT.encode(), ROOT.encode()[:-1]),
        (ROOT.encode(), b"AAAA"),
        (b"index 0", b"extra !\nindex 0"),
        (b"\n\n", b"\n"),
    ],
)
def test_a_malformed_proof_is_refused(old: bytes, new: bytes) -> None:
    note = sign_note(HEAD.text(), [SIGNER]).encode()
    data = TlogProof(0, (bytes(32),), note).encode()
    assert old in data
    with pytest.raises(ProofError):
        TlogProof.parse(data.replace(old, new)).verify(b"entry")


def test_a_proof_is_of_that_entry_alone() -> None:
    proof = TlogProof(0, (), sign_note(HEAD.text(), [SIGNER]).encode())
    assert proof.verify(b"entry") == HEAD
    with pytest.raises(ProofError, match="does not lead"):
        proof.verify(b"other")
