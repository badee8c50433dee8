"""Cosignatures, and policies: who must have signed and cosigned."""

from __future__ import annotations

import pytest

from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.cosignature import cosign, cosigned_message, verify_cosignatures
from agent_audit.integrity.note import MLDSA44, Ed25519Signer, Note, Signature, VerifierKey, sign_note
from agent_audit.integrity.policy import Policy

from .keys import HEAD, SIGNER, WITNESSES, WitnessKey


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


@pytest.mark.parametrize(("time", "right"), [(0, False), (1, True), (2**63 - 1, True), (2**63, False)])
def test_a_cosignature_has_a_time_that_is_there_and_fits_into_63_bits(time: int, right: bool) -> None:
    witness = WITNESSES[0]
    note = cosigned(witness, time=time)
    if right:
        assert [found.time for found in verify_cosignatures(note, [witness.vkey])] == [time]
    else:
        with pytest.raises(ProofError, match="cosignature of w2"):
            verify_cosignatures(note, [witness.vkey])


def test_a_post_quantum_cosignature_holds_names_of_up_to_255_bytes() -> None:
    note = Note(HEAD.text(), ())
    longest = VerifierKey("x" * 255, MLDSA44, bytes(1312))
    assert cosigned_message(longest, 1, note).startswith(b"subtree/v1\n\0\xff" + b"x" * 255)
    with pytest.raises(ProofError, match=r"^the name x{40}… has more than the 255 bytes"):
        cosigned_message(VerifierKey("x" * 256, MLDSA44, bytes(1312)), 1, note)


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
        names = ", ".join(WITNESSES["abcd".index(name)].vkey.name for name in present) or "none"
        with pytest.raises(
            ProofError, match=f"quorum both has not cosigned; witnesses of the policy that have: {names}$"
        ):
            policy.check(note)


@pytest.mark.parametrize(("needed", "count"), [("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 3)])
def test_a_group_needs_as_many_members_as_it_says(needed: str, count: int) -> None:
    names = "".join(f"witness {name} {witness.vkey}\n" for name, witness in zip("abc", WITNESSES, strict=False))
    policy = Policy.parse(f"log {SIGNER.vkey}\n{names}group g {needed} a b c\nquorum g\n")
    for present in range(4):
        note = cosigned(*WITNESSES[:present])
        if present >= count:
            assert len(policy.check(note)) == present
        else:
            with pytest.raises(ProofError, match="quorum g has not cosigned"):
                policy.check(note)


def test_a_policy_asks_for_the_right_log() -> None:
    policy = Policy.parse(f"log {SIGNER.vkey}\nquorum none\n")
    assert policy.check(cosigned()) == []
    other = Ed25519Signer("log.example/a", b"\x09" * 32)
    with pytest.raises(ProofError, match="no known key"):
        policy.check(sign_note(HEAD.text(), [other]))
    with pytest.raises(ProofError, match="names no log"):
        policy.check(sign_note(Checkpoint("elsewhere", 1, bytes(32)).text(), [SIGNER]))


A = f"witness a {WITNESSES[0].vkey}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"log {SIGNER.vkey}\n", "^the policy has no quorum line; `quorum none` asks for no witness"),
        ("quorum none\nquorum none\n", "line 2 of the policy: there must be one line, quorum <name> or quorum none"),
        ("quorum x\n", "x is not defined above"),
        ("log\nquorum none\n", "line 1 of the policy: log <vkey> .url. is needed"),
        (f"log {WITNESSES[0].vkey}\nquorum none\n", "the key of log w2.example must be of type 0x01, not 0x04"),
        (
            f"witness a {SIGNER.vkey}\nquorum none\n",
            "key of witness log.example/a must be of type 0x04 or 0x06, not 0x01",
        ),
        ("witness a\nquorum none\n", "line 1 of the policy: witness <name> <vkey> .url. is needed"),
        (f"{A}witness b {WITNESSES[0].vkey}\nquorum a\n", "the public key of w2.example appears twice"),
        (f"{A}witness a {WITNESSES[1].vkey}\nquorum a\n", "the name a is taken"),
        (f"witness none {WITNESSES[1].vkey}\nquorum none\n", "the name none is taken"),
        (f"{A}group a any a\nquorum a\n", "the name a is taken"),
        (f"{A}group g 2 a\nquorum g\n", "'2' of 1 members: all, any or a number from 1 is needed"),
        (f"{A}group g 0 a\nquorum g\n", "'0' of 1 members"),
        (f"{A}group g {'x' * 40} a\nquorum g\n", "'x{30}' of 1 members"),
        (f"{A}group g any a a\nquorum g\n", "a is a member of a group already"),
        (f"{A}group g any b\nquorum g\n", "b is not defined above"),
        (f"{A}group g any\nquorum g\n", "line 2 of the policy: group <name> all.any.<k> <member> … is needed"),
        (f"{'x' * 40} x\n", "'x{30}' is not one of log, witness, group, quorum"),
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
